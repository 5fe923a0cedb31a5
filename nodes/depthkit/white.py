"""What white means in a grey depth image: near or far, with even steps in what.

The loader, Image to Depth, the renderer and the savers share these formulas. A grey g in 0..1
stands for the number

    low + p * (high - low),   p = g where white is the larger number, else 1 - g

between near and far, between 1 / far and 1 / near where the steps are even in disparity, or
between their logarithms (as Marigold V2 and others predict).
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["LOGARITHMIC", "OFFERED", "White"]

# Farthest over nearest distance where nothing says; rooms and streets have about that.
_RATIO = 10.0

Grey = TypeVar("Grey", Tensor, NDArray[np.float64])


class White(Enum):
    """The conventions; the value is the label a user chooses by."""

    NEAR_DISPARITY = "white is near (disparity)"
    NEAR_DISTANCE = "white is near (distance)"
    FAR_DISTANCE = "white is far (distance)"
    FAR_DISPARITY = "white is far (disparity)"
    NEAR_LOG = "white is near (log distance)"
    FAR_LOG = "white is far (log distance)"

    @classmethod
    def of(cls, *, near: bool, disparity: bool) -> White:
        """The convention in which white is `near`, with even steps in `disparity`."""
        if disparity:
            return cls.NEAR_DISPARITY if near else cls.FAR_DISPARITY
        return cls.NEAR_DISTANCE if near else cls.FAR_DISTANCE

    @property
    def near(self) -> bool:
        return self in (White.NEAR_DISPARITY, White.NEAR_DISTANCE, White.NEAR_LOG)

    @property
    def disparity(self) -> bool:
        return self in (White.NEAR_DISPARITY, White.FAR_DISPARITY)

    @property
    def logarithmic(self) -> bool:
        return self in LOGARITHMIC

    @property
    def is_larger(self) -> bool:
        """Whether white is the larger of the numbers whose steps are even."""
        return self.near == self.disparity

    def ends(self, near: float, far: float) -> tuple[float, float]:
        """Smallest and largest of the evenly spaced numbers between two distances."""
        return (1 / far, 1 / near) if self.disparity else (near, far)

    def turned(self, grey: Grey, top: float = 1.0) -> Grey:
        """Grey 0..top to a position that rises with the numbers; its own inverse."""
        return grey if self.is_larger else top - grey

    def metres(self, grey: Grey, near: float, far: float) -> Grey:
        """Distances of grey 0..1 between `near` and `far` metres."""
        if self.logarithmic:
            return near * math.exp(1) ** (self.turned(grey) * math.log(far / near))
        low, high = self.ends(near, far)
        even = low + self.turned(grey) * (high - low)
        return 1 / even if self.disparity else even

    def relative(self, grey: Grey, top: float = 1.0) -> tuple[str, Grey]:
        """Kind and values of grey 0..top of which the distances are not known; logarithms are read
        as if the farthest were ten times as far as the nearest."""
        if self.logarithmic:
            return "depth", self.metres(grey / top, 1.0, _RATIO)
        return ("disparity" if self.disparity else "depth"), self.turned(grey, top)


# What grey images of other tools are; only photos with depth inside have white far in disparity.
OFFERED = (White.NEAR_DISPARITY, White.NEAR_DISTANCE, White.FAR_DISTANCE)
LOGARITHMIC = (White.NEAR_LOG, White.FAR_LOG)
