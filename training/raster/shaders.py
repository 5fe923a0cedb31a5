# ruff: noqa: E501
"""GLSL of the rasteriser: geometry pass (surface, normal, distance), shadow pass, lighting pass.

KIND, PATTERN, BUMP, CUT and MASK are set when a program is compiled: software drivers run both sides of every branch.
"""

from __future__ import annotations

__all__ = [
    "GEOMETRY_FRAGMENT",
    "GEOMETRY_VERTEX",
    "LIGHT_FRAGMENT",
    "LIGHT_VERTEX",
    "SHADOW_FRAGMENT",
]

_NOISE = """
float hash1(vec2 p) { p = fract(p * vec2(0.1031, 0.1030)); p += dot(p, p.yx + 33.33); return fract((p.x + p.y) * p.x); }
vec3 hash3(vec2 p) { return vec3(hash1(p), hash1(p + 17.3), hash1(p + 41.7)); }
float noise(vec2 p) {
    vec2 i = floor(p), f = fract(p); f = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash1(i), hash1(i + vec2(1, 0)), f.x), mix(hash1(i + vec2(0, 1)), hash1(i + vec2(1, 1)), f.x), f.y);
}
float fbm(vec2 p) { return 0.5 * noise(p) + 0.27 * noise(p * 2.03 + 7.1) + 0.15 * noise(p * 4.1 + 3.7) + 0.08 * noise(p * 8.3); }
"""

GEOMETRY_VERTEX = (
    """
#version 330
in vec3 in_pos; in vec3 in_nrm;
in vec3 i_pos; in vec3 i_rx; in vec3 i_ry; in vec3 i_rz; in vec3 i_scale;
in vec4 i_shape; in vec4 i_col1; in vec4 i_col2; in vec4 i_misc; in vec2 i_cut;
uniform mat4 u_view_proj;
out vec3 v_world; out vec3 v_normal; out vec3 v_local; out vec3 v_unit; out vec3 v_local_normal;
flat out vec4 v_col1; flat out vec4 v_col2; flat out vec4 v_misc; flat out vec2 v_cut;
"""
    + _NOISE
    + """
float relief(vec2 p) {
    vec2 m = p * i_scale.xy;
    if (i_shape.x < 1.5) return i_shape.w * (fbm(m * i_shape.y + i_misc.x) - 0.4);
    return i_shape.w * sin(6.2832 * p.x * i_shape.y + 4.0 * noise(vec2(p.x * 9.0 + i_misc.x, p.y * 0.8 * i_shape.z)));
}
void main() {
    vec3 p = in_pos, n = in_nrm;
#if KIND == 1
        float e = i_shape.x; vec3 a = pow(abs(p) + 1e-5, vec3(e));
        float r = pow(a.x + a.y + a.z, 1.0 / e); p = p / r;
        n = normalize(sign(p) * pow(abs(p) + 1e-5, vec3(e - 1.0)));
        p *= 0.5;
        if (i_shape.w > 0.0) {
            float d = fbm(p.xy * 3.0 + p.z * 2.3 + i_misc.x) - 0.5 + 0.6 * (fbm(p.zx * 6.0 + p.y + i_misc.x) - 0.5);
            p += n * d * i_shape.w;
        }
#endif
#if KIND == 2
        float h = 0.004;
        p.z = relief(p.xy) / i_scale.z;
        float dx = (relief(in_pos.xy + vec2(h, 0)) - relief(in_pos.xy - vec2(h, 0))) / (2.0 * h * i_scale.x);
        float dy = (relief(in_pos.xy + vec2(0, h)) - relief(in_pos.xy - vec2(0, h))) / (2.0 * h * i_scale.y);
        n = normalize(vec3(-dx, -dy, 1.0)) * i_scale;
#else
        p.xy *= 1.0 + i_shape.y * p.z;
        p.x += i_shape.z * (0.25 - p.z * p.z);
#endif
    mat3 rot = mat3(i_rx, i_ry, i_rz);
    v_unit = p; v_local = p * i_scale; v_local_normal = n;
    v_world = rot * v_local + i_pos;
    v_normal = rot * normalize(n / i_scale);
    v_col1 = i_col1; v_col2 = i_col2; v_misc = i_misc; v_cut = i_cut;
    gl_Position = u_view_proj * vec4(v_world, 1.0);
}
"""
)

_CUT = """
bool is_cut(vec3 unit, vec3 local, vec2 cut) {
    int mode = int(cut.x + 0.5);
    if (mode == 0) return false;
    vec2 m = local.xy;
    if (mode == 1) { vec2 q = unit.xy * 2.0; float w = 1.0 - q.y * q.y; return abs(q.x) > w * (0.75 + 0.25 * q.y); }
    if (mode == 2) { vec2 d = fract(vec2(m.x + m.y, m.x - m.y) / cut.y); return d.x > 0.36 && d.y > 0.36; }
    if (mode == 3) { return fract(m.x / cut.y) > 0.35 && fract(unit.y * 2.0 + 0.1) > 0.12; }
    if (mode == 4) { vec2 d = fract(m / cut.y); return d.x > 0.2 && d.y > 0.2; }
    if (mode == 5) { return length(unit.xy) > 0.5; }
    if (mode == 6) { return noise(m / cut.y) < 0.45 + 0.3 * length(unit.xy); }
    if (mode == 8) { vec2 q = (m + vec2(1.7, -1.3) * local.z) / cut.y; return 0.6 * noise(q) + 0.4 * noise(q * 2.7 + 5.3) < 0.5; }
    return length(unit.xy * vec2(1.0, 1.0)) > 0.5 || length(unit.xy) < 0.36;
}
"""

SHADOW_FRAGMENT = (
    """
#version 330
in vec3 v_unit; in vec3 v_local; flat in vec2 v_cut;
"""
    + _NOISE
    + _CUT
    + """
void main() {
#if CUT
    if (is_cut(v_unit, v_local, v_cut)) discard;
#endif
}
"""
)

_MATERIALS = """
vec3 material(vec2 uv, vec3 a, vec3 b, float s, float seed) {
    vec2 p = uv / s; float k = seed;
#if PATTERN == 0
    return mix(a, b, 0.12 * fbm(p * 1.7 + k));
#endif
#if PATTERN == 1
    return mix(a, b, smoothstep(0.3, 0.7, fbm(p * 2.0 + k)));
#endif
#if PATTERN == 2
    { float g = fbm(vec2(p.x * 1.2, p.y * 14.0) + k); float ring = fract(6.0 * noise(vec2(p.x * 0.4, p.y * 2.2) + k));
        float plank = hash1(vec2(floor(p.y * 1.3), k)); return mix(a, b, 0.55 * g + 0.25 * ring) * (0.85 + 0.3 * plank); }
#endif
#if PATTERN == 3
    { vec2 c = floor(p), f = fract(p); float edge = min(min(f.x, f.y), min(1.0 - f.x, 1.0 - f.y));
        vec3 tile = a * (0.85 + 0.3 * hash1(c + k)) * (0.9 + 0.2 * fbm(p * 3.0)); return mix(b, tile, smoothstep(0.02, 0.05, edge)); }
#endif
#if PATTERN == 4
    { p.x *= 0.45; p.x += 0.5 * mod(floor(p.y), 2.0); vec2 c = floor(p), f = fract(p);
        float edge = min(min(f.x, 1.0 - f.x) * 2.2, min(f.y, 1.0 - f.y));
        return mix(b, a * (0.7 + 0.6 * hash1(c + k)) * (0.8 + 0.4 * fbm(uv * 40.0)), smoothstep(0.04, 0.1, edge)); }
#endif
#if PATTERN == 5
    { float w = step(0.5, fract(p.x)); float v = step(0.85, fract(p.x * 2.7 + 0.2)); return mix(mix(a, b, w), vec3(0.9), 0.4 * v); }
#endif
#if PATTERN == 6
    { vec2 c = floor(p * 2.0); vec2 st = step(vec2(0.8), fract(p * 1.0 + hash1(vec2(k, 1.0))));
        vec3 base = mix(a, b, 0.5 * mod(c.x, 2.0) + 0.5 * mod(c.y, 2.0)); return mix(base, hash3(vec2(k, 3.0)), 0.5 * max(st.x, st.y)); }
#endif
#if PATTERN == 7
    { float row = floor(p.y * 3.0), fy = fract(p.y * 3.0); float wrd = noise(vec2(p.x * 5.0, row * 7.3) + k);
        float chr = step(0.35, noise(vec2(p.x * 38.0, p.y * 24.0) + k)); float on = step(0.25, fy) * step(fy, 0.7) * step(0.38, wrd) * chr;
        return mix(a, b * 0.3, on); }
#endif
#if PATTERN == 8
    { vec3 c = mix(a, b, fbm(p * 0.8 + k));
        for (int i = 0; i < 3; i++) { float z = 1.0 + 1.3 * float(i); vec2 q = p * z + float(i) * 5.7 + k; vec2 id = floor(q);
            vec3 h = hash3(id + float(i) * 3.1); vec2 d = fract(q) - 0.25 - 0.5 * h.xy; float an = atan(d.y, d.x);
            float r = length(d) * (1.0 + 0.35 * sin(an * floor(3.0 + 5.0 * h.z) + 6.0 * h.x));
            if (h.x + h.y > 0.7) c = mix(c, hash3(id * 1.7 + 2.3 + k), smoothstep(0.24, 0.21, r)); }
        return c; }
#endif
#if PATTERN == 9
    { float v = abs(fbm(p * 1.5 + k) - 0.5) + 0.5 * abs(fbm(p * 3.0 - k) - 0.5); return mix(b, a, smoothstep(0.0, 0.16, v)); }
#endif
#if PATTERN == 10
    { vec2 q = abs(fract(p * 0.7) - 0.5) * 2.0; float v = sin(9.0 * q.x + 5.0 * sin(7.0 * q.y + k)) * sin(8.0 * q.y + 4.0 * sin(6.0 * q.x));
        vec3 c = mix(a, b, smoothstep(-0.2, 0.3, v)); return mix(c, hash3(vec2(k, 9.0)), smoothstep(0.5, 0.7, noise(q * 9.0 + k))) * (0.8 + 0.4 * noise(uv * 90.0)); }
#endif
#if PATTERN == 11
    { float x = p.x * 6.0; float i = floor(x); float w = 0.25 + 0.5 * hash1(vec2(i, k)); float j = step(w, fract(x));
        vec3 h = hash3(vec2(i * 2.0 + j, k)); vec3 c = mix(mix(a, b, h.x), h.yzx, 0.45); float band = step(0.8, fract(p.y * (1.0 + h.z) + h.y));
        float gap = min(abs(fract(x) - w), min(fract(x), 1.0 - fract(x))); return mix(c, vec3(0.85), 0.5 * band) * smoothstep(0.0, 0.05, gap); }
#endif
#if PATTERN == 12
    { vec2 c = floor(p), f = fract(p); float win = step(0.22, f.x) * step(f.x, 0.78) * step(0.2, f.y) * step(f.y, 0.8);
        vec3 h = hash3(c + k); vec3 glass = mix(b * 0.25, vec3(0.6, 0.7, 0.8), h.x * h.x) ; float bar = step(abs(f.x - 0.5), 0.02);
        return mix(a * (0.85 + 0.3 * fbm(uv * 1.3)), glass, win * (1.0 - bar)); }
#endif
#if PATTERN == 13
    { return mix(a, b, noise(p * 23.0 + k) * 0.6 + 0.4 * noise(p * 7.0)) * (0.6 + 0.8 * fbm(p * 1.1 + k)); }
#endif
#if PATTERN == 14
    { vec2 q = p * 30.0; float w = sin(q.x) * sin(q.y); return mix(a, b, 0.5 * fbm(p * 3.0 + k)) * (0.9 + 0.15 * w); }
#endif
#if PATTERN == 15
    { float hor = 0.3 * fbm(vec2(p.x * 2.0, k)) - 0.1; float hill = 0.3 * fbm(vec2(p.x * 3.0, k + 3.0)) - 0.35;
        vec3 c = p.y > hor ? mix(a, vec3(0.8, 0.85, 0.9), fbm(p * 3.0 + k)) : b * (0.5 + fbm(p * 5.0));
        return p.y < hill ? hash3(vec2(k, 5.0)) * (0.4 + fbm(p * 9.0)) : c; }
#endif
#if PATTERN == 16
    vec2 cell = floor(p), g = floor(fract(p) * vec2(6.0, 8.0)); bool inside = g.x > 0.5 && g.y > 0.5 && g.y < 7.0;
    float bit = step(0.5, hash1(cell * 13.0 + floor(g / 1.0) + k)); return mix(a, b, inside ? bit : 0.0);
#endif
}
"""

GEOMETRY_FRAGMENT = (
    """
#version 330
in vec3 v_world; in vec3 v_normal; in vec3 v_local; in vec3 v_unit; in vec3 v_local_normal;
flat in vec4 v_col1; flat in vec4 v_col2; flat in vec4 v_misc; flat in vec2 v_cut;
uniform vec3 u_eye; uniform vec3 u_forward;
layout(location = 0) out vec4 o_albedo; layout(location = 1) out vec4 o_normal; layout(location = 2) out float o_depth;
"""
    + _NOISE
    + _CUT
    + _MATERIALS
    + """
void main() {
#if CUT
    if (is_cut(v_unit, v_local, v_cut)) discard;
#endif
    vec3 n = normalize(v_normal), ln = abs(v_local_normal);
    if (dot(n, u_eye - v_world) < 0.0) n = -n;
    vec2 uv = ln.z >= max(ln.x, ln.y) ? v_local.xy : (ln.x > ln.y ? v_local.yz : v_local.xz);
    vec3 albedo = material(uv, v_col1.rgb, v_col2.rgb, v_col2.w, v_misc.x);
    albedo *= 0.88 + 0.24 * fbm(uv * 1.3 + v_misc.x * 3.1);
#if BUMP
        vec2 q = uv / v_col2.w * 6.0; float h = 0.15;
        float c = fbm(q), gx = fbm(q + vec2(h, 0)) - c, gy = fbm(q + vec2(0, h)) - c;
        vec3 t = normalize(abs(n.z) < 0.9 ? cross(n, vec3(0, 0, 1)) : vec3(1, 0, 0)); vec3 b = cross(n, t);
        n = normalize(n - v_misc.w * 5.0 * (gx * t + gy * b));
#endif
    float glow = v_misc.z;
#if PATTERN == 12
    { vec2 q = uv / v_col2.w, c = floor(q), f = fract(q);
        glow *= step(0.22, f.x) * step(f.x, 0.78) * step(0.2, f.y) * step(f.y, 0.8) * step(0.55, hash1(c + v_misc.x + 0.5)); }
#endif
    o_albedo = vec4(albedo, v_misc.y);
    o_normal = vec4(n, glow);
    o_depth = dot(v_world - u_eye, u_forward);
}
"""
)

LIGHT_VERTEX = """
#version 330
in vec2 in_pos; out vec2 v_ndc;
void main() { v_ndc = in_pos; gl_Position = vec4(in_pos, 0.0, 1.0); }
"""

LIGHT_FRAGMENT = (
    """
#version 330
in vec2 v_ndc; out vec4 o_color;
uniform sampler2D t_albedo; uniform sampler2D t_normal; uniform sampler2D t_depth;
uniform sampler2D t_shadow0; uniform sampler2D t_shadow1;
uniform mat4 u_shadow_matrix[2]; uniform int u_shadow_count; uniform float u_shadow_soft; uniform float u_bias;
uniform vec3 u_eye; uniform vec3 u_forward; uniform vec3 u_right; uniform vec3 u_up; uniform vec2 u_tan;
uniform vec4 u_light[5]; uniform vec3 u_light_color[5]; uniform int u_light_count;
uniform vec3 u_ambient_up; uniform vec3 u_ambient_down; uniform vec4 u_fog; uniform vec3 u_sky_top; uniform vec3 u_sky_low;
uniform vec2 u_sky; uniform float u_ao; uniform vec2 u_ao_step;
#if MASK
uniform vec3 u_mask[2];
#endif
"""
    + _NOISE
    + """
#if MASK
float mask_at(vec2 s, vec3 m) {
    vec2 p = s * m.y + m.z, q = fract(p);
    vec2 frame = step(vec2(0.2, 0.12), q) * step(q, vec2(0.8, 0.88)) * step(vec2(0.03), abs(q - 0.5));
    float leaves = smoothstep(0.42, 0.56, 0.65 * noise(p * 3.0) + 0.35 * noise(p * 7.0 + 3.1));
    float blind = step(0.4, fract(p.y * 4.0));
    return m.x < 0.5 ? 1.0 : m.x < 1.5 ? frame.x * frame.y : m.x < 2.5 ? leaves : blind;
}
#endif
vec3 sky(vec3 d) {
    float h = clamp(d.z, 0.0, 1.0); vec3 c = mix(u_sky_low, u_sky_top, pow(h, 0.5));
    vec2 q = d.xy / (abs(d.z) + 0.15); float cl = smoothstep(0.65 - 0.5 * u_sky.x, 0.85, fbm(q * 1.3 + u_sky.y));
    return mix(c, vec3(max(u_sky_low.r, u_sky_low.b) * 1.2), cl * u_sky.x * smoothstep(0.0, 0.15, d.z));
}
float shadow_at(sampler2D map, mat4 m, vec3 p, float rot, int k) {
    vec4 q = m * vec4(p, 1.0); vec3 s = q.xyz / q.w * 0.5 + 0.5;
    if (q.w <= 0.0 || any(greaterThan(abs(s.xy - 0.5), vec2(0.5))) || s.z > 1.0) return 1.0;
    float lit = 0.0;
    for (int i = 0; i < 5; i++) { float a = rot + 2.4 * float(i), r = u_shadow_soft * sqrt((float(i) + 0.5) / 5.0);
        vec2 place = s.xy + r * vec2(cos(a), sin(a)); float seen = step(s.z - u_bias, texture(map, place).r);
#if MASK
        seen *= mask_at(place, u_mask[k]);
#endif
        lit += seen; }
    return lit / 5.0;
}
void main() {
    vec2 uv = v_ndc * 0.5 + 0.5; float z = texture(t_depth, uv).r;
    vec3 ray = u_forward + v_ndc.x * u_tan.x * u_right + v_ndc.y * u_tan.y * u_up; vec3 dir = normalize(ray);
    if (z <= 0.0) { o_color = vec4(mix(sky(dir), u_fog.rgb, u_fog.w > 0.02 ? 0.7 : 0.0), 1.0); return; }
    vec4 alb = texture(t_albedo, uv), nrm = texture(t_normal, uv);
    vec3 p = u_eye + ray * z, n = nrm.xyz; float rot = 6.2832 * hash1(gl_FragCoord.xy);
    float occ = 0.0;
    for (int i = 0; i < 8; i++) { float a = rot + 2.4 * float(i), r = sqrt((float(i) + 0.7) / 8.0);
        vec2 o = u_ao_step * r * vec2(cos(a), sin(a)) / max(z, 0.2); vec2 suv = uv + clamp(o, -0.2, 0.2);
        float sz = texture(t_depth, suv).r; if (sz <= 0.0) continue;
        vec2 nd = suv * 2.0 - 1.0; vec3 v = u_eye + (u_forward + nd.x * u_tan.x * u_right + nd.y * u_tan.y * u_up) * sz - p;
        float d = length(v) + 1e-4; occ += max(0.0, dot(n, v) / d - 0.08) / (1.0 + d * d * 4.0); }
    float ao = clamp(1.0 - u_ao * occ / 4.0, 0.08, 1.0);
    vec3 light = mix(u_ambient_down, u_ambient_up, 0.5 + 0.5 * n.z) * ao; vec3 spec = vec3(0.0);
    float shine = mix(6.0, 160.0, alb.w * alb.w);
    for (int i = 0; i < u_light_count; i++) {
        vec3 l = u_light[i].w > 0.5 ? u_light[i].xyz - p : u_light[i].xyz; float d2 = dot(l, l); l = normalize(l);
        float att = u_light[i].w > 0.5 ? 1.0 / (0.3 + d2) : 1.0; float wrap = i > 1 ? 0.45 : 0.0; float nl = max((dot(n, l) + wrap) / (1.0 + wrap), 0.0);
        float vis = 1.0;
        if (i == 0 && u_shadow_count > 0) vis = shadow_at(t_shadow0, u_shadow_matrix[0], p + n * 0.02, rot, 0);
        if (i == 1 && u_shadow_count > 1) vis = shadow_at(t_shadow1, u_shadow_matrix[1], p + n * 0.02, rot, 1);
        vec3 c = u_light_color[i] * att * vis; light += c * nl * mix(1.0, ao, 0.4);
        vec3 hv = normalize(l - dir); spec += c * pow(max(dot(n, hv), 0.0), shine) * (0.1 + shine / 60.0) * nl;
    }
    float fres = alb.w * (0.04 + 0.5 * pow(1.0 - max(dot(n, -dir), 0.0), 4.0));
    vec3 refl = reflect(dir, n); vec3 env = mix(u_ambient_down, u_ambient_up, 0.5 + 0.5 * refl.z) * (0.4 + 1.2 * fbm(refl.xy * 3.0 + refl.z * 2.0));
    vec3 c = alb.rgb * light + spec * alb.w * 0.25 + env * fres * ao * 1.5 + alb.rgb * nrm.w;
    o_color = vec4(mix(u_fog.rgb, c, exp(-u_fog.w * z)), 1.0);
}
"""
)
