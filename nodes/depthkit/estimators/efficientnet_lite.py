"""The pretrained encoder of the built-in depth network: EfficientNet-Lite0.

After Tan and Le 2019 and Liu 2020: plain convolutions with ReLU6, no squeeze-and-excitation. Batch
normalisation is folded into the convolutions, so its statistics cannot drift. Strided convolutions
pad more at the right and bottom, as TensorFlow's "same" does: the ImageNet weights expect that.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["CHANNELS", "EfficientNetLite"]

CHANNELS = (16, 24, 40, 112, 320)
"""Channels of the features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image."""
_STEM = 32
# One entry a scale: runs of blocks (kernel, stride of the first, expansion, channels, blocks).
_STAGES = (
    ((3, 1, 1, 16, 1),),
    ((3, 2, 6, 24, 2),),
    ((5, 2, 6, 40, 2),),
    ((3, 2, 6, 80, 3), (5, 1, 6, 112, 3)),
    ((5, 2, 6, 192, 4), (3, 1, 6, 320, 1)),
)
_MEAN, _SCALE = 127 / 255, 128 / 255  # the weights expect (image * 255 - 127) / 128


class _Conv(nn.Module):
    """Convolution with "same" padding, of even sides where it strides."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        padding = kernel // 2 if stride == 1 else 0
        self.pads = (kernel // 2 - 1, kernel // 2) * 2
        self.strides = stride > 1
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, self.pads) if self.strides else x)


class _Block(nn.Module):
    """Inverted bottleneck: expand, depthwise, project; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion > 1
        self.shortcut = stride == 1 and inputs == outputs
        self.expand = _Conv(inputs, inner) if self.expands else nn.Identity()
        self.depthwise = _Conv(inner, inner, kernel, stride, inner)
        self.project = _Conv(inner, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.expand(x), inplace=True) if self.expands else x
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return y + x if self.shortcut else y


class EfficientNetLite(nn.Module):
    """Images (B, 3, H, W) 0..1, multiples of 32 -> features of five scales (see `CHANNELS`)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Conv(3, _STEM, 3, 2)
        self.stages = nn.ModuleList()
        inputs = _STEM
        for runs in _STAGES:
            blocks: list[nn.Module] = []
            for kernel, stride, expansion, outputs, count in runs:
                for i in range(count):
                    first = stride if i == 0 else 1
                    blocks.append(_Block(inputs, outputs, kernel, first, expansion))
                    inputs = outputs
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, images: Tensor) -> list[Tensor]:
        x = F.relu6(self.stem((images - _MEAN) / _SCALE), inplace=True)
        features: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features
