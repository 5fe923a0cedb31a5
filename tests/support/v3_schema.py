"""One node's declaration as a schema of ComfyUI's V3 API, beside what the V1 class says.

    python v3_schema.py CHECKOUT NODE_ID

Prints {"v1": ..., "v3": ...}: the inputs by group, in ComfyUI's own V1 form.
"""

from __future__ import annotations

# ruff: noqa: E402, TID253 - ComfyUI can be imported only after its path and arguments are set
import importlib
import json
import sys
from typing import Any

CHECKOUT, NODE_ID = sys.argv[1:]
sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, CHECKOUT)

import comfy.options

comfy.options.enable_args_parsing()

from comfy_api.latest import io
from load_pack import load_pack

# Without this our own `nodes` package would register itself as inside a server.
sys.modules.pop("folder_paths", None)
pack = load_pack()
declared = importlib.import_module("genvr_depth.nodes.shared.declared")

ADDED = ("multiselect", "multiline")
SAME = ("tooltip", "default", "advanced")
WIDGETS: dict[type, tuple[Any, tuple[str, ...]]] = {
    declared.Int: (io.Int, ("min", "max", "control_after_generate")),
    declared.Float: (io.Float, ("min", "max", "step", "round")),
    declared.Boolean: (io.Boolean, ()),
    declared.Text: (io.String, ("multiline",)),
    declared.Choice: (io.Combo, ("options",)),
}


def v3_input(name: str, given: Any, optional: bool) -> Any:
    if isinstance(given, declared.Socket):
        return io.Custom(given.emit()[0]).Input(name, optional=optional, tooltip=given.tooltip)
    kind, own = WIDGETS[type(given)]
    emitted, options = given.emit()
    known = {**options, **({"options": emitted} if own == ("options",) else {})}
    chosen = {key: known[key] for key in (*SAME, *own) if key in known}
    # What only this pack's own page reads: the word for auto, how a widget is called there.
    more = {key: value for key, value in known.items() if key not in (*chosen, "options")}
    return kind.Input(name, optional=optional, extra_dict=more, **chosen)


def v3_schema(cls: Any) -> io.Schema:
    inputs = cls.inputs()
    groups = ((inputs.required, False), (inputs.optional, True))
    outputs = zip(cls.RETURN_TYPES, cls.RETURN_NAMES, cls.OUTPUT_TOOLTIPS, strict=True)
    return io.Schema(
        node_id=NODE_ID,
        display_name=pack.NODE_DISPLAY_NAME_MAPPINGS[NODE_ID],
        category=cls.CATEGORY,
        description=cls.DESCRIPTION,
        search_aliases=cls.SEARCH_ALIASES,
        inputs=[v3_input(name, i, late) for group, late in groups for name, i in group.items()],
        outputs=[
            io.Custom(kind).Output(display_name=name, tooltip=tooltip)
            for kind, name, tooltip in outputs
        ],
    )


def as_listed(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with a choice's list among its options, and without the False that V3 adds."""
    listed: dict[str, Any] = {}
    for group in ("required", "optional"):
        for name, (kind, options) in inputs.get(group, {}).items():
            if isinstance(kind, list):
                kind, options = "COMBO", {**options, "options": kind}
            plain = dict(item for item in options.items() if item[0] not in ADDED or item[1])
            listed[name] = [group, kind, plain]
    return listed


class AsV3(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return v3_schema(pack.NODE_CLASS_MAPPINGS[NODE_ID])


v1 = pack.NODE_CLASS_MAPPINGS[NODE_ID]
schema = AsV3.define_schema()
schema.finalize()
schema.validate()
info = schema.get_v1_info(AsV3)
answer = {
    "v1": {"inputs": as_listed(v1.INPUT_TYPES()), "outputs": list(v1.RETURN_TYPES)},
    "v3": {"inputs": as_listed(info.input), "outputs": list(info.output)},
}
sys.stdout.write(json.dumps(answer) + "\n")
