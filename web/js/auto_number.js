// @ts-check
/** The widget of numbers that the node chooses unless one is typed; see `declared.Number`. */
import { app, chain } from "../lib/comfy.mjs";
import { numberOf, shownAs } from "../lib/auto_number.mjs";

const TYPE = "GENVR_AUTO_NUMBER";

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

/**
 * A widget that a subgraph shows on its outside sends what it shows, the word.
 * @param {Record<string, {class_type: string, inputs: Record<string, any>}>} output of a prompt
 */
function wordsToNumbers(output) {
  for (const { class_type, inputs } of Object.values(output)) {
    const { required, optional } =
      LiteGraph.registered_node_types[class_type]?.nodeData?.input ?? {};
    for (const [name, [, options]] of Object.entries({ ...required, ...optional }))
      if (options?.widgetType === TYPE && typeof inputs[name] === "string")
        inputs[name] = numberOf(inputs[name], options);
  }
}

app.registerExtension({
  name: "genvrdepth.auto-number",
  setup() {
    const graphToPrompt = app.graphToPrompt;
    app.graphToPrompt = async function (/** @type {any[]} */ ...args) {
      const prompt = await graphToPrompt.apply(this, args);
      wordsToNumbers(prompt.output);
      return prompt;
    };
  },
  getCustomWidgets: () => ({ [TYPE]: autoNumber }),
});
