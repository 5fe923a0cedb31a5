// @ts-check
/** Nodes that take a file of the user: by their button, or dropped on the node. */
import { api, app, loadText, widgetOf } from "../lib/comfy.mjs";
import { firstReadable, isFileDrag, sendFile } from "../lib/upload.mjs";

/** ComfyUI keeps labels by node id and widget name, also after another workflow is opened: a name
 * for each button.
 * @type {Record<string, {input: string, label: string, button: string}>} */
const NODES = {
  GenVRDepthLoad: { input: "file", label: "load.choose", button: "genvr_upload" },
  GenVRDepthSampleScene: { input: "scene", label: "load.photo", button: "genvr_photo" },
};

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;
/** @type {Record<string, string[]>} what each of them reads, as its own definition says */
const readable = {};

/** @param {any} node @param {string} name as the server stored it */
function choose(node, name) {
  const widget = widgetOf(node, NODES[node.constructor.comfyClass].input);
  const { values } = widget.options;
  if (Array.isArray(values) && !values.includes(name)) values.push(name);
  widget.value = name;
  widget.callback?.(name, app.canvas, node);
  node.graph?.setDirtyCanvas(true, true);
}

/** @param {string} detail */
function complain(detail) {
  const summary = text("load.title");
  app.extensionManager.toast.add({ severity: "error", summary, detail, life: 10_000 });
}

/** @param {any} node @param {File} file */
async function take(node, file) {
  try {
    choose(node, await sendFile(api.fetchApi.bind(api), file, text));
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
}

/** @param {any} node */
function attach(node) {
  const kind = node.constructor.comfyClass;
  const picker = Object.assign(document.createElement("input"), {
    type: "file",
    accept: readable[kind].join(","),
  });
  picker.addEventListener("change", () => {
    const [file] = picker.files ?? [];
    picker.value = ""; // the same file chosen again is a change again
    if (file) void take(node, file);
  });
  // Last, so that the values of workflows saved without it still find their widgets.
  const { button: name, label } = NODES[kind];
  const button = node.addWidget("button", name, null, () => picker.click(), { serialize: false });
  button.label = text(label);
  button.serialize = false;
  node.onDragOver = (/** @type {DragEvent} */ event) => isFileDrag(event.dataTransfer);
  node.onDragDrop = async (/** @type {DragEvent} */ event) => {
    const file = firstReadable(event.dataTransfer?.files ?? [], readable[kind]);
    if (file) await take(node, file);
    return Boolean(file); // false: the page looks at it, it may be a workflow
  };
}

app.registerExtension({
  name: "genvrdepth.upload",
  async init() {
    text = await loadText();
  },
  beforeRegisterNodeDef(/** @type {any} */ _type, /** @type {any} */ definition) {
    const own = NODES[definition.name];
    if (!own) return;
    readable[definition.name] = definition.input.required[own.input][1].upload_extensions;
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.constructor.comfyClass in NODES) attach(node);
  },
});
