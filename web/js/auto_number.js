// @ts-check
/** The widget of numbers that the node chooses unless one is typed; see `declared.Number`. */
import { app, chain } from "../lib/comfy.mjs";
import { numberOf, shownAs } from "../lib/auto_number.mjs";

/**
 * @param {any} node @param {string} name @param {[string, any]} data its declaration
 * @returns {{widget: any}}
 */
function autoNumber(node, name, [, options]) {
  const tidy = () => {
    const text = shownAs(widget.value, options);
    if (widget.value !== text) widget.value = text;
  };
  const widget = node.addWidget("text", name, shownAs(options.default, options), tidy, options);
  widget.serializeValue = () => numberOf(widget.value, options);
  chain(node, "onConfigure", tidy); // a workflow may hold the number
  return { widget };
}

app.registerExtension({
  name: "genvr-depth.auto-number",
  getCustomWidgets: () => ({ GENVR_AUTO_NUMBER: autoNumber }),
});
