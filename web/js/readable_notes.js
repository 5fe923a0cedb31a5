// @ts-check
/** The notes of our sample workflows in letters that read at the zoom they open with. */
import { app } from "../lib/comfy.mjs";
import { element } from "../lib/dom.mjs";

const MARK = "genvr_note";
const SIZE = "--comfy-textarea-font-size";
const LETTERS = "14px";

/** @type {HTMLStyleElement} */
let sheet;

app.registerExtension({
  name: "genvrdepth.readable-notes",
  init() {
    sheet = element("style");
    document.head.append(sheet);
  },
  afterConfigureGraph() {
    const notes = app.graph.nodes.filter((/** @type {any} */ { properties }) => properties?.[MARK]);
    for (const { widgets } of notes) widgets?.[0]?.element?.style.setProperty(SIZE, LETTERS);
    // Vue nodes draw their own.
    sheet.textContent = notes
      .map((/** @type {any} */ { id }) => `[data-node-id="${id}"] { ${SIZE}: ${LETTERS}; }`)
      .join("\n");
  },
});
