"""What is connected where depth is taken: a depth map, or a grey image that is read as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images, frames
from ..depthkit.views.render import MEANINGS, from_image
from .host import current

__all__ = ["GivenDepth", "given_depth", "given_depths", "with_note"]

# The default of Image to Depth: what depth models and ControlNets call a depth image.
_READ_AS = MEANINGS[0]


class GivenDepth(NamedTuple):
    """note: one line for the report on how an image was read, empty for a depth map."""

    depth: DepthMap
    note: str = ""


def with_note(note: str, report: str) -> str:
    """The report below the note, if there is one."""
    return f"{note}\n{report}" if note else report


def given_depth(
    given: DepthMap | Images, name: str = "depth", *, image: Images | None = None
) -> GivenDepth:
    """The depth map as it is; an IMAGE (B, H, W, C) as Image to Depth reads it by default, which
    the node also says. name: of the input. image: the photos that belong to it; one depth serves
    several of them. Raises InvalidInput on an image in colour."""
    if image is not None:
        read = given_depth(given, name)
        return read._replace(depth=read.depth.for_frames(len(frames(image))))
    if isinstance(given, DepthMap):
        return GivenDepth(given)
    note = (
        f"The input '{name}' is an image: read as '{_READ_AS}'. Where white means something else, "
        "put Image to Depth in front."
    )
    depth = from_image(given, _READ_AS, name=name)
    with current().task() as task:
        task.say(note)
    return GivenDepth(depth, note)


def given_depths(given: Sequence[DepthMap | Images], name: str) -> tuple[list[DepthMap], str]:
    """`given_depth` of a list: the maps, and the note if one of them was an image."""
    read = [given_depth(one, name) for one in given]
    return [one.depth for one in read], next((one.note for one in read if one.note), "")
