"""Batches out of shards: random crops, flips and sizes; shards that appear later join in.

Every view comes twice, the second time relit and perhaps without some of its things (or, from
shards without `-relit`, only developed anew), so that the loss can hold both answers together.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .augment import photograph

__all__ = [
    "ANY_VIEW",
    "HELD_BACK",
    "Batches",
    "composed_views",
    "load_relit",
    "load_shard",
    "shard_numbers",
]

_EXPLAINED = 0.4
_TURNED = 0.05  # share of views that are turned by 90 degrees
_STRIPS, _LONGEST = 0.25, 3.0  # share of batches of any aspect up to 1:3 and 3:1
ANY_VIEW = 0.5
"""Share of draws that take any view, however composed."""
HELD_BACK = 9000
"""Shards from this number on are never trained on."""


def shard_numbers(folder: Path) -> list[int]:
    return sorted(int(p.name.split("-")[0]) for p in folder.glob("*-rgb.npy"))


def load_shard(folder: Path, number: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, H, W, 3) uint8 sRGB and (N, H, W) float16 disparity of one shard, mapped from disk."""
    stem = str(folder / f"{number:04d}")
    return np.load(f"{stem}-rgb.npy", mmap_mode="r"), np.load(
        f"{stem}-disparity.npy", mmap_mode="r"
    )


def load_relit(folder: Path, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Like `load_shard`, the views in another light; of what was never drawn, the views' own."""
    paths = [folder / f"{number:04d}-{name}.npy" for name in ("relit", "relit-disparity")]
    rgb, disparity = (
        np.load(path, mmap_mode="r") if path.exists() else own
        for path, own in zip(paths, load_shard(folder, number), strict=True)
    )
    return rgb, disparity


def composed_views(disparity: np.ndarray) -> np.ndarray:
    """(N,) bool: views composed as people compose, nearer towards the bottom.

    That is: row and squared distance from the centre explain at least `_EXPLAINED` of the
    disparity, and it grows downwards.
    """
    small = disparity[:, 6::12, 6::12].astype(np.float64)
    count, h, w = small.shape
    y, x = np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, w), indexing="ij")
    terms = np.stack([np.ones_like(y), y, x * x + y * y], axis=-1).reshape(-1, 3)
    flat = small.reshape(count, -1).T
    solution = np.linalg.lstsq(terms, flat, rcond=None)[0]
    rest = ((flat - terms @ solution) ** 2).sum(0)
    whole = ((flat - flat.mean(0)) ** 2).sum(0) + 1e-9
    return (1 - rest / whole > _EXPLAINED) & (solution[1] > 0)


def _multiple(x: float) -> int:
    return max(64, round(x / 32) * 32)


class Batches:
    """Draws batches for ever."""

    def __init__(self, folders: list[Path], batch: int, seed: int) -> None:
        self.folders, self.batch = folders, batch
        self.rng = random.Random(seed)
        self.shards: list[tuple[Path, int]] = []
        self.composed: dict[tuple[Path, int], np.ndarray] = {}
        self.refresh()

    def refresh(self) -> None:
        """Looks for new shards."""
        found = [(f, n) for f in self.folders for n in shard_numbers(f) if n < HELD_BACK]
        self.shards = found
        for key in found:
            if key not in self.composed:
                self.composed[key] = np.flatnonzero(composed_views(load_shard(*key)[1]))

    def _crop(
        self, pair: np.ndarray, disparity: np.ndarray, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """pair (H, W, 6), disparity (H, W, 2) -> (6, *size) 0..1 and (2, *size), cut alike."""
        if self.rng.random() < _TURNED:
            turns = self.rng.choice((1, 3))
            pair, disparity = np.rot90(pair, turns), np.rot90(disparity, turns)
        height, width = disparity.shape[:2]
        share = 1.0 if self.rng.random() < 0.5 else self.rng.uniform(0.6, 1.0)
        stretch = self.rng.uniform(0.87, 1.15)
        aspect = size[1] / size[0] * stretch
        h = min(height * share, width * share / aspect)
        w = min(h * aspect, width)
        h, w = int(h), int(w)
        top, left = self.rng.randint(0, height - h), self.rng.randint(0, width - w)
        cut = slice(top, top + h), slice(left, left + w)
        images = torch.from_numpy(pair[cut].copy()).permute(2, 0, 1)
        depth = torch.from_numpy(disparity[cut].astype(np.float32)).permute(2, 0, 1)
        if self.rng.random() < 0.5:
            images, depth = images.flip(-1), depth.flip(-1)
        images = F.interpolate(images[None].float() / 255, size, mode="bilinear", antialias=True)
        depth = F.interpolate(depth[None], size, mode="nearest-exact")
        return images[0], depth[0]

    def draw(self, side: float) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) images and (B, H, W) disparity, from shards of one shape.

        Image i + B / 2 shows the view of image i, relit. side: about the geometric mean of H
        and W. B is the batch, rounded down to an even number.
        """
        keys = [self.rng.choice(self.shards)]
        shape = load_shard(*keys[0])[1].shape[1:]
        for other in self.rng.choices(self.shards, k=6):
            if load_shard(*other)[1].shape[1:] == shape:
                keys.append(other)
        aspect = (shape[1] / shape[0]) * self.rng.uniform(0.9, 1.1)
        if self.rng.random() < _STRIPS:
            aspect = math.exp(self.rng.uniform(-1, 1) * math.log(_LONGEST))
        side *= self.rng.uniform(0.9, 1.1)
        size = (_multiple(side / aspect**0.5), _multiple(side * aspect**0.5))
        items = []
        for i in range(self.batch // 2):
            key = keys[i % len(keys)]
            rgb, disparity = load_shard(*key)
            composed = self.composed[key]
            any_view = self.rng.random() < ANY_VIEW or len(composed) == 0
            k = self.rng.randrange(len(rgb)) if any_view else int(self.rng.choice(composed))
            relit, changed = load_relit(*key)
            pair = np.concatenate([rgb[k], relit[k]], axis=-1)
            items.append(self._crop(pair, np.stack([disparity[k], changed[k]], axis=-1), size))
        pairs, truths = (torch.stack(part) for part in zip(*items, strict=True))
        images, truth = torch.cat(pairs.split(3, dim=1)), torch.cat(truths.unbind(1))
        return photograph(images, truth), truth
