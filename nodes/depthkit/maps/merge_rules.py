"""Which of two maps is taken where: the rules of Merge Depth and what they choose by."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput, MissingInformation
from ..kernels import box_mean

__all__ = ["NEAR_FAR", "RULES", "Places", "findings_mask", "lies_behind"]

# The box of a finding is a little too tight.
_AROUND = 0.01
# So much farther (a share of the distance, or of the range of relative values) is behind something.
_BEHIND = 0.1
# Relative distances from so large a share of the farthest on are compared by their ratio.
_RATIOS = 0.05
# Places where maps differ are wider than this share of the shorter side; narrower ones are noise.
_NARROW = 0.01


def findings_mask(findings: str, height: int, width: int, *, needed: bool = True) -> Tensor:
    """(1, H, W) float32: 1 in the boxes that Check Depth marks as glass, mirrors or water.

    findings: its 'json' output. Raises InvalidInput where it is not, and MissingInformation where
    the boxes are needed and it has none.
    """
    try:
        listed: list[dict[str, Any]] = json.loads(findings)["findings"]
        boxes = [
            tuple(float(found["numbers"][f"{side}_{index}"]) for side in _SIDES)
            for found in listed
            if found["code"] == "transparent"
            for index in range(1, int(found["numbers"]["patches"]) + 1)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            "The input 'findings' is not what Check Depth says. Connect its 'json' output."
        ) from error
    if needed and not boxes:
        raise MissingInformation(
            "Check Depth found no glass, mirror or water, so that there is nothing to take from "
            "the second map. Draw a mask, or choose another rule."
        )
    mask = torch.zeros(1, height, width)
    for left, top, right, bottom in boxes:
        rows = slice(_pixel(top - _AROUND, height), _pixel(bottom + _AROUND, height))
        mask[:, rows, _pixel(left - _AROUND, width) : _pixel(right + _AROUND, width)] = 1
    return mask


_SIDES = ("left", "top", "right", "bottom")


def _pixel(share: float, length: int) -> int:
    return min(max(round(share * length), 0), length)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What a rule chooses by, (H, W) each: the nearness of the first map 0..1, where the second
    lies behind it (bool; worked out when asked for), and the mask; nearness: where near ends."""

    near: Tensor
    behind: Callable[[], Tensor]
    mask: Tensor | None
    nearness: float


_Rule = Callable[[Places], Tensor]
"""The places to (H, W) bool: take the second."""


def _holes_only(places: Places) -> Tensor:
    """Nothing of what the first knows: its holes are the second's under every rule."""
    return torch.zeros_like(places.near, dtype=torch.bool)


def _weights_of_mask(places: Places) -> Tensor:
    if places.mask is None:
        raise MissingInformation(
            "The rule 'mask' needs to know where the second map is taken: connect a mask, white "
            "there, or the json of Check Depth to 'findings'."
        )
    return places.mask > 0.5


def _far(places: Places) -> Tensor:
    return places.near < places.nearness


def _farther(places: Places) -> Tensor:
    behind = places.behind()
    return behind if places.mask is None else behind | (places.mask > 0.5)


NEAR_FAR = "near from first, far from second"
RULES: dict[str, _Rule] = {
    "first where valid": _holes_only,
    "mask": _weights_of_mask,
    NEAR_FAR: _far,
    "second where farther": _farther,
}


def lies_behind(first: DepthMap, second: Tensor, known: Tensor) -> Tensor:
    """(H, W) bool: where the second, in the units of the first, lies clearly farther."""
    values, valid = first.values[0], first.valid[0] & known
    low, high = np.percentile(values[valid].numpy(), (1, 99)) if bool(valid.any()) else (0.0, 1.0)
    if first.kind == "metric" or (first.kind == "depth" and low > _RATIOS * high):
        gap = (second.clamp_min(1e-6) / values.clamp_min(1e-6)).log()
    else:
        gap = (values - second) if first.near_is_large else (second - values)
        gap = gap / max(float(high - low), 1e-6)
    radius = max(1, round(_NARROW * min(values.shape)))
    return box_mean(((gap > _BEHIND) & valid).float()[None], radius)[0] > 0.5
