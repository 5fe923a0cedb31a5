// @ts-check
/** The "GenVR Depth" page of ComfyUI's settings. */
import { AccountPanel, defaultInput } from "../lib/account.mjs";
import { COLORMAPS } from "../lib/colormaps.mjs";
import { api, app, loadText } from "../lib/comfy.mjs";
import { loadStyle } from "../lib/dom.mjs";

/** @type {(key: string, values?: Record<string, string|number>) => string} */
let text = (key) => key;

/**
 * @param {string} method @param {string} path @param {object} [body]
 * @returns {Promise<any>}
 */
async function ask(method, path, body) {
  const options = body
    ? { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : { method };
  const answer = await api.fetchApi(path, { ...options, cache: "no-store" });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error ?? text("account.unreachable"));
  return data;
}

app.registerExtension({
  name: "GenVRDepth.Settings",
  settings: [
    {
      id: "GenVRDepth.Viewer.ColorMap",
      category: ["GenVR Depth", "Viewer", "ColorMap"],
      name: "Colour map of the depth viewer",
      tooltip: "The colours new viewers start with; each node can choose its own.",
      type: "combo",
      options: [...COLORMAPS],
      defaultValue: "turbo",
    },
    {
      id: "GenVRDepth.Service.SpendingCap",
      category: ["GenVR Depth", "Service", "SpendingCap"],
      name: "Spending cap of one run",
      tooltip: "In credits. A node that would spend more stops before it sends anything. 0 means none.",
      type: () => defaultInput(ask, "spending_cap"),
      defaultValue: null,
    },
    {
      id: "GenVRDepth.Service.Concurrency",
      category: ["GenVR Depth", "Service", "Concurrency"],
      name: "Pictures in flight at once",
      tooltip: "How many pictures are asked of the GenVR service at the same time.",
      type: () => defaultInput(ask, "concurrency"),
      defaultValue: null,
    },
    {
      id: "GenVRDepth.Account.Key",
      category: ["GenVR Depth", "Account", "Key"],
      name: "GenVR account",
      tooltip:
        "The key is kept by this ComfyUI server in a private file. It is never shown again, and it " +
        "is in no workflow, picture or setting.",
      type: () => new AccountPanel(ask, text).element,
      defaultValue: null,
    },
  ],
  async init() {
    loadStyle();
    text = await loadText();
  },
});
