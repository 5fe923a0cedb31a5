"""What a sample workflow promises, checked without ComfyUI: links, types, widgets, files, secrets.

Schemas of our nodes come from the classes themselves, those of core nodes from the committed
snapshot `tests/data/object_info.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / "workflows"
BLUEPRINTS = ROOT / "subgraphs"
WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
CONTROLS = {"fixed", "increment", "decrement", "randomize"}
SEEDS = {"seed", "noise_seed"}
DRAWN = {"PreviewAny", "SaveGLB"}  # what they show lies in widgets that the frontend adds
MUTED, BYPASSED = 2, 4
PATHS = re.compile(r"(^|[\s\"'(])(/(home|root|tmp|usr|var|opt|mnt|work|Users)/|[A-Za-z]:\\|~/)")
SECRETS = re.compile(r"(sk|key|token|gvr)[-_][A-Za-z0-9]{16,}|[A-Fa-f0-9]{32,}|Bearer\s+\S{12,}")


@dataclass(frozen=True)
class Input:
    """One declared input. `choices` is None where the list depends on the machine."""

    name: str
    type: str
    options: dict[str, Any]
    required: bool
    choices: tuple[Any, ...] | None = None

    @property
    def is_widget(self) -> bool:
        return self.type in WIDGET_TYPES and not self.options.get("forceInput")


@dataclass(frozen=True)
class Schema:
    """One node class: its inputs in order and the types of its outputs."""

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    special: bool = field(default=False)  # has a widget only the frontend knows

    def named(self, name: str) -> Input | None:
        return next((given for given in self.inputs if given.name == name), None)


def schemas(node_classes: dict[str, type]) -> dict[str, Schema]:
    """Every node a workflow may use, by id."""
    snapshot = json.loads((ROOT / "tests/data/object_info.json").read_text(encoding="utf-8"))
    table = {name: _core(name, facts) for name, facts in snapshot["nodes"].items()}
    return table | {name: _own(cls) for name, cls in node_classes.items()}


def frontend_only() -> set[str]:
    snapshot = json.loads((ROOT / "tests/data/object_info.json").read_text(encoding="utf-8"))
    return set(snapshot["frontend_only"])


def _core(name: str, facts: dict[str, Any]) -> Schema:
    inputs = [
        Input(name, given["type"], given, required, _tuple(given.get("options")))
        for required, group in ((True, "required"), (False, "optional"))
        for name, given in facts[group].items()
    ]
    special = name in DRAWN or any(i.type in ("LOAD_3D", "IMAGECOMPARE") for i in inputs)
    return Schema(tuple(inputs), tuple(facts["output"]), special)


def _own(cls: Any) -> Schema:
    declared = cls.INPUT_TYPES()
    inputs = []
    for required, group in ((True, "required"), (False, "optional")):
        for name, (kind, *rest) in declared.get(group, {}).items():
            options = rest[0] if rest else {}
            listed = kind if isinstance(kind, list | tuple) else options.get("options")
            type_name = "COMBO" if isinstance(kind, list | tuple) else kind
            choices = None if options.get("image_upload") else _tuple(listed)
            inputs.append(Input(name, type_name, options, required, choices))
    return Schema(tuple(inputs), tuple(cls.RETURN_TYPES))


def _tuple(values: Any) -> tuple[Any, ...] | None:
    return tuple(values) if values else None


def accepts(wanted: str, given: str) -> bool:
    """Whether a link of type `given` may enter an input of type `wanted` (unions, wildcards)."""
    wild = {"*", "COMFY_MATCHTYPE_V3"}
    if wild & {wanted, given}:
        return True
    return bool(set(wanted.split(",")) & set(given.split(",")))


def widget_names(schema: Schema) -> list[tuple[str, Input | None]]:
    """The values of `widgets_values` in order; those the frontend adds have no Input."""
    names: list[tuple[str, Input | None]] = []
    for given in schema.inputs:
        if not given.is_widget:
            continue
        names.append((given.name, given))
        control = given.options.get("control_after_generate")
        if control or (control is None and given.type == "INT" and given.name in SEEDS):
            names.append((f"{given.name}: control", None))
        if given.options.get("image_upload") or given.options.get("video_upload"):
            names.append((f"{given.name}: upload", None))
    return names


def value_fault(given: Input, value: Any) -> str | None:
    """Why a widget cannot hold this value, or None."""
    if isinstance(value, dict) and "__value__" in value:
        value = value["__value__"]
    if given.type == "COMBO":
        bad = given.choices is not None and value not in given.choices
        return f"{value!r} is not a choice of {given.name}" if bad else None
    kinds: dict[str, Any] = {
        "INT": int, "FLOAT": (int, float), "STRING": str, "BOOLEAN": bool,
    }  # fmt: skip
    if not isinstance(value, kinds[given.type]) or (
        given.type in ("INT", "FLOAT") and isinstance(value, bool)
    ):
        return f"{value!r} is no {given.type} for {given.name}"
    low, high = given.options.get("min"), given.options.get("max")
    if given.type in ("INT", "FLOAT") and not (
        (low is None or value >= low) and (high is None or value <= high)
    ):
        return f"{given.name} = {value} is not within {low}..{high}"
    return None


def ui_faults(graph: dict[str, Any], table: dict[str, Schema], virtual: set[str]) -> Iterator[str]:
    """Everything wrong with a workflow in UI form."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    if len(nodes) != len(graph["nodes"]):
        yield "two nodes have one id"
    for node in nodes.values():
        if node["type"] not in table and node["type"] not in virtual:
            yield f"unknown node {node['type']}"
    yield from _link_faults(graph, nodes)
    for node in nodes.values():
        if node["type"] in table:
            yield from _node_faults(node, table[node["type"]])


def _link_faults(graph: dict[str, Any], nodes: dict[int, dict[str, Any]]) -> Iterator[str]:
    known = {link[0] for link in graph["links"]}
    for number, source, out_slot, target, in_slot, kind in graph["links"]:
        try:
            output = nodes[source]["outputs"][out_slot]
            entry = nodes[target]["inputs"][in_slot]
        except (KeyError, IndexError):
            yield f"link {number} hangs in the air"
            continue
        if number not in (output["links"] or []) or entry["link"] != number:
            yield f"link {number} is not known at both ends"
        if not accepts(entry["type"], output["type"]) or not accepts(entry["type"], str(kind)):
            yield f"link {number} carries {output['type']} into {entry['type']}"
    for node in nodes.values():
        for entry in node.get("inputs", []):
            if entry.get("link") is not None and entry["link"] not in known:
                yield f"input {entry['name']} of {node['type']} names a missing link"


def _node_faults(node: dict[str, Any], schema: Schema) -> Iterator[str]:
    label = f"{node['type']} ({node['id']})"
    for slot, output in enumerate(node.get("outputs", [])):
        if slot >= len(schema.outputs) or not accepts(schema.outputs[slot], output["type"]):
            yield f"{label}: output {slot} {output['type']} is not what the class returns"
    linked = set()
    for entry in node.get("inputs", []):
        given = schema.named(entry["name"])
        if given is None:
            yield f"{label}: no input {entry['name']}"
        elif not accepts(given.type, entry["type"]):
            yield f"{label}: input {entry['name']} is {given.type}, not {entry['type']}"
        if entry.get("link") is not None:
            linked.add(entry["name"])
    if node.get("mode", 0) not in (MUTED, BYPASSED):
        for given in schema.inputs:
            socket = given.type not in WIDGET_TYPES | {"LOAD_3D", "IMAGECOMPARE"}
            if given.required and socket and given.name not in linked:
                yield f"{label}: required input {given.name} is not connected"
    yield from _widget_faults(label, node, schema)


def _widget_faults(label: str, node: dict[str, Any], schema: Schema) -> Iterator[str]:
    values = node.get("widgets_values") or []
    if schema.special or isinstance(values, dict):
        return
    names = widget_names(schema)
    if len(values) != len(names):
        yield f"{label}: {len(values)} widget values for {len(names)} widgets"
        return
    for (name, given), value in zip(names, values, strict=True):
        if given is None:
            if name.endswith("control") and value not in CONTROLS:
                yield f"{label}: {value!r} is no control for {name}"
        elif fault := value_fault(given, value):
            yield f"{label}: {fault}"


def api_faults(prompt: dict[str, Any], table: dict[str, Schema]) -> Iterator[str]:
    """Everything wrong with a workflow in API form."""
    for number, node in prompt.items():
        label = f"{node['class_type']} ({number})"
        schema = table.get(node["class_type"])
        if schema is None:
            yield f"unknown node {label}"
            continue
        for given in schema.inputs:
            if given.required and given.name not in node["inputs"]:
                yield f"{label}: required input {given.name} is missing"
        for name, value in node["inputs"].items():
            given = schema.named(name)
            if given is None:
                yield f"{label}: no input {name}"
            elif isinstance(value, list):
                yield from _api_link_faults(label, given, value, prompt, table)
            elif given.is_widget and (fault := value_fault(given, value)):
                yield f"{label}: {fault}"


def _api_link_faults(
    label: str, given: Input, value: list[Any], prompt: dict[str, Any], table: dict[str, Schema]
) -> Iterator[str]:
    source, slot = value
    schema = table.get(prompt.get(source, {}).get("class_type", ""))
    if schema is None or slot >= len(schema.outputs):
        yield f"{label}: {given.name} is linked to nothing"
    elif not accepts(given.type, schema.outputs[slot]):
        yield f"{label}: {given.name} takes {given.type}, not {schema.outputs[slot]}"


def active_types(graph: dict[str, Any], virtual: set[str]) -> list[str]:
    """The classes that run, sorted: what the API twin must consist of."""
    return sorted(
        node["type"]
        for node in graph["nodes"]
        if node.get("mode", 0) not in (MUTED, BYPASSED) and node["type"] not in virtual
    )


def text_faults(text: str) -> Iterator[str]:
    """A path of somebody's machine, or something that looks like a key."""
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    for string in strings:
        if PATHS.search(string.replace("\\\\", "\\")):
            yield f"a path of a machine: {string[:80]}"
        if SECRETS.search(string):
            yield f"looks like a key: {string[:8]}..."
