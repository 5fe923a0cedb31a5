// @ts-check
/**
 * A depth map as a point cloud one can turn, drawn in software: a few ten thousand points with a
 * depth buffer need no library and no graphics context. ComfyUI's own 3D preview is bound to the ids
 * of core's nodes and to files on the server: neither 1.45 nor 1.58 lets an extension open or feed it.
 *
 * @typedef {{positions: Float32Array, colors: Uint32Array, centre: number[], radius: number,
 *   spacing: number}} Cloud
 * @typedef {{yaw: number, pitch: number, zoom: number}} View
 */
import { share } from "./depth.mjs";
/** @import { Entry, Range } from "./depth.mjs" */

export const MAX_POINTS = 90000;
const RELATIVE_FOV_DEG = 60;
const RELATIVE_NEAR = 0.25; // relative maps know no metres: nearest point at a quarter of the farthest

/** @returns {View} */
export const homeView = () => ({ yaw: 0.35, pitch: -0.18, zoom: 1 });

/** @param {Entry} entry @returns {number[]} fx, fy, cx, cy in pixels of the raw file */
export function camera(entry) {
  if (entry.camera) return entry.camera;
  const focal = (0.5 * Math.max(entry.width, entry.height)) / Math.tan((RELATIVE_FOV_DEG * Math.PI) / 360);
  return [focal, focal, entry.width / 2, entry.height / 2];
}

/**
 * Distance along z of a value: metres for metric maps, else a plausible 0.25..1.
 * @param {Entry} entry @param {Range} range @param {number} value
 */
export function distance(entry, range, value) {
  if (entry.kind === "metric") return value;
  const at = Math.min(1, Math.max(0, share(entry.kind, range, value)));
  if (entry.kind === "depth") return RELATIVE_NEAR + at * (1 - RELATIVE_NEAR);
  return 1 / (1 / RELATIVE_NEAR + at * (1 - 1 / RELATIVE_NEAR));
}

/**
 * @param {Entry} entry @param {Float32Array} values
 * @param {Range} range points outside it are left out on the far side
 * @param {Uint32Array} colors one RGBA word for each value
 * @returns {Cloud} x right, y down, z forward
 */
export function buildCloud(entry, values, range, colors) {
  const step = Math.max(1, Math.ceil(Math.sqrt(values.length / MAX_POINTS)));
  const [fx, fy, cx, cy] = camera(entry);
  const positions = [];
  const chosen = [];
  const box = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
  for (let row = step >> 1; row < entry.height; row += step) {
    for (let column = step >> 1; column < entry.width; column += step) {
      const index = row * entry.width + column;
      const value = values[index];
      if (Number.isNaN(value) || share(entry.kind, range, value) > 1.02) continue;
      const z = distance(entry, range, value);
      const point = [((column + 0.5 - cx) / fx) * z, ((row + 0.5 - cy) / fy) * z, z];
      positions.push(...point);
      chosen.push(colors[index]);
      for (let axis = 0; axis < 3; axis++) {
        box[axis] = Math.min(box[axis], point[axis]);
        box[axis + 3] = Math.max(box[axis + 3], point[axis]);
      }
    }
  }
  if (!chosen.length) box.fill(0);
  const centre = [0, 1, 2].map((axis) => 0.5 * (box[axis] + box[axis + 3]));
  const radius = 0.5 * Math.hypot(...[0, 1, 2].map((axis) => box[axis + 3] - box[axis])) || 1;
  return {
    positions: Float32Array.from(positions),
    colors: Uint32Array.from(chosen),
    centre,
    radius,
    spacing: step / fx,
  };
}

/**
 * Draw the cloud, nearest point wins.
 * @param {Cloud} cloud @param {View} view
 * @param {number} width @param {number} height
 * @param {Uint32Array} out width * height RGBA words, overwritten
 * @param {Float32Array} depth scratch of the same length
 */
export function drawCloud(cloud, view, width, height, out, depth) {
  out.fill(0);
  depth.fill(Infinity);
  const [cosY, sinY] = [Math.cos(view.yaw), Math.sin(view.yaw)];
  const [cosP, sinP] = [Math.cos(view.pitch), Math.sin(view.pitch)];
  const focal = 1.9 * Math.min(width, height) * view.zoom;
  const back = 2.3 * cloud.radius;
  const { positions, colors, centre } = cloud;
  for (let index = 0; index < colors.length; index++) {
    const x0 = positions[3 * index] - centre[0];
    const y0 = positions[3 * index + 1] - centre[1];
    const z0 = positions[3 * index + 2] - centre[2];
    const x = x0 * cosY - z0 * sinY;
    const z1 = x0 * sinY + z0 * cosY;
    const y = y0 * cosP - z1 * sinP;
    const z = y0 * sinP + z1 * cosP + back;
    if (z <= 0.02 * cloud.radius) continue;
    // Far samples lie further apart in space: a dot as large as the gap it must close.
    const size = Math.min(9, Math.ceil((1.3 * focal * cloud.spacing * positions[3 * index + 2]) / z));
    const left = Math.round(width / 2 + (focal * x) / z - size / 2);
    const top = Math.round(height / 2 + (focal * y) / z - size / 2);
    splat(out, depth, width, height, left, top, size, z, colors[index]);
  }
}

/**
 * @param {Uint32Array} out @param {Float32Array} depth @param {number} width @param {number} height
 * @param {number} left @param {number} top @param {number} size @param {number} z @param {number} color
 */
function splat(out, depth, width, height, left, top, size, z, color) {
  const right = Math.min(width, left + size);
  const bottom = Math.min(height, top + size);
  for (let row = Math.max(0, top); row < bottom; row++) {
    for (let column = Math.max(0, left); column < right; column++) {
      const at = row * width + column;
      if (z < depth[at]) {
        depth[at] = z;
        out[at] = color;
      }
    }
  }
}

/**
 * The view after a drag of (dx, dy) pixels.
 * @param {View} view @param {number} dx @param {number} dy @returns {View}
 */
export function orbit(view, dx, dy) {
  const pitch = Math.max(-1.5, Math.min(1.5, view.pitch - dy * 0.008));
  return { ...view, yaw: view.yaw + dx * 0.008, pitch };
}

/** @param {View} view @param {number} delta wheel movement @returns {View} */
export function dolly(view, delta) {
  return { ...view, zoom: Math.max(0.2, Math.min(8, view.zoom * Math.exp(-delta * 0.0015))) };
}
