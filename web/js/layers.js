// @ts-check
/** Load Depth lists the layers of its file: EXR layers, NPZ and HDF5 arrays, TIFF pages. */
import { api, app, loadText, widgetOf } from "../lib/comfy.mjs";
import { showMenu } from "../lib/layers.mjs";

const NODE = "GenVRDepthLoad";

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text;
/** Where the pointer was last: a button of a node does not say where it was pressed. */
const pointer = { x: 0, y: 0 };

/** @param {any} node */
async function offer(node) {
  const name = String(widgetOf(node, "file").value ?? "");
  const place = { ...pointer };
  const answer = await api.fetchApi(`/genvr_depth/layers?name=${encodeURIComponent(name)}`);
  const { layers = [], error = "" } = await answer.json();
  if (layers.length) {
    showMenu(layers, text("load.layers"), place, (layer) => {
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
  name: "genvr-depth.layers",
  async init() {
    text = await loadText();
    const follow = (/** @type {PointerEvent} */ { clientX, clientY }) =>
      Object.assign(pointer, { x: clientX, y: clientY });
    document.addEventListener("pointerdown", follow, true);
  },
  nodeCreated(/** @type {any} */ node) {
    if (node.constructor.comfyClass !== NODE) return;
    const button = node.addWidget("button", "genvr_layers", null, () => void offer(node), {
      serialize: false,
    });
    button.label = text("load.layers");
    button.serialize = false;
  },
});
