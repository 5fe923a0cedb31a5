"""The one data type of the pack: a depth map whose numbers say what they mean.

Conventions, once for the whole pack: y points down; camera axes are OpenCV's (x right, y down,
z forward); pixel centres lie at +0.5; intrinsics are in pixels of the map they travel with;
metric values are metres along z. Larger is farther for `metric` and `depth`, nearer for
`disparity`. Axis flips for glTF or normal maps happen in the exporters only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from .errors import InvalidInput
from .images import Images
from .kernels import resample
from .pinhole import Pinhole

__all__ = [
    "KINDS",
    "PROJECTIONS",
    "DepthMap",
    "Kind",
    "Pinhole",
    "Projection",
    "Size",
    "capped",
]

Kind = Literal["metric", "depth", "disparity"]
KINDS: tuple[str, ...] = get_args(Kind)
Projection = Literal["perspective", "equirectangular"]
PROJECTIONS: tuple[str, ...] = get_args(Projection)
Size = tuple[int, int]
"""(height, width) in pixels."""
_PIECE = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class DepthMap:
    """Depth of a batch of images. Build with `DepthMap.make`, which validates once.

    values: (B, H, W) float32 on the CPU, finite everywhere (0 where invalid); meaning by `kind`.
    kind: "metric" metres, "depth" affine-invariant depth, "disparity" affine-invariant inverse.
    valid: (B, H, W) bool; False = sky, no return, or non-finite in the source.
    camera: intrinsics in pixels of this map, or None where unknown.
    source: the model or file the map came from, for display; never a full path.
    measured: (height, width) of the grid on which the values of the whole map were measured, None
        where it is unknown. A sensor, a renderer and an exact map measure every pixel: their own
        size. A network's answer enlarged to its photo: the size the network worked at.
    photo: the images the values were read from or belong to, (B, h, w, C) of the same view and as
        they came, None where nobody knows. Not copied, never saved.
    projection: "perspective", values along the camera's axis; or "equirectangular", all around the
        camera, columns are longitudes and rows latitudes, values are distances along the rays. The
        middle looks along z. Such a map has no `camera`.
    """

    values: Tensor
    kind: Kind
    valid: Tensor
    camera: Pinhole | None = None
    source: str = ""
    measured: Size | None = None
    photo: Images | None = None
    projection: Projection = "perspective"

    @property
    def around(self) -> bool:
        """Whether the map shows everything around the camera."""
        return self.projection == "equirectangular"

    @classmethod
    def make(
        cls,
        values: Tensor,
        kind: str,
        valid: Tensor | None = None,
        camera: Pinhole | None = None,
        source: str = "",
        measured: Size | None = None,
        projection: str = "perspective",
    ) -> DepthMap:
        """Validate and build.

        values: (B, H, W) or (H, W), any real dtype and device; non-finite pixels become invalid,
            and so do pixels of a metric map that are not in front of the camera (<= 0).
        valid: bool of the same shape, or None for "wherever `values` is finite".
        measured: at most the size of the map counts, a smaller map holds no more.
        Raises InvalidInput on an unknown kind or projection, an empty map or shapes that do not
        fit.
        """
        if projection not in PROJECTIONS:
            raise InvalidInput(
                f"Unknown projection {projection!r}; use one of {', '.join(PROJECTIONS)}."
            )
        if kind not in KINDS:
            raise InvalidInput(f"Unknown kind of depth {kind!r}; use one of {', '.join(KINDS)}.")
        stack = _as_stack(values, "depth values")
        own = stack.to(torch.float32, copy=True).contiguous()
        mask = torch.ones(own.shape, dtype=torch.bool)
        if valid is not None:
            mask = _as_stack(valid, "valid mask").to(torch.bool, copy=True).contiguous()
            if mask.shape != own.shape:
                raise InvalidInput(
                    f"The valid mask is {tuple(mask.shape)} but the depth is {tuple(own.shape)}; "
                    "give both the same size and batch."
                )
        fine = measured and capped(measured, (own.shape[1], own.shape[2]))
        lens = camera if projection == "perspective" else None
        made = cls(own, kind, mask, lens, source, fine)  # type: ignore[arg-type]
        made._clean_in_place()
        return replace(made, projection=projection)

    @classmethod
    def owning(
        cls,
        values: Tensor,
        kind: str,
        valid: Tensor,
        camera: Pinhole | None = None,
        source: str = "",
        measured: Size | None = None,
    ) -> DepthMap:
        """`make` without a copy, for a map just read: the caller gives both tensors away.

        values: (B, H, W) contiguous float32; valid: the same of bool. Both are changed in place.
        """
        made = cls(values, kind, valid, camera, source, measured)  # type: ignore[arg-type]
        made._clean_in_place()
        return made

    def _clean_in_place(self) -> None:
        """What `values` and `valid` promise, in pieces: a plane of intermediate results each would
        double the memory of a large map."""
        flat, mask = self.values.view(-1).numpy(), self.valid.view(-1).numpy()
        for start in range(0, flat.size, _PIECE):
            values, valid = flat[start : start + _PIECE], mask[start : start + _PIECE]
            valid &= np.isfinite(values)
            if self.kind == "metric":
                valid &= values > 0
            if not valid.all():
                np.copyto(values, 0, where=~valid)

    @property
    def batch(self) -> int:
        return self.values.shape[0]

    @property
    def height(self) -> int:
        return self.values.shape[1]

    @property
    def width(self) -> int:
        return self.values.shape[2]

    @property
    def near_is_large(self) -> bool:
        return self.kind == "disparity"

    def extremes(self) -> tuple[float, float] | None:
        """Smallest and largest valid value of the batch; None where nothing is valid."""
        lows: list[float] = []
        highs: list[float] = []
        # Frame by frame: picking by a mask takes several times the memory of what it looks at.
        for values, valid in zip(self.values, self.valid, strict=True):
            inside = values if bool(valid.all()) else values[valid]
            if inside.numel():
                low, high = torch.aminmax(inside)
                lows.append(low.item())
                highs.append(high.item())
        return (min(lows), max(highs)) if lows else None

    def frame(self, index: int) -> DepthMap:
        """One image of the batch, still with a batch dimension."""
        chosen = slice(index, index + 1) if index != -1 else slice(-1, None)
        photo = None if self.photo is None else self.photo[chosen]
        return replace(self, values=self.values[chosen], valid=self.valid[chosen], photo=photo)

    def for_frames(self, count: int) -> DepthMap:
        """One map for `count` frames, without a copy; any other map as it is."""
        if self.batch != 1 or count == 1:
            return self
        size = count, self.height, self.width
        return replace(self, values=self.values.expand(size), valid=self.valid.expand(size))

    def with_values(
        self, values: Tensor, *, valid: Tensor | None = None, kind: str | None = None
    ) -> DepthMap:
        """New numbers for the same pixels; camera, source, measured resolution and photo stay."""
        mask = self.valid if valid is None else valid
        kind = kind or self.kind
        new = DepthMap.make(values, kind, mask, self.camera, self.source, self.measured)
        return replace(new, photo=self.photo, projection=self.projection)

    def resized(self, height: int, width: int) -> DepthMap:
        """Smoothly resampled map; invalid pixels never bleed into valid ones.

        Normalised bilinear resampling (values and mask are resampled together, then divided),
        antialiased when shrinking. A pixel stays valid where at least half of what it covers is.
        Left and right edge of a panorama are neighbours.
        """
        if (height, width) == (self.height, self.width):
            return self
        sized = _resample_around if self.around else resample
        weight = sized(self.valid[:, None].float(), height, width)[:, 0]
        known = (self.values * self.valid)[:, None]
        value = sized(known, height, width)[:, 0] / weight.clamp_min(1e-6)
        camera = self.camera
        if camera is not None:
            camera = camera.scaled(width / self.width, height / self.height)
        new = DepthMap.make(value, self.kind, weight >= 0.5, camera, self.source, self.measured)
        return replace(new, photo=self.photo, projection=self.projection)

    def cropped(self, top: int, left: int, height: int, width: int) -> DepthMap:
        """Rows top..top + height and columns left..left + width, with the camera of that part.

        Raises InvalidInput for a part of a panorama, which is none.
        """
        if self.around and (height, width) != (self.height, self.width):
            raise InvalidInput(
                "A part of a panorama has no camera of its own. Estimate the depth of a photo cut "
                "out of it instead."
            )
        rows, columns = slice(top, top + height), slice(left, left + width)
        values, valid = self.values[:, rows, columns], self.valid[:, rows, columns]
        fine = self.measured
        if fine is not None:
            fine = capped(
                (round(fine[0] * height / self.height), round(fine[1] * width / self.width)),
                (height, width),
            )
        camera = self.camera.shifted(left, top) if self.camera else None
        photo = self.photo
        if photo is not None:
            tall, wide = photo.shape[1] / self.height, photo.shape[2] / self.width
            photo = photo[
                :,
                round(top * tall) : round((top + height) * tall),
                round(left * wide) : round((left + width) * wide),
            ]
        return replace(self, values=values, valid=valid, camera=camera, measured=fine, photo=photo)

    def __repr__(self) -> str:
        share = self.valid.float().mean().item()
        return (
            f"DepthMap({self.batch}x{self.height}x{self.width} {self.kind}, "
            f"{share:.1%} valid, source={self.source!r})"
        )


def capped(measured: Size, size: Size) -> Size:
    """The measured resolution of a map of `size`: between one pixel and all of them."""
    return (max(1, min(measured[0], size[0])), max(1, min(measured[1], size[1])))


def _as_stack(tensor: Tensor, what: str) -> Tensor:
    stack = tensor.detach().to("cpu")
    if stack.ndim == 2:
        stack = stack[None]
    if stack.ndim != 3 or 0 in stack.shape:
        raise InvalidInput(
            f"The {what} have shape {tuple(tensor.shape)}; a map is (batch, height, width) with at "
            "least one pixel. Check the node that made it."
        )
    return stack


def _resample_around(planes: Tensor, height: int, width: int) -> Tensor:
    """`resample` of a panorama: its outer quarters are made where it is turned by half a circle."""
    found, half = resample(planes, height, width), planes.shape[-1] // 2
    if planes.shape[-1] % 2 or width % 2:
        return found
    turned = resample(planes.roll(half, -1), height, width).roll(-width // 2, -1)
    found[..., : width // 4] = turned[..., : width // 4]
    found[..., width - width // 4 :] = turned[..., width - width // 4 :]
    return found
