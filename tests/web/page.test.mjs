import assert from "node:assert/strict";
import { test } from "node:test";
import { totalText } from "../../web/lib/account.mjs";
import { COLORMAPS, colorTable, cssGradient } from "../../web/lib/colormaps.mjs";
import { cost, typedPrompts, variations } from "../../web/lib/cost.mjs";
import { LINE, pointInImage, textHeight } from "../../web/lib/dom.mjs";
import { ENGLISH, translator } from "../../web/lib/text.mjs";

test("every colour map has 256 opaque colours between its own ends", () => {
  for (const name of COLORMAPS) {
    const table = colorTable(name);
    assert.equal(table.length, 256);
    assert.ok(table.every((word) => word >>> 24 === 255));
    assert.notEqual(table[0], table[255]);
  }
  const grey = colorTable("grey");
  assert.deepEqual([grey[0], grey[255]], [0xff000000, 0xffffffff]);
  assert.ok(cssGradient("grey").startsWith("linear-gradient(90deg, rgb(255 255 255)"));
});

test("the pointer is found in a letterboxed image", () => {
  const box = { left: 10, top: 20, width: 200, height: 100 };
  assert.deepEqual(pointInImage(box, 50, 50, 110, 70), [0.5, 0.5]);
  assert.deepEqual(pointInImage(box, 50, 50, 60, 20), [0, 0]);
  assert.ok(pointInImage(box, 50, 50, 40, 70)[0] < 0);
});

test("a text takes a line for each of its own and more where it wraps", () => {
  assert.equal(textHeight("", 300), 0);
  assert.equal(textHeight("3 saved, last depth_00003_.exr", 300), LINE);
  assert.equal(textHeight("one\ntwo\n\nfour", 300), 4 * LINE);
  assert.equal(textHeight("x".repeat(90), 300), 2 * LINE);
  assert.equal(textHeight("x".repeat(90), 200), 3 * LINE);
  assert.ok(textHeight("node still without a width", 0) > 0);
});

test("typed prompts are counted as the node splits them", () => {
  const prompt = "a\n\n# a comment\n  b  \nc";
  assert.equal(typedPrompts({ prompt, prompts: "one per line" }), 3);
  assert.equal(typedPrompts({ prompt, prompts: "one" }), 1);
  assert.equal(typedPrompts({ prompt: "", prompts: "one per line" }), 1);
});

const STYLES = { looks: 12, seasons: 4, "all styles": 16, "own lines only": 0 };
for (const [values, expected] of [
  [{ prompt: "a room", styles: "looks" }, 12],
  [{ prompt: "a room\n# no\na hall", styles: "seasons" }, 8],
  [{ prompt: "a room", styles: "looks", only: "oil, ink\nclay" }, 3],
  [{ prompt: "a room", styles: "own lines only", own_styles: "x: y\nz\n" }, 2],
  [{ prompt: "a room", styles: "own lines only" }, 1],
  [{ prompt: "a room", styles: "looks", keep_plain: true }, 13],
  [{ prompt: "a room", styles: "looks", limit: 5 }, 5],
]) {
  test(`variations of ${JSON.stringify(values)} are ${expected}`, () => {
    assert.equal(variations(values, STYLES), expected);
  });
}

test("the cost is prompts times count times credits", () => {
  assert.deepEqual(cost(12, { count: 1 }, 5), { images: 12, credits: 5, total: 60 });
  assert.deepEqual(cost(3, { count: 4 }, 5), { images: 12, credits: 5, total: 60 });
  assert.deepEqual(cost(2, {}, 5), { images: 2, credits: 5, total: 10 });
});

test("a text is taken from the user's language, then from English", () => {
  const catalogue = { de: { genvrDepth: { viewer: { near: "Nah" } } } };
  assert.equal(translator("de", catalogue)("viewer.near"), "Nah");
  assert.equal(translator("de-AT", catalogue)("viewer.near"), "Nah");
  assert.equal(translator("de", catalogue)("viewer.far"), ENGLISH.viewer.far);
  assert.equal(translator("xx", {})("viewer.near"), "Near");
});

test("the running total says what is certain and what may have been charged", () => {
  const text = translator("en", {});
  assert.equal(totalText({ credits: 60, possible: 0, images: 12 }, text),
    "Spent so far: 60 credits for 12 images.");
  assert.match(totalText({ credits: 60, possible: 5, images: 12 }, text), /5 more may/);
});
