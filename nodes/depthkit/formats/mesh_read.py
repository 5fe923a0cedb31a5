"""Depth back from 3D files: every vertex is projected into the camera, the nearest one wins.

Files of ours carry size and camera; for others the user gives both. Headers are checked against
the length of the file before the library allocates anything.
"""

from __future__ import annotations

import io
import json
import re
import struct
import warnings
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
_MAX_TEXT_BYTES = 1 << 27
_OBJ_LINE = re.compile(rb"^v[ \t]+([-+0-9.eE \t]+)", re.MULTILINE)
_OBJ_PIECE = 1 << 24


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
        if b"format ascii" in header and len(data) > _MAX_TEXT_BYTES:
            raise FormatError("This PLY is text of more than 128 MB; save it as binary PLY.")
        return _project(_vertices(data, "ply"), comments(data).get(RECORD_KEY), options)


def decode_glb(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of the vertices of a GLB; textures and animation are not looked at."""
    with damaged_is_an_error("GLB"):
        tree = _tree(data)
        counts = [int(a.get("count", 0)) for a in tree.get("accessors", [])]
        if sum(counts) > MAX_PIXELS or any(c < 0 or c > len(data) for c in counts):
            raise FormatError("This GLB is cut short: its header promises more than it holds.")
        if _drawn(tree, counts) * _MIN_VERTEX_BYTES > 4 * len(data):
            raise FormatError(
                "This GLB draws the same points again and again; save each of them once."
            )
        bare = _points_only(data, tree)
        return _project(_vertices(bare, "glb"), extras(data).get(RECORD_KEY), options)


def decode_obj(data: bytes, options: LoadOptions) -> DepthMap:
    """Depth of the vertices of an OBJ."""
    with damaged_is_an_error("OBJ"):
        record = re.search(
            rb"^# " + RECORD_KEY.encode() + rb" (\{[^\n]*\})", data[:_MAX_HEADER], re.M
        )
        text = None if record is None else record[1].decode()
        return _project(_obj_points(data), text, options)


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


def _drawn(tree: dict[str, Any], counts: list[int]) -> int:
    """Points of all nodes: a mesh counts as often as it is drawn, a set of positions once in it."""
    meshes = [
        sum(counts[position] for position in _point_accessors(mesh))
        for mesh in tree.get("meshes", [])
    ]
    return sum(meshes[node["mesh"]] for node in tree.get("nodes", []) if "mesh" in node)


def _point_accessors(mesh: dict[str, Any]) -> list[int]:
    """The accessors of a mesh's points, each once however many primitives share it."""
    return list(dict.fromkeys(p["attributes"]["POSITION"] for p in mesh["primitives"]))


def _points_only(glb: bytes, tree: dict[str, Any]) -> bytes:
    """The file with points for triangles: only they are wanted, and an image could be a bomb."""
    dropped = ("images", "textures", "materials", "samplers", "skins", "animations")
    kept = {key: value for key, value in tree.items() if key not in dropped}
    kept["meshes"] = [
        {
            "primitives": [
                {"attributes": {"POSITION": at}, "mode": 0} for at in _point_accessors(mesh)
            ]
        }
        for mesh in tree.get("meshes", [])
    ]
    (length,) = struct.unpack_from("<I", glb, 12)
    text = json.dumps(kept).encode()
    text += b" " * (-len(text) % 4)
    rest = glb[20 + length :]
    head = struct.pack("<4sIII4s", _GLB, 2, 20 + len(text) + len(rest), len(text), b"JSON")
    return head + text + rest


def _vertices(data: bytes, kind: str) -> NDArray[np.float64]:
    """(N, 3) in OpenCV axes."""
    loaded = trimesh().load(io.BytesIO(data), file_type=kind, process=False)
    if hasattr(loaded, "geometry"):
        points = _placed_points(loaded)
    else:
        points = np.asarray(getattr(loaded, "vertices", ()), dtype=np.float64)
    return _in_opencv_axes(points)


def _placed_points(scene: Any) -> NDArray[np.float64]:
    """The points of every node where its transform puts them."""
    parts = [np.empty((0, 3))]
    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        points = np.asarray(scene.geometry[name].vertices, dtype=np.float64)
        parts.append(points @ transform[:3, :3].T + transform[:3, 3])
    return np.concatenate(parts)


def _in_opencv_axes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        raise FormatError("The file holds no points.")
    return points * (1.0, -1.0, -1.0)


def _obj_points(data: bytes) -> NDArray[np.float64]:
    """(N, 3) of the vertex lines; colours behind the coordinates and all other lines are left."""
    parts: list[NDArray[np.float64]] = []
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _OBJ_PIECE)
        end = len(data) if end < 0 else end
        lines = _OBJ_LINE.findall(data, start, end)
        if lines:
            with warnings.catch_warnings():
                warnings.simplefilter("error", DeprecationWarning)
                try:
                    numbers = np.fromstring(b" ".join(lines), np.float64, sep=" ")
                except DeprecationWarning as error:
                    raise ValueError("a vertex that is no number") from error
            parts.append(numbers.reshape(len(lines), -1)[:, :3])
        start = end + 1
    return _in_opencv_axes(np.concatenate(parts) if parts else np.empty((0, 3)))


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
