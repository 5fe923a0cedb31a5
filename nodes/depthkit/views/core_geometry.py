"""The two geometry packets of ComfyUI's core as DepthMaps; their dialects end here.

Depth Anything 3: depth as the network made it, `sky` a probability, intrinsics (several views only)
in pixels of the size the network worked at, with the principal point at its centre. MoGe: distances
along z with inf where masked, intrinsics as fractions of the image; versions 2 and 3 are metric,
with normals or without; panoramas are not. Version 1 never gives normals, and all else in its
packets is named and shaped as in the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..depth_map import DepthMap, Pinhole
from ..errors import InvalidInput, MissingInformation

__all__ = ["UNITS", "GeometryOptions", "from_geometry", "unit_note"]

UNITS: tuple[str, ...] = ("auto", "metres", "relative")

# The focal length the metric network was trained at (Depth Anything 3, section on metric depth).
_DA3_FOCAL_PX = 300.0
_SKY = 0.5


@dataclass(frozen=True, slots=True)
class GeometryOptions:
    """What the packet does not say.

    unit: "metres" for the metric networks, "relative" for the others; "auto" takes MoGe packets
    as metric (version 1 needs "relative"), and panoramas and Depth Anything 3 as relative.
    fov_deg: horizontal field of view, 0 for unknown. run_size: the side Depth Anything 3 worked
    at, in pixels: the longer one, or with `shorter_side` (its lower_bound_resize) the shorter one.
    """

    unit: str = "auto"
    fov_deg: float = 0.0
    run_size: int = 504
    shorter_side: bool = False


def from_geometry(geometry: Mapping[str, Any], options: GeometryOptions) -> DepthMap:
    """The depth of a DA3_GEOMETRY or MOGE_GEOMETRY packet, invalid where sky or masked.

    Raises InvalidInput where it is neither, MissingInformation where metres need a field of view.
    """
    if not isinstance(geometry, Mapping) or not isinstance(geometry.get("depth"), Tensor):
        raise InvalidInput(
            "The input 'geometry' holds no depth. Connect the output of Run Depth Anything 3 or of "
            "Run MoGe."
        )
    if options.unit not in UNITS:
        raise InvalidInput(f"Unknown unit {options.unit!r}; use one of {', '.join(UNITS)}.")
    depth = geometry["depth"].detach().to("cpu", torch.float32)
    read = _from_da3 if "mode" in geometry else _from_moge
    found, image = read(geometry, depth, options), geometry.get("image")
    photo = image if isinstance(image, Tensor) and len(image) == found.batch else None
    return replace(found, photo=photo)


def unit_note(geometry: Mapping[str, Any], options: GeometryOptions) -> str:
    """What `auto` took for granted, in one sentence; empty where the packet or the user says it."""
    moge = "mode" not in geometry and "intrinsics" in geometry
    if options.unit != "auto" or not moge or "normal" in geometry:
        return ""
    return (
        "Read as metres: this MoGe geometry has no normals, so it may come from version 1, which "
        "has no metres; if it does, set unit to relative."
    )


def _from_moge(geometry: Mapping[str, Any], depth: Tensor, options: GeometryOptions) -> DepthMap:
    height, width = depth.shape[-2:]
    metric = options.unit == "metres" or (options.unit == "auto" and "intrinsics" in geometry)
    camera = None  # a panorama comes without intrinsics: its values are distances along the rays
    if "intrinsics" in geometry:
        fx, fy, cx, cy = _entries(geometry["intrinsics"].reshape(-1, 3, 3))
        camera = Pinhole.from_normalised(fx, fy, cx, cy, width, height)
    mask = geometry.get("mask")
    valid = None if mask is None else mask.bool()
    # A distance of zero or less cannot be in front of the camera, whatever its scale.
    in_front = depth > 0
    valid = in_front if valid is None else valid.to("cpu") & in_front
    around = "intrinsics" not in geometry
    projection = "equirectangular" if around else "perspective"
    kind = "metric" if metric else "depth"
    return DepthMap.make(depth, kind, valid, camera, "MoGe", None, projection)


def _from_da3(geometry: Mapping[str, Any], depth: Tensor, options: GeometryOptions) -> DepthMap:
    height, width = depth.shape[-2:]
    camera = _da3_camera(geometry, width, height) or _fov_camera(options, width, height)
    sky = geometry.get("sky")
    valid = None if sky is None else sky.to("cpu") < _SKY
    if options.unit != "metres":
        return DepthMap.make(depth, "depth", valid, camera, "Depth Anything 3")
    if camera is None:
        raise MissingInformation(
            "Metres from Depth Anything 3 need the field of view: its metric network answers for a "
            "focal length of 300 pixels. Set field_of_view (a phone's main camera has about 65 "
            "degrees), or set unit to relative."
        )
    side = min(height, width) if options.shorter_side else max(height, width)
    worked_at = options.run_size / side
    metres = depth * (camera.fx * worked_at / _DA3_FOCAL_PX)
    return DepthMap.make(metres, "metric", valid, camera, "Depth Anything 3 metric")


def _da3_camera(geometry: Mapping[str, Any], width: int, height: int) -> Pinhole | None:
    """The mean camera of the views, scaled from the network's size (twice its principal point) to
    the image's. None without intrinsics, or where core put the identity in their place."""
    if "intrinsics" not in geometry:
        return None
    fx, fy, cx, cy = _entries(geometry["intrinsics"].reshape(-1, 3, 3))
    if cx <= 0 or cy <= 0:
        return None
    return Pinhole(fx * width / (2 * cx), fy * height / (2 * cy), width / 2, height / 2)


def _fov_camera(options: GeometryOptions, width: int, height: int) -> Pinhole | None:
    return Pinhole.from_fov(options.fov_deg, width, height) if options.fov_deg > 0 else None


def _entries(matrices: Tensor) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy: a DepthMap has one camera, so several views give their mean."""
    mean = matrices.to("cpu", torch.float32).mean(0)
    return mean[0, 0].item(), mean[1, 1].item(), mean[0, 2].item(), mean[1, 2].item()
