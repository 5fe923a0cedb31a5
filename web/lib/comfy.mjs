// @ts-check
/** The few things our extensions ask of the ComfyUI page. */
// @ts-expect-error ComfyUI serves it, it is no file of ours
import { api } from "../../../scripts/api.js";
// @ts-expect-error ComfyUI serves it, it is no file of ours
import { app } from "../../../scripts/app.js";
import { translator } from "./text.mjs";
/** @import { FileReference } from "./depth.mjs" */

/** @type {Promise<ReturnType<typeof translator>>|null} */
let loading = null;

/** Our texts in the user's language; asked once, in English where ComfyUI has no answer. */
export function loadText() {
  loading ??= (async () => {
    const answer = await api.fetchApi("/i18n");
    const catalogue = answer.ok ? await answer.json() : {};
    return translator(setting("Comfy.Locale", "en"), catalogue);
  })();
  return loading;
}

/** @param {string} id @param {any} fallback */
export function setting(id, fallback) {
  return app.extensionManager?.setting?.get(id) ?? fallback;
}

/** @param {FileReference} file @returns {string} address for `api.fetchApi` */
export function viewPath(file) {
  return `/view?${new URLSearchParams({ ...file })}`;
}

/**
 * Run `after` once `node[name]` has done its own work.
 * @param {any} node @param {string} name @param {(...args: any[]) => void} after
 */
export function chain(node, name, after) {
  const before = node[name];
  node[name] = function (/** @type {any[]} */ ...args) {
    const result = before?.apply(this, args);
    after.apply(this, args);
    return result;
  };
}

/**
 * @param {any} node @param {string} name
 * @returns {any} the widget of that name, if the node has it
 */
export function widgetOf(node, name) {
  return node.widgets?.find((/** @type {any} */ widget) => widget.name === name);
}

/**
 * @param {string|number} id of a run: "7", or "5:7" for node 7 in the subgraph of node 5
 * @returns {any} the node on the canvas, if it is there
 */
export function nodeOfRun(id) {
  let graph = app.rootGraph ?? app.graph;
  let node = null;
  for (const part of String(id).split(":")) {
    node = graph?.getNodeById(part) ?? null;
    graph = node?.subgraph;
  }
  return node;
}

/**
 * What the page keeps a node's outputs under: its id, after that of its subgraph where it is in one.
 * @param {any} node on the canvas @returns {any} its outputs of the last run, if there were any
 */
export function outputsOf(node) {
  const inside = node.graph?.isRootGraph === false;
  return app.nodeOutputs?.[inside ? `${node.graph.id}:${node.id}` : String(node.id)];
}

/**
 * @param {string} kind @param {any} beside the node it belongs to
 * @param {[number, number]} offset from that node @returns {any} a new node on the same canvas
 */
export function addNode(kind, beside, [x, y]) {
  const node = LiteGraph.createNode(kind);
  node.pos = [beside.pos[0] + x, beside.pos[1] + y];
  beside.graph.add(node);
  return node;
}

export { api, app };
