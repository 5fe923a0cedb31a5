// @ts-check
/**
 * A depth map as a surface: a grid of vertices with normals, torn where the depth jumps. Axes are
 * those of the camera: x right, y down, z forward.
 *
 * @typedef {{positions: Float32Array, normals: Float32Array, uvs: Float32Array,
 *   indices: Uint32Array, pivot: number, close: number, field: [number, number],
 *   middle: [number, number]}} Surface
 * @typedef {{yaw: number, pitch: number, zoom: number, pan: [number, number]}} View
 */
import { camera, distance } from "./cloud.mjs";
/** @import { Entry, Range } from "./depth.mjs" */

export const MAX_VERTICES = 130_000;
export const FEW_VERTICES = 24_000; // for motion where drawing is slow
const JUMP = 0.12; // neighbours whose distances differ by more than this share are not joined
const SKY = 1.1; // unknown depth hangs behind everything, as a backdrop
const CLOSE = 0.02; // of the distance: what is nearer to the eye is not drawn
const TURN = 0.008; // radians a pixel
const LIMITS = Object.freeze({ pitch: 1.4, low: 0.3, high: 10 });

/** The view of the camera that took the photo. @returns {View} */
export const homeView = () => ({ yaw: 0, pitch: 0, zoom: 1, pan: [0, 0] });

/**
 * @param {Entry} entry @param {Float32Array} values @param {Range} range ends of relative maps
 * @param {number} [most] vertices, about
 * @returns {Surface} pivot: the distance it turns about, 0 in the middle of a panorama; close: what
 *   is nearer is not drawn; field: half the width and height of the view at distance 1; middle:
 *   where the middle of the photo lies there
 */
export function buildSurface(entry, values, range, most = MAX_VERTICES) {
  const step = Math.max(1, Math.ceil(Math.sqrt(values.length / most)));
  const columns = Math.max(2, Math.floor((entry.width - 1) / step) + 1);
  const rows = Math.max(2, Math.floor((entry.height - 1) / step) + 1);
  // The last column of a panorama is the first once more: the circle closes.
  const across = entry.around ? entry.width : entry.width - 1;
  const depths = sampled(entry, values, range, columns, rows, across);
  const [fx, fy, cx, cy] = camera(entry);
  const count = columns * rows;
  const positions = new Float32Array(3 * count);
  const uvs = new Float32Array(2 * count);
  for (let row = 0, at = 0; row < rows; row++) {
    const y = (row * (entry.height - 1)) / (rows - 1) + 0.5;
    for (let column = 0; column < columns; column++, at++) {
      const x = (column * across) / (columns - 1) + 0.5;
      const z = depths[at];
      positions.set(entry.around ? onSphere(x / entry.width, y / entry.height, z)
        : [((x - cx) / fx) * z, ((y - cy) / fy) * z, z], 3 * at);
      uvs.set([x / entry.width, y / entry.height], 2 * at);
    }
  }
  const indices = triangles(depths, columns, rows, entry.around ? () => true : joined);
  const near = distance(entry, range, range.near);
  const far = distance(entry, range, range.far);
  const made = { positions, uvs, indices, normals: normalsOf(positions, depths, columns, rows) };
  if (entry.around) return { ...made, pivot: 0, close: CLOSE * near, field: [1, 1], middle: [0, 0] };
  const pivot = 2 / (1 / near + 1 / far);
  return {
    ...made, pivot, close: CLOSE * pivot,
    field: [entry.width / (2 * fx), entry.height / (2 * fy)],
    middle: [(entry.width / 2 - cx) / fx, (entry.height / 2 - cy) / fy],
  };
}

/** @param {number} u @param {number} v shares of an equirectangular image @param {number} distance */
function onSphere(u, v, distance) {
  const [longitude, latitude] = [(u - 0.5) * 2 * Math.PI, (v - 0.5) * Math.PI];
  const level = distance * Math.cos(latitude);
  return [level * Math.sin(longitude), distance * Math.sin(latitude), level * Math.cos(longitude)];
}

/**
 * @param {Entry} entry @param {Float32Array} values @param {Range} range
 * @param {number} columns @param {number} rows @param {number} across pixels from first to last
 */
function sampled(entry, values, range, columns, rows, across) {
  const depths = new Float32Array(columns * rows);
  let farthest = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    const from = Math.round((row * (entry.height - 1)) / (rows - 1)) * entry.width;
    for (let column = 0; column < columns; column++, at++) {
      const value = values[from + (Math.round((column * across) / (columns - 1)) % entry.width)];
      depths[at] = Number.isNaN(value) ? 0 : distance(entry, range, value);
      if (depths[at] > farthest) farthest = depths[at];
    }
  }
  const behind = SKY * (farthest || 1);
  return depths.map((depth) => depth || behind);
}

/** @param {number} a @param {number} b whether two distances belong to one surface */
const joined = (a, b) => Math.abs(a - b) <= JUMP * Math.min(a, b);

/**
 * @param {Float32Array} depths @param {number} columns @param {number} rows
 * @param {(a: number, b: number) => boolean} together from the middle of a panorama no tear is needed
 * @returns {Uint32Array}
 */
function triangles(depths, columns, rows, together) {
  const indices = new Uint32Array(6 * (columns - 1) * (rows - 1));
  let used = 0;
  for (let row = 0; row < rows - 1; row++) {
    for (let a = row * columns, end = a + columns - 1; a < end; a++) {
      const [b, c, d] = [a + 1, a + columns, a + columns + 1];
      if (!together(depths[b], depths[c])) continue;
      if (together(depths[a], depths[b]) && together(depths[a], depths[c])) {
        indices[used++] = a;
        indices[used++] = c;
        indices[used++] = b;
      }
      if (together(depths[d], depths[b]) && together(depths[d], depths[c])) {
        indices[used++] = b;
        indices[used++] = c;
        indices[used++] = d;
      }
    }
  }
  return indices.subarray(0, used);
}

/**
 * @param {Float32Array} positions @param {Float32Array} depths
 * @param {number} columns @param {number} rows
 * @returns {Float32Array} of length 1, towards the camera
 */
function normalsOf(positions, depths, columns, rows) {
  const normals = new Float32Array(positions.length);
  const pick = (/** @type {number} */ at, /** @type {number} */ other) =>
    joined(depths[at], depths[other]) ? other : at;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const left = 3 * (column > 0 ? pick(at, at - 1) : at);
      const right = 3 * (column < columns - 1 ? pick(at, at + 1) : at);
      const up = 3 * (row > 0 ? pick(at, at - columns) : at);
      const down = 3 * (row < rows - 1 ? pick(at, at + columns) : at);
      const [ux, uy, uz] = [0, 1, 2].map((axis) => positions[right + axis] - positions[left + axis]);
      const [vx, vy, vz] = [0, 1, 2].map((axis) => positions[down + axis] - positions[up + axis]);
      const normal = [vy * uz - vz * uy, vz * ux - vx * uz, vx * uy - vy * ux];
      const length = Math.hypot(...normal);
      normals.set(length > 0 ? normal.map((part) => part / length) : [0, 0, -1], 3 * at);
    }
  }
  return normals;
}

/** @param {View} view @param {number} dx @param {number} dy pixels of a drag @returns {View} */
export function orbit(view, dx, dy) {
  const pitch = Math.max(-LIMITS.pitch, Math.min(LIMITS.pitch, view.pitch - dy * TURN));
  return { ...view, yaw: view.yaw + dx * TURN, pitch };
}

/** @param {View} view @param {number} dx @param {number} dy shares of the shown height @returns {View} */
export function slide(view, dx, dy) {
  return { ...view, pan: [view.pan[0] + dx, view.pan[1] + dy] };
}

/** @param {View} view @param {number} factor above 1: nearer @returns {View} */
export function zoomBy(view, factor) {
  return { ...view, zoom: Math.max(LIMITS.low, Math.min(LIMITS.high, view.zoom * factor)) };
}
