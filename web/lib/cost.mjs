// @ts-check
/**
 * What a run of a GenVR node will cost, from what its widgets say.
 *
 * @typedef {{pictures: number, credits: number, total: number, known: boolean}} Cost `known` is
 *   false where a connection decides the number, then `pictures` is for one of what it brings
 */

/** @param {string} prompts one prompt a line; empty lines and # comments count for nothing */
export function countPrompts(prompts) {
  const lines = prompts.split("\n").map((line) => line.trim());
  return Math.max(1, lines.filter((line) => line && !line.startsWith("#")).length);
}

/**
 * @param {{prompts: number, samples: number, credits: number, linked: boolean}} run
 * @returns {Cost}
 */
export function cost({ prompts, samples, credits, linked }) {
  const pictures = prompts * Math.max(1, samples);
  return { pictures, credits, total: pictures * credits, known: !linked };
}
