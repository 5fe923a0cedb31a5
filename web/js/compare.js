// @ts-check
/**
 * Save Image shows what it saved; with something to compare it with, both, on either side of an
 * edge that follows the pointer. The same on both canvases and with every ComfyUI.
 */
import { api, app, chain, loadText, outputsOf, viewPath } from "../lib/comfy.mjs";
import { CompareView } from "../lib/compare.mjs";
import { hideCorePreview, loadStyle, showView } from "../lib/dom.mjs";
/** @import { FileReference } from "../lib/depth.mjs" */

const NODE = "GenVRDepthSaveImage";
const INPUT = "compare_with";
const UI_KEY = "genvr_compare";
const HEIGHT = 240;

/** @type {(key: string) => string} */
let text;

/** @param {FileReference[]} [files] @returns {string[]} */
const addresses = (files) => (files ?? []).map((file) => api.apiURL(viewPath(file)));

/** @param {any} node @returns {any} the view, put on the node now if it is not there yet */
function attach(node) {
  const view = new CompareView(text);
  showView(node, "genvr_compare", view.element, HEIGHT);
  hideCorePreview(node);
  return view;
}

/** @param {any} node */
function watch(node) {
  /** @type {CompareView|null} */ let view = null;
  const wired = () => {
    const slot = node.findInputSlot(INPUT);
    return slot >= 0 && node.isInputConnected(slot);
  };
  const open = () => {
    if (!view && wired()) view = attach(node);
  };
  const show = (/** @type {any} */ output) => {
    if (!output?.[UI_KEY]) return;
    view ??= attach(node);
    view.show(addresses(output[UI_KEY].map((/** @type {string} */ entry) => JSON.parse(entry))), addresses(output.images));
  };
  chain(node, "onExecuted", show);
  chain(node, "onConnectionsChange", () => setTimeout(open, 0));
  chain(node, "onConfigure", () => {
    open();
    // A tab that comes back gets its outputs after its nodes.
    setTimeout(() => show(outputsOf(node)), 0);
  });
}

app.registerExtension({
  name: "genvrdepth.compare",
  async init() {
    loadStyle();
    text = await loadText();
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.constructor.comfyClass === NODE) watch(node);
  },
});
