"""An image taken apart by depth: masks that add up to one, and layers that composite cleanly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..images import at_frame, check_pixels, resize
from ..maps.fill import push_pull
from ..maps.refine import refine
from ..progress import Progress, part
from ..ranges import Window, control_image, known, normalise, percentile

__all__ = [
    "METHODS",
    "LayerSplit",
    "colour_layers",
    "multi_otsu",
    "nearness",
    "parse_thresholds",
    "split_image",
    "split_layers",
]

Method = Literal["automatic", "equal depth", "equal area", "thresholds"]
METHODS: tuple[str, ...] = get_args(Method)
_BINS = 256
# Far apart, also after an encoder has blurred them.
_REGION_COLOURS = torch.tensor(
    [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (0, 0, 0)],
    dtype=torch.float32,
)


@dataclass(frozen=True, slots=True, eq=False)
class LayerSplit:
    """masks: (B, N, H, W) float32, nearest layer first; at every pixel they add up to exactly 1.

    thresholds: (B, N - 1) nearness 0..1 at which one layer ends and the next begins, falling.
    """

    masks: Tensor
    thresholds: Tensor

    @property
    def count(self) -> int:
        return self.masks.shape[1]

    @property
    def foreground(self) -> Tensor:
        """(B, H, W): the nearest layer."""
        return self.masks[:, 0]

    @property
    def midground(self) -> Tensor:
        """(B, H, W): all between the nearest and the farthest layer; empty for two layers."""
        return self.masks[:, 1:-1].sum(1)

    @property
    def background(self) -> Tensor:
        """(B, H, W): the farthest layer, sky included."""
        return self.masks[:, -1]

    @property
    def color_map(self) -> Tensor:
        """(B, H, W, 3): one flat colour for each layer, that of the strongest mask."""
        return _REGION_COLOURS[self.masks.argmax(1)]

    @property
    def text(self) -> str:
        """The thresholds, as the node's own `thresholds` input takes them."""
        return ", ".join(f"{cut:.3f}" for cut in self.thresholds[0].tolist())


def parse_thresholds(text: str) -> tuple[float, ...]:
    """Numbers separated by commas or spaces. Raises InvalidInput on anything else."""
    try:
        return tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise InvalidInput(
            f"The thresholds {text!r} are not numbers; write for example 0.66, 0.33."
        ) from None


def split_image(
    depth: DepthMap,
    image: Tensor | None,
    count: int = 3,
    method: str = "automatic",
    *,
    thresholds: tuple[float, ...] = (),
    feather: float = 0.0,
    on_progress: Progress | None = None,
) -> tuple[LayerSplit, Tensor]:
    """`split_layers`, and the layers in colour, at the image's size.

    image: (B or 1, H, W, 3); a map of another size is refined to it first. None: the depth itself
    in grey stands in. Returns the split and (B * N, H, W, 4).
    """
    if image is None:
        image = control_image(depth)
    elif image.shape[1:3] != (depth.height, depth.width):
        depth = refine(depth, image, on_progress=part(on_progress, 0, 2))
        image = resize(image, depth.height, depth.width)
    split = split_layers(depth, count, method, thresholds=thresholds, feather=feather)
    return split, colour_layers(image, split, on_progress=part(on_progress, 1, 2))


def nearness(depth: DepthMap) -> Tensor:
    """(B, H, W) float32: 0 farthest, 1 nearest, one range for the clip; invalid pixels 0."""
    share = normalise(depth, Window())
    if depth.near_is_large:
        return share
    for frame, valid in zip(share, depth.valid, strict=True):
        torch.sub(1, frame, out=frame).masked_fill_(~valid, 0.0)
    return share


def split_layers(
    depth: DepthMap,
    count: int = 3,
    method: str = "automatic",
    *,
    thresholds: tuple[float, ...] = (),
    feather: float = 0.0,
) -> LayerSplit:
    """Split into `count` layers (2 to 8), invalid pixels (sky) in the farthest.

    method: "equal depth" cuts the range into equal parts, "equal area" gives every layer as many
    pixels, "automatic" cuts in the valleys of the histogram (multi-Otsu), "thresholds" takes
    `thresholds`, nearness 0..1, one fewer than there are layers. feather: width of the soft border
    in nearness, 0 = hard. The clip shares its thresholds. Raises InvalidInput on anything else.
    """
    near = nearness(depth)
    cuts = _thresholds(near, depth.valid, count, method, thresholds)
    if not 0 <= feather <= 1:
        raise InvalidInput(f"A feather of {feather} is not possible; use 0 (hard) to 1.")
    masks = torch.empty(depth.batch, len(cuts) + 1, depth.height, depth.width)
    for index in range(depth.batch):
        _split_frame(near[index], depth.valid[index], cuts, feather, out=masks[index])
    return LayerSplit(masks, torch.tensor(cuts).expand(depth.batch, len(cuts)).clone())


def _split_frame(
    near: Tensor, valid: Tensor, cuts: tuple[float, ...], feather: float, out: Tensor
) -> None:
    """near, valid: (H, W) -> out: (N, H, W)."""
    # Nearer than cut k or not: rising in k, so that differences are the layers.
    before = torch.zeros_like(near)
    for index, cut in enumerate(cuts):
        bound = _exact(_soft_step(near, cut, feather).masked_fill(~valid, 0.0))
        bound = torch.maximum(bound, before)
        torch.sub(bound, before, out=out[index])
        before = bound
    torch.sub(1.0, before, out=out[-1])


def _thresholds(
    near: Tensor, valid: Tensor, count: int, method: str, thresholds: tuple[float, ...]
) -> tuple[float, ...]:
    if method == "thresholds":
        chosen = tuple(sorted(thresholds, reverse=True))
        if not 1 <= len(chosen) <= 7 or len(set(chosen)) != len(chosen):
            raise InvalidInput(
                "Give 1 to 7 different thresholds, for example 0.66, 0.33 for three layers."
            )
        if not all(0 < t < 1 for t in chosen):
            raise InvalidInput(
                f"Thresholds lie between 0 (farthest) and 1 (nearest), not {thresholds}."
            )
        return chosen
    if not 2 <= count <= 8:
        raise InvalidInput(f"{count} layers cannot be made; use 2 to 8.")
    equal = tuple(1 - k / count for k in range(1, count))
    if method == "equal depth" or not bool(valid.any()):
        return equal
    # Frame by frame: picking by mask takes many times what it picks.
    inside = map(known, near, valid)
    if method == "equal area":
        return tuple(percentile(list(inside), tuple(100 * cut for cut in equal)).tolist())
    if method != "automatic":
        raise InvalidInput(f"Unknown method {method!r}; use one of {', '.join(METHODS)}.")
    histogram = torch.zeros(_BINS, dtype=torch.float64)
    for frame in inside:
        histogram += torch.histc(frame, _BINS, 0, 1)
    return multi_otsu(histogram, count)


def multi_otsu(histogram: Tensor, count: int) -> tuple[float, ...]:
    """Thresholds, falling, that minimise the variance inside the classes (Otsu 1979; Liao 2001).

    histogram: (N,) counts over 0..1; count: classes. Exact, by dynamic programming over the last
    bin of each class: O(count * N^2). Among equal optima, in the empty bins between two heaps, the
    middle of the valley is taken.
    """
    bins = len(histogram)
    weight = torch.cat([torch.zeros(1), histogram.cpu()]).double().cumsum(0)
    position = (torch.arange(bins).double() + 0.5) / bins
    moment = torch.cat([torch.zeros(1).double(), (position * histogram.cpu().double())]).cumsum(0)
    mass = weight[None, :] - weight[:, None]
    # Between-class variance up to a constant: (sum of positions)^2 / count of each class [a, b).
    gain = (moment[None, :] - moment[:, None]) ** 2 / mass.clamp_min(1e-12)
    gain = torch.where(mass > 0, gain, torch.zeros(())).triu(1)
    gain.masked_fill_(torch.ones(bins + 1, bins + 1).tril(0).bool(), -torch.inf)
    best, sources = gain[0], []
    for _ in range(count - 1):
        total = best[:, None] + gain
        best, source = total.max(0)
        sources.append(source)
    cuts, end = [], bins
    for source in reversed(sources):
        end = int(source[end])
        cuts.append(_valley(weight, end, bins))
    return tuple(cuts)


def _valley(weight: Tensor, cut: int, bins: int) -> float:
    """The middle of the empty bins around a cut."""
    same = (weight == weight[cut]).nonzero()[:, 0]
    first, last = int(same[0]), int(same[-1])
    return 0.5 * (first + last) / bins if first > 0 and last < bins else cut / bins


def _soft_step(near: Tensor, cut: float, feather: float) -> Tensor:
    # Narrower than float32 tells two nearnesses apart; smaller yet, it would divide by zero.
    if feather < torch.finfo(torch.float32).eps:
        return (near >= cut).float()
    return ((near - cut) / feather + 0.5).clamp(0, 1)


def _exact(mask: Tensor) -> Tensor:
    """Rounded to 1/65536: differences and sums of such numbers are exact in float32."""
    return (mask * 65536).round() / 65536


def colour_layers(
    image: Tensor,
    split: LayerSplit,
    *,
    on_progress: Progress | None = None,
) -> Tensor:
    """RGBA layers, nearest first: (B * N, H, W, 4) float32; frame 0's layers come first.

    image: (B or 1, H, W, 3). Alpha (straight) is the layer's share of what the nearer layers let
    through, so that the layers laid over each other give the image back. For that a layer keeps
    the image's own colour wherever its mask is above 0: where the image itself blends two
    layers (a smoothed outline), or a feather shares pixels, both layers keep a rim of the blend.
    Where a layer is transparent its colour continues from inside: a hard outline leaves no fringe
    when the layer is blurred, scaled or moved.
    """
    batch, count, height, width = split.masks.shape
    check_pixels(image, batch, height, width)
    layers = torch.empty(batch * count, height, width, 4)
    for index in range(batch):
        planes = at_frame(image, index).movedim(-1, 0)[None]
        through = torch.ones(height, width)
        for layer, mask in zip(layers[index * count :], split.masks[index], strict=False):
            alpha = torch.where(through > 0, mask / through.clamp_min(1e-6), 0.0)
            layer[..., :3] = _extended(planes, mask).movedim(0, -1)
            layer[..., 3] = alpha.clamp(0, 1)
            through = (through - mask).clamp_min(0)
        if on_progress is not None:
            on_progress(index + 1, batch)
    return layers


def _extended(planes: Tensor, mask: Tensor) -> Tensor:
    """(3, H, W): the image inside the mask, beyond it the colours of its solid part."""
    # Soft pixels carry the colours of two layers; they teach only where nothing is solid.
    teach = (mask >= mask.max().clamp(1e-6, 1)).float()
    return torch.where(mask > 0, planes[0], push_pull(planes, teach[None, None])[0])
