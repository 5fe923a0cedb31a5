// @ts-check
/**
 * The line a node says about its run ("3 saved, last depth_00003_.exr") stays when the run is over.
 * The page's own line goes: newer pages take it away as the run ends, older ones break its words
 * anywhere and save it among the values of the node.
 */
import { api, app, nodeOfRun } from "../lib/comfy.mjs";
import { element, loadStyle, showText } from "../lib/dom.mjs";

const PREFIX = "GenVRDepth";
const CORE_WIDGET = "$$node-text-preview";
const ENDS = ["execution_success", "execution_error", "execution_interrupted"];

/** @type {Map<any, string>} what each of our nodes said last */
const said = new Map();
/** @type {WeakMap<any, {say: (text: string) => void}>} */
const notes = new WeakMap();

/** @param {any} node */
function attach(node) {
  const line = element("div", { class: "genvr-note" });
  const fit = showText(node, "genvr_note", line);
  const say = (/** @type {string} */ text) => {
    line.textContent = text;
    fit();
    node.graph?.setDirtyCanvas(true, true);
  };
  const note = { say };
  notes.set(node, note);
  return note;
}

/** @param {any} node */
function dropThePagesLine(node) {
  const index = node.widgets?.findIndex((/** @type {any} */ { name }) => name === CORE_WIDGET) ?? -1;
  if (index < 0) return;
  node.widgets[index].onRemove?.();
  node.widgets.splice(index, 1);
}

function keep() {
  for (const [node, text] of said) {
    if (!node.graph) continue;
    dropThePagesLine(node);
    (notes.get(node) ?? attach(node)).say(text);
  }
  said.clear();
}

app.registerExtension({
  name: "genvrdepth.notes",
  init() {
    loadStyle();
    api.addEventListener("progress_text", (/** @type {CustomEvent} */ { detail }) => {
      const node = nodeOfRun(detail.nodeId);
      if (!node?.comfyClass?.startsWith(PREFIX)) return;
      said.set(node, detail.text);
      notes.get(node)?.say(""); // the page shows what it says now
    });
    // After the page has cleared away what it showed during the run.
    for (const end of ENDS) api.addEventListener(end, () => setTimeout(keep, 0));
  },
});
