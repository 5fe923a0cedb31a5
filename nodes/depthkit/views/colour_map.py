"""Colour maps for display; the numbers stay in the DepthMap.

Each map is seventeen anchor colours, interpolated linearly: within 1/100 of the published tables of
turbo (Google), viridis, magma, inferno (van der Walt and Smith) and ColorBrewer's spectral.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InvalidInput

__all__ = ["COLORMAPS", "colorize"]

_ANCHORS: dict[str, str] = {
    "grey": "000000 ffffff",
    "turbo": (
        "30123b 4040a2 466be3 4294ff 28bceb 18ddc2 32f298 6dfe62 a4fc3c "
        "cdec34 eecf3a fdac34 fb7e21 eb500e d02f05 a91601 7a0403"
    ),
    "viridis": (
        "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c "
        "1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725"
    ),
    "magma": (
        "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 "
        "d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf"
    ),
    "inferno": (
        "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 "
        "d24644 e45a31 f1731d f98e09 fcac11 f9cb35 f2ea69 fcffa4"
    ),
    "spectral": (
        "9e0142 c1274a dd4a4c f06744 f98e52 fdb567 fed481 feec9f ffffbe "
        "eff9a6 d6ee9b b1dfa3 86cfa5 5eb9a9 3d95b8 4471b2 5e4fa2"
    ),
}

COLORMAPS: tuple[str, ...] = tuple(_ANCHORS)


def colorize(values: Tensor, name: str, valid: Tensor | None = None) -> Tensor:
    """Paint values with a colour map.

    values: (..., H, W) float 0..1, clipped; name: one of COLORMAPS; valid: bool of the same shape,
    pixels that are False become black. Returns (..., H, W, 3) float32. Raises InvalidInput on an
    unknown name.
    """
    if name not in _ANCHORS:
        raise InvalidInput(f"Unknown colour map {name!r}; use one of {', '.join(COLORMAPS)}.")
    anchors = _table(_ANCHORS[name])
    position = values.to(torch.float32).clamp(0, 1) * (len(anchors) - 1)
    left = position.floor().clamp_max(len(anchors) - 2).long()
    share = (position - left)[..., None]
    image = torch.lerp(anchors[left], anchors[left + 1], share)
    return image if valid is None else image * valid[..., None]


def _table(anchors: str) -> Tensor:
    rows = [list(bytes.fromhex(anchor)) for anchor in anchors.split()]
    return torch.tensor(rows, dtype=torch.float32) / 255
