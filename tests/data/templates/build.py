"""A sample workflow as a table of nodes, made into the two JSON forms that ComfyUI knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import workflow_check as check

from .model_files import File

__all__ = ["Node", "Template", "api_form", "ui_form"]

DARK = {"color": "#223", "bgcolor": "#2b2d3a"}
OPTIONAL_SHAPE = 7


@dataclass(frozen=True, slots=True)
class Node:
    """One node. links: input -> (key of another node, its output). models: files it loads.
    note: the text of a node that only the page draws."""

    kind: str
    at: tuple[int, int] = (0, 0)
    size: tuple[int, int] = (0, 0)
    widgets: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    title: str = ""
    models: tuple[File, ...] = ()
    note: str = ""
    collapsed: bool = False


Template = Mapping[str, Node]
Table = Mapping[str, check.Schema]
Outputs = Mapping[str, tuple[str, ...]]


def _links(template: Template, outputs: Outputs) -> Iterator[tuple[int, str, int, str, str]]:
    """(number, from, its slot, to, input) of every link."""
    number = 0
    for key, node in template.items():
        for name, (source, output) in node.links.items():
            number += 1
            yield number, source, outputs[template[source].kind].index(output), key, name


def ui_form(template: Template, table: Table, outputs: Outputs) -> dict[str, Any]:
    """What the page opens."""
    ids = {key: number for number, key in enumerate(template, 1)}
    links = list(_links(template, outputs))
    types = {
        number: table[template[source].kind].outputs[slot] for number, source, slot, *_ in links
    }
    nodes = [
        _ui_node(key, node, ids, links, table, outputs) | {"order": ids[key] - 1}
        for key, node in template.items()
    ]
    slots = {
        key: [entry["name"] for entry in shown["inputs"]]
        for key, shown in zip(template, nodes, strict=True)
    }
    return {
        "revision": 0,
        "last_node_id": len(nodes),
        "last_link_id": len(links),
        "nodes": nodes,
        "links": [
            [number, ids[source], slot, ids[target], slots[target].index(name), types[number]]
            for number, source, slot, target, name in links
        ],
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _ui_node(
    key: str, node: Node, ids: dict[str, int], links: list[Any], table: Table, outputs: Outputs
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": ids[key], "type": node.kind, "pos": list(node.at), "size": list(node.size),
        "flags": {"collapsed": True} if node.collapsed else {}, "order": 0, "mode": 0,
    }  # fmt: skip
    if node.title:
        shown["title"] = node.title
    if node.note:
        properties = {"genvr_note": True}  # web/js/readable_notes.js
        more = {"inputs": [], "outputs": [], "properties": properties}
        more["widgets_values"] = [node.note]
        return shown | more | DARK
    schema = table[node.kind]
    wired = {name: number for number, *_, target, name in links if target == key}
    shown["inputs"] = [
        _ui_input(given, wired.get(given.name))
        for given in schema.inputs
        if not given.is_widget or given.name in wired
    ]
    names = outputs[node.kind]
    shown["outputs"] = [
        {
            "name": name,
            "type": schema.outputs[slot],
            "links": [n for n, source, at, *_ in links if (source, at) == (key, slot)] or None,
        }
        for slot, name in enumerate(names)
    ]
    shown["properties"] = {"Node name for S&R": node.kind}
    if node.models:
        shown["properties"]["models"] = [
            {"name": file.name, "url": file.url, "directory": file.folder} for file in node.models
        ]
    shown["widgets_values"] = list(_widget_values(node, schema))
    return shown


def _ui_input(given: check.Input, link: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": given.name, "type": given.type, "link": link}
    if given.is_widget:
        entry["widget"] = {"name": given.name}
    elif not given.required:
        entry["shape"] = OPTIONAL_SHAPE
    return entry


def _widget_values(node: Node, schema: check.Schema) -> Iterator[Any]:
    unknown = set(node.widgets) - {name for name, _ in check.widget_names(schema)}
    if unknown:
        raise SystemExit(f"{node.kind} has no widget {', '.join(sorted(unknown))}")
    for name, given in check.widget_names(schema):
        if given is not None:
            yield node.widgets.get(name, _default(given))
        else:
            yield node.widgets.get(name, "fixed" if name.endswith("control") else "image")


def _default(given: check.Input) -> Any:
    if "default" in given.options:
        return given.options["default"]
    return given.choices[0] if given.choices else None


def api_form(
    template: Template, table: Table, outputs: Outputs, names: Mapping[str, str]
) -> dict[str, Any]:
    """The same as a prompt: what is sent to a ComfyUI without a page."""
    ids = {key: str(number) for number, key in enumerate(template, 1)}
    wired = {(target, name): [ids[source], slot] for _, source, slot, target, name in
             _links(template, outputs)}  # fmt: skip
    prompt = {}
    for key, node in template.items():
        if node.note:
            continue
        inputs = {
            given.name: node.widgets.get(given.name, _default(given))
            for given in table[node.kind].inputs
            if given.is_widget
        }
        inputs |= {name: link for (target, name), link in wired.items() if target == key}
        prompt[ids[key]] = {
            "class_type": node.kind,
            "inputs": inputs,
            "_meta": {"title": node.title or names.get(node.kind, node.kind)},
        }
    return prompt
