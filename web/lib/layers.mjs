// @ts-check
/** A small menu of names at a place of the page. */
import { element } from "./dom.mjs";

/**
 * Show names under each other until one is chosen, or something else is done.
 * @param {string[]} names @param {string} title @param {{x: number, y: number}} place
 * @param {(name: string) => void} chosen
 * @returns {HTMLElement} the menu
 */
export function showMenu(names, title, place, chosen) {
  const items = names.map((name) =>
    element("button", {
      type: "button",
      role: "menuitem",
      textContent: name,
      onclick: () => {
        close();
        chosen(name);
      },
    }),
  );
  const menu = element("div", { class: "genvr-menu", role: "menu", "aria-label": title }, ...items);
  const close = () => {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", key, true);
  };
  /** @param {Event} event */
  const outside = (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close();
    if (!step) return;
    event.preventDefault();
    const at = items.indexOf(/** @type {any} */ (document.activeElement)) + step;
    items[(at + items.length) % items.length].focus();
  };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", key, true);
  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(0, Math.min(place.x, innerWidth - width))}px`;
  menu.style.top = `${Math.max(0, Math.min(place.y, innerHeight - height))}px`;
  items[0]?.focus();
  return menu;
}
