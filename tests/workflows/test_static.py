"""Every sample workflow is whole: nothing red, nothing missing, nothing private."""

from __future__ import annotations

import copy
import json
import re
import sys
from pathlib import Path

import genvr_depth
import pytest
import workflow_check as check
from PIL import Image

TABLE = check.schemas(genvr_depth.NODE_CLASS_MAPPINGS)
VIRTUAL = check.frontend_only()
CARDS = sorted(check.WORKFLOWS.glob("*.json"))
MAX_THUMBNAIL_BYTES = 120_000


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _twin(path: Path) -> Path:
    return path.parent / "api" / path.name


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_workflow_has_no_broken_link_unknown_node_or_impossible_value(path):
    assert list(check.ui_faults(_read(path), TABLE, VIRTUAL)) == []


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_the_api_twin_is_complete_and_consists_of_the_same_nodes(path):
    prompt = _read(_twin(path))
    assert list(check.api_faults(prompt, TABLE)) == []
    running = sorted(node["class_type"] for node in prompt.values())
    assert running == check.active_types(_read(path), VIRTUAL)


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_workflow_names_no_machine_and_no_key(path):
    for file in (path, _twin(path)):
        assert list(check.text_faults(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_workflow_has_a_thumbnail_that_opens(path):
    thumbnail = path.with_suffix(".jpg")
    assert thumbnail.stat().st_size <= MAX_THUMBNAIL_BYTES
    with Image.open(thumbnail) as image:
        assert min(image.size) >= 256
        assert len(image.convert("RGB").resize((16, 16)).getcolors(256) or range(256)) > 16


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_workflow_explains_itself(path):
    notes = [n for n in _read(path)["nodes"] if n["type"] in ("Note", "MarkdownNote")]
    text = "\n".join(str(note["widgets_values"][0]) for note in notes)
    assert len(text) > 150
    assert "cost" in text.lower()


WINDOWS = [(1440, 900), (1600, 1000), (1920, 1080)]
READABLE = 0.6  # below 0.571 the classic canvas draws no letters
TITLE, PADDING, FIT = 30, 10, 0.75  # of a node; of the page's fit to the window


def _box(node: dict) -> tuple[float, float, float, float]:
    """Left, top, right, bottom; the title bar stands above the node's place."""
    (x, y), (width, height) = node["pos"], node["size"]
    return x, y - TITLE, x + width, y + height


def _fit(graph: dict, window: tuple[int, int]) -> float:
    """The zoom at which the page opens a template: all nodes in three quarters of the window."""
    lefts, tops, rights, bottoms = zip(*map(_box, graph["nodes"]), strict=True)
    spans = max(rights) - min(lefts) + 2 * PADDING, max(bottoms) - min(tops) + 2 * PADDING
    return FIT * min(side / span for side, span in zip(window, spans, strict=True))


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_workflow_opens_at_a_zoom_that_reads(path, window):
    assert _fit(_read(path), window) >= READABLE


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_no_node_lies_over_another_or_half_in_a_group(path):
    graph = _read(path)
    boxes = [_box(node) for node in graph["nodes"]]
    for number, (left, top, right, bottom) in enumerate(boxes):
        for x, y, to_x, to_y in boxes[number + 1 :]:
            assert right <= x or to_x <= left or bottom <= y or to_y <= top
    for group in graph["groups"]:
        x, y, width, height = group["bounding"]
        for left, top, right, bottom in boxes:
            inside = x <= left and y <= top and right <= x + width and bottom <= y + height
            outside = right <= x or x + width <= left or bottom <= y or y + height <= top
            assert inside or outside


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_ones_own_photo_goes_into_the_first_node(path):
    """All that the workflow shows comes from it, and nothing has to be woken up or rewired."""
    graph = _read(path)
    (photo,) = [n for n in graph["nodes"] if n["type"] == "GenVRDepthSampleScene"]
    assert "your own" in photo["title"]
    assert {node["mode"] for node in graph["nodes"]} == {0}
    assert photo["outputs"][0]["links"]


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_note_is_short(path):
    (note,) = [n for n in _read(path)["nodes"] if n["type"] == "MarkdownNote"]
    words = re.sub(r"\]\([^)]*\)", "]", note["widgets_values"][0]).split()
    assert len(words) <= 85


@pytest.mark.parametrize("path", CARDS, ids=_name)
def test_a_workflow_needs_no_node_that_comfyui_0_8_lacks(path):
    later = {"ImageCompare", "ComfySwitchNode"}
    assert not later & {node["type"] for node in _read(path)["nodes"]}


def test_the_committed_workflows_are_those_of_the_tables():
    sys.path.append(str(check.ROOT / "tests" / "data"))
    from refresh_workflows import made

    for path, text in made(genvr_depth):
        assert path.read_text(encoding="utf-8") == text, "run tests/data/refresh_workflows.py"


def test_the_workflows_sort_in_learning_order_and_have_no_strays():
    numbers = [int(path.stem.split()[0]) for path in CARDS]
    assert numbers == list(range(1, len(CARDS) + 1))
    names = {path.stem for path in CARDS}
    assert {path.stem for path in check.WORKFLOWS.glob("*.jpg")} == names
    assert {path.stem for path in (check.WORKFLOWS / "api").glob("*.json")} == names


def _graph() -> dict:
    """Two core nodes joined by one link: the smallest thing that can be broken."""
    return {
        "nodes": [
            {
                "id": 1, "type": "EmptyLatentImage", "mode": 0, "inputs": [],
                "outputs": [{"name": "LATENT", "type": "LATENT", "links": [1]}],
                "widgets_values": [512, 512, 1],
            },
            {
                "id": 2, "type": "RepeatLatentBatch", "mode": 0,
                "inputs": [{"name": "samples", "type": "LATENT", "link": 1}],
                "outputs": [{"name": "LATENT", "type": "LATENT", "links": None}],
                "widgets_values": [2],
            },
        ],
        "links": [[1, 1, 0, 2, 0, "LATENT"]],
    }  # fmt: skip


def _damage(change) -> list[str]:
    graph = copy.deepcopy(_graph())
    change(graph)
    return list(check.ui_faults(graph, TABLE, VIRTUAL))


def test_the_check_passes_a_whole_graph():
    assert list(check.ui_faults(_graph(), TABLE, VIRTUAL)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda g: g["nodes"][1].update(type="NoSuchNode"), "unknown node"),
        (lambda g: g["nodes"][0]["widgets_values"].pop(), "2 widget values for 3"),
        (lambda g: g["nodes"][0]["widgets_values"].__setitem__(0, 1), "not within"),
        (lambda g: g["nodes"][0]["widgets_values"].__setitem__(0, "512"), "is no INT"),
        (lambda g: g["nodes"][0]["outputs"][0].update(links=[]), "both ends"),
        (lambda g: g["nodes"][0]["outputs"][0].update(type="IMAGE"), "carries IMAGE"),
        (lambda g: g["links"][0].__setitem__(3, 9), "in the air"),
        (lambda g: g["nodes"][1]["inputs"][0].update(link=None), "not connected"),
        (lambda g: g["nodes"][1]["inputs"][0].update(name="pixels"), "no input pixels"),
    ],
)
def test_the_check_sees_each_kind_of_damage(change, complaint):
    assert any(complaint in fault for fault in _damage(change))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "/home/someone/x.png"}',
        '{"a": "C:\\\\Users\\\\x"}',
        '{"a": "sk-0123456789abcdef0123"}',
    ],
)
def test_the_check_sees_paths_and_keys(text):
    assert list(check.text_faults(text))
