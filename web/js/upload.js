// @ts-check
/** Load Depth takes a file: by its button, or dropped on the node. */
import { api, app, loadText, widgetOf } from "../lib/comfy.mjs";
import { firstReadable, isFileDrag, sendFile } from "../lib/upload.mjs";

const NODE = "GenVRDepthLoad";
const INPUT = "file";

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;
/** @type {string[]} what Load Depth reads, as its own definition says */
let readable = [];

/** @param {any} node @param {string} name as the server stored it */
function choose(node, name) {
  const widget = widgetOf(node, INPUT);
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
  const picker = Object.assign(document.createElement("input"), {
    type: "file",
    accept: readable.join(","),
  });
  picker.addEventListener("change", () => {
    const [file] = picker.files ?? [];
    picker.value = ""; // the same file chosen again is a change again
    if (file) void take(node, file);
  });
  // Last, so that the values of workflows saved without it still find their widgets.
  const button = node.addWidget("button", "genvr_upload", null, () => picker.click(), {
    serialize: false,
  });
  button.label = text("load.choose");
  button.serialize = false;
  node.onDragOver = (/** @type {DragEvent} */ event) => isFileDrag(event.dataTransfer);
  node.onDragDrop = async (/** @type {DragEvent} */ event) => {
    const file = firstReadable(event.dataTransfer?.files ?? [], readable);
    if (file) await take(node, file);
    return Boolean(file); // false: the page looks at it, it may be a workflow
  };
}

app.registerExtension({
  name: "GenVRDepth.Upload",
  async init() {
    text = await loadText();
  },
  beforeRegisterNodeDef(/** @type {any} */ _type, /** @type {any} */ definition) {
    if (definition.name === NODE) readable = definition.input.required[INPUT][1].upload_extensions;
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.constructor.comfyClass === NODE) attach(node);
  },
});
