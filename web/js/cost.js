// @ts-check
/** The cost badge of the GenVR nodes: "12 x 5 = 60 credits", and what went wrong with its remedy. */
import { api, app, chain, loadText, nodeOfRun, widgetOf } from "../lib/comfy.mjs";
import { KEYS_CHANGED, changes } from "../lib/account.mjs";
import { VARIATIONS, cost, typedPrompts, variations } from "../lib/cost.mjs";
import { element, loadStyle, showText } from "../lib/dom.mjs";

const PADDING = 8;
const LEAST = 34; // one line with room around it
const COUNTING = ["prompts", "count"];
const OUTSIDE = Object.freeze({});
const SINGLE_IMAGE = new Set(["LoadImage", "GenVRDepthSampleScene"]);
/** The inputs one of which such a node of core passes on. */
const CHOICES = Object.freeze({ ComfySwitchNode: ["on_false", "on_true"] });

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;
/** @type {Record<string, {credits: number, published: boolean}>} */
let prices = {};
/** @type {Record<string, number>} */
let styles = {};
/** @type {Set<string>|null} names of profiles that have a key; null where the server did not say */
let keyed = null;
/** @type {Map<any, {show: () => void, fail: (message: string) => void}>} by node: subgraphs repeat ids */
const badges = new Map();

/** @param {any} node @returns {Record<string, any>} */
function widgetValues(node) {
  return Object.fromEntries(
    (node.widgets ?? []).map((/** @type {any} */ widget) => [widget.name, widget.value]),
  );
}

/**
 * @param {any} node @param {string} name
 * @returns {any} the node an input comes from; OUTSIDE from beyond its subgraph; null from nowhere
 */
function upstream(node, name) {
  if (!node.graph) return null; // being made, not on the canvas yet
  const slot = node.findInputSlot?.(name) ?? -1;
  if (slot < 0 || !node.isInputConnected(slot)) return null;
  return node.getInputNode(slot) ?? OUTSIDE;
}

/** @param {any} node @param {string[]} names @returns {boolean} whether one of them is wired in */
const anyWired = (node, names) => names.some((name) => upstream(node, name));

/** @param {any} node @returns {boolean} whether one image, no batch, comes out of it */
function givesOne(node) {
  const choices = /** @type {Record<string, string[]>} */ (CHOICES)[node?.comfyClass];
  if (!choices) return SINGLE_IMAGE.has(node?.comfyClass);
  return choices.every((name) => givesOne(upstream(node, name)));
}

/** @param {any} node @returns {number|null} null where only a run can tell */
function countPrompts(node) {
  const source = upstream(node, "prompt");
  if (!source) return typedPrompts(widgetValues(node));
  if (source.comfyClass !== VARIATIONS) return null;
  const names = source.inputs.map((/** @type {any} */ input) => input.name);
  return anyWired(source, names) ? null : variations(widgetValues(source), styles);
}

/** @param {any} node @returns {string} */
function describe(node) {
  const price = prices[node.comfyClass];
  const prompts = countPrompts(node);
  const run = cost(prompts ?? 1, widgetValues(node), price.credits);
  const about = [
    anyWired(node, COUNTING) ? text("cost.least") : "",
    price.published ? "" : text("cost.about"),
  ].filter(Boolean).map((word) => `${word} `).join("");
  const sum = text("cost.sum", { images: run.images, credits: run.credits, total: run.total });
  const source = upstream(node, "image") ?? upstream(node, "depth");
  const each = [
    prompts === null ? text("cost.each_prompt") : "",
    source && !givesOne(source) ? text("cost.each_image") : "",
  ].filter(Boolean).join(", ");
  return `${about}${sum}${each && ` ${each}`}`;
}

/** @param {any} node */
function attach(node) {
  const label = element("b");
  const badge = element("div", { class: "genvr-cost", title: text("cost.tip") }, label);
  const fit = showText(node, "genvr_cost", badge, { least: LEAST, padding: PADDING });
  const show = () => {
    const missing = keyed && !keyed.has(widgetOf(node, "profile")?.value ?? "default");
    badge.dataset.state = missing ? "missing" : "";
    label.textContent = describe(node) + (missing ? ` · ${text("cost.no_key")}` : "");
    badge.title = text("cost.tip");
  };
  const fail = (/** @type {string} */ message) => {
    badge.dataset.state = "error";
    label.textContent = message;
    badge.title = message;
    fit();
  };
  chain(node, "onAdded", () => badges.set(node, { show, fail }));
  chain(node, "onRemoved", () => badges.delete(node));
  show();
  fit();
}

/** Any widget may count, also those of a node further up: cheap enough to look at all of them. */
function refresh() {
  for (const { show } of badges.values()) show();
}

/** @param {any} node */
function watch(node) {
  // Old pages know no "fixed" in a declaration; here another seed is another image to pay.
  const after = widgetOf(node, "control_after_generate");
  if (after && node.comfyClass in prices) after.value = "fixed";
  for (const widget of node.widgets ?? []) chain(widget, "callback", refresh);
  chain(node, "onConnectionsChange", () => setTimeout(refresh, 0));
  chain(node, "onConfigure", () => setTimeout(refresh, 0));
}

async function askKeys() {
  const answer = await api.fetchApi("/genvr_depth/profiles", { cache: "no-store" });
  const profiles = answer.ok ? (await answer.json()).profiles : null;
  keyed = profiles && new Set(profiles
    .filter((/** @type {any} */ { state, needs }) => state !== "not set" && !needs?.length)
    .map((/** @type {any} */ { name }) => name));
  refresh();
}

app.registerExtension({
  name: "genvrdepth.cost",
  async init() {
    loadStyle();
    text = await loadText();
    const answer = await api.fetchApi("/genvr_depth/prices");
    if (answer.ok) ({ prices, styles } = await answer.json());
    api.addEventListener("execution_error", (/** @type {CustomEvent} */ event) => {
      const { node_id: id, exception_message: message } = event.detail;
      badges.get(nodeOfRun(id))?.fail(message.trim());
    });
    api.addEventListener("execution_start", refresh);
    void askKeys();
    changes.addEventListener(KEYS_CHANGED, askKeys);
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.comfyClass in prices) attach(node);
    if (node.comfyClass in prices || node.comfyClass === VARIATIONS) watch(node);
  },
});
