// @ts-check
/** Puts the depth viewer on every node that shows depth. */
import { addNode, api, app, chain, loadText, outputsOf, setting, viewPath, widgetOf } from "../lib/comfy.mjs";
import { decimals } from "../lib/depth.mjs";
import { element, hideCorePreview, loadStyle, showView } from "../lib/dom.mjs";
import { DepthViewer } from "../lib/viewer.mjs";
/** @import { Entry } from "../lib/depth.mjs" */

const UI_KEY = "genvr_depth";
const COLORMAP_PROPERTY = "genvr_colormap";
const COLORMAP_SETTING = "GenVRDepth.Viewer.ColorMap";
const HEIGHT = 310;
const NODES = new Set([
  "GenVRDepthEstimate",
  "GenVRDepthEstimateRemote",
  "GenVRDepthComplete",
  "GenVRDepthFromGeometry",
  "GenVRDepthFromImage",
  "GenVRDepthLoad",
  "GenVRDepthSampleScene",
  "GenVRDepthAdjust",
  "GenVRDepthPreview",
  "GenVRDepthSave3D",
]);
const WINDOW_WIDGETS = ["window", "low", "high"];

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;

/** @param {Entry} entry */
async function load(entry) {
  const answer = await api.fetchApi(viewPath(entry.file));
  if (!answer.ok) throw new Error(text("viewer.failed"));
  return answer.arrayBuffer();
}

/**
 * The photograph's pixels at the size of the raw map, for the colours of the cloud.
 * @param {Entry} entry @param {number} width @param {number} height
 */
async function image(entry, width, height) {
  if (!entry.image) return null;
  const answer = await api.fetchApi(viewPath(entry.image));
  if (!answer.ok) return null;
  const bitmap = await createImageBitmap(await answer.blob());
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) return null;
  context.drawImage(bitmap, 0, 0, width, height);
  return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
}

/** @param {any} node @returns {{window: string, low: number, high: number}|undefined} */
function readWindow(node) {
  const [window, low, high] = WINDOW_WIDGETS.map((name) => widgetOf(node, name)?.value);
  return window === undefined ? undefined : { window, low, high };
}

/** @param {any} node @param {{window: string, low: number, high: number}} chosen */
function writeWindow(node, chosen) {
  const choices = widgetOf(node, "window")?.options.values ?? [];
  // A node that can leave the range alone does so when it is to be found automatically.
  const off = chosen.window === "percentile" && choices.includes("off");
  /** @type {Record<string, any>} */ const values = off ? { window: "off" } : chosen;
  for (const name of WINDOW_WIDGETS) {
    const widget = widgetOf(node, name);
    if (!widget || !(name in values) || widget.value === values[name]) continue;
    widget.value = values[name];
    widget.callback?.(values[name], app.canvas, node);
  }
  node.graph?.setDirtyCanvas(true, true);
}

/**
 * "Use this range": in the node itself where it has one; else in the nodes that take its depth and
 * have one; else in an Adjust Depth that is added behind it.
 * @param {any} node @param {{window: string, low: number, high: number}} chosen
 */
function useWindow(node, chosen) {
  if (widgetOf(node, "window")) return writeWindow(node, chosen);
  const slot = node.outputs.findIndex((/** @type {any} */ { type }) => type === "DEPTH_MAP");
  const takers = (node.getOutputNodes(slot) ?? [])
    .filter((/** @type {any} */ taker) => widgetOf(taker, "window"));
  if (!takers.length) takers.push(addNode("GenVRDepthAdjust", node, [node.size[0] + 60, 0]));
  for (const taker of takers) {
    refine(taker, node.genvrEntry);
    writeWindow(taker, chosen);
    if (!taker.isInputConnected(taker.findInputSlot("depth"))) {
      node.connectByType(slot, taker, "DEPTH_MAP");
    }
  }
}

/**
 * ComfyUI rounds what goes into a number widget to its step; the ends of a window have to be as fine
 * as the map they cut.
 * @param {any} node @param {Entry} [entry]
 */
function refine(node, entry) {
  const digits = entry && decimals(entry.reach.far - entry.reach.near);
  for (const name of ["low", "high"]) {
    const options = widgetOf(node, name)?.options;
    if (!options) continue;
    options.round = 0; // keep every digit
    if (!digits) continue;
    const step = 10 ** (1 - digits);
    Object.assign(options, { precision: digits, step: 10 * step, step2: step });
  }
}

const BETTER = Object.freeze({ model: "depth-anything-v2-small", size: "99 MB" });

/**
 * What a better model than the built-in one costs, and a button that adds and connects it.
 * @param {any} node @param {HTMLElement} place
 * @returns {(entry?: Entry) => void} shows it where the built-in model was used
 */
function offerModel(node, place) {
  const wired = () => {
    const slot = node.findInputSlot("model");
    return slot >= 0 && node.isInputConnected(slot);
  };
  const add = () => {
    const loader = addNode("GenVRDepthModelLoader", node, [-380, node.size[1] + 60]);
    for (const [name, value] of [["model", BETTER.model], ["download", "if missing"]]) {
      const widget = widgetOf(loader, name);
      if (widget) widget.value = value;
    }
    loader.connectByType(0, node, "DEPTH_MODEL");
    offer.hidden = true;
    node.graph.setDirtyCanvas(true, true);
  };
  const offer = element(
    "div", { class: "genvr-offer", hidden: true },
    element("span", {}, text("viewer.offer", { size: BETTER.size })),
    element("button", { type: "button", onclick: add }, text("viewer.add")),
  );
  place.append(offer);
  return (entry) => {
    const takes = node.findInputSlot("model") >= 0;
    offer.hidden = !(takes && !wired() && entry?.source === "builtin");
  };
}

/** @param {any} node */
function attach(node) {
  const kind = node.constructor.comfyClass;
  const viewer = new DepthViewer({
    load,
    image,
    text,
    colormap: setting(COLORMAP_SETTING, "turbo"),
    photoFirst: kind === "GenVRDepthSampleScene",
    surfaceFirst: kind === "GenVRDepthSave3D",
    onColormap: (name) => (node.properties[COLORMAP_PROPERTY] = name),
    onWindow: (values) => useWindow(node, values),
  });
  const offer = offerModel(node, viewer.element);
  hideCorePreview(node);
  showView(node, "genvr_viewer", viewer.element, HEIGHT);
  refine(node);
  for (const name of WINDOW_WIDGETS) {
    const own = widgetOf(node, name);
    if (own) chain(own, "callback", () => viewer.setWindow(readWindow(node)));
  }
  const show = (/** @type {any} */ output) => {
    const entries = output?.[UI_KEY]?.map((/** @type {string} */ entry) => JSON.parse(entry));
    if (!entries) return;
    if (!entries.length) return viewer.fail(text("viewer.unwritten"));
    node.genvrEntry = entries[0];
    offer(entries[0]);
    viewer.setWindow(readWindow(node));
    refine(node, entries[0]);
    void viewer.show(entries);
  };
  chain(node, "onExecuted", show);
  chain(node, "onConfigure", () => {
    viewer.setColormap(node.properties[COLORMAP_PROPERTY]);
    viewer.setWindow(readWindow(node));
    // A tab that comes back gets its outputs after its nodes.
    setTimeout(() => show(outputsOf(node)), 0);
  });
  const [width, height] = node.size;
  node.setSize([Math.max(width, 340), Math.max(height, node.computeSize()[1])]);
}

app.registerExtension({
  name: "genvrdepth.viewer",
  async init() {
    loadStyle();
    text = await loadText();
  },
  nodeCreated(/** @type {any} */ node) {
    if (NODES.has(node.constructor.comfyClass)) attach(node);
  },
});
