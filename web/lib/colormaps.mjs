// @ts-check
/** Colour maps: the same anchors as `nodes/depthkit/views/colour_map.py`, which a test holds to these. */

/** @type {Readonly<Record<string, string>>} */
export const ANCHORS = Object.freeze({
  turbo:
    "30123b 4040a2 466be3 4294ff 28bceb 18ddc2 32f298 6dfe62 a4fc3c " +
    "cdec34 eecf3a fdac34 fb7e21 eb500e d02f05 a91601 7a0403",
  grey: "000000 ffffff",
  viridis:
    "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c " +
    "1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725",
  magma:
    "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 " +
    "d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf",
  inferno:
    "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 " +
    "d24644 e45a31 f1731d f98e09 fcac11 f9cb35 f2ea69 fcffa4",
  spectral:
    "9e0142 c1274a dd4a4c f06744 f98e52 fdb567 fed481 feec9f ffffbe " +
    "eff9a6 d6ee9b b1dfa3 86cfa5 5eb9a9 3d95b8 4471b2 5e4fa2",
});

export const COLORMAPS = Object.freeze(Object.keys(ANCHORS));

/** @param {string} name @returns {number[][]} anchor colours, 0..255 */
function anchors(name) {
  const text = ANCHORS[name] ?? ANCHORS.turbo;
  return text.split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
}

/**
 * 256 colours, each one little-endian RGBA word (opaque), far (index 0) to near (255).
 * @param {string} name
 * @returns {Uint32Array}
 */
export function colorTable(name) {
  const stops = anchors(name);
  const bytes = new Uint8ClampedArray(1024);
  for (let index = 0; index < 256; index++) {
    const position = (index / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(position), stops.length - 2);
    const share = position - left;
    for (let channel = 0; channel < 3; channel++) {
      const from = stops[left][channel];
      bytes[4 * index + channel] = from + share * (stops[left + 1][channel] - from);
    }
    bytes[4 * index + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}

/** @param {string} name @returns {string} CSS gradient, near on the left as on the sliders */
export function cssGradient(name) {
  const colors = anchors(name).map(([r, g, b]) => `rgb(${r} ${g} ${b})`);
  return `linear-gradient(90deg, ${colors.reverse().join(", ")})`;
}
