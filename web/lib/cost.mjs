// @ts-check
/**
 * What a run of a GenVR node will cost, from what its widgets and those of Prompt Variations say.
 *
 * @typedef {Record<string, any>} Values widget name -> value
 * @typedef {{images: number, credits: number, total: number}} Cost for one image that goes in
 */

export const VARIATIONS = "GenVRDepthPromptVariations";

/** @param {string} text the lines with something on them that are not # comments */
const lines = (text) =>
  text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));

/** @param {Values} values of a generate node whose prompt is typed */
export function typedPrompts(values) {
  return values.prompts === "one per line" ? Math.max(1, lines(values.prompt ?? "").length) : 1;
}

/**
 * How many prompts a Prompt Variations node gives; equal ones are counted once there, which only
 * a run can tell, so this is the most it can be.
 * @param {Values} values @param {Record<string, number>} styles how many styles each group has
 */
export function variations(values, styles) {
  const only = (values.only ?? "").split(/[\n,]/).filter((/** @type {string} */ part) => part.trim());
  const shipped = only.length || styles[values.styles] || 0;
  const chosen = (values.styles in styles && styles[values.styles] === 0 ? 0 : shipped)
    + lines(values.own_styles ?? "").length;
  const plain = values.keep_plain || !chosen ? 1 : 0;
  const all = lines(values.prompt ?? "").length * (chosen + plain);
  return values.limit > 0 ? Math.min(all, values.limit) : all;
}

/**
 * @param {number} prompts @param {Values} values of the generate node @param {number} credits
 * @returns {Cost}
 */
export function cost(prompts, values, credits) {
  const images = prompts * Math.max(1, values.count ?? 1);
  return { images, credits, total: images * credits };
}
