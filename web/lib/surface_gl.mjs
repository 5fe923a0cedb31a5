// @ts-check
/**
 * Draws surfaces with one WebGL context for all viewers of the page: browsers allow few. What is
 * drawn is copied to the viewer's own canvas.
 */
/** @import { Surface, View } from "./surface.mjs" */

const VERTEX = `#version 300 es
in vec3 position; in vec3 normal; in vec2 uv;
uniform vec4 turn; // cos and sin of yaw, cos and sin of pitch
uniform vec4 lens; // scale of x and y, shift of x and y
uniform float pivot; uniform float close;
out vec3 facing; out vec2 place;
vec3 turned(vec3 p) {
  p = vec3(p.x * turn.x - p.z * turn.y, p.y, p.x * turn.y + p.z * turn.x);
  return vec3(p.x, p.y * turn.z - p.z * turn.w, p.y * turn.w + p.z * turn.z);
}
void main() {
  vec3 p = turned(position - vec3(0.0, 0.0, pivot)) + vec3(0.0, 0.0, pivot);
  facing = turned(normal);
  place = uv;
  gl_Position = vec4(p.x * lens.x + lens.z * p.z, -p.y * lens.y + lens.w * p.z, p.z - 2.0 * close, p.z);
}`;
// The photo is lit already: a soft lamp from the upper left only brings out the relief.
const FRAGMENT = `#version 300 es
precision mediump float;
in vec3 facing; in vec2 place;
uniform sampler2D picture;
out vec4 colour;
const vec3 LAMP = vec3(-0.42, -0.56, -0.71);
void main() {
  vec4 found = texture(picture, place);
  if (found.a < 0.5) discard;
  float light = max(dot(normalize(facing), LAMP), 0.0);
  colour = vec4(found.rgb * (0.74 + 0.36 * light), 1.0);
}`;

export class SurfaceRenderer {
  /** @param {any} gl */
  constructor(gl) {
    this.gl = gl;
    this.program = program(gl);
    /** @type {Map<Surface, {mesh: any, parts: any[]}>} the last few */ this.meshes = new Map();
    /** @type {Map<Uint32Array, any>} the last few */ this.textures = new Map();
    gl.enable(gl.DEPTH_TEST);
  }

  /**
   * @param {Surface} surface @param {Uint32Array} pixels RGBA words @param {[number, number]} size
   * @param {View} view @param {number} width @param {number} height of the picture to draw
   * @returns {any} the canvas that holds it until the next call
   */
  draw(surface, pixels, size, view, width, height) {
    const { gl } = this;
    Object.assign(gl.canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.program);
    gl.bindVertexArray(this._mesh(surface));
    gl.bindTexture(gl.TEXTURE_2D, this._texture(pixels, size));
    const uniform = (/** @type {string} */ name) => gl.getUniformLocation(this.program, name);
    const { yaw, pitch, zoom, pan } = view;
    gl.uniform4f(uniform("turn"), Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch));
    // The whole photo fits at zoom 1, whatever the shape of the canvas.
    const [wide, high] = surface.field;
    const scale = zoom * Math.min(width / wide, height / high);
    const [x, y] = surface.middle;
    gl.uniform4f(uniform("lens"), scale / width, scale / height,
      (2 * pan[0] * height - scale * x) / width, (scale * y) / height - 2 * pan[1]);
    gl.uniform1f(uniform("pivot"), surface.pivot);
    gl.uniform1f(uniform("close"), surface.close);
    gl.drawElements(gl.TRIANGLES, surface.indices.length, gl.UNSIGNED_INT, 0);
    return gl.canvas;
  }

  /** @param {Surface} surface @returns {any} its vertex array, uploaded once while it is in use */
  _mesh(surface) {
    const { gl } = this;
    const known = this.meshes.get(surface);
    if (known) return known.mesh;
    const mesh = gl.createVertexArray();
    gl.bindVertexArray(mesh);
    const parts = [["position", 3], ["normal", 3], ["uv", 2]].map(([name, size], index) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      const data = [surface.positions, surface.normals, surface.uvs][index];
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      const place = gl.getAttribLocation(this.program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 0, 0);
      return buffer;
    });
    parts.push(gl.createBuffer());
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, parts[3]);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, surface.indices, gl.STATIC_DRAW);
    keep(this.meshes, surface, { mesh, parts }, (old) => {
      gl.deleteVertexArray(old.mesh);
      for (const part of old.parts) gl.deleteBuffer(part);
    });
    return mesh;
  }

  /** @param {Uint32Array} pixels @param {[number, number]} size @returns {any} */
  _texture(pixels, [width, height]) {
    const { gl } = this;
    const known = this.textures.get(pixels);
    if (known) return known;
    const texture = gl.createTexture();
    const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
    keep(this.textures, pixels, texture, (old) => gl.deleteTexture(old));
    return texture;
  }
}

const KEPT = 8; // of each kind; more viewers than that seldom turn at once

/**
 * @template K, V
 * @param {Map<K, V>} store @param {K} key @param {V} value @param {(old: V) => void} free
 */
function keep(store, key, value, free) {
  store.set(key, value);
  if (store.size <= KEPT) return;
  const [[oldest, old]] = store;
  store.delete(oldest);
  free(old);
}

/** @param {any} gl @returns {any} */
function program(gl) {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  return gl.getProgramParameter(made, gl.LINK_STATUS) ? made : null;
}

/** @type {SurfaceRenderer|null|undefined} */
let shared;

/** @returns {SurfaceRenderer|null} the page's renderer; null where it has no WebGL 2 */
export function surfaceRenderer() {
  if (shared === undefined || shared?.gl.isContextLost()) {
    const gl = document.createElement("canvas").getContext?.("webgl2", { antialias: false });
    shared = gl ? new SurfaceRenderer(gl) : null;
    if (!shared?.program) shared = null;
  }
  return shared;
}
