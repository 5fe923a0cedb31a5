// @ts-check
/** What the depth viewer consists of. */
import { COLORMAPS, cssGradient } from "./colormaps.mjs";
import { element } from "./dom.mjs";

export const STEPS = 1000;

/** @param {string} path @returns {HTMLElement} drawn, since few fonts have such signs */
const icon = (path) => element("span", {
  class: "genvr-icon",
  innerHTML: `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`,
});
const ICONS = Object.freeze({
  reset: "M3 8a5 5 0 1 0 2-4M5 1v3h3",
  save: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  full: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
});

/**
 * @param {(key: string) => string} text @param {string} colormap
 * @param {{slid: (end: "near"|"far") => void, colormap: (name: string) => void,
 *   frame: (index: number) => void, auto: () => void, use: () => void, photo: () => void,
 *   compare: () => void, edge: (percent: number) => void, surface: () => void,
 *   reset: () => void, full: () => void, save: () => void}} act
 * @returns {Record<string, any>} the elements by name
 */
export function buildControls(text, colormap, act) {
  const slider = (/** @type {"near"|"far"} */ end, /** @type {number} */ value) =>
    element("input", {
      type: "range", class: `genvr-${end}`, min: "0", max: String(STEPS), step: "1",
      value: String(value), title: text(`viewer.${end}`), "aria-label": text(`viewer.${end}`),
      oninput: () => act.slid(end),
    });
  const button = (
    /** @type {string} */ name, /** @type {string|Node} */ label, /** @type {string} */ tip,
    /** @type {() => void} */ press, /** @type {Record<string, any>} */ more = {},
  ) => element("button", {
    type: "button", class: `genvr-${name}`, title: text(tip), "aria-label": text(tip),
    onclick: press, ...more,
  }, label);
  const off = { "aria-pressed": "false" };

  const canvas = element("canvas");
  const readout = element("div", { class: "genvr-readout" });
  const caption = element("div", { class: "genvr-caption" });
  const empty = element("div", { class: "genvr-empty" }, text("viewer.empty"));
  const edge = element("input", {
    type: "range", class: "genvr-edge", min: "0", max: "100", step: "0.5", value: "50",
    "aria-label": text("viewer.edge"), hidden: true, oninput: () => act.edge(Number(edge.value)),
  });
  const stage = element(
    "div",
    { class: "genvr-stage", "data-mode": "flat", tabIndex: 0, "aria-label": text("viewer.stage"),
      role: "application" },
    canvas, edge, readout, caption, empty,
  );
  const [near, far] = [slider("near", 0), slider("far", STEPS)];
  const bar = element("div", { class: "genvr-track" }, near, far);
  const [nearLabel, farLabel] = [element("span"), element("span")];
  const use = button("use", text("viewer.use"), "viewer.use_tip", act.use, { hidden: true });
  const auto = button("auto", text("viewer.auto"), "viewer.auto_tip", act.auto);
  const range = element("div", { class: "genvr-range" }, nearLabel, farLabel, bar);
  const select = element("select", {
    class: "genvr-colormap", title: text("viewer.colormap"), "aria-label": text("viewer.colormap"),
    onchange: () => act.colormap(select.value),
  }, ...COLORMAPS.map((name) => element("option", { value: name }, name)));
  select.value = COLORMAPS.includes(colormap) ? colormap : COLORMAPS[0];
  bar.style.background = cssGradient(select.value);
  const frame = element("input", {
    type: "range", min: "0", title: text("viewer.frame"), "aria-label": text("viewer.frame"),
    hidden: true, oninput: () => act.frame(Number(frame.value)),
  });
  const frameLabel = element("span", { class: "genvr-frame" });
  const photo = button("photo", text("viewer.photo"), "viewer.photo_tip", act.photo,
    { hidden: true, ...off });
  const compare = button("beside", text("viewer.compare"), "viewer.compare_tip", act.compare,
    { hidden: true, ...off });
  const surface = button("3d", "3D", "viewer.cloud", act.surface, off);
  const reset = button("reset", icon(ICONS.reset), "viewer.reset", act.reset, { hidden: true });
  const save = button("png", icon(ICONS.save), "viewer.png", act.save);
  const full = button("full", icon(ICONS.full), "viewer.full", act.full);
  const tools = element(
    "div", { class: "genvr-tools" },
    select, frame, frameLabel, auto, use, element("span", { class: "genvr-spacer" }),
    photo, compare, surface, reset, save, full,
  );
  const whole = element("div", { class: "genvr-viewer" }, stage, range, tools);
  for (const control of [bar, select, frame, edge]) {
    control.addEventListener("pointerdown", (/** @type {Event} */ event) => event.stopPropagation());
  }
  return {
    canvas, readout, caption, empty, edge, stage, near, far, bar, nearLabel, farLabel, use, select,
    frame, frameLabel, photo, compare, surface, reset, whole,
  };
}
