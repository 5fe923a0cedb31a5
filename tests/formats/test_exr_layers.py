"""The depth layer of an OpenEXR file is found by what programs call it, and nothing else is."""

from __future__ import annotations

import io
import struct
import time

import numpy as np
import OpenEXR
import pytest
from genvr_depth.nodes.depthkit.errors import FormatError, MissingInformation
from genvr_depth.nodes.depthkit.formats import LoadOptions, decode_depth
from genvr_depth.nodes.depthkit.formats.exr import layers
from genvr_depth.nodes.depthkit.formats.options import METRES

DEPTH = (np.arange(12, dtype=np.float32).reshape(3, 4) + 1) * 0.5
OTHER = DEPTH * 100


def exr(*parts, **header) -> bytes:
    """Each part is (its header, {channel: pixels})."""
    head = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    made = [OpenEXR.Part(head | own, channels) for own, channels in parts]
    stream = io.BytesIO()
    OpenEXR.File(made).write(stream)
    return stream.getvalue()


def one(channels, **header) -> bytes:
    return exr(({}, channels), **header)


def read(data: bytes, channel: str = "", meaning: str = "as the file says"):
    return decode_depth(data, LoadOptions(meaning, channel=channel))


def is_depth(found) -> bool:
    return found.kind == "metric" and np.array_equal(found.values[0].numpy(), DEPTH)


COMBINED = {f"ViewLayer.Combined.{c}": OTHER * i for i, c in enumerate("RGBA")}


@pytest.mark.parametrize(
    "name",
    [
        "Z",  # Arnold, Redshift, RenderMan
        "ViewLayer.Depth.Z",  # Blender up to 4
        "View Layer.Depth.V",  # Blender 5
        "RenderLayer.ZDepth.R",  # Octane
        "VRayZDepth.Z",
        "CGeometry_ZDepth.Z",  # Corona
        "hitPz.Z",  # Karma
        "Pz",  # Mantra
        "depth.Z",  # Nuke
        "beauty.Z",
        "Depth",
    ],
)
def test_what_programs_call_depth_is_depth(name):
    assert is_depth(read(one({**COMBINED, name: DEPTH})))


PASSES = [
    *("AO", "UV", "Vector", "IndexOB", "IndexMA", "Shadow", "Denoising Depth", "Noisy_Variance"),
    *("Depth of Field", "MotionVector", "CryptoObject00", "Fog"),
]


@pytest.mark.parametrize("layer", PASSES)
def test_known_passes_that_are_not_depth_are_never_taken(layer):
    only = one({**COMBINED, f"ViewLayer.{layer}.Z": OTHER})
    with pytest.raises(FormatError, match="No channel of this EXR is depth"):
        read(only)
    both = one({**COMBINED, f"ViewLayer.{layer}.Z": OTHER, "ViewLayer.Depth.Z": DEPTH})
    assert is_depth(read(both))
    assert is_depth(read(both, "Depth"))


def test_blenders_mist_is_relative_and_white_is_far():
    mist = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    found = read(one({**COMBINED, "ViewLayer.Mist.Z": mist}))
    assert found.kind == "depth"
    np.testing.assert_array_equal(found.values[0].numpy(), mist)
    assert found.valid.all()


def test_a_part_named_depth_beats_the_z_of_a_part_named_mist():
    data = exr(({"name": "Mist"}, {"Z": OTHER}), ({"name": "Depth"}, {"Z": DEPTH}))
    assert is_depth(read(data))
    assert layers(io.BytesIO(data)) == ["Depth:Z", "Mist:Z"]


def test_a_layer_named_depth_beats_the_z_of_the_picture():
    assert is_depth(read(one({"Z": OTHER, "ViewLayer.Depth.Z": DEPTH})))


def test_two_view_layers_are_a_question_that_lists_both():
    data = one({"ViewLayer.Depth.Z": DEPTH, "Background.Depth.Z": OTHER})
    with pytest.raises(MissingInformation, match=r"Background\.Depth\.Z, ViewLayer\.Depth\.Z"):
        read(data)
    assert is_depth(read(data, "ViewLayer"))
    assert is_depth(read(data, "viewlayer.depth"))
    assert not is_depth(read(data, "Background"))


LEFT, RIGHT = {"R": OTHER, "Z": DEPTH}, {"R": OTHER, "Z": OTHER}


def stereo_single() -> bytes:
    channels = {**LEFT, **{f"right.{k}": v for k, v in RIGHT.items()}}
    return one(channels, multiView=["left", "right"])


def stereo_parts() -> bytes:
    return exr(
        ({"name": "b", "view": "right"}, RIGHT),
        ({"name": "a", "view": "left"}, LEFT),
    )


@pytest.mark.parametrize("make", [stereo_single, stereo_parts])
def test_the_single_and_the_multi_part_file_of_a_stereo_frame_give_the_same_eye(make):
    assert is_depth(read(make()))
    assert is_depth(read(make(), "left"))
    assert not is_depth(read(make(), "Right"))


def test_a_view_is_ranked_by_depth_words():
    motion = {f"left.{layer}.{c}": OTHER for layer in ("Vector", "AO") for c in "XYZW"}
    data = one(
        {**motion, "left.Depth.Z": DEPTH, "right.Depth.Z": OTHER}, multiView=["right", "left"]
    )
    assert is_depth(read(data, "left"))
    assert not is_depth(read(data))


def test_a_typed_name_matches_whole_words_only():
    data = one({**COMBINED, "ViewLayer.Depth.Z": DEPTH})
    for name in ("pth", "Dep", "Layer", "Depth.V"):
        with pytest.raises(FormatError, match=r"no layer or channel .* ViewLayer\.Depth\.Z"):
            read(data, name)
    for name in ("depth", "DEPTH.z", "ViewLayer.Depth"):
        assert is_depth(read(data, name))


def test_a_typed_layer_of_several_different_channels_is_a_question():
    normal = {f"N.{c}": DEPTH * i for i, c in enumerate("XYZ")}
    with pytest.raises(FormatError, match=r"N\.X, N\.Y"):
        read(one({**COMBINED, **normal}), "N", METRES)
    assert is_depth(read(one({**COMBINED, "AO.R": DEPTH}), "AO", METRES))


def test_unreals_centimetres_are_asked_for():
    name = "FinalImageMovieRenderQueue_WorldDepth"
    data = one({**COMBINED, **{f"{name}.{c}": DEPTH * 100 for c in "RGB"}})
    with pytest.raises(MissingInformation, match=r"0\.01"):
        read(data)
    found = decode_depth(data, LoadOptions(METRES, unit_scale=0.01))
    np.testing.assert_allclose(found.values[0].numpy(), DEPTH, rtol=1e-6)


def test_the_source_names_the_layer(tmp_path):
    from genvr_depth.nodes.depthkit.formats import load_depth

    path = tmp_path / "shot.exr"
    path.write_bytes(one({**COMBINED, "ViewLayer.Depth.Z": DEPTH}))
    assert load_depth(path, LoadOptions()).source == "shot.exr (ViewLayer.Depth.Z)"


def test_a_window_of_millions_of_rows_in_a_short_file_is_refused_at_once():
    window = struct.pack("<4i", 0, 0, 63, 1_835_055)
    data = one({"Z": DEPTH}).replace(struct.pack("<4i", 0, 0, 3, 2), window) + b"\0" * 25_000
    began = time.perf_counter()
    with pytest.raises(FormatError, match="promises more"):
        read(data)
    assert time.perf_counter() - began < 5
