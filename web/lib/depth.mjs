// @ts-check
/**
 * Depth values in the page: reading the raw file, near/far windows, painting, the value under a
 * point. Metric depth is shown on an inverse scale, as the control image is: near things get most
 * of the colours.
 *
 * @typedef {{width: number, height: number, full_width: number, full_height: number, step: number,
 *   kind: "metric"|"depth"|"disparity", unit: string, near: number, far: number, source: string,
 *   frame: number, camera: number[]|null, measured?: [number, number]|null,
 *   around?: boolean, reach: Range, file: FileReference, image?: FileReference}} Entry
 * @typedef {{filename: string, subfolder: string, type: string}} FileReference
 * @typedef {{near: number, far: number}} Range values of the map itself
 */

/**
 * @param {ArrayBuffer} buffer little-endian float32, row by row, NaN = invalid
 * @param {Entry} entry
 * @returns {Float32Array}
 */
export function readValues(buffer, entry) {
  const expected = entry.width * entry.height;
  if (buffer.byteLength !== 4 * expected) {
    throw new Error(`depth file has ${buffer.byteLength} bytes, ${4 * expected} expected`);
  }
  const view = new DataView(buffer);
  const values = new Float32Array(expected);
  for (let index = 0; index < expected; index++) values[index] = view.getFloat32(4 * index, true);
  return values;
}

/** @param {Entry["kind"]} kind @param {number} value value of the map -> position on its scale */
const toScale = (kind, value) => (kind === "metric" ? 1 / Math.max(value, 1e-6) : value);

/**
 * Where a value lies between near (0) and far (1); not clipped.
 * @param {Entry["kind"]} kind @param {Range} range @param {number} value
 */
export function share(kind, range, value) {
  const near = toScale(kind, range.near);
  const span = toScale(kind, range.far) - near;
  return Math.abs(span) < 1e-12 ? 0.5 : (toScale(kind, value) - near) / span;
}

/**
 * The value at a share; the inverse of `share`.
 * @param {Entry["kind"]} kind @param {Range} range @param {number} at
 */
export function valueAt(kind, range, at) {
  const near = toScale(kind, range.near);
  const scaled = near + at * (toScale(kind, range.far) - near);
  return kind === "metric" ? 1 / Math.max(scaled, 1e-6) : scaled;
}

/**
 * @param {Float32Array} values @param {number} low percent @param {number} high percent
 * @returns {[number, number]} the two percentiles of the valid values
 */
export function percentiles(values, low, high) {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  if (!known.length) return [0, 0];
  const pick = (/** @type {number} */ percent) =>
    known[Math.min(known.length - 1, Math.max(0, Math.round((percent / 100) * (known.length - 1))))];
  return [pick(low), pick(high)];
}

/**
 * The window a node's own widgets describe, as near and far.
 * @param {Entry} entry @param {Float32Array} values
 * @param {{window: string, low: number, high: number}} [widgets] none: all but a few extreme pixels
 * @returns {Range}
 */
export function windowRange(entry, values, widgets = { window: "percentile", low: 0.5, high: 99.5 }) {
  if (widgets.window === "off") return windowRange(entry, values);
  if (widgets.window === "min-max") return { near: entry.near, far: entry.far };
  const fixed = widgets.window === "fixed";
  const [low, high] = fixed
    ? [widgets.low, widgets.high]
    : percentiles(values, widgets.low, widgets.high);
  return entry.kind === "disparity" ? { near: high, far: low } : { near: low, far: high };
}

/**
 * What the sliders span: all but the outermost thousandth of the map, wider where the window is, or
 * where the map was clipped and had reached further before.
 * @param {Entry} entry @param {Float32Array} values @param {Range} range
 * @returns {Range}
 */
export function trackRange(entry, values, range) {
  const [low, high] = percentiles(values, 0.1, 99.9);
  const inner = entry.kind === "disparity" ? { near: high, far: low } : { near: low, far: high };
  const clipped = entry.reach.near !== entry.near || entry.reach.far !== entry.far;
  const ends = [inner, range, ...(clipped ? [entry.reach] : [])];
  const [nearest, farthest] = entry.kind === "disparity" ? [Math.max, Math.min] : [Math.min, Math.max];
  return {
    near: nearest(...ends.map(({ near }) => near)),
    far: farthest(...ends.map(({ far }) => far)),
  };
}

/**
 * Decimals that tell a thousandth of a span apart: what a widget must show and keep.
 * @param {number} span of values of the map
 */
export function decimals(span) {
  return Math.min(9, Math.max(2, 3 - Math.floor(Math.log10(Math.abs(span) || 1))));
}

/**
 * What to write into `window`, `low` and `high` for a range chosen by hand.
 * @param {Entry["kind"]} kind @param {Range} range
 */
export function windowWidgets(kind, range) {
  const [low, high] = kind === "disparity" ? [range.far, range.near] : [range.near, range.far];
  // Four digits of each end, more where both ends lie far from zero and close together.
  const digits = decimals(high - low);
  const tidy = (/** @type {number} */ value) =>
    Number(value.toFixed(Math.max(digits, decimals(value))));
  return { window: "fixed", low: tidy(low), high: tidy(high) };
}

/**
 * @param {Entry["kind"]} kind @param {Float32Array} values @param {Range} range
 * @param {Uint32Array} table 256 colours, far to near
 * @param {Uint32Array} out one RGBA word a pixel; invalid pixels become transparent
 */
export function paint(kind, values, range, table, out) {
  const near = toScale(kind, range.near);
  const far = toScale(kind, range.far);
  const flat = Math.abs(near - far) < 1e-12;
  const gain = flat ? 0 : 255 / (near - far);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value !== value) {
      out[index] = 0;
      continue;
    }
    const scaled = kind === "metric" ? 1 / value : value;
    const level = flat ? 128 : Math.round((scaled - far) * gain);
    out[index] = table[level < 0 ? 0 : level > 255 ? 255 : level];
  }
}

/**
 * @param {Entry} entry @param {Float32Array} values
 * @param {number} x 0..1 across @param {number} y 0..1 down
 * @returns {{column: number, row: number, value: number}|null} in pixels of the full map
 */
export function probe(entry, values, x, y) {
  if (x < 0 || y < 0 || x >= 1 || y >= 1) return null;
  const column = Math.floor(x * entry.width);
  const row = Math.floor(y * entry.height);
  const centre = (/** @type {number} */ at, /** @type {number} */ size) =>
    Math.min(size - 1, at * entry.step + (entry.step >> 1));
  return {
    column: centre(column, entry.full_width),
    row: centre(row, entry.full_height),
    value: values[row * entry.width + column],
  };
}

/**
 * Metres of a metric map; of a relative one how near, from 0 % (its farthest point) to 100 %.
 * @param {number} value @param {Entry} entry @returns {string} "2.431 m", "73 %" or "–"
 */
export function formatValue(value, entry) {
  if (Number.isNaN(value)) return "–";
  if (entry.kind === "metric") {
    const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3;
    return `${value.toFixed(digits)} m`;
  }
  return `${(100 * (1 - share(entry.kind, entry.reach, value))).toFixed(1).replace(/\.0$/, "")} %`;
}
