// @ts-check
/**
 * What our widgets say. The English here is the source; `locales/<language>/main.json` holds the
 * translations under "genvrDepth", merged by ComfyUI into /i18n.
 */

/** @type {Readonly<Record<string, Readonly<Record<string, string>>>>} */
export const ENGLISH = Object.freeze({
  viewer: {
    empty: "Run the workflow to see the depth here.",
    failed: "The depth is no longer on the server. Run the workflow again.",
    colormap: "Colour map",
    frame: "Frame",
    near: "Near",
    far: "Far",
    auto: "Auto",
    auto_tip: "Near and far from the picture itself, without a few extreme pixels",
    cloud: "Look at it in 3D: drag to turn, wheel to zoom, double-click to reset",
    metric: "metres",
    depth: "relative depth",
    disparity: "relative disparity",
    relative: "relative",
    invalid: "no depth here",
  },
});

/**
 * @param {string} locale @param {Record<string, any>} catalogue what /i18n answered
 * @returns {(key: string, values?: Record<string, string|number>) => string} "group.name" -> text
 *   in that language, else in English; {name} is filled in from `values`
 */
export function translator(locale, catalogue) {
  const chosen = catalogue[locale]?.genvrDepth ?? catalogue[locale.split("-")[0]]?.genvrDepth ?? {};
  return (key, values = {}) => {
    const [group, name] = key.split(".");
    const text = chosen[group]?.[name] ?? ENGLISH[group]?.[name] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, field) => String(values[field] ?? whole));
  };
}
