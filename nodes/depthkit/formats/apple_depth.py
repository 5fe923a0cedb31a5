"""The depth of iPhone portrait photos: an auxiliary grey image whose XMP says what its codes mean.

`apdi` gives the kind (disparity or depth) and the numbers that code 0 and full scale stand for;
`depthData` says whether they are absolute (1/m and m) and gives the calibration of the camera.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, InvalidInput
from .unlabelled import white_of
from .xmp import parse, structures

__all__ = ["AppleDepth", "describes"]

_SPACES = ("ns.apple.com/pixeldatainfo/", "ns.apple.com/depthData/", "depthBlurEffect")
_ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True)
class AppleDepth:
    """What the XMP of an auxiliary image says.

    low, high: values of code 0 and of the largest code; absolute: in metres or 1/m.
    matrix: nine numbers of the intrinsic matrix for an image of `reference` (width, height).
    """

    is_depth: bool
    low: float
    high: float
    absolute: bool
    matrix: tuple[float, ...] = ()
    reference: tuple[float, float] = (0.0, 0.0)

    def depth_map(self, stored: NDArray[np.generic]) -> DepthMap:
        """(H, W) uint8 or uint16 codes -> the map. Raises FormatError on a range that is none."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise FormatError("The range of this photo's depth is damaged; take it from the phone.")
        share = stored.astype(np.float64) / white_of(stored)
        values = self.low + share * (self.high - self.low)
        kind = "depth" if self.is_depth else "disparity"
        if self.absolute:
            kind, usable = "metric", values > 0
            if not self.is_depth:
                values = np.where(usable, 1 / np.where(usable, values, 1.0), np.nan)
        plane = torch.from_numpy(values.astype(np.float32))
        return DepthMap.make(plane, kind, camera=self.camera(stored.shape[1], stored.shape[0]))

    def camera(self, width: int, height: int) -> Pinhole | None:
        """The intrinsics scaled to a map of this size; None where the file has none."""
        if len(self.matrix) != 9 or min(self.reference) <= 0:
            return None
        m = self.matrix
        # Apple writes columns; a matrix in rows has zeros in its last row instead.
        cx, cy = (m[6], m[7]) if m[6] or m[7] else (m[2], m[5])
        try:
            whole = Pinhole(m[0], m[4], cx, cy)
        except InvalidInput:
            return None
        return whole.scaled(width / self.reference[0], height / self.reference[1])


def describes(packet: str) -> AppleDepth | None:
    """What an XMP packet says of a depth image; None where it belongs to something else."""
    if not any(space in packet for space in _SPACES):
        return None
    facts: dict[str, str] = {}
    for found in structures(packet):
        for key, value in found.items():
            facts.setdefault(key, value)
    kind = facts.get("AuxiliaryImageType", "disparity").lower()
    if "FloatMaxValue" not in facts or not ("disparity" in kind or "depth" in kind):
        return None
    return AppleDepth(
        "depth" in kind,
        _fact_number(facts, "FloatMinValue", 0.0),
        _fact_number(facts, "FloatMaxValue", math.nan),
        facts.get("Accuracy", "").lower() == _ABSOLUTE,
        tuple(_list(packet, "IntrinsicMatrix")),
        (
            _fact_number(facts, "IntrinsicMatrixReferenceWidth", 0.0),
            _fact_number(facts, "IntrinsicMatrixReferenceHeight", 0.0),
        ),
    )


def _fact_number(facts: Mapping[str, str], key: str, absent: float) -> float:
    try:
        return float(facts.get(key, absent))
    except ValueError:
        return math.nan


def _list(packet: str, name: str) -> Sequence[float]:
    """The numbers of a sequence, written as list items or as one text."""
    for element in parse(packet).iter():
        if element.tag.rpartition("}")[2] != name:
            continue
        texts = [e.text for e in element.iter() if e.text and e.text.strip()]
        try:
            return [float(number) for text in texts for number in text.replace(",", " ").split()]
        except ValueError:
            return ()
    return ()
