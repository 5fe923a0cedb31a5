"""HDF5 depth of BlenderProc and Hypersim through h5py, which is an extra: genvr-depth[hdf5]."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import IO, Any

from ..depth_map import DepthMap
from ..errors import FormatError, FormatUnavailable
from .array_frames import frame_shape
from .clips import joined, wanted_numbers
from .guard import damaged_is_an_error
from .options import LoadOptions
from .streams import byte_count
from .unlabelled import Plane, understand

__all__ = ["decode", "layers", "recognises"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
# BlenderProc: depth along the axis, distance along the ray. Hypersim: dataset, along the ray.
_ALONG_AXIS = ("depth",)
_ALONG_RAY = ("distance", "dataset")
_MAX_DATASETS = 1000
_DEFLATE_RATIO = 1032


def recognises(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def _h5py() -> ModuleType:
    try:
        import h5py
    except ImportError as error:
        raise FormatUnavailable(
            "HDF5 files need the package h5py, which is not installed: pip install h5py."
        ) from error
    return h5py


def decode(file: IO[bytes], options: LoadOptions) -> DepthMap:
    """The data set called depth, distance or dataset, or as `options.channel` says."""
    length = byte_count(file)
    with damaged_is_an_error("HDF5"), _h5py().File(file, "r") as tree:
        name = _chosen(_numbers(tree), options.channel)
        found = tree[name]
        if found.is_virtual or found.external:
            raise FormatError(f"{name!r} of this HDF5 lies in another file; copy it into this one.")
        count, height, width = frame_shape(tuple(found.shape), found.dtype)
        if found.nbytes > max(1 << 20, length * _DEFLATE_RATIO):
            raise FormatError("This HDF5 is cut short: it promises more than it can hold.")
        numbers = wanted_numbers(1, count, options)
        own = replace(options, common=True) if count > 1 else options
        frames = (
            _map_of_dataset(
                found[number - 1] if count > 1 else found[()], (height, width), name, own
            )
            for number in numbers
        )
        return joined(frames, len(numbers))


def _map_of_dataset(
    values: Any, size: tuple[int, int], name: str, options: LoadOptions
) -> DepthMap:
    plain = name.rpartition("/")[2].lower()
    pixels = values.reshape(size).astype(values.dtype.newbyteorder("="), copy=False)
    plane = Plane(
        pixels,
        None,
        f"HDF5 ({name})",
        metric=plain in _ALONG_AXIS,
        ray=plain in _ALONG_RAY,
        layer=name,
    )
    return understand(plane, options)


def layers(file: IO[bytes]) -> list[str]:
    """Names of the data sets that are maps, those called depth first. Raises FormatError."""
    with damaged_is_an_error("HDF5"), _h5py().File(file, "r") as tree:
        return _numbers(tree)


def _numbers(tree: Any) -> list[str]:
    """Links to other files are not followed."""
    h5py = _h5py()
    found: list[str] = []

    def look(name: str, item: Any) -> bool | None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fui" and item.ndim >= 2:
            found.append(name)
        return True if len(found) >= _MAX_DATASETS else None

    tree.visititems(look)
    known = (*_ALONG_AXIS, *_ALONG_RAY)
    return sorted(found, key=lambda n: known.index(n.lower()) if n.lower() in known else len(known))


def _chosen(names: list[str], wanted: str) -> str:
    if wanted:
        same = [n for n in names if wanted in (n, n.rpartition("/")[2])]
    else:
        same = [n for n in names if n.rpartition("/")[2].lower() in (*_ALONG_AXIS, *_ALONG_RAY)]
        same = same[:1] or (names if len(names) == 1 else [])
    if not same:
        raise FormatError(
            f"The HDF5 holds {', '.join(names[:24]) or 'no maps'}; type the name of the depth into "
            "'channel'."
        )
    return same[0]
