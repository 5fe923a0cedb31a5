"""The built-in depth network: small, trained from nothing on scenes of our own (see training/).

A residual encoder to 1/32, five attention blocks there for the layout of the whole image, and a
decoder that enlarges bilinearly (no transposed convolution, so no checkerboard) up to 1/2.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..errors import InvalidInput, ModelError
from .efficientnet_lite import CHANNELS, EfficientNetLite
from .packed_weights import DamagedWeights, MixedWeights, read_tensors, unpacked
from .working_size import nearest_multiple

__all__ = ["INNER_SIZE", "MULTIPLE", "WIDTHS", "BuiltinDepth", "load_builtin"]

INNER_SIZE = 342
MULTIPLE = 32
WIDTHS = (24, 40, 80, 144, 224)
_HEADS = 4
_POSITIONS = 4  # channels that say where on the image a token is
_SMALL = 0.625  # of the working size: about the size of the images that it was trained on


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class _Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut; the first may halve the size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = _conv(inputs, outputs, 3, stride)
        self.second = _conv(outputs, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else _conv(inputs, outputs, 1)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        body = self.second(F.relu(self.first(x), inplace=True))
        pooled = F.avg_pool2d(x, self.stride) if self.stride > 1 else x
        return F.relu(body + self.shortcut(pooled), inplace=True)


class _Attention(nn.Module):
    """Pre-norm transformer block over the positions of a map (B, C, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_mix, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        batch, width, height, length = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        mixed = self.query_key_value(self.norm_mix(tokens))
        shape = (batch, height * length, 3, _HEADS, width // _HEADS)
        query, key, value = mixed.reshape(shape).permute(2, 0, 3, 1, 4)
        heads = F.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.out(heads.transpose(1, 2).reshape(tokens.shape))
        tokens = tokens + self.feed(self.norm_feed(tokens))
        return tokens.transpose(1, 2).reshape(x.shape)


class _Join(nn.Module):
    """Brings features of the pretrained encoder to a width; contributes nothing when new."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        inner = 2 * min(inputs, 2 * outputs)
        self.reduce = _conv(inputs, inner, 1)
        self.out = nn.Conv2d(inner, outputs, kernel, 1, kernel // 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.out(F.relu(self.reduce(x), inplace=True))


class _Up(nn.Module):
    """Enlarges to the skip's size, adds the skip and the pretrained features, refines."""

    def __init__(self, inputs: int, skip: int, joined: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.reduce = _conv(inputs, outputs, 1)
        self.lateral = _conv(skip, outputs, 1)
        self.join = _Join(joined, outputs)
        self.refine = nn.Sequential(*(_Residual(outputs, outputs) for _ in range(blocks)))

    def forward(self, x: Tensor, skip: Tensor, joined: Tensor) -> Tensor:
        reduced = self.reduce(x)
        large = F.interpolate(reduced, size=skip.shape[-2:], mode="bilinear", align_corners=False)
        sides = self.lateral(skip) + self.join(joined)
        return self.refine(F.relu(large + sides, inplace=True))


def _position_planes(like: Tensor) -> Tensor:
    """(1, 4, H, W): x and y in -1..1 and their squares, for a map of that size."""
    y = torch.linspace(-1, 1, like.shape[-2], device=like.device, dtype=like.dtype)
    x = torch.linspace(-1, 1, like.shape[-1], device=like.device, dtype=like.dtype)
    y, x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([x, y, x * x, y * y])[None]


class BuiltinDepth(nn.Module):
    """Disparity of photographs, (B, 3, H, W) float 0..1 -> (B, H, W), larger = nearer.

    Affine-invariant: scale and shift mean nothing. H and W must be multiples of `MULTIPLE`
    (InvalidInput otherwise); 4:3 with `INNER_SIZE` on the longer side is what was measured.
    In evaluation mode the image is looked at twice, as it is for the outlines and at `_SMALL` of
    the size for the layout, each time `mirrored`; the answers are averaged.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = WIDTHS
        joined = CHANNELS
        self.encoder = EfficientNetLite()
        self.stem = nn.Sequential(_conv(3, a, 3, 2), nn.ReLU(inplace=True))
        self.quarter = nn.Sequential(_Residual(a, b, 2))
        self.eighth = nn.Sequential(_Residual(b, c, 2), _Residual(c, c))
        self.sixteenth = nn.Sequential(_Residual(c, d, 2), *(_Residual(d, d) for _ in range(3)))
        self.deepest = nn.Sequential(_conv(d + _POSITIONS, e, 3, 2), nn.ReLU(inplace=True))
        self.context = nn.Sequential(*(_Attention(e) for _ in range(5)))
        self.join_deepest = _Join(joined[4], e, 1)
        self.up_sixteenth = _Up(e, d, joined[3], c, 2)
        self.up_eighth = _Up(c, c, joined[2], c * 3 // 4, 1)
        self.up_quarter = _Up(c * 3 // 4, b, joined[1], b, 1)
        self.up_half = _Up(b, a, joined[0], a, 0)
        self.head = nn.Sequential(
            nn.Conv2d(a, a, 3, 1, 1), nn.ReLU(inplace=True), nn.Conv2d(a, 1, 3, 1, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        if height % MULTIPLE or width % MULTIPLE:
            raise InvalidInput(
                f"The built-in depth model needs sides that are multiples of {MULTIPLE}, "
                f"got {width}x{height}; resize the image first."
            )
        if self.training:
            return self._single(images, self.encoder(images))
        size = [nearest_multiple(_SMALL * side, MULTIPLE) for side in (height, width)]
        small = F.interpolate(images, size=size, mode="bilinear", align_corners=False)
        answer = self.mirrored(small)[:, None]
        answer = F.interpolate(answer, size=(height, width), mode="bilinear", align_corners=False)
        return (self.mirrored(images) + answer[:, 0]) / 2

    def encoders(self) -> tuple[nn.Module, ...]:
        """What reads the image; the rest makes depth of it."""
        return self.encoder, self.stem, self.quarter, self.eighth, self.sixteenth

    def mirrored(self, images: Tensor) -> Tensor:
        """The mean of the answers to the images and to their mirror images, at their size.

        The pretrained encoder looks once, its features are mirrored: an eighth of the time less for
        the same accuracy.
        """
        joined = self.encoder(images)
        flipped = [features.flip(-1) for features in joined]
        answer = self._single(images.flip(-1), flipped).flip(-1)
        return (self._single(images, joined) + answer) / 2

    def _single(self, images: Tensor, joined: list[Tensor]) -> Tensor:
        """The answer to the images, with the pretrained encoder's features of them."""
        height, width = images.shape[-2:]
        half = self.stem((images - 0.45) / 0.25)
        quarter = self.quarter(half)
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        where = _position_planes(sixteenth).expand(len(images), -1, -1, -1)
        x = self.deepest(torch.cat([sixteenth, where], dim=1)) + self.join_deepest(joined[4])
        x = self.up_sixteenth(self.context(x), sixteenth, joined[3])
        x = self.up_quarter(self.up_eighth(x, eighth, joined[2]), quarter, joined[1])
        x = self.head(self.up_half(x, half, joined[0]))
        return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)[:, 0]


def _folded(model: BuiltinDepth) -> BuiltinDepth:
    """Batch normalisation folded into the convolutions before it: the same answers, sooner."""
    for pair in [m for m in model.modules() if isinstance(m, nn.Sequential) and len(m) == 2]:
        conv, norm = pair
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            pair[0], pair[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return model


def load_builtin(
    path: str | Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> BuiltinDepth:
    """The network with weights from a safetensors file, ready to predict.

    The file holds them packed (see `packed_weights`) or as floats, and may be compressed by gzip.
    Raises ModelError where it is absent, damaged or made for another layout.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(
            f"The built-in depth weights are not there: {path.name} is missing from the pack. "
            "Reinstall the pack, or connect a downloaded depth model instead."
        )
    try:
        stored = read_tensors(path)
    except DamagedWeights as fault:
        raise ModelError(
            f"The built-in depth weights in {path.name} are damaged ({fault}). Reinstall the pack."
        ) from fault
    with torch.device("meta"):
        model = BuiltinDepth()
    try:
        model.load_state_dict(unpacked(stored), assign=True)
    except (RuntimeError, MixedWeights) as fault:
        raise ModelError(
            f"{path.name} holds weights of another network, not of the built-in depth model. "
            "Reinstall the pack."
        ) from fault
    model = _folded(model.eval()).to(device=device, dtype=dtype)
    torch.nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
    return model.requires_grad_(False).eval()
