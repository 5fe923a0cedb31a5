"""Damaged files for the fuzz tests: every format, cut, flipped, spliced and grown."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.formats import FORMATS, SaveOptions, encode_depth
from genvr_depth.nodes.depthkit.formats.mesh_write import MESH_FORMATS, MeshOptions, encode_mesh

TEXTS = {"workflow": '{"nodes": []}', "prompt": '{"1": {"class_type": "A", "inputs": {}}}'}
# Numbers that headers do not expect: zero, signs, the ends of 16 and 32 bits.
NASTY = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff",
    b"\0\x01",
)


def corpus() -> dict[str, bytes]:
    """One healthy small file of every format and of the main variants."""
    torch.manual_seed(1)
    z = torch.rand(19, 23) * 5 + 1
    z[2, 3] = float("nan")
    depth = DepthMap.make(z, "metric", None, Pinhole(20.0, 20.0, 11.5, 9.5), "scene")
    image = torch.rand(19, 23, 3)
    files = {
        name: encode_depth(depth, image.numpy(), name, SaveOptions(texts=TEXTS)) for name in FORMATS
    }
    for compression in ("none", "zips", "piz"):
        options = SaveOptions(compression=compression, channels="RGB")
        files[f"exr-{compression}"] = encode_depth(depth, None, "exr", options)
    options = MeshOptions(cut=0.0, texts=TEXTS)
    return files | {name: encode_mesh(depth, image, name, options) for name in MESH_FORMATS}


def mutated(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` damaged files, round robin over the corpus; the same seed gives the same files."""
    rng = random.Random(seed)
    files = corpus()
    names = list(files)
    for index in range(count):
        name = names[index % len(names)]
        data = bytearray(files[name])
        for _ in range(rng.choice((1, 1, 2, 3, 8))):
            data = _damage(data, rng, files[rng.choice(names)])
        yield name, bytes(data)


def _damage(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    if not data:
        return data
    # Headers are where sizes live: half of the damage goes there.
    reach = len(data) if rng.random() < 0.5 else min(len(data), 400)
    place = rng.randrange(reach)
    kind = rng.randrange(6)
    if kind == 0:
        data[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[place] = rng.randrange(256)
    elif kind == 2:
        nasty = rng.choice(NASTY)
        data[place : place + len(nasty)] = nasty
    elif kind == 3:
        del data[place : place + rng.randrange(1, 64)]
    elif kind == 4:
        data = data[:place]
    else:
        start = rng.randrange(len(other))
        data[place:place] = other[start : start + rng.randrange(1, 64)]
    return data
