// @ts-check
/** The "GenVR Depth" page of ComfyUI's settings. */
import { AccountPanel, defaultInput } from "../lib/account.mjs";
import { COLORMAPS } from "../lib/colormaps.mjs";
import { api, app, loadText } from "../lib/comfy.mjs";
import { loadStyle } from "../lib/dom.mjs";
import { SETTINGS } from "../lib/text.mjs";

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

/**
 * @param {keyof typeof SETTINGS} id "GenVRDepth.<section>.<name>"
 * @param {object} rest what kind of setting it is
 */
function setting(id, rest) {
  const [, section, name] = id.split(".");
  return { id, category: ["GenVR Depth", section, name], ...SETTINGS[id], ...rest };
}

app.registerExtension({
  name: "genvrdepth.settings",
  settings: [
    setting("GenVRDepth.Viewer.ColorMap", {
      type: "combo",
      options: [...COLORMAPS],
      defaultValue: "turbo",
    }),
    setting("GenVRDepth.Service.SpendingCap", {
      type: () =>
        defaultInput(ask, "spending_cap", text("account.cap"), text("account.credits")),
      defaultValue: null,
    }),
    setting("GenVRDepth.Service.Concurrency", {
      type: () =>
        defaultInput(ask, "concurrency", text("account.at_once"), text("account.images")),
      defaultValue: null,
    }),
    setting("GenVRDepth.Account.Key", {
      type: () => new AccountPanel(ask, text).element,
      defaultValue: null,
    }),
  ],
  async init() {
    loadStyle();
    text = await loadText();
  },
});
