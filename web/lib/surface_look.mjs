// @ts-check
/** The depth as a lit surface that wears the photo, on a canvas of the viewer. */
import { buildCloud, drawCloud } from "./cloud.mjs";
import { FEW_VERTICES, buildSurface } from "./surface.mjs";
import { surfaceRenderer } from "./surface_gl.mjs";
import { Turntable } from "./turntable.mjs";
/** @import { Cloud } from "./cloud.mjs" */
/** @import { Entry, Range } from "./depth.mjs" */
/** @import { Surface } from "./surface.mjs" */

const SHARP = 2; // canvas pixels a screen pixel at rest, which smooths the edges
const MOST = 2400;
const LEAST = 0.3; // of that, while it moves and drawing is slow
const COARSE = 0.6; // of that: below it the surface is drawn with few vertices
const FLUENT = 42; // milliseconds between frames
const PAUSE = 600; // milliseconds after which a motion is a new one

export class SurfaceLook {
  /** @param {any} stage @param {any} canvas with a 2D context */
  constructor(stage, canvas) {
    this.stage = stage;
    this.canvas = canvas;
    this.turntable = new Turntable(stage, (moving) => this.draw(moving));
    /** @type {any} */ this.of = {};
    /** @type {Surface|null} */ this.surface = null;
    /** @type {Surface|null} the same of few vertices */ this.coarse = null;
    /** @type {Cloud|null} where the page has no WebGL */ this.cloud = null;
    /** @type {Uint32Array|null} */ this.pixels = null;
    this.detail = 0.75; // share of the sharp size while it moves
    this.last = 0;
  }

  /**
   * @param {Entry} entry @param {Float32Array} values @param {Range} range
   * @param {Uint32Array} pixels what it wears, one RGBA word for each value
   */
  show(entry, values, range, pixels) {
    const { of } = this;
    // Metres lie where they are; only a relative map is shaped by the chosen range.
    const shaped = entry.kind === "metric" ? "" : `${range.near} ${range.far}`;
    const gl = surfaceRenderer();
    if (gl && (of.values !== values || of.shaped !== shaped)) {
      this.surface = buildSurface(entry, values, range);
      this.coarse = buildSurface(entry, values, range, FEW_VERTICES);
    }
    if (!gl) this.cloud = buildCloud(entry, values, range, pixels);
    this.of = { values, shaped, size: [entry.width, entry.height] };
    this.pixels = pixels;
    this.turntable.inside = Boolean(entry.around);
    if (!this.turntable.active) this.turntable.start();
    this.draw(false);
  }

  hide() {
    this.turntable.stop();
  }

  /** @param {boolean} moving smaller where that keeps the motion fluent */
  draw(moving) {
    const { stage, canvas, pixels } = this;
    if (!this.turntable.active || !pixels) return;
    const scale = SHARP * (moving ? this.detail : 1);
    const side = (/** @type {number} */ length) =>
      Math.max(1, Math.min(MOST, Math.round(length * scale)));
    const [width, height] = [side(stage.clientWidth), side(stage.clientHeight)];
    Object.assign(canvas, { width, height });
    this._paint(moving && this.detail < COARSE ? this.coarse : this.surface, width, height);
    // Drawing goes on beside this code: how slow it is shows in how far apart the frames come.
    const now = performance.now();
    const apart = now - this.last;
    this.last = now;
    if (!moving || apart > PAUSE) return;
    if (apart > FLUENT) this.detail = Math.max(LEAST, this.detail * 0.85);
    else if (apart < FLUENT / 2) this.detail = Math.min(1, this.detail * 1.05);
  }

  /** @param {Surface|null} surface @param {number} width @param {number} height */
  _paint(surface, width, height) {
    const context = this.canvas.getContext("2d");
    const gl = surfaceRenderer();
    const { view } = this.turntable;
    if (gl && surface && this.pixels) {
      const drawn = gl.draw(surface, this.pixels, this.of.size, view, width, height);
      context.drawImage(drawn, 0, 0);
    } else if (this.cloud) {
      const words = new Uint32Array(width * height);
      drawCloud(this.cloud, view, width, height, words, new Float32Array(width * height));
      const bytes = new Uint8ClampedArray(/** @type {ArrayBuffer} */ (words.buffer));
      context.putImageData(new ImageData(bytes, width, height), 0, 0);
    }
  }
}
