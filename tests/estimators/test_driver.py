"""The driver: any image in, a map of exactly its size out, within bounded memory."""

from __future__ import annotations

import time

import pytest
import torch
from genvr_depth.nodes.depthkit.errors import InvalidInput, ModelError, Stopped
from genvr_depth.nodes.depthkit.estimators import DETAILS, EstimateOptions, estimate
from genvr_depth.nodes.depthkit.estimators.chunks import (
    at_once,
    in_chunks,
    listening,
    out_of_memory,
)
from genvr_depth.nodes.depthkit.estimators.working_size import MAX_ASPECT, inner_shape
from genvr_depth.nodes.depthkit.maps.refine import refine
from hypothesis import given, settings
from hypothesis import strategies as st


class Brightness:
    """Disparity = mean brightness, so that the right answer is known for every image."""

    name, kind, multiple, inner_size, licence = "brightness", "disparity", 14, 56, "MIT"

    def __init__(self):
        self.shapes = []

    def __call__(self, images):
        self.shapes.append(tuple(images.shape))
        return images.mean(1)


def test_the_map_has_the_size_of_the_image_and_its_values():
    ramp = torch.linspace(0, 1, 300)[None, None, :, None].expand(2, 200, 300, 3)
    depth = estimate(Brightness(), ramp).depth
    assert (depth.batch, depth.height, depth.width) == (2, 200, 300)
    assert depth.kind == "disparity"
    assert depth.source == "brightness"
    assert (depth.values - ramp[..., 0]).abs().max() < 0.02


@pytest.mark.parametrize(
    ("detail", "size", "measured"),
    [("off", (200, 300), (56, 84)), ("tiles", (112, 112), (112, 112)), ("off", (28, 28), (28, 28))],
)
def test_the_map_says_at_what_resolution_the_model_worked(detail, size, measured):
    options = EstimateOptions(detail=detail)
    assert estimate(Brightness(), torch.rand(1, *size, 3), options).depth.measured == measured


def test_tiles_measure_finer_than_the_whole_image():
    photo = torch.rand(1, 280, 280, 3)
    whole, tiled = (
        estimate(Brightness(), photo, EstimateOptions(detail=detail)).depth.measured
        for detail in ("off", "tiles")
    )
    assert whole == (56, 56)
    assert tiled == (172, 172)  # tiles of 91 pixels, each worked at 56


def disc(side=280):
    line = torch.linspace(-1, 1, side)
    inside = line[:, None].square() + line.square() < 0.4
    return torch.where(inside, 0.8, 0.2)[None, ..., None].expand(-1, -1, -1, 3)


@pytest.mark.parametrize(("detail", "share"), [("edges", 0.3), ("tiles + edges", 0.8)])
def test_edges_are_those_of_refining_with_the_photo_afterwards(detail, share):
    photo, plain = disc(), detail.removesuffix("edges").removesuffix(" + ") or "off"
    found, soft = (
        estimate(Brightness(), photo, EstimateOptions(detail=d)) for d in (detail, plain)
    )
    assert torch.equal(found.depth.values, refine(soft.depth, photo).values)
    assert found.depth.measured == soft.depth.measured
    assert found.notes == (*soft.notes, "edges: outlines moved onto those of the image")
    off, before = ((one.depth.values - photo[..., 0]).abs().mean() for one in (found, soft))
    assert off < share * before


@pytest.mark.parametrize(
    ("size", "device", "refined"),
    [((56, 56), "cpu", True), ((224, 224), "cpu", True), ((225, 225), "cpu", False),
     ((56, 56), "cuda", False), ((1500, 2000), "cuda", False)],
)  # fmt: skip
def test_auto_refines_where_that_costs_less_than_the_network(size, device, refined):
    auto, given = EstimateOptions(detail="auto"), EstimateOptions(detail="edges")
    assert auto.refines(torch.device(device), size, (56, 56)) == refined
    assert given.refines(torch.device(device), size, (56, 56))
    assert not EstimateOptions().refines(torch.device(device), size, (56, 56))


def test_auto_is_edges_or_off_and_says_which():
    small, large = disc()[:, 60:220, 60:220], disc()
    for image, same in ((small, "edges"), (large, "off")):
        auto, other = (
            estimate(Brightness(), image, EstimateOptions(detail=d)) for d in ("auto", same)
        )
        assert torch.equal(auto.depth.values, other.depth.values)
        assert auto.notes == other.notes


def test_a_clip_is_refined_frame_by_frame_as_one_map():
    photo = torch.cat([disc(), disc().flip(2), torch.rand(1, 280, 280, 3)])
    options = EstimateOptions(detail="edges")
    whole = refine(estimate(Brightness(), photo).depth, photo)
    assert torch.equal(estimate(Brightness(), photo, options).depth.values, whole.values)


def test_stop_is_heard_between_refined_frames():
    seen = []
    with pytest.raises(Stopped):
        estimate(
            Brightness(),
            torch.rand(3, 20, 20, 3),
            EstimateOptions(detail="edges"),
            on_progress=lambda done, total: seen.append(done),
            should_stop=lambda: 4 in seen,
        )
    assert seen[-1] == 4


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1, 3, 4]),
    st.sampled_from([1, 3]),
    st.sampled_from(DETAILS),
)
@settings(max_examples=40, deadline=None)
def test_every_shape_of_image_works(height, width, channels, batch, detail):
    images = torch.rand(batch, height, width, channels)
    depth = estimate(Brightness(), images, EstimateOptions(detail=detail)).depth
    assert depth.values.shape == (batch, height, width)
    assert depth.valid.all()
    assert torch.isfinite(depth.values).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1)])
def test_single_pixels_and_strips_work_at_a_bounded_cost(shape):
    model = Brightness()
    depth = estimate(model, torch.full((1, *shape, 3), 0.5)).depth
    assert torch.allclose(depth.values, torch.tensor(0.5))
    assert max(model.shapes[0][-2:]) <= MAX_ASPECT * model.inner_size


def test_pixels_that_are_no_numbers_count_as_black_and_do_not_spread():
    image = torch.full((1, 60, 60, 3), 0.5)
    clean = estimate(Brightness(), image).depth.values
    image[0, :5, :5] = torch.nan
    image[0, 5:8, :5] = torch.inf
    broken = estimate(Brightness(), image).depth
    assert broken.valid.all()
    assert torch.equal(broken.values[0, 20:, 20:], clean[0, 20:, 20:])
    assert broken.values[0, 0, 0] < 0.05


def test_half_precision_images_work():
    image = torch.rand(1, 30, 40, 3)
    full = estimate(Brightness(), image).depth.values
    half = estimate(Brightness(), image.half()).depth.values
    assert torch.allclose(full, half, atol=2e-3)


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (1, 0, 8, 3), (1, 8, 8, 5), (8, 8)])
def test_what_is_no_image_is_refused_by_name(shape):
    with pytest.raises(InvalidInput, match="'image'"):
        estimate(Brightness(), torch.zeros(shape))


def test_a_network_that_answers_nan_gives_invalid_pixels():
    class Broken(Brightness):
        def __call__(self, images):
            values = images.mean(1)
            values[:, 0, 0] = torch.nan
            return values

    found = estimate(Broken(), torch.rand(1, 56, 56, 3))
    depth = found.depth
    assert "no number" in found.notes[-1]
    assert not depth.valid[0, 0, 0]
    assert depth.values[0, 0, 0] == 0
    assert depth.valid.sum() == 56 * 56 - 1


@pytest.mark.parametrize(("kind", "answer"), [("disparity", float("nan")), ("metric", -1.0)])
def test_a_network_without_a_single_number_is_an_error_not_a_black_image(kind, answer):
    class Silent(Brightness):
        def __call__(self, images):
            return torch.full_like(images[:, 0], answer)

    model = Silent()
    model.kind = kind
    with pytest.raises(ModelError, match="set precision to fp32"):
        estimate(model, torch.rand(2, 56, 56, 3))


def test_metric_values_behind_the_camera_are_invalid():
    class Metres(Brightness):
        kind = "metric"

        def __call__(self, images):
            return images.mean(1) - 0.5

    depth = estimate(Metres(), torch.linspace(0, 1, 56)[None, :, None, None].expand(1, 56, 56, 1))
    assert 0.4 < depth.depth.valid.float().mean() < 0.6


def test_the_resolution_is_the_shorter_inner_side_rounded_to_the_multiple():
    model = Brightness()
    estimate(model, torch.rand(1, 100, 200, 3), EstimateOptions(inner_size=100))
    assert model.shapes == [(1, 3, 98, 196)]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 600), st.integers(1, 64))
def test_inner_sizes_are_multiples_and_bounded(height, width, short, multiple):
    sides = inner_shape(height, width, short, multiple)
    assert all(side % multiple == 0 and side > 0 for side in sides)
    assert max(sides) <= MAX_ASPECT * short + multiple


@pytest.mark.parametrize("detail", DETAILS)
def test_progress_ends_at_the_total_and_never_goes_back(detail):
    seen = []
    estimate(
        Brightness(),
        torch.rand(3, 200, 200, 3),
        EstimateOptions(detail=detail),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    done = [d for d, _ in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]


def test_stop_is_heard_between_images():
    model = Brightness()
    with pytest.raises(Stopped):
        estimate(model, torch.rand(5, 20, 20, 3), should_stop=lambda: len(model.shapes) >= 2)
    assert len(model.shapes) == 2


def test_stop_is_heard_inside_a_forward_pass():
    layers = torch.nn.Sequential(*(torch.nn.Sequential(torch.nn.Identity()) for _ in range(50)))
    ran = []
    layers[30].register_forward_hook(lambda *_: ran.append(True))
    with listening(layers, lambda: True):
        time.sleep(0.15)
        with pytest.raises(Stopped):
            layers(torch.zeros(1))
    assert not ran
    layers(torch.zeros(1))
    assert ran


class Device:
    """A pretended accelerator with room for `room` images."""

    def __init__(self, room, message="CUDA out of memory. Tried to allocate 20.00 MiB"):
        self.room, self.message, self.pieces = room, message, []

    def __call__(self, start, end):
        if end - start > self.room:
            raise RuntimeError(self.message)
        self.pieces.append(end - start)
        return 8


def _run(device, total, progress=lambda done: None):
    in_chunks(total, device, on_progress=progress, should_stop=lambda: False)


def test_a_chunk_that_does_not_fit_is_halved_and_the_work_goes_on():
    device, done = Device(room=3), []
    _run(device, 20, done.append)
    assert sum(device.pieces) == 20
    assert device.pieces[:3] == [1, 2, 2]
    assert done[-1] == 20


@pytest.mark.parametrize(
    ("device", "inner", "image", "pieces"),
    [
        ("cpu", (518, 518), (720, 1280), 1),
        ("cuda", (518, 518), (720, 1280), 8),
        ("cuda", (1036, 1036), (720, 1280), 2),
        ("cuda", (1536, 1536), (64, 64), 1),
        # A small model: the frames themselves are what fills the memory.
        ("cuda", (160, 288), (720, 1280), 13),
        ("cuda", (160, 288), (2160, 3840), 1),
        ("cuda", (160, 160), (9000, 9000), 1),
    ],
)
def test_a_piece_is_bounded_by_what_the_device_and_the_main_memory_hold(
    device, inner, image, pieces
):
    assert at_once(torch.device(device), inner, image) == pieces


def test_what_a_failed_piece_held_is_free_before_the_memory_is_given_back(monkeypatch):
    freed, seen = [], []

    class Held:
        def __del__(self):
            freed.append(True)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: seen.append(len(freed)))

    def work(start, end):
        held = Held()
        if end - start > 1:
            raise RuntimeError(f"CUDA out of memory beside {held}")
        return 2

    in_chunks(3, work, on_progress=lambda done: None, should_stop=lambda: False)
    assert seen == [2]


def test_one_image_that_does_not_fit_is_a_sentence():
    with pytest.raises(InvalidInput, match="lower resolution"):
        _run(Device(room=0), 2)


def test_other_faults_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shape mismatch"):
        _run(Device(room=0, message="shape mismatch"), 2)


def test_every_allocator_is_understood():
    cpu = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 10 bytes"
    mps = "MPS backend out of memory (MPS allocated: 17.00 GB)"
    assert out_of_memory(RuntimeError(cpu))
    assert out_of_memory(RuntimeError(mps))
    assert out_of_memory(torch.cuda.OutOfMemoryError("x"))


def test_unknown_options_are_refused():
    with pytest.raises(InvalidInput, match="tiles"):
        EstimateOptions(detail="more")
    with pytest.raises(InvalidInput, match="clip"):
        EstimateOptions(consistency="video")
    with pytest.raises(InvalidInput, match="resolution"):
        EstimateOptions(inner_size=-1)
