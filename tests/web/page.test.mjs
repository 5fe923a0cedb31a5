import assert from "node:assert/strict";
import { test } from "node:test";
import { totalText } from "../../web/lib/account.mjs";
import { COLORMAPS, colorTable, cssGradient } from "../../web/lib/colormaps.mjs";
import { cost, countPrompts } from "../../web/lib/cost.mjs";
import { pointInPicture } from "../../web/lib/dom.mjs";
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

test("the pointer is found in a letterboxed picture", () => {
  const box = { left: 10, top: 20, width: 200, height: 100 };
  assert.deepEqual(pointInPicture(box, 50, 50, 110, 70), [0.5, 0.5]);
  assert.deepEqual(pointInPicture(box, 50, 50, 60, 20), [0, 0]);
  assert.ok(pointInPicture(box, 50, 50, 40, 70)[0] < 0);
});

test("prompts are counted as the node splits them", () => {
  assert.equal(countPrompts("a castle"), 1);
  assert.equal(countPrompts(""), 1);
  assert.equal(countPrompts("a\n\n# a comment\n  b  \nc"), 3);
});

test("the cost is prompts times samples times credits", () => {
  assert.deepEqual(cost({ prompts: 12, samples: 1, credits: 5, linked: false }), {
    pictures: 12, credits: 5, total: 60, known: true,
  });
  assert.equal(cost({ prompts: 3, samples: 4, credits: 5, linked: true }).known, false);
});

test("a text is taken from the person's language, then from English", () => {
  const catalogue = { de: { genvrDepth: { viewer: { near: "Nah" } } } };
  assert.equal(translator("de", catalogue)("viewer.near"), "Nah");
  assert.equal(translator("de-AT", catalogue)("viewer.near"), "Nah");
  assert.equal(translator("de", catalogue)("viewer.far"), ENGLISH.viewer.far);
  assert.equal(translator("xx", {})("viewer.near"), "Near");
});

test("the running total says what is certain and what may have been charged", () => {
  const text = translator("en", {});
  assert.equal(totalText({ credits: 60, possible: 0, pictures: 12 }, text),
    "Spent so far: 60 credits for 12 pictures.");
  assert.match(totalText({ credits: 60, possible: 5, pictures: 12 }, text), /5 more may/);
});
