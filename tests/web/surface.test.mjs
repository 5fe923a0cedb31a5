import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MAX_VERTICES, buildSurface, homeView, orbit, slide, zoomBy,
} from "../../web/lib/surface.mjs";

const entry = (width, height, more = {}) => ({
  width, height, kind: "metric", near: 1, far: 4, reach: { near: 1, far: 4 },
  camera: [width, width, width / 2, height / 2], ...more,
});
const RANGE = { near: 1, far: 4 };

test("every pixel lies where its camera saw it, and a plane that faces it looks back at it", () => {
  const made = buildSurface(entry(4, 3), new Float32Array(12).fill(2), RANGE);
  assert.deepEqual([...made.positions.slice(0, 3)], [-0.75, -0.5, 2]);
  assert.deepEqual([...made.positions.slice(-3)], [0.75, 0.5, 2]);
  assert.equal(made.indices.length, 3 * 2 * 3 * 2);
  for (let at = 0; at < 12; at++) {
    assert.deepEqual([...made.normals.slice(3 * at, 3 * at + 3)].map(Math.round), [0, 0, -1]);
  }
  assert.deepEqual(made.field, [0.5, 0.375]);
});

test("the surface is torn where the depth jumps", () => {
  const values = Float32Array.from({ length: 24 }, (_, at) => (at % 6 < 3 ? 1 : 3));
  const made = buildSurface(entry(6, 4), values, RANGE);
  const across = [...made.indices].map((at) => at % 6 < 3);
  for (let at = 0; at < across.length; at += 3) {
    assert.equal(new Set(across.slice(at, at + 3)).size, 1);
  }
  assert.equal(made.indices.length, 3 * 2 * 2 * 3 * 2);
});

test("unknown depth hangs behind everything", () => {
  const values = Float32Array.from([NaN, NaN, 2, 2, 2, 2, 4, 4, 4]);
  const { positions } = buildSurface(entry(3, 3), values, RANGE);
  assert.ok(positions[2] > 4 && positions[5] > 4);
});

test("a large map becomes a mesh of bounded size, with ends at the ends of the map", () => {
  const values = new Float32Array(1600 * 1200).fill(2);
  const made = buildSurface(entry(1600, 1200), values, RANGE);
  assert.ok(made.positions.length / 3 <= MAX_VERTICES * 1.1);
  assert.ok(made.positions.length / 3 > MAX_VERTICES / 4);
  assert.ok(made.uvs[0] < 0.001 && made.uvs.at(-1) > 0.999);
});

test("a view keeps to what can still be seen", () => {
  let view = homeView();
  for (let times = 0; times < 300; times++) view = orbit(view, 5, -50);
  assert.ok(view.pitch < Math.PI / 2);
  for (let times = 0; times < 300; times++) view = zoomBy(view, 0.8);
  assert.ok(view.zoom > 0);
  assert.deepEqual(slide(homeView(), 0.1, -0.2).pan, [0.1, -0.2]);
});

test("a panorama is a closed sphere around the eye", () => {
  const around = { ...entry(8, 4), around: true };
  const made = buildSurface(around, new Float32Array(32).fill(2), RANGE);
  assert.equal(made.pivot, 0);
  const length = (at) => Math.hypot(...made.positions.subarray(3 * at, 3 * at + 3));
  for (let at = 0; at < made.positions.length / 3; at++) assert.ok(Math.abs(length(at) - 2) < 1e-5);
  // The last column lies where the first does: no gap behind the viewer.
  for (const axis of [0, 1, 2]) {
    assert.ok(Math.abs(made.positions[axis] - made.positions[3 * 7 + axis]) < 1e-5);
  }
  const steps = Float32Array.from({ length: 32 }, (_, at) => (at % 2 ? 4 : 1));
  assert.equal(buildSurface(around, steps, RANGE).indices.length, 6 * 7 * 3); // nothing is torn
  // Normals look at the eye.
  const dot = [0, 1, 2].reduce((sum, axis) => sum
    + made.positions[3 * 12 + axis] * made.normals[3 * 12 + axis], 0);
  assert.ok(dot < 0);
});
