import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_POINTS, buildCloud, dolly, drawCloud, homeView, orbit } from "../../web/lib/cloud.mjs";

const STRAIGHT = { yaw: 0, pitch: 0, zoom: 1 };

function map(width, height, value, kind = "metric", camera = null) {
  const entry = { width, height, kind, camera, near: 1, far: 4, step: 1 };
  const values = new Float32Array(width * height).map((_, index) =>
    value(index % width, Math.floor(index / width)));
  return [entry, values];
}

test("points lie where the camera says, x right, y down, z forward", () => {
  const [entry, values] = map(4, 2, () => 2, "metric", [2, 2, 2, 1]);
  const cloud = buildCloud(entry, values, { near: 1, far: 4 }, new Uint32Array(8).fill(7));
  assert.deepEqual([...cloud.positions.slice(0, 3)], [-1.5, -0.5, 2]);
  assert.deepEqual([...cloud.positions.slice(-3)], [1.5, 0.5, 2]);
});

test("invalid pixels and pixels beyond far are not in the cloud", () => {
  const [entry, values] = map(4, 1, (x) => [1, NaN, 100, 2][x]);
  const cloud = buildCloud(entry, values, { near: 1, far: 4 }, new Uint32Array(4).fill(7));
  assert.equal(cloud.colors.length, 2);
});

test("a large map is thinned out", () => {
  const [entry, values] = map(900, 700, () => 2);
  const cloud = buildCloud(entry, values, { near: 1, far: 4 }, new Uint32Array(630000));
  assert.ok(cloud.colors.length <= MAX_POINTS);
  assert.ok(cloud.colors.length > MAX_POINTS / 4);
});

for (const kind of ["depth", "disparity"]) {
  test(`a relative map keeps near in front (${kind})`, () => {
    const range = kind === "depth" ? { near: 0, far: 1 } : { near: 1, far: 0 };
    const [entry, values] = map(2, 1, (x) => (x === 0 ? range.near : range.far), kind);
    const { positions } = buildCloud(entry, values, range, new Uint32Array(2));
    assert.ok(positions[2] > 0);
    assert.ok(positions[2] < positions[5]);
  });
}

test("the nearest point hides the ones behind it", () => {
  const cloud = {
    positions: Float32Array.from([0, 0, 1, 0, 0, 3]), colors: Uint32Array.from([11, 22]),
    centre: [0, 0, 2], radius: 1.2, spacing: 0.01,
  };
  const out = new Uint32Array(81);
  drawCloud(cloud, STRAIGHT, 9, 9, out, new Float32Array(81));
  assert.ok(out.includes(11));
  assert.ok(!out.includes(22));
  drawCloud(cloud, { ...STRAIGHT, yaw: Math.PI }, 9, 9, out, new Float32Array(81));
  assert.ok(out.includes(22));
  assert.ok(!out.includes(11));
});

test("an empty cloud draws nothing and does not fail", () => {
  const [entry, values] = map(3, 3, () => NaN);
  const cloud = buildCloud(entry, values, { near: 1, far: 4 }, new Uint32Array(9));
  const out = new Uint32Array(25).fill(9);
  drawCloud(cloud, homeView(), 5, 5, out, new Float32Array(25));
  assert.deepEqual([...new Set(out)], [0]);
});

test("dragging turns, the wheel comes closer, both within limits", () => {
  assert.ok(orbit(STRAIGHT, 10, 0).yaw > 0);
  assert.equal(orbit(STRAIGHT, 0, -1e6).pitch, 1.5);
  assert.ok(dolly(STRAIGHT, -100).zoom > 1);
  assert.equal(dolly(STRAIGHT, 1e9).zoom, 0.2);
});
