// @ts-check
/** Load Depth lists the layers of its file: EXR layers, NPZ and HDF5 arrays, TIFF pages. */
import { api, app, loadText, widgetOf } from "../lib/comfy.mjs";
import { showMenu } from "../lib/layers.mjs";

const NODE = "GenVRDepthLoad";

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;

/**
 * @param {PointerEvent} [event] of the classic canvas; a Vue node's button is an element in focus
 * @returns {{x: number, y: number}} where the button was pressed, in pixels of the window
 */
function placeOf(event) {
  if (event) return { x: event.clientX, y: event.clientY };
  const { left, bottom } = /** @type {Element} */ (document.activeElement).getBoundingClientRect();
  return { x: left, y: bottom };
}

/** @param {any} node @param {{x: number, y: number}} place */
async function offer(node, place) {
  const name = String(widgetOf(node, "file").value ?? "");
  const answer = await api.fetchApi(`/genvr_depth/layers?name=${encodeURIComponent(name)}`);
  const { layers = [], error = "" } = await answer.json();
  if (layers.length) {
    const host = app.canvas.canvas.parentElement;
    showMenu(host, layers, text("load.layers"), place, (layer) => {
      const channel = widgetOf(node, "channel");
      channel.value = layer;
      channel.callback?.(layer, app.canvas, node);
      node.graph?.setDirtyCanvas(true, true);
    });
    return;
  }
  app.extensionManager.toast.add({
    severity: answer.ok ? "info" : "error",
    summary: text("load.layers"),
    detail: error || text("load.no_layers", { name }),
    life: 10_000,
  });
}

app.registerExtension({
  name: "genvrdepth.layers",
  async init() {
    text = await loadText();
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.constructor.comfyClass !== NODE) return;
    const press = (/** @type {any[]} */ ...args) => void offer(node, placeOf(args[4]));
    const button = node.addWidget("button", "genvr_layers", null, press, { serialize: false });
    button.label = text("load.layers");
    button.serialize = false;
  },
});
