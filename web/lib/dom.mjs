// @ts-check
/** Small helpers to build page elements without a library. */

/**
 * @param {string} tag @param {Record<string, any>} [props] properties; `class`, `style` and
 *   `data-*`/`aria-*` become attributes, functions named on... become listeners
 * @param {...(Node|string)} children
 * @returns {any} the element
 */
export function element(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class" || name.includes("-")) node.setAttribute(name, value);
    else Object.assign(node, { [name]: value });
  }
  node.append(...children);
  return node;
}

export const LINE = 16; // pixels of a line of `.genvr-note` and `.genvr-cost`
const LETTER = 6.4; // of an average letter

/**
 * The height that a text takes on a node, wrapped; 0 for none. An estimate from the number of
 * letters: the page asks for it before anything is drawn.
 * @param {string} text @param {number} width of the room for it
 */
export function textHeight(text, width) {
  const letters = Math.max(1, width / LETTER);
  const lines = text.split("\n").map((line) => Math.max(1, Math.ceil(line.length / letters)));
  return text ? LINE * lines.reduce((sum, count) => sum + count, 0) : 0;
}

const MARGIN = 4;
const PADDING = 8;

/** @type {WeakMap<any, {place: HTMLElement, heights: (() => number)[]}>} what each node shows */
const panels = new WeakMap();

/**
 * What a node shows below its own widgets. One widget holds it all, since Vue nodes share free
 * height out among widgets. It is not saved with the workflow.
 * @param {any} node @param {string} name @param {HTMLElement} place
 * @param {(() => number)[]} heights least pixels of each part
 * @param {boolean} grows whether it takes the height that is left
 */
function addPanel(node, name, place, heights, grows) {
  const height = () => heights.reduce((sum, part) => sum + part(), 0);
  const widget = node.addDOMWidget(name, name, place, {
    serialize: false,
    hideOnZoom: false,
    getMinHeight: height,
    ...(grows ? {} : { margin: MARGIN, getMaxHeight: height }),
  });
  widget.serialize = false;
  panels.set(node, { place, heights });
}

/**
 * Show an image, with controls or without, in the height that a node has left.
 * @param {any} node @param {string} name @param {HTMLElement} view @param {number} least pixels
 */
export function showView(node, name, view, least) {
  addPanel(node, name, view, [() => least], true);
}

/**
 * Show a box of text on a node, as high as the text needs: in its view, if it has one.
 * @param {any} node @param {string} name @param {HTMLElement} box
 * @param {{least?: number, padding?: number}} [room] pixels: the least height, and above and below
 * @returns {() => void} makes the node high enough for what the box says now
 */
export function showText(node, name, box, { least = 0, padding = 0 } = {}) {
  const height = () => {
    const text = textHeight(box.textContent ?? "", node.size[0] - 2 * (MARGIN + PADDING));
    return Math.max(least, text && text + 2 * (MARGIN + padding));
  };
  const panel = panels.get(node);
  if (panel) {
    panel.place.append(box);
    panel.heights.push(height);
  } else {
    addPanel(node, name, element("div", { class: "genvr-panel" }, box), [height], false);
  }
  return () => node.setSize([node.size[0], Math.max(node.size[1], node.computeSize()[1])]);
}

/**
 * What a node of ours shows itself, ComfyUI's own preview below it would say twice. Vue nodes read
 * the flag, the classic canvas starts its preview in `onDrawBackground`.
 * @param {any} node
 */
export function hideCorePreview(node) {
  node.hideOutputImages = true;
  node.onDrawBackground = () => {};
}

/** @param {any} canvas @param {string} name of the file that the browser saves */
export function saveCanvas(canvas, name) {
  canvas.toBlob((/** @type {Blob} */ blob) => {
    const href = URL.createObjectURL(blob);
    element("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }, "image/png");
}

/** Load our style sheet once. */
export function loadStyle() {
  const id = "genvr-depth-style";
  if (document.getElementById(id)) return;
  const href = new URL("./genvr.css", import.meta.url).href;
  document.head.append(element("link", { id, rel: "stylesheet", href }));
}

/**
 * Where a pointer is over an image drawn with `object-fit: contain`.
 * @param {{left: number, top: number, width: number, height: number}} box of the canvas on screen
 * @param {number} width of the image @param {number} height of the image
 * @param {number} clientX @param {number} clientY
 * @returns {[number, number]} 0..1 across and down inside the image, outside it below 0 or >= 1
 */
export function pointInImage(box, width, height, clientX, clientY) {
  const scale = Math.min(box.width / width, box.height / height);
  const left = box.left + (box.width - width * scale) / 2;
  const top = box.top + (box.height - height * scale) / 2;
  return [(clientX - left) / (width * scale), (clientY - top) / (height * scale)];
}
