// @ts-check
/**
 * The GenVR account panel. A key goes one way only: typed here, sent to this ComfyUI's own server,
 * cleared at once; the server never answers with it and nothing here stores it.
 *
 * @typedef {{name: string, state: string, base: string, version: string, needs: string[]}} Profile
 * @typedef {(method: string, path: string, body?: object) => Promise<any>} Ask throws an Error whose
 *   message is a sentence for the user
 */
import { element } from "./dom.mjs";

export const KEYS_PAGE = "https://api.genvrresearch.com/obtain-api";
export const KEYS_CHANGED = "genvr-keys-changed";
/** Tells other parts of the pack that keys were set or removed. */
export const changes = new EventTarget();
export const STATES = Object.freeze({
  "set by environment": "environment",
  "set by file": "file",
  "not set": "missing",
});

/**
 * What the running total says.
 * @param {{credits: number, possible: number, images: number}} ledger
 * @param {(key: string, values?: Record<string, string|number>) => string} text
 */
export function totalText(ledger, text) {
  const total = text("account.total", { credits: ledger.credits, images: ledger.images });
  return ledger.possible ? `${total} ${text("account.possible", { credits: ledger.possible })}` : total;
}

export class AccountPanel {
  /** @param {Ask} ask @param {(key: string, values?: Record<string, string|number>) => string} text */
  constructor(ask, text) {
    this.ask = ask;
    this.text = text;
    /** @type {Profile[]} */ this.profiles = [];
    this._build();
    void this._guard(() => this.refresh());
  }

  _build() {
    const { text } = this;
    const id = `genvr-profiles-${Math.random().toString(36).slice(2)}`;
    this.names = element("datalist", { id });
    this.profile = element("input", {
      class: "genvr-profile", type: "text", value: "default", autocomplete: "off",
      "aria-label": text("account.profile"), title: text("account.profile"),
      oninput: () => this._state(),
    });
    this.profile.setAttribute("list", id);
    this.uid = this._secret("genvr-uid", text("account.uid"));
    this.key = this._secret("genvr-key", text("account.key"));
    this.state = element("span", { class: "genvr-state" });
    this.message = element("div", { class: "genvr-message", role: "status" });
    this.total = element("div", { class: "genvr-total" });
    this.removeButton = this._button("genvr-remove", "account.remove", () => this.remove());
    this.element = element(
      "div", { class: "genvr-account" },
      element("div", { class: "genvr-row" }, this.profile, this.names, this.state),
      element("div", { class: "genvr-row" }, this.uid, this.key),
      element(
        "div", { class: "genvr-row" },
        this._button("genvr-save", "account.save", () => this.save()),
        this._button("genvr-test", "account.test", () => this.test()),
        this.removeButton,
        element(
          "a", { href: KEYS_PAGE, target: "_blank", rel: "noopener noreferrer" },
          text("account.where"),
        ),
      ),
      this.message,
      this.total,
    );
  }

  /** @param {string} name class @param {string} label */
  _secret(name, label) {
    return element("input", {
      class: name, type: "password", autocomplete: "new-password", spellcheck: false,
      placeholder: label, "aria-label": label, "data-1p-ignore": "",
    });
  }

  /** @param {string} name class @param {string} key @param {() => Promise<void>} action */
  _button(name, key, action) {
    return element(
      "button", { type: "button", class: name, onclick: () => this._guard(action) }, this.text(key),
    );
  }

  /** @param {() => Promise<void>} action */
  async _guard(action) {
    this._say("", "");
    try {
      await action.call(this);
    } catch (error) {
      this._say(error instanceof Error ? error.message : String(error), "error");
    }
  }

  /** @param {string} message @param {string} tone */
  _say(message, tone) {
    this.message.textContent = message;
    this.message.dataset.tone = tone;
  }

  get path() {
    return `/genvr_depth/profiles/${encodeURIComponent(this.profile.value.trim() || "default")}`;
  }

  async refresh() {
    const { profiles } = await this.ask("GET", "/genvr_depth/profiles");
    this.profiles = profiles;
    this.names.replaceChildren(
      ...this.profiles.map(({ name }) => element("option", { value: name })),
    );
    this._state();
    this.total.textContent = totalText(await this.ask("GET", "/genvr_depth/ledger"), this.text);
  }

  _state() {
    const chosen = this.profiles.find(({ name }) => name === this.profile.value.trim());
    const state = STATES[/** @type {keyof typeof STATES} */ (chosen?.state)] ?? "missing";
    const needs = chosen?.needs?.length ? ` (${chosen.needs.join(", ")})` : "";
    this.element.dataset.state = state;
    this.state.textContent = this.text(`account.${state}`) + needs;
    this.removeButton.disabled = state !== "file";
  }

  async save() {
    const body = { key: this.key.value.trim(), uid: this.uid.value.trim() };
    this.key.value = "";
    this.uid.value = "";
    if (!body.key || !body.uid) throw new Error(this.text("account.both"));
    await this.ask("PUT", this.path, body);
    await this.refresh();
    changes.dispatchEvent(new Event(KEYS_CHANGED));
    this._say(this.text("account.saved"), "ok");
  }

  async test() {
    // The server would send the user to this very page.
    if (this.element.dataset.state === "missing") throw new Error(this.text("account.first"));
    const { ok, message } = await this.ask("POST", `${this.path}/test`, {});
    this._say(message, ok ? "ok" : "error");
  }

  async remove() {
    await this.ask("DELETE", this.path);
    await this.refresh();
    changes.dispatchEvent(new Event(KEYS_CHANGED));
    this._say(this.text("account.removed"), "ok");
  }
}

/**
 * One number kept by the server (`/genvr_depth/defaults`), not by the page's settings.
 * @param {Ask} ask @param {"concurrency"|"spending_cap"} name
 * @param {string} label what it is called @param {string} unit what it counts
 * @returns {HTMLElement}
 */
export function defaultInput(ask, name, label, unit) {
  const input = element("input", {
    type: "number", class: `genvr-default-${name}`, min: "0", "aria-label": label,
  });
  const message = element("div", { class: "genvr-message", role: "status" });
  const adopt = (/** @type {any} */ answer) => {
    [input.min, input.max] = answer.limits[name].map(String);
    input.value = String(answer[name]);
    message.textContent = "";
  };
  const fail = (/** @type {Error} */ error) => {
    message.dataset.tone = "error";
    message.textContent = error.message;
  };
  input.addEventListener("change", () => {
    ask("PUT", "/genvr_depth/defaults", { [name]: Number(input.value) }).then(adopt, fail);
  });
  ask("GET", "/genvr_depth/defaults").then(adopt, fail);
  const line = element("div", { class: "genvr-row" }, input, element("span", {}, unit));
  return element("div", { class: "genvr-account genvr-number" }, line, message);
}
