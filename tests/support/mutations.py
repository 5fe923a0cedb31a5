"""Damaged files for the fuzz tests: every reader, its file cut, flipped, spliced and grown."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from genvr_depth.nodes.depthkit.depth_map import DepthMap, Pinhole
from genvr_depth.nodes.depthkit.formats import FORMATS, SaveOptions, encode_depth, xmp
from genvr_depth.nodes.depthkit.formats.mesh_write import MESH_FORMATS, MeshOptions, encode_mesh
from PIL import Image

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
    files |= foreign()
    return files | {name: encode_mesh(depth, image, name, options) for name in MESH_FORMATS}


def foreign() -> dict[str, bytes]:
    """What only other programs write: phone photos, HEIC, HDF5, odd TIFF, layered EXR, DPT."""
    import io
    import struct

    import numpy as np
    import OpenEXR
    import tifffile
    from heic_file import depth_of, exif, heic, picture

    rng = np.random.default_rng(5)
    metres = (rng.random((24, 40)) * 5 + 1).astype("f4")
    codes = rng.integers(1, 255, (64, 64), np.uint8)
    photo = rng.integers(0, 255, (64, 64, 3), np.uint8)

    def saved(write) -> bytes:
        stream = io.BytesIO()
        write(stream)
        return stream.getvalue()

    apple, android = phone_xmp(len(png_of(codes)))
    jpeg = saved(lambda s: Image.fromarray(photo).save(s, "JPEG"))
    grey = saved(lambda s: Image.fromarray(codes).save(s, "JPEG"))
    layers = {f"ViewLayer.{n}.Z": metres for n in ("Depth", "Mist", "AO")}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    parts = [OpenEXR.Part({**header, "name": name}, {"Z": metres}) for name in ("rgba", "depth")]
    files = {
        "iphone-jpeg": jpeg + xmp.insert(grey, apple, "<a/>"),
        "dynamic-depth": xmp.insert(jpeg, android, "<a/>") + png_of(codes) + b"SEFT" * 9,
        "exr-layers": saved(lambda s: OpenEXR.File(header, layers).write(s)),
        "exr-parts": saved(lambda s: OpenEXR.File(parts).write(s)),
        "dpt": struct.pack("<f2i", 202021.25, 40, 24) + metres.tobytes(),
        "npz-clip": saved(
            lambda s: np.savez_compressed(s, depths=np.stack([metres] * 3), K=np.eye(3))
        ),
        "png-packed": png_of(photo),
    }
    for kind in ("f2", "f8", "i1", "u4"):
        files[f"tiff-{kind}"] = saved(
            lambda s, kind=kind: tifffile.imwrite(
                s, metres.astype(kind), photometric="minisblack", compression="zlib"
            )
        )
    files["tiff-big"] = saved(lambda s: tifffile.imwrite(s, metres, bigtiff=True, tile=(16, 16)))
    files["tiff-lzw"] = saved(
        lambda s: Image.fromarray(metres).save(s, "TIFF", compression="tiff_lzw")
    )
    try:
        import h5py
    except ImportError:
        pass
    else:

        def hdf5(stream) -> None:
            with h5py.File(stream, "w") as file:
                file.create_dataset("depth", data=metres, compression="gzip")

        files["hdf5"] = saved(hdf5)
    items = [picture(photo), exif(6)]
    files["heic"] = heic([*items, *depth_of(codes, len(items) + 1, apple)])
    return files


def png_of(pixels) -> bytes:
    import io

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def phone_xmp(length: int) -> tuple[str, str]:
    """The packets of an iPhone's depth image and of an Android photo with `length` bytes of PNG."""
    apple = (
        f'<rdf:RDF {RDF}><rdf:Description xmlns:a="http://ns.apple.com/pixeldatainfo/1.0/" '
        'a:AuxiliaryImageType="disparity" a:FloatMinValue="0.2" a:FloatMaxValue="2.5"/></rdf:RDF>'
    )
    space = "http://ns.google.com/photos/dd/1.0"
    android = (
        f'<rdf:RDF {RDF}><rdf:Description xmlns:I="{space}/item/" xmlns:D="{space}/depthmap/" '
        'D:Format="RangeInverse" D:Near="0.5" D:Far="8" D:Units="Meters"><I:list>'
        '<I:Item I:Mime="image/jpeg" I:Length="0" I:DataURI="primary"/>'
        f'<I:Item I:Mime="image/png" I:Length="{length}" I:DataURI="android/depthmap"/>'
        "</I:list></rdf:Description></rdf:RDF>"
    )
    return apple, android


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
