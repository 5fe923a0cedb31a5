// @ts-check
/**
 * A number that may be left to the node: the canvas shows the word ("auto"), a prompt holds the
 * number that stands for it.
 *
 * @typedef {{auto: number, word: string, min: number, max: number, precision?: number}} Limits
 */

/** @param {unknown} value a number, digits or the word @param {Limits} limits @returns {string} */
export function shownAs(value, { auto, word, min, max, precision }) {
  const text = String(value).trim().replace(",", ".");
  const number = Number(text);
  if (!text || text === word || Number.isNaN(number) || number === auto) return word;
  const kept = Math.min(max, Math.max(min, number));
  return kept === auto ? word : String(precision === 0 ? Math.round(kept) : kept);
}

/** @param {unknown} value @param {Limits} limits @returns {number} what a prompt holds */
export function numberOf(value, limits) {
  const text = shownAs(value, limits);
  return text === limits.word ? limits.auto : Number(text);
}
