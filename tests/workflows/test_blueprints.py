"""Every blueprint is whole: links at both ends, inputs and outputs that lead somewhere."""

from __future__ import annotations

import json

import genvr_depth
import pytest
import workflow_check as check

TABLE = check.schemas(genvr_depth.NODE_CLASS_MAPPINGS)
FILES = sorted(check.BLUEPRINTS.glob("*.json"))
ORDER = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def blueprint(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def _flat(inside: dict) -> dict:
    """The subgraph as a workflow in which its two ends are nodes."""
    links = [[link[name] for name in ORDER] for link in inside["links"]]
    entry = {
        "id": inside["inputNode"]["id"], "type": "ends",
        "outputs": [{"type": i["type"], "links": i["linkIds"]} for i in inside["inputs"]],
    }  # fmt: skip
    leaving = {
        "id": inside["outputNode"]["id"], "type": "ends", "inputs": [
            {"name": o["name"], "type": o["type"], "link": o["linkIds"][0]}
            for o in inside["outputs"]
        ],
    }  # fmt: skip
    return {"nodes": [entry, leaving, *inside["nodes"]], "links": links}


def test_there_are_four():
    assert [path.stem for path in FILES] == [
        "Keep Best of N", "Photo to Control Image", "Photo to Refined Metric Depth",
        "Restyle Keeping Depth",
    ]  # fmt: skip


def test_a_blueprint_has_no_broken_link_and_no_required_input_left_open(blueprint):
    (inside,) = blueprint["definitions"]["subgraphs"]
    assert list(check.ui_faults(_flat(inside), TABLE, {"ends"})) == []
    assert {node["type"] for node in inside["nodes"]} <= set(genvr_depth.NODE_CLASS_MAPPINGS)


def test_the_node_outside_is_the_subgraph_and_shows_widgets_that_exist(blueprint):
    (inside,), (node,) = blueprint["definitions"]["subgraphs"], blueprint["nodes"]
    assert node["type"] == inside["id"]
    for side in ("inputs", "outputs"):
        assert [(s["name"], s["type"]) for s in node[side]] == [
            (s["name"], s["type"]) for s in inside[side]
        ]
    kinds = {str(one["id"]): one["type"] for one in inside["nodes"]}
    for key, widget in node["properties"]["proxyWidgets"]:
        given = TABLE[kinds[key]].named(widget)
        assert widget == "control_after_generate" or (given is not None and given.is_widget)
    assert inside["description"].endswith(".")


def test_a_broken_blueprint_is_noticed(blueprint):
    (inside,) = blueprint["definitions"]["subgraphs"]
    graph = _flat(inside)
    graph["links"].pop()
    assert list(check.ui_faults(graph, TABLE, {"ends"}))
