// @ts-check
/** Before and after, one over the other, with an edge that follows the pointer. */
import { element } from "./dom.mjs";

export class CompareView {
  /** @param {(key: string) => string} text */
  constructor(text) {
    /** @type {string[]} */ this.before = [];
    /** @type {string[]} */ this.after = [];
    this.images = { before: this._image("before"), after: this._image("after") };
    this.edge = element("input", {
      type: "range", class: "genvr-edge", min: "0", max: "100", step: "0.1", value: "50",
      "aria-label": text("compare.edge"), oninput: () => this._cut(Number(this.edge.value)),
    });
    this.pair = element("input", {
      type: "range", class: "genvr-pair", min: "0", hidden: true, title: text("compare.pair"),
      "aria-label": text("compare.pair"), oninput: () => this._showPair(),
    });
    this.stage = element(
      "div", { class: "genvr-compare-stage", onpointermove: this._follow.bind(this) },
      this.images.after, this.images.before, element("div", { class: "genvr-line" }), this.edge,
      element("div", { class: "genvr-empty" }, text("compare.empty")),
    );
    this.element = element("div", { class: "genvr-compare" }, this.stage, this.pair);
    this._cut(50);
  }

  /** @param {string} name @returns {HTMLImageElement} */
  _image(name) {
    return element("img", { class: `genvr-${name}`, alt: name, draggable: false, hidden: true });
  }

  /** @param {string[]} before @param {string[]} after addresses, one for each image of a batch */
  show(before, after) {
    Object.assign(this, { before, after });
    const pairs = Math.max(before.length, after.length);
    this.pair.max = String(pairs - 1);
    this.pair.hidden = pairs < 2;
    this.element.dataset.state = pairs ? "shown" : "";
    this._showPair();
  }

  /** One image on a side stays while the other side goes through its batch. */
  _showPair() {
    const index = Number(this.pair.value);
    for (const side of /** @type {("before"|"after")[]} */ (["before", "after"])) {
      const list = this[side];
      const address = list[Math.min(index, list.length - 1)];
      this.images[side].hidden = !address;
      if (address) this.images[side].src = address;
    }
  }

  /** @param {PointerEvent} event */
  _follow(event) {
    const { left, width } = this.stage.getBoundingClientRect();
    this._cut(Math.min(100, Math.max(0, (100 * (event.clientX - left)) / width)));
  }

  /** @param {number} percent of the width that shows "before" */
  _cut(percent) {
    this.edge.value = String(percent);
    this.stage.style.setProperty("--edge", `${percent}%`);
  }
}
