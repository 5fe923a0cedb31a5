"""Arrays of one map or of a clip: NPY, NPZ with intrinsics, HDF5, and Sintel's DPT."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from genvr_depth.nodes.depthkit.errors import FormatError, MissingInformation
from genvr_depth.nodes.depthkit.formats import LoadOptions, arrays, decode_depth, hdf5
from genvr_depth.nodes.depthkit.formats.options import MEANINGS, METRES

NEAR_DISTANCE = MEANINGS[4]
CLIP = (np.arange(5 * 9 * 12, dtype=np.float32).reshape(5, 9, 12) + 1) / 10


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**members: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **members)
    return stream.getvalue()


def read(data: bytes, **options):
    return decode_depth(data, LoadOptions(METRES, **options))


@pytest.mark.parametrize("name", ["depth", "depths"])
@pytest.mark.parametrize("kind", ["f2", "f4", ">f4", "u2"])
def test_the_clips_of_video_models_are_clips(name, kind):
    """DepthCrafter writes `depth`, Video Depth Anything `depths`."""
    clip = (CLIP * 10).astype(kind)
    found = read(npz(**{name: clip}, fps=np.array(24)))
    np.testing.assert_array_equal(found.values.numpy(), clip.astype("f4"))


@pytest.mark.parametrize("shape", [(5, 9, 12), (5, 1, 9, 12), (5, 9, 12, 1), (1, 5, 9, 12)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_three_dimensions_are_frames_and_ones_are_left_out(shape, order):
    array = np.asarray(CLIP.reshape(shape), order=order)
    np.testing.assert_array_equal(read(npy(array)).values.numpy(), CLIP)


def test_first_last_and_step_choose_frames_counted_from_one():
    for data in (npy(CLIP), npz(depth=CLIP)):
        found = read(data, first_frame=2, last_frame=4, step=2)
        np.testing.assert_array_equal(found.values.numpy(), CLIP[[1, 3]])
        with pytest.raises(FormatError, match="1 to 5"):
            read(data, first_frame=4, last_frame=9)


def test_relative_frames_of_a_clip_share_one_end():
    greys = np.stack([np.full((9, 12), 0.2, "f4"), np.full((9, 12), 0.7, "f4")])
    found = decode_depth(npy(greys), LoadOptions(NEAR_DISTANCE))
    assert (found.values[0] - found.values[1]).mean() == pytest.approx(0.5)


def test_an_array_of_colours_is_no_clip():
    with pytest.raises(FormatError, match="clip"):
        read(npy(np.zeros((20, 30, 3), "f4")))


@pytest.mark.parametrize("name", ["intrinsics", "K"])
def test_the_intrinsics_of_an_npz_are_the_camera(name):
    matrix = np.array([[100.0, 0, 6.5], [0, 110, 4.5], [0, 0, 1]])
    for given in (matrix, np.stack([matrix] * 5), np.array([100.0, 110, 6.5, 4.5])):
        camera = read(npz(depth=CLIP, **{name: given})).camera
        assert (camera.fx, camera.fy, camera.cx, camera.cy) == (100.0, 110.0, 6.5, 4.5)
    shares = matrix / np.array([[12.0], [9.0], [1.0]])
    camera = read(npz(depth=CLIP, **{name: shares})).camera
    assert (camera.fx, camera.cy) == (pytest.approx(100), pytest.approx(4.5))
    assert read(npz(depth=CLIP, **{name: np.zeros((3, 3))})).camera is None


def test_the_arrays_of_an_npz_are_listed_depth_first():
    data = npz(a=CLIP, meta=np.array("x"), depths=CLIP)
    assert arrays.layers(io.BytesIO(data)) == ["depths", "a"]


def test_sintels_dpt_is_metres():
    body = CLIP[0].astype("<f4").tobytes()
    data = struct.pack("<f2i", 202021.25, 12, 9) + body
    found = decode_depth(data)
    assert found.kind == "metric"
    np.testing.assert_array_equal(found.values[0].numpy(), CLIP[0])
    with pytest.raises(FormatError, match="cut short"):
        decode_depth(data[:-4])
    with pytest.raises(FormatError, match="flow"):
        decode_depth(data + body)


def h5(**sets: np.ndarray) -> bytes:
    h5py = pytest.importorskip("h5py")
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, array in sets.items():
            file.create_dataset(name, data=array, compression="gzip" if array.ndim > 1 else None)
    return stream.getvalue()


def test_blenderprocs_depth_is_along_the_axis_and_its_distance_along_the_ray():
    z = CLIP[0].copy()
    z[0, 0] = 1e10
    data = h5(colors=np.zeros((9, 12, 3), "u1"), depth=z, distance=z * 2)
    found = decode_depth(data)
    assert (found.kind, found.valid.sum().item()) == ("metric", z.size - 1)
    np.testing.assert_array_equal(found.values[0, 1:].numpy(), z[1:])
    along = decode_depth(data, LoadOptions(channel="distance", fov_deg=60.0))
    x, y = (0.5 - 6) / (6 / np.tan(np.pi / 6)), (4.5 - 4.5) / 1
    assert along.values[0, 4, 0] == pytest.approx(
        2 * z[4, 0] / (1 + x * x + y * y) ** 0.5, rel=1e-5
    )
    assert hdf5.layers(io.BytesIO(data))[:2] == ["depth", "distance"]


def test_hypersims_distances_need_the_camera():
    data = h5(dataset=CLIP[0].astype("f2"))
    with pytest.raises(MissingInformation, match="field of view"):
        decode_depth(data)
    assert decode_depth(data, LoadOptions(fov_deg=60.0)).camera is not None


def test_a_clip_in_an_hdf5_is_a_clip():
    found = decode_depth(h5(depth=CLIP), LoadOptions(first_frame=2, last_frame=3))
    np.testing.assert_array_equal(found.values.numpy(), CLIP[1:3])


def test_an_hdf5_that_leads_to_another_file_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "secret").write_bytes(b"\x01" * 1000)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        outside = [(str(tmp_path / "secret"), 0, 9 * 12 * 4)]
        file.create_dataset("depth", (9, 12), "f4", external=outside)
    with pytest.raises(FormatError, match="another file"):
        decode_depth(stream.getvalue())
