"""Two maps of one view made one: here the first, there the second, without a step between them.

The second is brought to the scale of the first on what both know; where one gives way to the other
they are mixed over a few pixels, metres by their logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..depth_map import DepthMap, capped
from ..errors import InvalidInput
from ..images import SAME_SHAPE, at_frame, check_frames
from ..kernels import box_mean, resample
from ..progress import Progress
from ..ranges import Window, normalise
from .align import Affine, fit_affine_robust
from .fill import push_pull
from .merge_rules import NEAR_FAR, RULES, Places, findings_mask, lies_behind

__all__ = ["ALIGNMENTS", "NEAR_FAR", "RULES", "MergeOptions", "Merged", "findings_mask", "merge"]

ALIGNMENTS = ("scale and shift", "scale", "scale and shift of logarithms", "off")
_LOGARITHMS = ALIGNMENTS[2]
# At least so many pixels must be known to both.
_FEWEST = 16


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """rule: which map is taken where, see RULES. nearness: 0 farthest .. 1 nearest of the first
    map, where "near from first" changes over. feather: pixels over which they are mixed. align:
    what is fitted to the first map."""

    rule: str = "first where valid"
    nearness: float = 0.5
    feather: int = 8
    align: str = ALIGNMENTS[0]

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InvalidInput(f"Unknown rule {self.rule!r}; use one of {', '.join(RULES)}.")
        if self.align not in ALIGNMENTS:
            raise InvalidInput(
                f"Unknown alignment {self.align!r}; use one of {', '.join(ALIGNMENTS)}."
            )
        if not 0 <= self.nearness <= 1 or not 0 <= self.feather <= 1024:
            raise InvalidInput("nearness is 0 to 1, and the feather 0 to 1024 pixels.")


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """depth: of the first map's kind, size and camera; second: (B, H, W) float32, the share of the
    second map at each pixel; report: words."""

    depth: DepthMap
    second: Tensor
    report: str


def merge(
    first: DepthMap,
    second: DepthMap,
    mask: Tensor | None = None,
    options: MergeOptions | None = None,
    *,
    on_progress: Progress | None = None,
) -> Merged:
    """The first map with parts of the second.

    second: any size and kind, one frame or as many as the first has; mask: (B or 1, H, W), where
    above 0.5 the rule "mask" takes the second. Raises InvalidInput where the maps do not show the
    same frame or know nothing in common, MissingInformation where the rule needs a mask.
    """
    options = options or MergeOptions()
    check_frames(second.values, first.batch, "second")
    _check_shape(first, second)
    if mask is not None:
        check_frames(mask, first.batch, "mask")
        mask = resample(mask[:, None].float(), first.height, first.width)[:, 0]
    nearer = normalise(first, Window())
    values, valid = torch.empty_like(first.values), torch.empty_like(first.valid)
    shares, fits = torch.empty_like(first.values), list[str]()
    for index in range(first.batch):
        other = second.frame(min(index, second.batch - 1)).resized(first.height, first.width)
        frame = first.frame(index)
        near = nearer[index] if first.near_is_large else 1 - nearer[index]
        chosen = None if mask is None else at_frame(mask, index)
        aligned, known, fit = _second_in_units(frame, other, options.align)
        behind = partial(lies_behind, frame, aligned, known)
        wanted = RULES[options.rule](Places(near, behind, chosen, options.nearness))
        fits.append(fit)
        share = _feathered(wanted, frame.valid[0], known, options.feather)
        values[index] = _mixed(frame, aligned, share, options.feather)
        valid[index] = torch.where(share > 0.5, known, frame.valid[0])
        shares[index] = share
        if on_progress is not None:
            on_progress(index + 1, first.batch)
    measured = first.measured and capped(first.measured, (first.height, first.width))
    source = f"{first.source or 'first'} + {second.source or 'second'}"
    depth = DepthMap.make(
        values, first.kind, valid, first.camera, source, measured, first.projection
    )
    part = shares.mean().item()
    report = f"{part:.1%} of the pixels are the second map's; {fits[0]}"
    if len(set(fits)) > 1:
        report += f" (frame 1 of {len(fits)}, each has its own)"
    return Merged(depth, shares, report)


def _check_shape(first: DepthMap, second: DepthMap) -> None:
    ratio = (second.width * first.height) / (second.height * first.width)
    slack = SAME_SHAPE + 1 / min(first.height, first.width, second.height, second.width)
    if not 1 / slack <= ratio <= slack:
        raise InvalidInput(
            f"The first map is {first.width} x {first.height} and the second {second.width} x "
            f"{second.height}: they do not show the same frame. Use two maps of one photo, "
            "uncropped."
        )


def _second_in_units(first: DepthMap, second: DepthMap, align: str) -> tuple[Tensor, Tensor, str]:
    """The second's values in the units of the first, where they are known, and the fit in words."""
    logarithms = align == _LOGARITHMS
    x, y = _logarithms(first, second) if logarithms else _comparable(first, second)
    both = first.valid[0] & second.valid[0]
    if align == "off":
        fit = Affine(1.0, 0.0)
        if first.kind != second.kind:
            raise InvalidInput(
                f"The first map is {first.kind} and the second {second.kind}: without alignment "
                "they cannot be merged. Set align to scale and shift."
            )
    elif both.sum() < _FEWEST:
        raise InvalidInput(
            "The two maps know hardly a pixel in common, so the second cannot be brought to the "
            "scale of the first. Set align to off if both are in metres already."
        )
    elif align == "scale":
        fit = Affine((y[both] / x[both].clamp_min(1e-9)).median().item(), 0.0)
    else:
        fit = fit_affine_robust(x, y, both)
    if fit.scale <= 0:
        raise InvalidInput(
            "Where both maps know the depth, one grows where the other falls: near and far are "
            "swapped in one of them, or they show different views. Look at both in Preview Depth."
        )
    found, known = fit(x), second.valid[0].clone()
    if logarithms:
        found = found.exp()
    elif first.kind == "metric":
        # The fit is in 1 / metres; nothing lies behind the camera.
        least = 0.1 * (y[both].min() if bool(both.any()) else found[known].abs().min())
        found = 1 / found.clamp_min(max(least.item(), 1e-6))
    words = f"scale {fit.scale:.4g}, shift {fit.shift:.4g}" if align != "off" else "not aligned"
    return found, known, words


def _comparable(first: DepthMap, second: DepthMap) -> tuple[Tensor, Tensor]:
    """(second, first) as planes that a scale and a shift link: 1 / z where metres take part."""
    x, y = second.values[0], first.values[0]
    if first.kind == "metric":
        y = _inverse_or_zero(y, first.valid[0])
    if second.kind == "metric" and first.kind != "depth":
        x = _inverse_or_zero(x, second.valid[0])
    elif (second.kind == "disparity") == (first.kind == "depth"):
        x = -x
    return x, y


def _logarithms(first: DepthMap, second: DepthMap) -> tuple[Tensor, Tensor]:
    """(second, first) as logarithms that rise with the first's values."""
    for depth, name in ((first, "first"), (second, "second")):
        if bool((depth.values[depth.valid] <= 0).any()):
            raise InvalidInput(
                f"The {name} map has values of 0 or less, which have no logarithm. Set align to "
                "scale and shift."
            )
    x, y = second.values[0].clamp_min(1e-9).log(), first.values[0].clamp_min(1e-9).log()
    return (x if first.near_is_large == second.near_is_large else -x), y


def _inverse_or_zero(values: Tensor, valid: Tensor) -> Tensor:
    return torch.where(valid, 1 / values.clamp_min(1e-6), torch.zeros(()))


def _feathered(wanted: Tensor, first: Tensor, second: Tensor, feather: int) -> Tensor:
    """(H, W) 0..1: the share of the second; whole where only one of the two knows anything."""
    share = wanted.float()
    if feather:
        share = box_mean(share[None], feather)[0]
    share = torch.where(first, share, 1.0)
    return torch.where(second, share, 0.0)


def _mixed(first: DepthMap, second: Tensor, share: Tensor, feather: int) -> Tensor:
    values, valid = first.values[0], first.valid[0]
    metric = first.kind == "metric"
    if metric:
        values, second = values.clamp_min(1e-6).log(), second.clamp_min(1e-6).log()
    if feather and not bool(valid.all()) and bool(valid.any()):
        second = second + _rim_difference(values - second, valid, feather)
    mixed = torch.lerp(values, second, share)
    # Where the first map is alone it stays as it is, to the last bit.
    return torch.where(share == 0, first.values[0], mixed.exp() if metric else mixed)


def _rim_difference(difference: Tensor, valid: Tensor, feather: int) -> Tensor:
    """(H, W) what to add to the second in the holes of the first: the difference at their rim,
    fading inwards. What the first knows stays untouched."""
    from scipy import ndimage

    weight = valid[None, None].float()
    wide = push_pull((difference * valid)[None, None], weight)[0, 0]
    inside = torch.from_numpy(ndimage.distance_transform_edt(~valid.numpy())).float()
    return wide * (1 - inside / (2 * feather)).clamp_min(0) * ~valid
