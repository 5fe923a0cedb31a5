"""What every node class promises ComfyUI and the user at the canvas."""

from __future__ import annotations

import inspect
import io
import os
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from genvr_depth.nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
from genvr_depth.nodes.depthkit.generation_request import GenerationRequest
from genvr_depth.nodes.depthkit.local import Settings
from genvr_depth.nodes.shared import host
from genvr_depth.nodes.shared.declared import Int, Socket

ROOT = Path(__file__).resolve().parents[2]
CATEGORIES = {f"GenVR Depth/{name}" for name in ("estimate", "adjust", "generate", "save")}

nodes = pytest.mark.parametrize("node_id", sorted(NODE_CLASS_MAPPINGS))


def _inputs(cls):
    declared = cls.INPUT_TYPES()
    return {**declared.get("required", {}), **declared.get("optional", {})}


def test_every_node_has_a_display_name_and_every_display_name_a_node():
    assert list(NODE_CLASS_MAPPINGS) == list(NODE_DISPLAY_NAME_MAPPINGS)


@nodes
def test_id_display_name_category_and_description(node_id):
    cls, shown = NODE_CLASS_MAPPINGS[node_id], NODE_DISPLAY_NAME_MAPPINGS[node_id]
    assert node_id.startswith("GenVRDepth")
    assert "GenVR Depth" not in shown
    assert cls.CATEGORY in CATEGORIES
    assert cls.DESCRIPTION.strip().endswith(".")
    assert cls.SEARCH_ALIASES


@nodes
def test_outputs_have_names_and_tooltips(node_id):
    cls = NODE_CLASS_MAPPINGS[node_id]
    assert isinstance(cls.RETURN_TYPES, tuple)
    assert len(cls.RETURN_TYPES) == len(cls.RETURN_NAMES) == len(cls.OUTPUT_TOOLTIPS)
    assert all(tooltip.strip() for tooltip in cls.OUTPUT_TOOLTIPS)


@nodes
def test_every_input_has_a_tooltip_and_the_function_takes_it(node_id):
    cls = NODE_CLASS_MAPPINGS[node_id]
    function = getattr(cls, cls.FUNCTION)
    parameters = inspect.signature(function).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    hidden = cls.INPUT_TYPES().get("hidden", {})
    for name, declaration in _inputs(cls).items():
        assert declaration[1].get("tooltip", "").strip(), name
        assert open_ended or name in parameters, name
    assert open_ended or set(hidden) <= set(parameters)


@nodes
def test_optional_inputs_have_python_defaults(node_id):
    cls = NODE_CLASS_MAPPINGS[node_id]
    parameters = inspect.signature(getattr(cls, cls.FUNCTION)).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for name in cls.INPUT_TYPES().get("optional", {}):
        assert parameters[name].default is not inspect.Parameter.empty, name


@nodes
def test_the_function_and_the_widget_have_one_default(node_id):
    cls = NODE_CLASS_MAPPINGS[node_id]
    parameters = inspect.signature(getattr(cls, cls.FUNCTION)).parameters
    for name, default in cls.defaults().items():
        given = parameters[name].default if name in parameters else inspect.Parameter.empty
        assert given in (default, inspect.Parameter.empty), name


@nodes
def test_a_default_is_a_choice_and_lies_within_the_range(node_id):
    cls = NODE_CLASS_MAPPINGS[node_id]
    for name, (kind, options) in _inputs(cls).items():
        assert options.get("default") == cls.defaults().get(name), name
        if isinstance(kind, list) and "default" in options:
            assert options["default"] in kind, name
        if kind in ("INT", "FLOAT"):
            assert options["min"] <= options["default"] <= options["max"], name


@nodes
def test_defaults_are_known_without_a_look_at_the_disk(node_id, monkeypatch):
    cls = NODE_CLASS_MAPPINGS[node_id]
    cls.defaults()  # a table in the pack may be read once

    def forbidden(*_):
        raise AssertionError("a default must not ask the disk or the host")

    for asked in (os, "listdir"), (os, "walk"), (os, "open"), (io, "open"), (host, "current"):
        monkeypatch.setattr(*asked, forbidden)
    cls.defaults()


@nodes
def test_a_declaration_cannot_be_changed(node_id):
    inputs = NODE_CLASS_MAPPINGS[node_id].inputs()
    with pytest.raises(TypeError):
        inputs.required["more"] = None
    with pytest.raises(FrozenInstanceError):
        next(iter(inputs.required.values())).tooltip = "Another."


def test_a_declaration_takes_the_fields_of_its_class_only():
    whole = Int("How many.", 3, 1, 9, advanced=True)
    assert (whole.default, whole.min, whole.max, whole.advanced) == (3, 1, 9, True)
    assert whole.but(default=4).default == 4
    assert whole.but(default=4).max == 9
    for wrong in (
        lambda: Int("How many.", least=1),
        lambda: Int("How many.", tooltip="Twice."),
        lambda: Int("How many.", 3, 1, 9, True),
        lambda: Socket("IMAGE"),
    ):
        with pytest.raises(TypeError):
            wrong()


# One name and one type for one thing, whichever node has it.
SAME = {
    "field_of_view": {"FLOAT"}, "near": {"FLOAT"}, "far": {"FLOAT"}, "fill_holes": {"COMBO"},
    "prompt": {"STRING"}, "negative_prompt": {"STRING"}, "seed": {"INT"}, "count": {"INT"},
    "guidance": {"FLOAT"}, "steps": {"INT"}, "model": {"MODEL", "DEPTH_MODEL", "COMBO"},
}  # fmt: skip
OTHER_WORDS = {
    "fov", "near_m", "far_m", "batch_count", "negative", "cfg", "n_prompt", "batch_size", "mask",
}  # fmt: skip


def test_one_thing_has_one_name_and_one_type_in_all_nodes():
    kinds: dict[str, set[str]] = {}
    for cls in NODE_CLASS_MAPPINGS.values():
        for name, (kind, _) in _inputs(cls).items():
            kinds.setdefault(name, set()).add("COMBO" if isinstance(kind, list) else kind)
    assert {name: kinds[name] for name in SAME} == SAME
    widgets = {n for n, k in kinds.items() if k & {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}}
    outputs = {name for cls in NODE_CLASS_MAPPINGS.values() for name in cls.RETURN_NAMES}
    assert not OTHER_WORDS & (widgets | outputs)


def test_the_local_and_the_remote_generator_take_one_request():
    asked = {item.name for item in fields(GenerationRequest)}
    local = set(_inputs(NODE_CLASS_MAPPINGS["GenVRDepthGenerateLocal"]))
    assert asked <= local
    assert issubclass(Settings, GenerationRequest)
    assert asked - set(_inputs(NODE_CLASS_MAPPINGS["GenVRDepthGenerateScribble"])) == set()
    flux = set(_inputs(NODE_CLASS_MAPPINGS["GenVRDepthGenerateRemote"]))
    assert asked - flux == {"negative_prompt"}  # the service's model takes none


def test_widgets_on_auto_leave_the_generator_its_own_default():
    widgets = {"prompt": "auto", "seed": 7, "steps": -1, "guidance": 3.5, "sampler": "auto"}
    assert Settings.of({**widgets, "reference": object()}) == Settings(
        prompt="auto", seed=7, guidance=3.5
    )
    assert GenerationRequest.of(widgets) == GenerationRequest("auto", seed=7, guidance=3.5)


def _widgets_on_view(cls) -> list[str]:
    """What a new node shows: not what is folded away, nor what its choices leave unused."""
    chosen, shown = cls.defaults(), []
    for name, (kind, options) in _inputs(cls).items():
        is_widget = isinstance(kind, list) or kind in ("INT", "FLOAT", "STRING", "BOOLEAN")
        rules = options.get("shown_when", {}).items()
        if not is_widget or options.get("advanced"):
            continue
        if all(chosen.get(ruler) in values for ruler, values in rules):
            shown += [name, *(["after"] if options.get("control_after_generate") else [])]
    return shown


@nodes
def test_a_node_shows_at_most_eight_widgets(node_id):
    assert len(_widgets_on_view(NODE_CLASS_MAPPINGS[node_id])) <= 8


@nodes
def test_a_rule_names_a_widget_and_values_that_it_has(node_id):
    inputs = _inputs(NODE_CLASS_MAPPINGS[node_id])
    for _, options in inputs.values():
        for ruler, values in options.get("shown_when", {}).items():
            assert values or ruler == "model"  # none of ComfyUI's own models is at hand
            assert set(values) <= set(inputs[ruler][0])


@nodes
def test_a_number_that_stands_for_a_choice_of_the_node_is_shown_as_a_word(node_id):
    for name, (kind, options) in _inputs(NODE_CLASS_MAPPINGS[node_id]).items():
        if kind in ("INT", "FLOAT") and options["default"] == -1:
            assert options["auto"] == options["default"], name
        if "auto" in options:
            assert options["widgetType"] == "GENVR_AUTO_NUMBER"
            assert options["word"]
            assert options["min"] <= options["auto"] <= options["max"]


@nodes
def test_no_widget_could_hold_a_key_or_a_url(node_id):
    words = ("key", "token", "secret", "password", "url", "endpoint")
    names = {n.lower() for n in _inputs(NODE_CLASS_MAPPINGS[node_id])}
    assert not [n for n in names if any(word in n.split("_") for word in words)]


@nodes
def test_every_node_has_a_help_page(node_id):
    page = ROOT / "web" / "docs" / f"{node_id}.md"
    assert page.is_file()
    assert len(page.read_text()) > 400
