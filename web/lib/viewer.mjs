// @ts-check
/**
 * The depth viewer: one element that shows the raw values of a map, flat or as a cloud to turn.
 * It knows nothing of ComfyUI; `web/js/viewer.js` hands it files, texts and a place to write to.
 *
 * @typedef {{window: string, low: number, high: number}} WindowWidgets
 * @typedef {{load: (entry: Entry) => Promise<ArrayBuffer>,
 *   image: (entry: Entry, width: number, height: number) => Promise<Uint32Array|null>,
 *   text: (key: string) => string, colormap: string, photoFirst: boolean,
 *   onColormap: (name: string) => void, onWindow: (window: WindowWidgets) => void}} Options
 */
import { buildCloud, dolly, drawCloud, homeView, orbit } from "./cloud.mjs";
import { COLORMAPS, colorTable, cssGradient } from "./colormaps.mjs";
import {
  formatValue,
  paint,
  probe,
  readValues,
  share,
  trackRange,
  valueAt,
  windowRange,
  windowWidgets,
} from "./depth.mjs";
import { element, pointInImage } from "./dom.mjs";
/** @import { Cloud, View } from "./cloud.mjs" */
/** @import { Entry, Range } from "./depth.mjs" */

const STEPS = 1000;
const AUTOMATIC = { window: "percentile", low: 0.5, high: 99.5 };

export class DepthViewer {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    /** @type {Entry[]} */ this.entries = [];
    /** @type {Map<string, Float32Array>} */ this.cache = new Map();
    /** @type {Map<string, Uint32Array>} */ this.images = new Map();
    /** @type {Float32Array|null} */ this.values = null;
    /** @type {any} the Entry that `values` belong to; set whenever they are */ this.entry = null;
    /** @type {WindowWidgets|undefined} what the node's own widgets say, if it has them */
    this.window = undefined;
    /** @type {Range} */ this.range = { near: 0, far: 1 };
    /** @type {Range} */ this.track = { near: 0, far: 1 };
    this.index = 0;
    this.asked = 0;
    /** @type {"flat"|"cloud"} */ this.mode = "flat";
    this.photo = { flat: options.photoFirst, cloud: true };
    this.view = homeView();
    /** @type {Cloud|null} */ this.cloud = null;
    this.drawing = 0;
    this.painting = 0;
    this._build();
    this._listen();
  }

  _build() {
    const { text, colormap } = this.options;
    this.canvas = element("canvas");
    this.readout = element("div", { class: "genvr-readout" });
    this.caption = element("div", { class: "genvr-caption" });
    this.empty = element("div", { class: "genvr-empty" }, text("viewer.empty"));
    this.stage = element(
      "div", { class: "genvr-stage", "data-mode": "flat" },
      this.canvas, this.readout, this.caption, this.empty,
    );
    this.nearSlider = this._slider("near", 0);
    this.farSlider = this._slider("far", STEPS);
    this.bar = element("div", { class: "genvr-track" }, this.nearSlider, this.farSlider);
    this.nearLabel = element("span");
    this.farLabel = element("span");
    const range = element("div", { class: "genvr-range" }, this.nearLabel, this.farLabel, this.bar);
    this.select = element("select", {
      class: "genvr-colormap", title: text("viewer.colormap"),
      onchange: () => this.setColormap(this.select.value, true),
    }, ...COLORMAPS.map((name) => element("option", { value: name }, name)));
    this.select.value = COLORMAPS.includes(colormap) ? colormap : COLORMAPS[0];
    this.frameSlider = element("input", {
      type: "range", min: "0", title: text("viewer.frame"), hidden: true,
      oninput: () => this._showFrame(Number(this.frameSlider.value)),
    });
    this.frameLabel = element("span", { class: "genvr-frame" });
    this.autoButton = element(
      "button",
      { type: "button", title: text("viewer.auto_tip"), onclick: () => this.setWindow(AUTOMATIC, true) },
      text("viewer.auto"),
    );
    this.cloudButton = element("button", {
      type: "button", class: "genvr-3d", title: text("viewer.cloud"), "aria-pressed": "false",
      onclick: () => this._toggle(),
    }, "3D");
    this.photoButton = element("button", {
      type: "button", class: "genvr-photo", title: text("viewer.photo_tip"), hidden: true,
      onclick: () => this._setPhoto(!this.photo[this.mode]),
    }, text("viewer.photo"));
    const tools = element(
      "div", { class: "genvr-tools" },
      this.select, this.frameSlider, this.frameLabel, element("span", { class: "genvr-spacer" }),
      this.autoButton, this.photoButton, this.cloudButton,
    );
    this.element = element("div", { class: "genvr-viewer" }, this.stage, range, tools);
    this.bar.style.background = cssGradient(this.select.value);
  }

  /** @param {"near"|"far"} end @param {number} value */
  _slider(end, value) {
    return element("input", {
      type: "range", class: `genvr-${end}`, min: "0", max: String(STEPS), step: "1",
      value: String(value), title: this.options.text(`viewer.${end}`),
      "aria-label": this.options.text(`viewer.${end}`),
      oninput: () => this._slid(end, false), onchange: () => this._slid(end, true),
    });
  }

  _listen() {
    const stage = this.stage;
    stage.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this._moved(event));
    stage.addEventListener("pointerleave", () => (this.readout.textContent = ""));
    stage.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (this.mode !== "cloud" || event.button !== 0) return;
      event.stopPropagation();
      this.canvas.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("dblclick", () => this._turn(homeView()));
    stage.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
      if (this.mode !== "cloud") return;
      event.preventDefault();
      event.stopPropagation();
      this._turn(dolly(this.view, event.deltaY));
    }, { passive: false });
    for (const control of [this.bar, this.select, this.frameSlider]) {
      control.addEventListener("pointerdown", (/** @type {Event} */ event) => event.stopPropagation());
    }
    new ResizeObserver(() => this.mode === "cloud" && this._draw()).observe(stage);
  }

  /** @param {Entry[]} entries one for each shown frame */
  async show(entries) {
    this.entries = entries;
    this.cache.clear();
    this.images.clear();
    this.frameSlider.max = String(entries.length - 1);
    this.frameSlider.hidden = entries.length < 2;
    await this._showFrame(Math.min(this.index, entries.length - 1));
  }

  /** @param {string} message why there is nothing to see */
  fail(message) {
    this.asked++; // whatever is still on its way is no longer the newest
    this.element.dataset.state = "failed";
    this.empty.textContent = message;
  }

  /** @param {number} index */
  async _showFrame(index) {
    const entry = this.entries[index];
    if (!entry) return;
    this.index = index;
    const asked = ++this.asked;
    try {
      const values = await this._read(entry);
      // Files come in any order; another frame or another run may have been asked for meanwhile.
      if (asked === this.asked) await this._take(entry, values);
    } catch (error) {
      if (asked === this.asked) this.fail(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Entry} entry @returns {Promise<Float32Array>} */
  async _read(entry) {
    const name = entry.file.filename;
    const values = this.cache.get(name) ?? readValues(await this.options.load(entry), entry);
    if (this.entries.includes(entry)) this.cache.set(name, values);
    return values;
  }

  /** @param {Entry} entry @param {Float32Array} values */
  async _take(entry, values) {
    Object.assign(this, { entry, values });
    this.frameSlider.value = String(this.index);
    this.frameLabel.textContent = this.entries.length > 1 ? `${entry.frame + 1}` : "";
    this.caption.textContent = this._title(entry);
    this.photoButton.hidden = !entry.image;
    this.element.dataset.state = "shown";
    this._adopt();
    await this._repaint();
  }

  /** @param {Entry} entry */
  _title(entry) {
    const reduced = entry.step > 1 ? ` (1/${entry.step})` : "";
    const { text } = this.options;
    const [wide, tall] = entry.measured ?? [];
    const coarse = wide && tall && (wide < entry.full_width || tall < entry.full_height);
    const measured = coarse ? text("viewer.measured").replace("{size}", `${wide}×${tall}`) : "";
    const size = `${entry.full_width}×${entry.full_height}${reduced}`;
    return [size, measured, text(`viewer.${entry.kind}`), entry.source].filter(Boolean).join(" · ");
  }

  /** Take the window from the node's widgets and lay the sliders' track out around it. */
  _adopt() {
    if (!this.values) return;
    const { entry, values } = this;
    this.range = windowRange(entry, values, this.window);
    this.track = trackRange(entry, values, this.range);
    const position = (/** @type {number} */ value) =>
      String(Math.round(STEPS * share(entry.kind, this.track, value)));
    this.nearSlider.value = position(this.range.near);
    this.farSlider.value = position(this.range.far);
    this._label();
  }

  _label() {
    const { text } = this.options;
    this.nearLabel.textContent = `${text("viewer.near")} ${formatValue(this.range.near, this.entry.kind)}`;
    this.farLabel.textContent = `${text("viewer.far")} ${formatValue(this.range.far, this.entry.kind)}`;
  }

  /** @param {"near"|"far"} end the slider that moved @param {boolean} done released */
  _slid(end, done) {
    if (!this.values) return;
    const [near, far] = [Number(this.nearSlider.value), Number(this.farSlider.value)];
    if (end === "near" && near >= far) this.nearSlider.value = String(far - 1);
    if (end === "far" && far <= near) this.farSlider.value = String(near + 1);
    const at = (/** @type {any} */ slider) =>
      valueAt(this.entry.kind, this.track, Number(slider.value) / STEPS);
    this.range = { near: at(this.nearSlider), far: at(this.farSlider) };
    this.window = windowWidgets(this.entry.kind, this.range);
    this._label();
    void this._repaint();
    if (done) this.options.onWindow(this.window);
  }

  /**
   * @param {WindowWidgets|undefined} window @param {boolean} [byHand] pressed here, so tell the node
   */
  setWindow(window, byHand = false) {
    this.window = window;
    this._adopt();
    void this._repaint();
    if (byHand && window) this.options.onWindow(window);
  }

  /** @param {string} name @param {boolean} [byHand] */
  setColormap(name, byHand = false) {
    if (!COLORMAPS.includes(name)) return;
    this.select.value = name;
    this.bar.style.background = cssGradient(name);
    void this._repaint();
    if (byHand) this.options.onColormap(name);
  }

  async _toggle() {
    this.mode = this.mode === "flat" ? "cloud" : "flat";
    this.stage.dataset.mode = this.mode;
    this.cloudButton.setAttribute("aria-pressed", String(this.mode === "cloud"));
    this.readout.textContent = "";
    await this._repaint();
  }

  /** @param {boolean} on the photograph's colours instead of the colour map's */
  _setPhoto(on) {
    this.photo[this.mode] = on;
    void this._repaint();
  }

  /** Colours have changed: the map's at once, the photograph's when it is here. */
  async _repaint() {
    if (!this.values) return;
    const { entry, values, range, mode } = this;
    const painting = ++this.painting;
    const name = entry.image && this.photo[mode] ? entry.image.filename : "";
    this.photoButton.setAttribute("aria-pressed", String(this.photo[mode]));
    this._show(this.images.get(name) ?? this._mapped(entry, values, range));
    if (!name || this.images.has(name)) return;
    const image = await this.options.image(entry, entry.width, entry.height);
    if (image && this.entries.includes(entry)) this.images.set(name, image);
    // Unless something newer has been painted meanwhile.
    if (image && painting === this.painting) this._show(image);
  }

  /** @param {Uint32Array} colors one RGBA word for each value of the shown frame */
  _show(colors) {
    const { entry, values, range } = this;
    if (this.mode === "flat" || !values) {
      this._put(colors, entry.width, entry.height);
      return;
    }
    this.cloud = buildCloud(entry, values, range, colors);
    this._draw();
  }

  /** @param {Entry} entry @param {Float32Array} values @param {Range} range */
  _mapped(entry, values, range) {
    const colors = new Uint32Array(values.length);
    paint(entry.kind, values, range, colorTable(this.select.value), colors);
    return colors;
  }

  /** @param {View} view */
  _turn(view) {
    this.view = view;
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this._draw());
  }

  _draw() {
    if (!this.cloud || this.mode !== "cloud") return;
    const width = Math.max(1, Math.min(1200, Math.round(this.stage.clientWidth * 1.5)));
    const height = Math.max(1, Math.min(1200, Math.round(this.stage.clientHeight * 1.5)));
    const pixels = new Uint32Array(width * height);
    drawCloud(this.cloud, this.view, width, height, pixels, new Float32Array(width * height));
    this._put(pixels, width, height);
  }

  /** @param {Uint32Array} pixels @param {number} width @param {number} height */
  _put(pixels, width, height) {
    const bytes = new Uint8ClampedArray(
      /** @type {ArrayBuffer} */ (pixels.buffer), 0, 4 * width * height,
    );
    Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d").putImageData(new ImageData(bytes, width, height), 0, 0);
  }

  /** @param {PointerEvent} event */
  _moved(event) {
    if (!this.values) return;
    if (this.mode === "cloud") {
      if (event.buttons & 1) this._turn(orbit(this.view, event.movementX, event.movementY));
      return;
    }
    const box = this.canvas.getBoundingClientRect();
    const { entry } = this;
    const [x, y] = pointInImage(box, entry.width, entry.height, event.clientX, event.clientY);
    const found = probe(entry, this.values, x, y);
    this.readout.textContent = found
      ? `x ${found.column}  y ${found.row}  ·  ${this._value(found.value)}`
      : "";
  }

  /** @param {number} value */
  _value(value) {
    if (Number.isNaN(value)) return this.options.text("viewer.invalid");
    const relative = this.entry.kind === "metric" ? "" : ` ${this.options.text("viewer.relative")}`;
    return formatValue(value, this.entry.kind) + relative;
  }
}
