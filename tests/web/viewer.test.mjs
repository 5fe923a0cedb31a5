import assert from "node:assert/strict";
import { test } from "node:test";

/** As much of a page as the viewer needs. */
class FakeElement {
  constructor() {
    Object.assign(this, { dataset: {}, style: {}, listeners: {}, painted: 0 });
  }
  setAttribute() {}
  append() {}
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
  getContext(kind) {
    if (kind !== "2d") return null;
    return { putImageData: (image) => (this.painted = image.data[0]), fillRect: () => {} };
  }
}
globalThis.document = { createElement: () => new FakeElement() };
globalThis.ResizeObserver = class {
  observe() {}
};
globalThis.ImageData = class {
  constructor(data) {
    this.data = data;
  }
};
const { DepthViewer } = await import("../../web/lib/viewer.mjs");

/** A viewer whose files arrive when `answer` says so. */
function opened() {
  const waiting = new Map();
  const used = [];
  const viewer = new DepthViewer({
    load: (entry) =>
      new Promise((resolve, reject) => waiting.set(entry.file.filename, { entry, resolve, reject })),
    image: async () => null, text: (key) => key, colormap: "grey", photoFirst: false,
    onColormap: () => {}, onWindow: (window) => used.push(window),
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const answer = async (name) => {
    const { entry, resolve } = waiting.get(name);
    resolve(new Float32Array(entry.width * entry.height).fill(Number(name)).buffer);
    await settle();
  };
  const refuse = async (name) => {
    waiting.get(name).reject(new Error(`no file ${name}`));
    await settle();
  };
  const slide = (frame) => {
    viewer.frameSlider.value = String(frame);
    viewer.frameSlider.listeners.input();
  };
  return { viewer, answer, refuse, slide, used };
}

test("looking at another range changes nothing in the node until it is used", async () => {
  const { viewer, answer, used } = opened();
  viewer.show(frames(["1"], 4));
  await answer("1");
  viewer.controls.far.value = "400";
  viewer.controls.far.listeners.input();
  assert.equal(viewer.controls.use.hidden, false);
  viewer.setWindow(viewer.window);
  viewer.controls.near.value = "100";
  viewer.controls.near.listeners.input();
  assert.deepEqual(used, []);
  viewer.controls.use.listeners.click();
  assert.deepEqual(used, [viewer.window]);
  assert.equal(viewer.window.window, "fixed");
  assert.equal(viewer.controls.use.hidden, true);
});

/** One frame a name; the fake file of frame "7" is full of sevens. */
const frames = (names, width = 2) =>
  names.map((name, frame) => ({
    file: { filename: name }, frame, width, height: 1, full_width: width, full_height: 1, step: 1,
    kind: "depth", near: 0, far: 9, reach: { near: 0, far: 9 }, source: name,
  }));

test("the frame asked for last is shown, however late another one comes", async () => {
  const { viewer, answer, slide } = opened();
  viewer.show(frames(["1", "2", "3"]));
  await answer("1");
  slide(1);
  slide(2);
  await answer("3");
  await answer("2");
  assert.equal(viewer.values[0], 3);
  assert.equal(viewer.caption.textContent, "2×1 · viewer.depth · 3");
  assert.equal(viewer.frameSlider.value, "2");
});

test("a map that was measured more coarsely than it is large says so", async () => {
  const { viewer, answer } = opened();
  const measured = (name, size) => ({ ...frames([name], 8)[0], full_height: 6, measured: size });
  viewer.show([measured("1", [4, 3])]);
  await answer("1");
  assert.equal(viewer.caption.textContent, "8×6 viewer.measured · viewer.depth · 1");
  for (const [name, size] of [["2", [8, 6]], ["3", null]]) {
    viewer.show([measured(name, size)]);
    await answer(name);
    assert.equal(viewer.caption.textContent, `8×6 · viewer.depth · ${name}`);
  }
});

test("a run that ends keeps the frame that was asked for, not the one that was there", async () => {
  const { viewer, answer, slide } = opened();
  viewer.show(frames(["1", "2"]));
  await answer("1");
  slide(1);
  viewer.show(frames(["3", "4"]));
  await answer("4");
  await answer("2");
  assert.equal(viewer.values[0], 4);
});

test("until the new file is here, the old values keep their own size and unit", async () => {
  const { viewer, answer } = opened();
  viewer.show(frames(["1"], 2));
  await answer("1");
  viewer.show(frames(["2"], 5));
  viewer.setColormap("turbo"); // paints again
  viewer.setWindow({ window: "min-max", low: 0, high: 0 });
  assert.equal(viewer.canvas.width, 2);
  assert.equal(viewer.entry.source, "1");
  await answer("2");
  assert.equal(viewer.canvas.width, 5);
  assert.equal(viewer.entry.source, "2");
});

test("a file that is missing is said, unless nobody wants it any more", async () => {
  const { viewer, answer, refuse, slide } = opened();
  viewer.show(frames(["1", "2", "3"]));
  await answer("1");
  slide(1);
  slide(2);
  await answer("3");
  await refuse("2");
  assert.equal(viewer.element.dataset.state, "shown");
  viewer.show(frames(["4"]));
  await refuse("4");
  assert.equal(viewer.element.dataset.state, "failed");
  assert.equal(viewer.empty.textContent, "no file 4");
});
