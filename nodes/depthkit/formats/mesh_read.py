"""Depth back from 3D files: every vertex is projected into the camera, the nearest one wins.

Files of ours carry size and camera; for others the user gives both. Headers are checked against
the length of the file before the library allocates anything.
"""

from __future__ import annotations

import io
import json
import re
import struct
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..depth_map import DepthMap, Pinhole
from ..errors import FormatError, MissingInformation
from .guard import damaged_is_an_error
from .mesh_write import trimesh
from .options import MAX_PIXELS, LoadOptions, check_size
from .record import RECORD_KEY, Record

__all__ = [
    "comments",
    "decode_glb",
    "decode_obj",
    "decode_ply",
    "extras",
    "recognises_glb",
    "recognises_obj",
    "recognises_ply",
]

_GLB = b"glTF"
_OBJ_PRELUDE = re.compile(rb"\s+|(#|mtllib|[og] )[^\n]*\n")
_OBJ_VERTEX = re.compile(rb"v\s+[-+0-9.]")
_ELEMENT = re.compile(rb"^element (\w+) (\d{1,12})\s*$", re.MULTILINE)
_MAX_HEADER = 1 << 24
_MIN_VERTEX_BYTES = 6


def recognises_ply(data: bytes) -> bool:
    return data[:4] in (b"ply\n", b"ply\r")


def recognises_glb(data: bytes) -> bool:
    return data.startswith(_GLB)


def recognises_obj(data: bytes) -> bool:
    at = 0
    # Step by step: a saved workflow makes the remarks before the first vertex megabytes long.
    while at < _MAX_HEADER and (step := _OBJ_PRELUDE.match(data, at)):
        at = step.end()
    return _OBJ_VERTEX.match(data, at) is not None


def decode_ply(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of a PLY point cloud or mesh."""
    with damaged_is_an_error("PLY"):
        header, mark, _ = data[:_MAX_HEADER].partition(b"end_header")
        counts = {name: int(count) for name, count in _ELEMENT.findall(header)}
        promised = sum(counts.values())
        if not mark or promised > MAX_PIXELS or promised * _MIN_VERTEX_BYTES > len(data):
            raise FormatError("This PLY is cut short: its header promises more than it holds.")
        return _project(_vertices(data, "ply"), comments(data).get(RECORD_KEY), options)


def decode_glb(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of the vertices of a GLB; textures and animation are not looked at."""
    with damaged_is_an_error("GLB"):
        tree = _tree(data)
        counts = [int(a.get("count", 0)) for a in tree.get("accessors", [])]
        if sum(counts) > MAX_PIXELS or any(c < 0 or c > len(data) for c in counts):
            raise FormatError("This GLB is cut short: its header promises more than it holds.")
        # Only the shape is wanted, and an image inside could be a bomb.
        bare = _without_images(data, tree)
        return _project(_vertices(bare, "glb"), extras(data).get(RECORD_KEY), options)


def decode_obj(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of the vertices of an OBJ."""
    with damaged_is_an_error("OBJ"):
        record = re.search(
            rb"^# " + RECORD_KEY.encode() + rb" (\{[^\n]*\})", data[:_MAX_HEADER], re.M
        )
        text = None if record is None else record[1].decode()
        return _project(_vertices(data, "obj"), text, options)


def comments(ply: bytes) -> dict[str, str]:
    """The texts that `solid` cut into numbered comment lines."""
    found: dict[str, list[str]] = {}
    for line in ply[:_MAX_HEADER].partition(b"end_header")[0].split(b"\n"):
        match = re.match(rb"^comment (\w+) (\d+) (.*)$", line)
        if match:
            found.setdefault(match[1].decode(), []).append(match[3].decode("ascii", "replace"))
    return {key: "".join(pieces) for key, pieces in found.items()}


def extras(glb: bytes) -> dict[str, str]:
    """The texts in asset.extras."""
    asset = _tree(glb).get("asset", {})
    found = asset.get("extras", {}) if isinstance(asset, dict) else {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _tree(glb: bytes) -> dict[str, Any]:
    length, kind = struct.unpack_from("<I4s", glb, 12)
    if kind != b"JSON" or length > len(glb):
        raise FormatError("This GLB is damaged: its description is not where it should be.")
    tree = json.loads(glb[20 : 20 + length])
    if not isinstance(tree, dict):
        raise FormatError("This GLB is damaged: its description is no object.")
    return tree


def _without_images(glb: bytes, tree: dict[str, Any]) -> bytes:
    kept = {
        k: v for k, v in tree.items() if k not in ("images", "textures", "materials", "samplers")
    }
    for mesh in kept.get("meshes", []):
        for primitive in mesh["primitives"]:
            primitive.pop("material", None)
    (length,) = struct.unpack_from("<I", glb, 12)
    text = json.dumps(kept).encode()
    text += b" " * (-len(text) % 4)
    rest = glb[20 + length :]
    head = struct.pack("<4sIII4s", _GLB, 2, 20 + len(text) + len(rest), len(text), b"JSON")
    return head + text + rest


def _vertices(data: bytes, kind: str) -> NDArray[np.float64]:
    """(N, 3) in OpenCV axes."""
    loaded = trimesh().load(io.BytesIO(data), file_type=kind, process=False)
    if hasattr(loaded, "to_geometry") and hasattr(loaded, "geometry"):
        loaded = loaded.to_geometry()
    points = np.asarray(getattr(loaded, "vertices", ()), dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        raise FormatError("The file holds no points.")
    return points * (1.0, -1.0, -1.0)


def _project(points: NDArray[np.float64], text: str | None, options: LoadOptions) -> DepthMap:
    """Nearest vertex per pixel; pixels without one are invalid."""
    record = None if text is None else Record.from_json(text)
    camera, width, height = _camera_and_size(record, options)
    check_size(width, height)
    usable = np.isfinite(points).all(axis=1) & (points[:, 2] > 0)
    x, y, z = points[usable].T
    column = np.floor(camera.fx * x / z + camera.cx)
    row = np.floor(camera.fy * y / z + camera.cy)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = (row[inside] * width + column[inside]).astype(np.int64)
    plane = np.full(height * width, np.inf, np.float64)
    np.minimum.at(plane, index, z[inside])
    if record is None:
        plane *= options.unit_scale
    values = torch.from_numpy(plane.reshape(height, width).astype(np.float32))
    source, measured = (record.source, record.measured) if record else ("", None)
    return DepthMap.make(values, "metric", None, camera, source, measured)


def _camera_and_size(record: Record | None, options: LoadOptions) -> tuple[Pinhole, int, int]:
    if record is not None and record.camera is not None:
        return record.camera, record.width, record.height
    if options.size is None or options.fov_deg <= 0:
        raise MissingInformation(
            "This 3D file does not say which camera saw it. Give width, height and the field of "
            "view of the image it belongs to."
        )
    width, height = options.size
    return Pinhole.from_fov(options.fov_deg, width, height), width, height
