// @ts-check
/**
 * The depth viewer: one element that shows the raw values of a map, flat, beside its photo, or as a
 * surface to turn. Looking changes nothing: a range reaches the node by the press of a button only.
 * It knows nothing of ComfyUI; `web/js/viewer.js` hands it files, texts and a place to write to.
 *
 * @typedef {{window: string, low: number, high: number}} WindowWidgets
 * @typedef {{load: (entry: Entry) => Promise<ArrayBuffer>,
 *   image: (entry: Entry, width: number, height: number) => Promise<Uint32Array|null>,
 *   text: (key: string) => string, colormap: string, photoFirst: boolean,
 *   surfaceFirst?: boolean, onColormap: (name: string) => void,
 *   onWindow: (window: WindowWidgets) => void}} Options
 */
import { COLORMAPS, colorTable, cssGradient } from "./colormaps.mjs";
import {
  formatValue, paint, probe, readValues, share, trackRange, valueAt, windowRange, windowWidgets,
} from "./depth.mjs";
import { pointInImage, saveCanvas } from "./dom.mjs";
import { SurfaceLook } from "./surface_look.mjs";
import { STEPS, buildControls } from "./viewer_controls.mjs";
/** @import { Entry, Range } from "./depth.mjs" */

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
    /** @type {WindowWidgets|undefined} what is shown, as a node's widgets would say it */
    this.window = undefined;
    /** @type {Range} */ this.range = { near: 0, far: 1 };
    /** @type {Range} */ this.track = { near: 0, far: 1 };
    this.index = 0;
    this.asked = 0;
    this.painting = 0;
    /** @type {"flat"|"surface"} */ this.mode = options.surfaceFirst ? "surface" : "flat";
    this.photo = { flat: options.photoFirst, surface: true };
    this.comparing = false;
    this._build();
    this.look = new SurfaceLook(this.stage, this.canvas);
    this.stage.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => this._pointed(e));
    this.stage.addEventListener("pointerleave", () => (this.readout.textContent = ""));
    new ResizeObserver(() => this.look.draw(false)).observe(this.stage);
  }

  _build() {
    const { text, colormap } = this.options;
    const made = buildControls(text, colormap, {
      slid: (end) => this._slid(end),
      colormap: (name) => this.setColormap(name, true),
      frame: (index) => this._showFrame(index),
      auto: () => this._choose(AUTOMATIC),
      use: () => this.window && this._used(this.window),
      photo: () => this._setPhoto(!this.photo[this.mode]),
      compare: () => this._compare(!this.comparing),
      edge: () => void this._repaint(),
      surface: () => this._switch(this.mode === "flat" ? "surface" : "flat"),
      reset: () => this.look.turntable.reset(),
      full: () => this._full(),
      save: () => saveCanvas(this.canvas, `depth_${this.mode}.png`),
    });
    this.element = made.whole;
    this.canvas = made.canvas;
    this.stage = made.stage;
    this.readout = made.readout;
    this.caption = made.caption;
    this.empty = made.empty;
    this.frameSlider = made.frame;
    this.controls = made;
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
    this.controls.frameLabel.textContent = this.entries.length > 1 ? `${entry.frame + 1}` : "";
    this.caption.textContent = this._title(entry);
    this.controls.photo.hidden = this.controls.compare.hidden = !entry.image;
    this.controls.surface.title = this.options.text(`viewer.${entry.around ? "inside" : "cloud"}`);
    this.element.dataset.state = "shown";
    this._adopt();
    await this._switch(this.mode);
  }

  /** @param {Entry} entry */
  _title(entry) {
    const reduced = entry.step > 1 ? ` (1/${entry.step})` : "";
    const { text } = this.options;
    const [wide, tall] = entry.measured ?? [];
    const coarse = wide && tall && (wide < entry.full_width || tall < entry.full_height);
    const measured = coarse ? text("viewer.measured").replace("{size}", `${wide}×${tall}`) : "";
    const size = `${entry.full_width}×${entry.full_height}${reduced} ${measured}`.trim();
    return [size, text(`viewer.${entry.kind}`), entry.source].filter(Boolean).join(" · ");
  }

  /** Lay the sliders' track out around the shown window. */
  _adopt() {
    if (!this.values) return;
    const { entry, values } = this;
    this.range = windowRange(entry, values, this.window);
    this.track = trackRange(entry, values, this.range);
    const position = (/** @type {number} */ value) =>
      String(Math.round(STEPS * share(entry.kind, this.track, value)));
    this.controls.near.value = position(this.range.near);
    this.controls.far.value = position(this.range.far);
    this._label();
  }

  _label() {
    const { text } = this.options;
    const say = (/** @type {number} */ value) => formatValue(value, this.entry);
    this.controls.nearLabel.textContent = `${text("viewer.near")} ${say(this.range.near)}`;
    this.controls.farLabel.textContent = `${text("viewer.far")} ${say(this.range.far)}`;
  }

  /** @param {"near"|"far"} end the slider that moved */
  _slid(end) {
    if (!this.values) return;
    const { near, far } = this.controls;
    if (end === "near" && Number(near.value) >= Number(far.value)) near.value = far.value - 1;
    if (end === "far" && Number(far.value) <= Number(near.value)) far.value = Number(near.value) + 1;
    const at = (/** @type {any} */ slider) =>
      valueAt(this.entry.kind, this.track, Number(slider.value) / STEPS);
    this.range = { near: at(near), far: at(far) };
    this.window = windowWidgets(this.entry.kind, this.range);
    this.controls.use.hidden = false;
    this._label();
    void this._repaint();
  }

  /** @param {WindowWidgets} window chosen here, for looking */
  _choose(window) {
    this.setWindow(window);
    this.controls.use.hidden = false;
  }

  /** @param {WindowWidgets} window */
  _used(window) {
    this.controls.use.hidden = true;
    this.options.onWindow(window);
  }

  /** @param {WindowWidgets|undefined} window what the node itself says */
  setWindow(window) {
    this.window = window;
    this.controls.use.hidden = true;
    this._adopt();
    void this._repaint();
  }

  /** @param {string} name @param {boolean} [byHand] */
  setColormap(name, byHand = false) {
    if (!COLORMAPS.includes(name)) return;
    this.controls.select.value = name;
    this.controls.bar.style.background = cssGradient(name);
    void this._repaint();
    if (byHand) this.options.onColormap(name);
  }

  /** @param {"flat"|"surface"} mode */
  async _switch(mode) {
    this.mode = mode;
    this.stage.dataset.mode = mode;
    const flat = mode === "flat";
    this.controls.surface.setAttribute("aria-pressed", String(!flat));
    this.controls.reset.hidden = flat;
    this.readout.textContent = "";
    if (flat) this.look.hide();
    else this.comparing = false;
    await this._compare(this.comparing);
  }

  /** @param {boolean} on photo and depth side by side, parted by an edge */
  async _compare(on) {
    this.comparing = on;
    this.controls.compare.setAttribute("aria-pressed", String(on));
    this.controls.edge.hidden = !on;
    if (on && this.mode !== "flat") await this._switch("flat");
    else await this._repaint();
  }

  /** @param {boolean} on the photograph's colours instead of the colour map's */
  _setPhoto(on) {
    this.photo[this.mode] = on;
    void this._compare(false);
  }

  _full() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.element.requestFullscreen?.();
  }

  /** Colours have changed: the map's at once, the photograph's when it is here. */
  async _repaint() {
    if (!this.values) return;
    const { entry, mode } = this;
    const painting = ++this.painting;
    const wanted = entry.image && (this.photo[mode] || this.comparing);
    const name = wanted ? entry.image.filename : "";
    this.controls.photo.setAttribute("aria-pressed", String(this.photo[mode] && !this.comparing));
    this._show(this.images.get(name));
    if (!name || this.images.has(name)) return;
    const image = await this.options.image(entry, entry.width, entry.height);
    if (image && this.entries.includes(entry)) this.images.set(name, image);
    // Unless something newer has been painted meanwhile.
    if (image && painting === this.painting) this._show(image);
  }

  /** @param {Uint32Array} [photo] in place of the map's colours, or beside them */
  _show(photo) {
    const { entry, values, range } = this;
    if (!values) return;
    if (this.mode === "surface") {
      this.look.show(entry, values, range, photo ?? this._mapped());
      return;
    }
    const { width, height } = entry;
    Object.assign(this.canvas, { width, height });
    const beside = photo && this.comparing;
    this._put(photo && !beside ? photo : this._mapped(), width);
    if (!beside) return;
    const edge = Math.round((width * Number(this.controls.edge.value)) / 100);
    this._put(photo, edge);
    const context = this.canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(edge - width / 600, 0, width / 300, height);
  }

  _mapped() {
    const { entry, values, range } = this;
    const colors = new Uint32Array(values?.length ?? 0);
    if (values) paint(entry.kind, values, range, colorTable(this.controls.select.value), colors);
    return colors;
  }

  /** @param {Uint32Array} pixels @param {number} columns of the picture that they are painted on */
  _put(pixels, columns) {
    const { width, height } = this.entry;
    const bytes = new Uint8ClampedArray(
      /** @type {ArrayBuffer} */ (pixels.buffer), 0, 4 * width * height,
    );
    const image = new ImageData(bytes, width, height);
    this.canvas.getContext("2d").putImageData(image, 0, 0, 0, 0, columns, height);
  }

  /** @param {PointerEvent} event */
  _pointed(event) {
    if (!this.values || this.mode !== "flat") return;
    const box = this.canvas.getBoundingClientRect();
    const { entry } = this;
    const [x, y] = pointInImage(box, entry.width, entry.height, event.clientX, event.clientY);
    if (this.comparing) {
      this.controls.edge.value = String(Math.min(100, Math.max(0, 100 * x)));
      void this._repaint();
    }
    const found = probe(entry, this.values, x, y);
    this.readout.textContent = found
      ? `x ${found.column}  y ${found.row}  ·  ${this._value(found.value)}`
      : "";
  }

  /** @param {number} value */
  _value(value) {
    const { text } = this.options;
    if (Number.isNaN(value)) return text("viewer.invalid");
    const near = this.entry.kind === "metric" ? "" : ` ${text("viewer.relative")}`;
    return formatValue(value, this.entry) + near;
  }
}
