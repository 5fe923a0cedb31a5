"""The parts of depthkit that only a running node needs, each imported at the first use of a name.

ComfyUI waits for every pack when it starts; the GenVR client, the file formats, the depth models
and their like are most of ours, and took three quarters of the time. Write
`from ..shared.on_demand import formats`, and `formats.encode_frame(...)` inside a function.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = [
    "adjusting",
    "completion",
    "core_geometry",
    "estimators",
    "formats",
    "genvr",
    "geometry",
    "glass",
    "image_scores",
    "layers",
    "local",
    "merge",
    "moves",
    "panorama",
    "quality",
    "refine",
    "scenes",
    "stereo",
    "stereo_options",
    "video",
]


class _Part:
    """Stands for a module until it is asked for a name."""

    def __init__(self, load: Callable[[], ModuleType]) -> None:
        self._load = load

    def __getattr__(self, name: str) -> object:
        return getattr(self._load(), name)


def _adjusting() -> ModuleType:
    from ..depthkit.maps import adjust

    return adjust


def _completion() -> ModuleType:
    from ..depthkit import completion

    return completion


def _estimators() -> ModuleType:
    from ..depthkit import estimators

    return estimators


def _formats() -> ModuleType:
    from ..depthkit import formats

    return formats


def _genvr() -> ModuleType:
    from ..depthkit import genvr

    return genvr


def _local() -> ModuleType:
    from ..depthkit import local

    return local


def _glass() -> ModuleType:
    from ..depthkit.local import through_glass

    return through_glass


def _video() -> ModuleType:
    from ..depthkit.local import video

    return video


def _moves() -> ModuleType:
    from ..depthkit.views import moves

    return moves


def _scenes() -> ModuleType:
    from ..depthkit import scenes

    return scenes


def _image_scores() -> ModuleType:
    from ..depthkit.measure import image_scores

    return image_scores


def _quality() -> ModuleType:
    from ..depthkit.measure import quality

    return quality


def _refine() -> ModuleType:
    from ..depthkit.maps import refine

    return refine


def _merge() -> ModuleType:
    from ..depthkit.maps import merge

    return merge


def _layers_module() -> ModuleType:
    from ..depthkit.views import layers

    return layers


def _core_geometry() -> ModuleType:
    from ..depthkit.views import core_geometry

    return core_geometry


def _panorama() -> ModuleType:
    from ..depthkit import panorama

    return panorama


def _stereo() -> ModuleType:
    from ..depthkit.views import stereo

    return stereo


def _stereo_options() -> ModuleType:
    from ..depthkit.views import stereo_options

    return stereo_options


def _geometry() -> ModuleType:
    from ..depthkit.views import geometry

    return geometry


if TYPE_CHECKING:
    from ..depthkit import completion, estimators, formats, genvr, local, panorama, scenes
    from ..depthkit.local import through_glass as glass
    from ..depthkit.local import video
    from ..depthkit.maps import adjust as adjusting
    from ..depthkit.maps import merge, refine
    from ..depthkit.measure import image_scores, quality
    from ..depthkit.views import core_geometry, geometry, layers, moves, stereo, stereo_options
else:
    adjusting = _Part(_adjusting)
    completion, merge = _Part(_completion), _Part(_merge)
    estimators, formats, genvr = _Part(_estimators), _Part(_formats), _Part(_genvr)
    local, scenes = _Part(_local), _Part(_scenes)
    image_scores = _Part(_image_scores)
    quality, refine = _Part(_quality), _Part(_refine)
    layers, core_geometry = _Part(_layers_module), _Part(_core_geometry)
    moves, geometry = _Part(_moves), _Part(_geometry)
    stereo, stereo_options = _Part(_stereo), _Part(_stereo_options)
    video, glass = _Part(_video), _Part(_glass)
    panorama = _Part(_panorama)
