"""One word for one thing on all nodes: `docs/glossary.md` as seen on the canvas."""

from __future__ import annotations

from collections import defaultdict

import pytest
from genvr_depth.nodes import NODE_CLASS_MAPPINGS

# Names with another type on another node: what the two mean has no better word of its own.
TWO_TYPES = {
    "first": "the first map of a merge, the first image of a clip",
    "model": "a depth model, its name, or ComfyUI's MODEL",
    "resolution": "pixels, or one of the sizes that Scribble has",
    "feather": "pixels, or a share of the image",
}
RANGES = {"field_of_view": "degree", "near": "metre", "far": "metre"}
TYPES = {
    "field_of_view": "FLOAT",
    "near": "FLOAT",
    "far": "FLOAT",
    "fill_holes": "COMBO",
    "prompt": "STRING",
    "negative_prompt": "STRING",
    "guidance": "FLOAT",
    "steps": "INT",
    "seed": "INT",
    "count": "INT",
    "mask": "MASK",
    "valid": "MASK",
    "control_image": "IMAGE",
}
# What other packs, the service or our earlier nodes call these.
OTHER_WORDS = {
    *("fov", "fov_deg", "horizontal_fov", "near_m", "far_m", "z_near", "z_far", "min_depth"),
    *("max_depth", "valid_mask", "known", "picture", "pictures", "negative_text", "cfg"),
    *("guidance_scale", "num_inference_steps", "noise_seed", "num_images", "batch_size"),
}


def _declared(node_id):
    """(name, type, tooltip) of every input."""
    for group in ("required", "optional"):
        for name, (kind, options) in (
            NODE_CLASS_MAPPINGS[node_id].INPUT_TYPES().get(group, {}).items()
        ):
            yield name, kind if isinstance(kind, str) else "COMBO", options["tooltip"]


def _outputs(node_id):
    cls = NODE_CLASS_MAPPINGS[node_id]
    return zip(cls.RETURN_NAMES, cls.RETURN_TYPES, strict=True)


def _base(kind):
    """Depth is taken as an image or a video too, images as a video."""
    return kind.split(",")[0]


def test_an_input_has_the_same_type_on_every_node():
    types = defaultdict(set)
    for node_id in NODE_CLASS_MAPPINGS:
        for name, kind, _ in _declared(node_id):
            types[name].add(_base(kind))
    assert {name for name, kinds in types.items() if len(kinds) > 1} == set(TWO_TYPES)
    assert {name: types[name] for name in TYPES if name in types} == {
        name: {kind} for name, kind in TYPES.items() if name in types
    }


def test_an_output_has_the_same_type_on_every_node():
    types = defaultdict(set)
    for node_id in NODE_CLASS_MAPPINGS:
        for name, kind in _outputs(node_id):
            types[name].add(kind)
    assert all(len(kinds) == 1 for kinds in types.values()), types
    assert types["valid"] == {"MASK"}
    assert types["control_image"] == {"IMAGE"}


@pytest.mark.parametrize("node_id", NODE_CLASS_MAPPINGS)
def test_no_other_word_is_used_for_what_has_one(node_id):
    names = {name for name, _, _ in _declared(node_id)} | {name for name, _ in _outputs(node_id)}
    assert not names & OTHER_WORDS


@pytest.mark.parametrize("node_id", NODE_CLASS_MAPPINGS)
def test_ranges_and_angles_say_their_unit(node_id):
    for name, _, tooltip in _declared(node_id):
        if name in RANGES:
            assert RANGES[name] in tooltip.lower(), (name, tooltip)
