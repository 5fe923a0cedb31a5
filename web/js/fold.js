// @ts-check
/**
 * Few widgets at a time. What the chosen format or mode does not use is hidden; what is seldom
 * needed is folded away: by ComfyUI itself in Vue nodes, behind a button of ours on the classic
 * canvas and in the Vue nodes of old pages. Both keep in the node, and so in the workflow, whether
 * it is unfolded.
 */
import { app, chain, loadText, setting, widgetOf } from "../lib/comfy.mjs";

const PREFIX = "GenVRDepth";
const BUTTON = "genvr_more";
const VUE_NODES = "Comfy.VueNodes.Enabled";
const PAGE_FOLDS = "Comfy.Node.AlwaysShowAdvancedWidgets"; // a setting of pages whose Vue nodes do

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;

/** @param {any} node @returns {Record<string, any>} the declared options of its inputs by name */
function declared(node) {
  const { required = {}, optional = {} } = node.constructor.nodeData?.input ?? {};
  const inputs = Object.entries({ ...required, ...optional });
  return Object.fromEntries(inputs.map(([name, [, options]]) => [name, options ?? {}]));
}

/** @param {any} node @param {Record<string, string[]>} [when] @returns {boolean} */
const used = (node, when = {}) =>
  Object.entries(when).every(([name, values]) => values.includes(widgetOf(node, name)?.value));

/** Whether the page folds what is advanced itself. */
const pageFolds = () => LiteGraph.vueNodesMode && setting(PAGE_FOLDS, null) !== null;

/** @param {any} node */
function attach(node) {
  const options = declared(node);
  const ruled = node.widgets.filter(
    (/** @type {any} */ { name }) => options[name]?.shown_when || options[name]?.advanced,
  );
  if (!ruled.length) return;
  const rare = ruled.some((/** @type {any} */ { name }) => options[name].advanced);
  const button = rare ? addButton(node, () => toggle()) : null;

  const hidden = (/** @type {string} */ name) => {
    const { shown_when: when, advanced } = options[name];
    const folded = advanced && !node.showAdvanced && !pageFolds();
    return Boolean(folded || !used(node, when));
  };
  const apply = () => {
    if (button) {
      button.label = text(node.showAdvanced ? "fold.fewer" : "fold.more");
      button.options.hidden = pageFolds();
    }
    if (ruled.every((/** @type {any} */ { name, hidden: now }) => Boolean(now) === hidden(name))) return;
    // Old Vue nodes are higher than what the canvas computes, by an amount for each widget.
    const old = LiteGraph.vueNodesMode && !pageFolds();
    const spare = old ? 0 : Math.max(0, node.size[1] - node.computeSize()[1]);
    for (const widget of ruled) {
      const gone = hidden(widget.name);
      widget.hidden = gone;
      widget.options.hidden = gone; // what Vue nodes look at
    }
    node.widgets.push(node.widgets.pop()); // Vue nodes look at the list, not into its entries
    node.setSize([node.size[0], node.computeSize()[1] + spare]);
    node.graph?.setDirtyCanvas(true, true);
  };
  const toggle = () => {
    node.showAdvanced = !node.showAdvanced;
    apply();
  };
  const rulers = ruled.flatMap((/** @type {any} */ { name }) => Object.keys(options[name].shown_when ?? {}));
  for (const name of new Set(rulers)) chain(widgetOf(node, name), "callback", apply);
  // The size that a workflow was saved with is that of what it shows.
  chain(node, "onConfigure", (/** @type {any} */ saved) => {
    apply();
    if (saved?.size) node.setSize([saved.size[0], Math.max(saved.size[1], node.computeSize()[1])]);
  });
  app.ui.settings.addEventListener(`${VUE_NODES}.change`, () => setTimeout(apply, 0));
  apply();
}

/** @param {any} node @param {() => void} press @returns {any} a button above what is not saved */
function addButton(node, press) {
  const button = node.addWidget("button", BUTTON, null, press, { serialize: false });
  button.serialize = false;
  // Above the viewer and lines of text; nothing from the first of these on is saved.
  const own = node.widgets.findIndex((/** @type {any} */ { serialize }) => serialize === false);
  node.widgets.splice(node.widgets.indexOf(button), 1);
  node.widgets.splice(own, 0, button);
  return button;
}

app.registerExtension({
  name: "genvrdepth.fold",
  async init() {
    text = await loadText();
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.comfyClass?.startsWith(PREFIX) && node.widgets) attach(node);
  },
});
