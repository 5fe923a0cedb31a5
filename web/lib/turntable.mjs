// @ts-check
/**
 * A view that is turned by mouse, touch and keyboard. Until the user takes it, it sways gently to
 * and fro, so that the depth is felt; not where the system asks for less motion.
 */
import { homeView, orbit, slide, zoomBy } from "./surface.mjs";
/** @import { View } from "./surface.mjs" */

const SWAY = Object.freeze({ angle: 0.2, period: 7000, length: 28_000 });
const KEY_STEP = 24; // pixels of a drag that an arrow key stands for
const ZOOM_STEP = 1.15;

/** ComfyUI moves its canvas by touch; two fingers on a view that turns are not meant for it. */
for (const name of ["touchstart", "touchmove", "touchend"]) {
  globalThis.window?.addEventListener(name, (/** @type {any} */ event) => {
    if (event.target?.closest?.('.genvr-stage[data-mode="surface"]')) event.stopPropagation();
  }, true);
}

export class Turntable {
  /** @param {any} stage the element @param {(moving: boolean) => void} redraw */
  constructor(stage, redraw) {
    Object.assign(this, { stage, redraw });
    /** @type {any} */ this.stage = stage;
    /** @type {(moving: boolean) => void} */ this.redraw = redraw;
    this.view = homeView();
    this.active = false;
    this.inside = false; // the view turns about the eye, and what is seen follows the pointer
    this.swaying = 0;
    this.pending = 0;
    /** @type {Map<number, {x: number, y: number}>} */ this.pointers = new Map();
    this._listen();
  }

  start() {
    this.active = true;
    this.view = homeView();
    if (globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches) return;
    const begun = performance.now();
    const sway = (/** @type {number} */ now) => {
      const at = (now - begun) / SWAY.period;
      if (!this.active || !this.stage.isConnected) return;
      const done = now - begun >= SWAY.length;
      const yaw = done ? 0 : SWAY.angle * Math.sin(2 * Math.PI * at);
      const pitch = done ? 0 : -0.25 * SWAY.angle * Math.sin(2 * Math.PI * at) ** 2;
      this.view = { ...this.view, yaw, pitch };
      this.redraw(!done);
      if (!done) this.swaying = requestAnimationFrame(sway);
    };
    this.swaying = requestAnimationFrame(sway);
  }

  stop() {
    this.active = false;
    this.rest();
  }

  /** End the swaying where it is. */
  rest() {
    if (this.swaying) cancelAnimationFrame(this.swaying);
    this.swaying = 0;
  }

  reset() {
    this.set(homeView());
  }

  /** @param {View} view */
  set(view) {
    this.rest();
    this.view = view;
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => this.redraw(this.pointers.size > 0));
  }

  _listen() {
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ act) =>
      this.stage.addEventListener(name, (/** @type {Event} */ event) => this.active && act(event),
        { passive: false });
    on("pointerdown", (event) => {
      event.stopPropagation();
      this.rest();
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      event.target.setPointerCapture?.(event.pointerId);
    });
    on("pointermove", (event) => this._dragged(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      on(end, (event) => this.pointers.delete(event.pointerId) && this.redraw(false));
    }
    on("contextmenu", (event) => {
      event.preventDefault(); // the right button shifts,
      event.stopPropagation(); // and Vue nodes would open their menu
    });
    on("dblclick", () => this.reset());
    on("wheel", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.set(zoomBy(this.view, Math.exp(-event.deltaY * 0.0015)));
    });
    on("keydown", (event) => this._pressed(event));
  }

  /** @param {PointerEvent} event */
  _dragged(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    event.stopPropagation();
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const height = this.stage.getBoundingClientRect().height || 1;
    if (others.length) {
      // Two fingers: their distance zooms, their middle shifts.
      const [, other] = others[0];
      const before = Math.hypot(last.x - other.x, last.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      const zoomed = zoomBy(this.view, before > 0 ? after / before : 1);
      this.set(slide(zoomed, dx / (2 * height), dy / (2 * height)));
    } else if (event.shiftKey || event.buttons & 6) {
      this.set(slide(this.view, dx / height, dy / height));
    } else {
      this.set(orbit(this.view, this.inside ? -dx : dx, dy));
    }
  }

  /** @param {KeyboardEvent} event */
  _pressed(event) {
    const arrows = /** @type {Record<string, [number, number]>} */ ({
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    });
    const factors = /** @type {Record<string, number>} */ ({
      "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP,
    });
    const { key } = event;
    if (key in arrows) {
      const [x, y] = arrows[key];
      this.set(event.shiftKey ? slide(this.view, 0.05 * x, 0.05 * y)
        : orbit(this.view, KEY_STEP * x, KEY_STEP * (this.inside ? -y : y)));
    } else if (key in factors) {
      this.set(zoomBy(this.view, factors[key]));
    } else if (key === "0" || key === "Home") {
      this.reset();
    } else {
      return;
    }
    // Neither the canvas nor the page has a use for it now.
    event.preventDefault();
    event.stopPropagation();
  }
}
