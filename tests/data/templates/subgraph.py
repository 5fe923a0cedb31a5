"""A blueprint as a table of nodes with named inputs and outputs, made into what ComfyUI reads."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .build import Outputs, Table, Template, ui_form

__all__ = ["Blueprint", "blueprint_form"]

OUTSIDE_IN, OUTSIDE_OUT = -10, -20
SLOT_HEIGHT, EDGE, MARGIN = 20, 130, 160


@dataclass(frozen=True, slots=True)
class Blueprint:
    """inputs: name -> the (node, input) it feeds; outputs: name -> (node, output); shown: the
    (node, widget) pairs that appear on the finished node, in order."""

    description: str
    nodes: Template
    inputs: Mapping[str, tuple[tuple[str, str], ...]]
    outputs: Mapping[str, tuple[str, str]]
    shown: tuple[tuple[str, str], ...]


def _id(*parts: str) -> str:
    """The same in every run, so that a refresh changes only what changed."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(("genvr-depth", *parts))))


def blueprint_form(
    name: str, blueprint: Blueprint, table: Table, outputs: Outputs
) -> dict[str, Any]:
    """One node whose type is the subgraph, and the subgraph itself."""
    inside = _inside(name, blueprint, table, outputs)
    ids = {key: str(number) for number, key in enumerate(blueprint.nodes, 1)}
    height = 60 + 20 * len(blueprint.inputs) + 26 * len(blueprint.shown)
    node = {
        "id": len(ids) + 1, "type": inside["id"], "pos": [0, 0], "size": [360, height],
        "flags": {}, "order": 0, "mode": 0, "title": name,
        "inputs": [{"name": s["name"], "type": s["type"], "link": None} for s in inside["inputs"]],
        "outputs": [{"name": s["name"], "type": s["type"], "links": []} for s in inside["outputs"]],
        "properties": {"proxyWidgets": [[ids[key], widget] for key, widget in blueprint.shown]},
        "widgets_values": [],
    }  # fmt: skip
    return {
        "revision": 0, "last_node_id": node["id"], "last_link_id": 0, "nodes": [node], "links": [],
        "version": 0.4, "definitions": {"subgraphs": [inside]}, "extra": {},
    }  # fmt: skip


def _inside(name: str, blueprint: Blueprint, table: Table, outputs: Outputs) -> dict[str, Any]:
    graph = ui_form(blueprint.nodes, table, outputs)
    nodes = dict(zip(blueprint.nodes, graph["nodes"], strict=True))
    fields = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    links = [dict(zip(fields, link, strict=True)) for link in graph["links"]]

    def join(source: tuple[int, int], target: tuple[int, int], kind: str) -> int:
        links.append(dict(zip(fields, (len(links) + 1, *source, *target, kind), strict=True)))
        return links[-1]["id"]

    entering = []
    for slot, (title, targets) in enumerate(blueprint.inputs.items()):
        numbers, kind = [], ""
        for key, wanted in targets:
            at, entry = next(
                (i, e) for i, e in enumerate(nodes[key]["inputs"]) if e["name"] == wanted
            )
            # "DEPTH_MAP,IMAGE" takes either; the outside of the blueprint offers the image.
            kind = "IMAGE" if "IMAGE" in entry["type"] else entry["type"]
            entry["link"] = join((OUTSIDE_IN, slot), (nodes[key]["id"], at), kind)
            numbers.append(entry["link"])
        entering.append({"id": _id(name, "in", title), "name": title, "type": kind,
                         "linkIds": numbers, "pos": [0, SLOT_HEIGHT * slot]})  # fmt: skip
    leaving = []
    for slot, (title, (key, wanted)) in enumerate(blueprint.outputs.items()):
        at, output = next(
            (i, o) for i, o in enumerate(nodes[key]["outputs"]) if o["name"] == wanted
        )
        number = join((nodes[key]["id"], at), (OUTSIDE_OUT, slot), output["type"])
        output["links"] = [*(output["links"] or []), number]
        leaving.append({"id": _id(name, "out", title), "name": title, "type": output["type"],
                        "linkIds": [number], "pos": [0, SLOT_HEIGHT * slot]})  # fmt: skip
    right = max(node["pos"][0] + node["size"][0] for node in graph["nodes"])
    return {
        "id": _id(name), "version": 1, "revision": 0, "config": {}, "name": name,
        "description": blueprint.description,
        "state": {"lastGroupId": 0, "lastNodeId": len(nodes), "lastLinkId": len(links),
                  "lastRerouteId": 0},
        "inputNode": {"id": OUTSIDE_IN, "bounding": [
            -MARGIN - EDGE, 0, EDGE, 40 + SLOT_HEIGHT * len(entering)]},
        "outputNode": {"id": OUTSIDE_OUT, "bounding": [
            right + MARGIN, 0, EDGE, 40 + SLOT_HEIGHT * len(leaving)]},
        "inputs": entering, "outputs": leaving, "widgets": [], "nodes": graph["nodes"],
        "groups": [], "links": links, "extra": {},
    }  # fmt: skip
