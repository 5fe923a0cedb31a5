"""From a batch of images of any size to a DepthMap of exactly that size.

Everything here works frame by frame or chunk by chunk: besides the result itself nothing grows
with the length of the clip.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..depth_map import DepthMap, Pinhole, Size, capped
from ..errors import InvalidInput, ModelError, Stopped
from ..images import Images, frames, rgb
from ..kernels import resample
from ..maps.refine import refine, softness
from ..maps.temporal import align_clip, flicker
from ..progress import Progress, no_progress
from .base import (
    ChoosesSize,
    Estimate,
    EstimateOptions,
    Estimator,
    HasNetwork,
    KnowsCamera,
    TakesPrompt,
    WantsMargin,
)
from .chunks import at_once, in_chunks, listening
from .long_images import View, is_long, long_views, mean_of_views, mirror_padded, window_boxes
from .tiles import Box, TileBlend, tile_boxes
from .working_size import inner_shape

__all__ = ["estimate"]


def estimate(
    estimator: Estimator,
    images: Images,
    options: EstimateOptions | None = None,
    *,
    prompt: Tensor | None = None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Estimate:
    """Depth of every image.

    images: (B, H, W, C), C = 1, 3 or 4, any float dtype and device; non-finite pixels count as
    black. prompt: measured depth (B or 1, h, w) for an estimator that takes it, see `TakesPrompt`;
    not together with tiles. Returns a map of the same B, H, W. Raises InvalidInput on shapes that
    are no images, on a prompt that does not fit, and where memory does not suffice for one image,
    ModelError where the network gives no number at all, Stopped when `should_stop` says so.
    """
    run = _Run(
        estimator,
        frames(images),
        options or EstimateOptions(),
        prompt,
        on_progress or no_progress,
        should_stop or (lambda: False),
    )
    with torch.no_grad():
        return run.result()


class _Run:
    """One call of `estimate`: the buffers, and the steps that fill them."""

    def __init__(
        self,
        estimator: Estimator,
        images: Images,
        options: EstimateOptions,
        prompt: Tensor | None,
        on_progress: Progress,
        should_stop: Callable[[], bool],
    ) -> None:
        self.estimator, self.images, self.options = estimator, images, options
        self.on_progress, self.should_stop = on_progress, should_stop
        self.batch, self.height, self.width = images.shape[:3]
        self.prompt = (
            None if prompt is None else _checked_prompt(prompt, estimator, options, self.batch)
        )
        short_side = options.inner_size or estimator.inner_size
        self.short_side = short_side
        self.inner = self._inner(self.height, self.width)
        self.boxes = tile_boxes(self.height, self.width, short_side) if options.tiles else []
        self.views: tuple[View, ...] = ()
        if prompt is None and is_long(self.height, self.width):
            self.views = long_views(self.height, self.width, short_side)
            self.boxes = self.boxes or window_boxes(self.height, self.width)
            self.inner = self._inner(*self.views[0].shape, self.views[0].short_side)
        self.values = torch.empty(self.batch, self.height, self.width)
        self.valid = torch.empty(self.batch, self.height, self.width, dtype=torch.bool)
        self.fov_deg = torch.full((self.batch,), torch.nan)
        self.device = torch.device("cpu")  # until the first piece says where it was computed

    def result(self) -> Estimate:
        network = self.estimator.network if isinstance(self.estimator, HasNetwork) else None
        with listening(network, self.should_stop):
            in_chunks(
                self.batch, self._chunk, on_progress=self._report, should_stop=self.should_stop
            )
        notes = [self._size_note()]
        clip = (self.values, self.valid, self.images)
        if self.options.consistency == "clip" and self.batch > 1:
            notes.append(align_clip(*clip, self.estimator.kind, self.should_stop).note())
        if self._refines():
            self._refine()
            notes.append("edges: outlines moved onto those of the image")
        unrest = flicker(*clip, self.should_stop) if self.batch > 1 else None
        if unrest is not None:
            notes.append(
                f"flicker: {unrest:.2%} of the depth range per frame, on what both frames show"
            )
        # Not sum(): it would make a copy of eight bytes a pixel first.
        unknown = 1 - self.valid.count_nonzero().item() / self.valid.numel()
        if unknown == 1:
            raise ModelError(
                f"The model {self.estimator.name} gave no number for any pixel. If it computes in "
                "half precision, set precision to fp32; else its weights are damaged: download "
                "them again."
            )
        if unknown > 0:
            notes.append(f"{unknown:.2%} of the pixels have no depth: the model gave no number")
        return Estimate(self._depth(), unrest, tuple(notes))

    def _chunk(self, start: int, end: int) -> int:
        pictures = rgb(self.images[start:end]).movedim(-1, 1)
        values, device = self._whole(pictures, lambda ready: self._infer(ready, start, end))
        for offset in range(end - start if self.boxes else 0):
            blend = TileBlend(values[offset], pictures[offset], self.boxes, self.inner)
            for number, box in enumerate(self.boxes):
                if self.should_stop():
                    raise Stopped
                blend.add(box, self._tile)
                self._report(start + offset, number + 1)
            values[offset] = blend.result()
        self._store(values, start, end)
        self.device = device
        return at_once(device, self.inner, (self.height, self.width))

    def _whole(
        self, pictures: Tensor, infer: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, torch.device]:
        """The whole images' values (B, H, W), and where they were computed."""
        if not self.views:
            return self._values(pictures, infer)
        first, *others = self.views
        values, device = self._values(pictures, infer, first)
        answers = [values]
        for view in others:
            if self.should_stop():
                raise Stopped
            answers.append(self._values(pictures, self.estimator, view)[0])
        means = [mean_of_views(one, self.estimator.kind) for one in zip(*answers, strict=True)]
        return torch.stack(means), device

    def _infer(self, pictures: Tensor, start: int, end: int) -> Tensor:
        if self.prompt is not None and isinstance(self.estimator, TakesPrompt):
            return self.estimator.with_prompt(pictures, self.prompt[start:end])
        if isinstance(self.estimator, KnowsCamera):
            raw, fov_deg = self.estimator.with_fov(pictures)
            self.fov_deg[start:end] = fov_deg.to("cpu", torch.float32)
            return raw
        return self.estimator(pictures)

    def _tile(self, image: Tensor) -> Tensor:
        """(3, h, w) part of an image -> (h, w) values in the model's own, unaligned scale."""
        return self._values(image[None], self.estimator)[0][0]

    def _values(
        self, pictures: Tensor, infer: Callable[[Tensor], Tensor], view: View | None = None
    ) -> tuple[Tensor, torch.device]:
        """(B, 3, h, w) -> the model's values (B, h, w) on the CPU, and where it computed them."""
        height, width = pictures.shape[-2:]
        rows, columns = self._margin(height, width)
        inner = self._inner(height, width)
        if view is not None:
            rows, columns = max(rows, view.rows), max(columns, view.columns)
            inner = self._inner(*view.shape, view.short_side)
        if rows or columns:
            pictures = mirror_padded(pictures, rows, columns)
        raw = infer(resample(pictures, *inner))
        values = self._fitted(raw, height + 2 * rows, width + 2 * columns)
        return values[:, rows : rows + height, columns : columns + width], raw.device

    def _margin(self, height: int, width: int) -> tuple[int, int]:
        margin = self.estimator.margin if isinstance(self.estimator, WantsMargin) else None
        return (0, 0) if margin is None else margin(height, width)

    def _fitted(self, raw: Tensor, height: int, width: int) -> Tensor:
        """Raw values (B, h, w) on any device -> (B, height, width) on the CPU.

        Metres are resampled as 1 / z: on a plane 1 / z is linear in the pixel, z is not, and beside
        a far background the edge of a near thing would be thrown far back. What the model left
        unknown (sky) stays unknown and lends its neighbours nothing.
        """
        values = raw.to("cpu", torch.float32)[:, None]
        if values.shape[-2:] == (height, width):
            return values[:, 0]
        inverse = self.estimator.kind == "metric"
        known = torch.isfinite(values) & ((values > 0) | (not inverse))
        plain = torch.where(known, 1 / values if inverse else values, torch.zeros(()))
        large = resample(plain, height, width)
        if not bool(known.all()):
            share = resample(known.float(), height, width)
            large = torch.where(share >= 0.5, large / share.clamp_min(0.5), torch.nan)
        return (1 / large if inverse else large)[:, 0]

    def _inner(self, height: int, width: int, short_side: int = 0) -> tuple[int, int]:
        """The size an image of that size is worked at, together with its margin."""
        short_side = short_side or self.short_side
        rows, columns = self._margin(height, width)
        height, width = height + 2 * rows, width + 2 * columns
        if isinstance(self.estimator, ChoosesSize):
            return self.estimator.choose_size(height, width, short_side)
        return inner_shape(height, width, short_side, self.estimator.multiple)

    def _store(self, values: Tensor, start: int, end: int) -> None:
        usable = torch.isfinite(values)
        if self.estimator.kind == "metric":
            usable &= values > 0
        self.valid[start:end] = usable
        self.values[start:end] = torch.where(usable, values, torch.zeros(()))

    def _report(self, pictures: int, tiles: int = 0) -> None:
        steps = 1 + len(self.boxes)
        self.on_progress(pictures * steps + tiles, self.batch * (steps + self._refines()))

    def _refines(self) -> bool:
        size = (self.height, self.width)
        return self.options.refines(self.device, size, self.inner)

    def _refine(self) -> None:
        depth = self._depth()
        soft, before = softness(depth), self.batch * (1 + len(self.boxes))
        for index in range(self.batch):
            if self.should_stop():
                raise Stopped
            image = rgb(self.images[index : index + 1])
            refined = refine(depth.frame(index), image, soft=soft)
            self.values[index], self.valid[index] = refined.values[0], refined.valid[0]
            self.on_progress(before + index + 1, before + self.batch)

    def _depth(self) -> DepthMap:
        # Not DepthMap.make: the chunks were validated as they came, a second copy would double
        # the memory of a long clip.
        camera = None
        if self.fov_deg.isfinite().all():
            camera = Pinhole.from_fov(self.fov_deg.median().item(), self.width, self.height)
        name, kind = self.estimator.name, self.estimator.kind
        return DepthMap(self.values, kind, self.valid, camera, name, self._measured(), self.images)

    def _measured(self) -> Size:
        """The grid of the network's answers, in pixels of the whole image."""
        whole = Box(0, 0, self.height, self.width)
        box = self.boxes[0] if self.boxes else whole
        size = (box.bottom - box.top, box.right - box.left)
        sides = zip(
            (self.height, self.width), size, self._margin(*size), self._inner(*size), strict=True
        )
        fine = [round(side * inner / (part + 2 * margin)) for side, part, margin, inner in sides]
        return capped((fine[0], fine[1]), (self.height, self.width))

    def _size_note(self) -> str:
        height, width = self.inner
        tiles = f", {len(self.boxes)} tiles" if self.boxes else ""
        if self.views:
            tiles = f" and in {len(self.views) - 1} other shapes, {len(self.boxes)} windows"
        return f"{self.estimator.name}: {self.estimator.kind}, worked at {width}x{height}{tiles}"


def _checked_prompt(
    prompt: Tensor, estimator: Estimator, options: EstimateOptions, batch: int
) -> Tensor:
    """The prompt as (B, h, w); InvalidInput where it and the run do not fit."""
    if not isinstance(estimator, TakesPrompt):
        raise InvalidInput(
            f"The model {estimator.name} takes no measured depth; choose one that does, such as "
            "Prompt Depth Anything."
        )
    if options.tiles:
        raise InvalidInput("Tiles do not work with measured depth; set detail to off.")
    if prompt.ndim != 3 or len(prompt) not in (1, batch):
        raise InvalidInput(
            f"The measured depth has the shape {tuple(prompt.shape)}; give one map, or one for "
            f"each of the {batch} images."
        )
    return prompt.expand(batch, -1, -1)
