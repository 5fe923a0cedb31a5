"""Depth from files on a disk: one file, a video, or numbered files as a clip."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

import torch

from ..depth_map import DepthMap
from ..errors import FormatError
from .clips import ahead, joined
from .depth_video import VIDEOS, load_video, video_photos
from .format_table import HEAD_BYTES, check_known, decode_file, layers_in, photo_beside
from .options import LoadOptions
from .sequences import find_sequence

__all__ = ["READABLE", "clip_frames", "fingerprint", "layers", "load_depth", "load_photo"]

# Extensions worth listing; what a file is, its content decides.
READABLE = frozenset(
    {".png", ".tif", ".tiff", ".exr", ".npy", ".npz", ".pfm"}
    | {".jpg", ".jpeg", ".heic", ".heif", ".hif", ".ply", ".glb", ".obj"}
    | {".h5", ".hdf5", ".dpt"}
    | VIDEOS
)
_MAX_FILE_BYTES = 768 << 20
_MAX_SIDECAR_BYTES = 1 << 26


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def fingerprint(path: Path) -> str:
    """A text that changes when what `load_depth` would read has: the files, or records beside them.

    Raises FormatError where a file cannot be looked at.
    """
    files = [path] if path.is_file() else list(find_sequence(path, READABLE).files.values())
    try:
        facts = [
            one.stat()
            for file in files
            for one in (file, _sidecar(file))
            if one == file or one.is_file()
        ]
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(facts) > 2:
        listed = repr([(fact.st_mtime_ns, fact.st_size) for fact in facts])
        return hashlib.blake2b(listed.encode(), digest_size=16).hexdigest()
    return " ".join(f"{fact.st_mtime_ns}:{fact.st_size}" for fact in facts)


@contextmanager
def _opened(path: Path) -> Generator[IO[bytes], None, None]:
    """The file, unless it is no depth file or too large for one; nothing else is read of those."""
    try:
        with path.open("rb") as file:
            check_known(file.read(HEAD_BYTES))
            size = file.seek(0, os.SEEK_END)
            if size > _MAX_FILE_BYTES:
                raise FormatError(
                    f"{path.name} has {size >> 20} MB; files up to {_MAX_FILE_BYTES >> 20} MB are "
                    "read. Save the depth alone, without other layers."
                )
            yield file
    except OSError as error:  # also of what is read later: disks fail in the middle of a file
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> FormatError:
    return FormatError(f"Cannot read {path.name}: {error.strerror or error}.")


def load_depth(path: Path, options: LoadOptions) -> DepthMap:
    """The depth in a file, a video, a folder or numbered files (`depth.####.exr`).

    A record in `<file>.json` serves a file that has none itself. Raises FormatError on an
    unreadable or damaged file and on a missing frame, and what `table.decode_depth` raises.
    """
    if path.is_file():
        if path.suffix.lower() in VIDEOS:
            return load_video(path, replace(options, name=path.name))
        return _load_file(path, options)
    files = find_sequence(path, READABLE).chosen(options)
    return joined(_numbered_frames(files, options), len(files))


def clip_frames(path: Path, options: LoadOptions) -> Iterator[DepthMap]:
    """The frames of numbered files one after the other; no more than a few are held at once."""
    return _numbered_frames(find_sequence(path, READABLE).chosen(options), options)


def _numbered_frames(files: Sequence[Path], options: LoadOptions) -> Iterator[DepthMap]:
    own = replace(options, common=True, first_frame=0, last_frame=0, step=1)
    return ahead([partial(_load_file, file, own) for file in files])


def _load_file(path: Path, options: LoadOptions) -> DepthMap:
    with _opened(path) as file:
        own = replace(options, sidecar=_text_beside(path), name=path.name)
        depth = decode_file(file, own)
    return depth if depth.source else replace(depth, source=path.name)


def _text_beside(path: Path) -> str:
    beside = _sidecar(path)
    small = beside.is_file() and beside.stat().st_size <= _MAX_SIDECAR_BYTES
    return beside.read_text("utf-8", "replace") if small else ""


def layers(path: Path) -> list[str]:
    """What `LoadOptions.channel` may name in the file, or in the first file of a clip.

    Layers of an EXR, arrays of an NPZ or HDF5, pages of a TIFF, those called depth first; none of
    other formats. Raises FormatError.
    """
    if not path.is_file():
        path = next(iter(find_sequence(path, READABLE).files.values()))
    if path.suffix.lower() in VIDEOS:
        return []
    with _opened(path) as file:
        return layers_in(file)


def load_photo(path: Path, options: LoadOptions) -> torch.Tensor | None:
    """(N, H, W, C) float32 0..1 of the photo that a file holds beside its depth; None without."""
    if path.is_file() and path.suffix.lower() in VIDEOS:
        return video_photos(path, options)
    files = [path] if path.is_file() else find_sequence(path, READABLE).chosen(options)
    photos: list[torch.Tensor] = []
    for one in files:
        with _opened(one) as file:
            found = photo_beside(file, options)
        if found is None:
            return None
        photos.append(found)
    return torch.cat(photos)
