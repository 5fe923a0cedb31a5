"""The toolkit's nodes, run as a person would: one picture and a batch of sixteen."""

from __future__ import annotations

import pytest
import torch
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.depth_map import DepthMap


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))


def _depth(batch=1, height=24, width=32, kind="disparity"):
    generator = torch.Generator().manual_seed(2)
    values = torch.linspace(1, 3, width)[None, None] + 0.2 * torch.rand(
        batch, height, width, generator=generator
    )
    values[:, 8:16, 10:20] = 6.0
    return DepthMap.make(values, kind)


def _photo(batch=1, height=48, width=64, channels=3):
    return torch.rand(batch, height, width, channels, generator=torch.Generator().manual_seed(1))


def _run(node_id, *args, **kwargs):
    cls = NODE_CLASS_MAPPINGS[node_id]
    answer = getattr(cls(), cls.FUNCTION)(*args, **kwargs)
    result = answer["result"] if isinstance(answer, dict) else answer
    assert len(result) == len(cls.RETURN_TYPES)
    return result


@pytest.mark.parametrize("batch", [1, 16])
def test_adjust_keeps_batch_and_size(batch):
    depth = _depth(batch)
    (out,) = _run(
        "GenVRDepthAdjust",
        depth,
        gamma=2.0,
        invert=True,
        smooth=2,
        smooth_time=1,
        fill_holes="all",
        window="percentile",
    )
    assert out.values.shape == depth.values.shape
    assert not torch.equal(out.values, depth.values)


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_refine_answers_at_the_guides_size(batch, channels):
    (out,) = _run("GenVRDepthRefine", _depth(batch), _photo(batch, channels=channels))
    assert out.values.shape == (batch, 48, 64)


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("photo", [None, "same size", "larger"])
def test_layers_come_as_masks_and_rgba(batch, photo):
    picture = None if photo is None else _photo(batch, *((24, 32) if photo[0] == "s" else (48, 64)))
    size = (48, 64) if photo == "larger" else (24, 32)
    fore, mid, back, layers, masks, text = _run(
        "GenVRDepthLayers", _depth(batch), 4, "automatic", 0.1, picture
    )
    for mask in (fore, mid, back):
        assert mask.shape == (batch, *size)
    assert layers.shape == (4 * batch, *size, 4)
    assert masks.shape == (4 * batch, *size)
    assert len(text.split(",")) == 3


def test_the_layers_own_thresholds_make_the_same_cut_again():
    depth = _depth()
    first = _run("GenVRDepthLayers", depth, 3, "equal depth", 0.0)
    again = _run("GenVRDepthLayers", depth, 8, "thresholds", 0.0, thresholds=first[-1])
    assert (first[4] - again[4]).abs().mean() < 0.01
