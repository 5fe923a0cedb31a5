// @ts-check
/**
 * ComfyUI's Compare Images draws its slider in Vue nodes only; on the classic canvas it says so and
 * shows nothing. The Compare nodes of our sample workflows, marked by a property, get a slider
 * there. Other Compare nodes, and Vue nodes, are left as they are.
 */
import { api, app, chain, loadText, outputsOf, viewPath } from "../lib/comfy.mjs";
import { CompareView } from "../lib/compare.mjs";
import { loadStyle } from "../lib/dom.mjs";
/** @import { FileReference } from "../lib/depth.mjs" */

const NODE = "ImageCompare";
const MARK = "genvr_compare";
const CORE_WIDGET = "imagecompare";
const HEIGHT = 240;

/** @type {(key: string) => string} */
let text;

/** @param {FileReference[]} [files] @returns {string[]} */
const addresses = (files) => (files ?? []).map((file) => api.apiURL(viewPath(file)));

/** @param {any} node */
function silenceCore(node) {
  for (const widget of node.widgets ?? []) {
    if (widget.type !== CORE_WIDGET) continue;
    widget.drawWidget = () => {};
    widget.computeSize = () => [0, -4];
  }
}

/** @param {any} node */
function attach(node) {
  const view = new CompareView(text);
  const widget = node.addDOMWidget("genvr_compare", "genvr_compare", view.element, {
    serialize: false,
    canvasOnly: true,
    hideOnZoom: false,
    getMinHeight: () => HEIGHT,
  });
  widget.serialize = false;
  silenceCore(node);
  const show = (/** @type {any} */ output) =>
    output?.a_images && view.show(addresses(output.a_images), addresses(output.b_images));
  chain(node, "onExecuted", show);
  // A tab that comes back gets its outputs after its nodes.
  setTimeout(() => show(outputsOf(node)), 0);
}

app.registerExtension({
  name: "GenVRDepth.Compare",
  async init() {
    loadStyle();
    text = await loadText();
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.constructor.comfyClass !== NODE) return;
    let attached = false;
    chain(node, "onConfigure", () => {
      if (attached || !node.properties?.[MARK]) return;
      attached = true;
      attach(node);
    });
  },
});
