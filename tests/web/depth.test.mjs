import assert from "node:assert/strict";
import { test } from "node:test";
import { colorTable } from "../../web/lib/colormaps.mjs";
import {
  decimals,
  formatValue,
  paint,
  percentiles,
  probe,
  readValues,
  share,
  trackRange,
  valueAt,
  windowRange,
  windowWidgets,
} from "../../web/lib/depth.mjs";

const entry = (kind, more = {}) => ({
  width: 3, height: 2, full_width: 3, full_height: 2, step: 1, kind, near: 1, far: 4, reach: { near: 1, far: 4 }, frame: 0,
  ...more,
});
const raw = (...numbers) => {
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, index) => view.setFloat32(4 * index, number, true));
  return view.buffer;
};

test("a raw file is read little-endian and NaN stays NaN", () => {
  const values = readValues(raw(1, 2.5, NaN, -4, 5, 6), entry("depth"));
  assert.deepEqual([...values], [1, 2.5, NaN, -4, 5, 6]);
});

test("a file of the wrong size is refused", () => {
  assert.throws(() => readValues(raw(1, 2, 3), entry("depth")), /12 bytes, 24 expected/);
});

for (const kind of ["metric", "depth", "disparity"]) {
  const range = kind === "disparity" ? { near: 8, far: 0.5 } : { near: 0.5, far: 8 };
  test(`near is 0, far is 1, and back again (${kind})`, () => {
    assert.ok(Math.abs(share(kind, range, range.near)) < 1e-12);
    assert.equal(share(kind, range, range.far), 1);
    for (const at of [-0.01, 0, 0.3, 0.77, 1, 1.05]) {
      assert.ok(Math.abs(share(kind, range, valueAt(kind, range, at)) - at) < 1e-9);
    }
  });
  test(`a window chosen by hand survives the node's widgets (${kind})`, () => {
    const widgets = windowWidgets(kind, range);
    assert.ok(widgets.low < widgets.high);
    assert.deepEqual(windowRange(entry(kind), new Float32Array(), widgets), range);
  });
  test(`near is painted with the last colour, far with the first (${kind})`, () => {
    const table = colorTable("viridis");
    const out = new Uint32Array(3);
    paint(kind, Float32Array.from([range.near, range.far, NaN]), range, table, out);
    assert.deepEqual([...out], [table[255], table[0], 0]);
  });
}

test("a window keeps a thousandth of its own span, wherever it lies", () => {
  assert.deepEqual([8, 1, 0.5, 0.02, 300, 0].map(decimals), [3, 3, 4, 5, 2, 3]);
  for (const [near, span] of [[1, 7], [0.25, 0.001], [1000, 0.5], [0.01, 80]]) {
    const chosen = { near: near + span / 3, far: near + span };
    const { low, high } = windowWidgets("depth", chosen);
    assert.ok(Math.abs(low - chosen.near) <= span / 1000);
    assert.ok(Math.abs(high - chosen.far) <= span / 1000);
  }
  assert.deepEqual(windowWidgets("depth", { near: 0.1 + 0.2, far: 8 }), {
    window: "fixed", low: 0.3, high: 8,
  });
});

test("a flat map is painted in the middle, not in noise", () => {
  const table = colorTable("grey");
  const out = new Uint32Array(1);
  paint("depth", Float32Array.from([3]), { near: 3, far: 3 }, table, out);
  assert.equal(out[0], table[128]);
});

test("percentiles leave out invalid pixels", () => {
  assert.deepEqual(percentiles(Float32Array.from([NaN, 3, 1, NaN, 2]), 0, 100), [1, 3]);
  assert.deepEqual(percentiles(Float32Array.from([NaN]), 0, 100), [0, 0]);
});

test("min-max takes the ends of the whole map", () => {
  const range = windowRange(entry("metric"), new Float32Array(), { window: "min-max", low: 0, high: 0 });
  assert.deepEqual(range, { near: 1, far: 4 });
});

test("the sliders reach the window and what was there before clipping", () => {
  const values = Float32Array.from([1, 2, 3, 4]);
  const wide = { near: 0.5, far: 9 };
  assert.deepEqual(trackRange(entry("metric"), values, { near: 2, far: 3 }), { near: 1, far: 4 });
  assert.deepEqual(trackRange(entry("metric"), values, wide), wide);
  assert.deepEqual(trackRange(entry("metric", { reach: wide }), values, { near: 2, far: 3 }), wide);
  const disparity = { near: 4, far: 1, reach: { near: 9, far: 0 } };
  assert.deepEqual(trackRange(entry("disparity", disparity), values, { near: 3, far: 2 }), {
    near: 9, far: 0,
  });
});

test("the value under a point is that of its pixel, in pixels of the full map", () => {
  const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
  assert.deepEqual(probe(entry("depth"), values, 0.999, 0.5), { column: 2, row: 1, value: 6 });
  const sampled = entry("depth", { step: 4, full_width: 11, full_height: 8 });
  assert.deepEqual(probe(sampled, values, 0.4, 0), { column: 6, row: 2, value: 2 });
  assert.equal(probe(entry("depth"), values, 1, 0.5), null);
  assert.equal(probe(entry("depth"), values, 0.5, -0.1), null);
});

test("numbers are formatted for reading", () => {
  const of = (kind, near, far) => ({ kind, reach: { near, far } });
  assert.equal(formatValue(2.43149, of("metric", 1, 9)), "2.431 m");
  assert.equal(formatValue(1234.5, of("metric", 1, 9)), "1235 m");
  assert.equal(formatValue(NaN, of("metric", 1, 9)), "–");
  // Of a relative map the nearest point is 100 %, whichever way its numbers run.
  assert.equal(formatValue(0.9, of("disparity", 0.9, 0.1)), "100 %");
  assert.equal(formatValue(0.3, of("disparity", 0.9, 0.1)), "25 %");
  assert.equal(formatValue(2, of("depth", 1, 5)), "75 %");
  assert.equal(formatValue(5, of("depth", 1, 5)), "0 %");
});
