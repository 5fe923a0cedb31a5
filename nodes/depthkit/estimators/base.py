"""What an estimator is, what a caller may ask of a run, and what comes back.

An estimator is a callable over a batch of equally sized images; the driver owns sizes, memory,
tiles and time. A network is brought to its device by a `Placement`, a callable that whoever
manages memory hands in, so that nothing here knows ComfyUI.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

import torch
from torch import Tensor, nn

from ..depth_map import DepthMap, Kind
from ..errors import InvalidInput

__all__ = [
    "CONSISTENCIES",
    "DETAILS",
    "EDGES_FOR_FREE",
    "ChoosesSize",
    "Estimate",
    "EstimateOptions",
    "Estimator",
    "HasNetwork",
    "KnowsCamera",
    "Placement",
    "Placer",
    "TakesPrompt",
    "WantsMargin",
    "resident",
]

Detail = Literal["auto", "off", "tiles", "edges", "tiles + edges"]
Consistency = Literal["frame", "clip"]
DETAILS: tuple[str, ...] = get_args(Detail)
CONSISTENCIES: tuple[str, ...] = get_args(Consistency)

EDGES_FOR_FREE = 16
"""On one core refining takes 0.2 s a million pixels, the built-in network, the fastest of all, 0.3
s for the 90,000 that it works at; every other takes longer for as many."""

Placement = Callable[[], torch.device]
"""Brings one network to the device it computes on, and says which."""
Placer = Callable[[nn.Module], Placement]
"""Puts a freshly loaded network under the caller's memory management."""


@runtime_checkable
class Estimator(Protocol):
    """A depth model.

    name, licence: for display. kind: what the raw values mean. multiple: both sides of the images
    handed in are multiples of it. inner_size: the shorter side the model was trained for.
    """

    name: str
    kind: Kind
    multiple: int
    inner_size: int
    licence: str

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, h, w) float32 in 0..1 on any device -> (B, h', w') raw values of `kind`.

        h', w' may differ from h, w (some heads answer at another resolution); the driver resizes.
        """
        ...


@runtime_checkable
class ChoosesSize(Protocol):
    """An estimator that cannot work at any size that is a multiple."""

    def choose_size(self, height: int, width: int, short_side: int) -> tuple[int, int]:
        """The (height, width) to bring an image of that size to."""
        ...


@runtime_checkable
class WantsMargin(Protocol):
    """An estimator trained on images in a frame of their own mirror image, which keeps the
    mistakes at the border out of the map; the driver lays the frame and cuts it off again."""

    def margin(self, height: int, width: int) -> tuple[int, int]:
        """Rows above and below, columns left and right of an image; fewer than it has itself."""
        ...


@runtime_checkable
class KnowsCamera(Protocol):
    """An estimator that also measures the lens."""

    def with_fov(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As `__call__`, and the horizontal field of view of each image: (B,) degrees."""
        ...


@runtime_checkable
class TakesPrompt(Protocol):
    """An estimator that measured depth of low resolution guides, as of a phone's LiDAR; without a
    prompt it refuses (InvalidInput)."""

    def with_prompt(self, images: Tensor, prompt: Tensor) -> Tensor:
        """As `__call__`. prompt: (B, h, w) metres, all positive and not all equal, of any size.

        Its grid covers the whole images. InvalidInput where a value is missing: fill it first.
        """
        ...


@runtime_checkable
class HasNetwork(Protocol):
    """An estimator whose network can be watched, so that Stop works inside a long forward pass."""

    network: nn.Module


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """How to run.

    inner_size: shorter side the model works at, in pixels; 0 for the model's own.
    detail: "tiles" adds overlapping tiles at the model's resolution, aligned to the whole image;
        "edges" moves the map's outlines onto the image's (see `refine`); "tiles + edges" does both;
        "auto" is "edges" where that costs less than the network: computed on a CPU, and the image
        has at most `EDGES_FOR_FREE` times the pixels that the network works at.
    consistency: "clip" solves scale and shift of all frames of a shot at once.
    """

    inner_size: int = 0
    detail: str = "off"
    consistency: str = "frame"

    @property
    def tiles(self) -> bool:
        return self.detail.startswith("tiles")

    @property
    def edges(self) -> bool:
        return self.detail.endswith("edges")

    def refines(self, device: torch.device, image: tuple[int, int], inner: tuple[int, int]) -> bool:
        """Whether outlines are moved, for images of a size worked at `inner` on that device."""
        cheap = math.prod(image) <= EDGES_FOR_FREE * math.prod(inner) and device.type == "cpu"
        return self.edges or (self.detail == "auto" and cheap)

    def __post_init__(self) -> None:
        if self.inner_size < 0:
            raise InvalidInput(
                f"A resolution of {self.inner_size} is not possible; use 0 for the model's own."
            )
        if self.detail not in DETAILS:
            raise InvalidInput(f"Unknown detail {self.detail!r}; use one of {', '.join(DETAILS)}.")
        if self.consistency not in CONSISTENCIES:
            raise InvalidInput(
                f"Unknown consistency {self.consistency!r}; use one of {', '.join(CONSISTENCIES)}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What a run gives.

    depth: the map, exactly as large as the images. flicker: mean relative change of the static
    part between neighbouring frames (see `temporal.flicker`), None for a single image.
    notes: one line each about what was done, for the report.
    """

    depth: DepthMap
    flicker: float | None
    notes: tuple[str, ...]


def resident(device: torch.device | str = "cpu", dtype: torch.dtype | None = None) -> Placer:
    """A placer that moves a network once and leaves it there: no host manages memory."""
    target = torch.device(device)

    def place(network: nn.Module) -> Placement:
        network.to(device=target, dtype=dtype)
        return lambda: target

    return place
