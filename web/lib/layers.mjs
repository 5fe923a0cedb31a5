// @ts-check
/** A small menu of names at a place of the page. */
import { element } from "./dom.mjs";

/**
 * Show names under each other until one is chosen, or something else is done.
 * @param {HTMLElement} host the menu becomes its child, shown above everything
 * @param {string[]} names @param {string} title @param {{x: number, y: number}} place
 * @param {(name: string) => void} chosen
 * @returns {HTMLElement} the menu
 */
export function showMenu(host, names, title, place, chosen) {
  const items = names.map((name) =>
    element("button", {
      type: "button",
      role: "menuitem",
      textContent: name,
      onclick: () => {
        menu.remove();
        chosen(name);
      },
    }),
  );
  const menu = element(
    "div",
    {
      class: "genvr-menu",
      role: "menu",
      popover: "auto",
      "aria-label": title,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === "Escape") menu.remove(); // ComfyUI's own Escape keeps the browser's away
        if (!step) return;
        event.preventDefault();
        const at = items.indexOf(/** @type {any} */ (document.activeElement)) + step;
        items[(at + items.length) % items.length].focus();
      },
      // A press elsewhere closes it.
      ontoggle: (/** @type {ToggleEvent} */ { newState }) => newState === "closed" && menu.remove(),
    },
    ...items,
  );
  host.append(menu);
  menu.showPopover();
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(0, Math.min(place.x, innerWidth - width))}px`;
  menu.style.top = `${Math.max(0, Math.min(place.y, innerHeight - height))}px`;
  items[0]?.focus();
  return menu;
}
