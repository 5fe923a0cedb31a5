"""The unit of work of a batch."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Row"]


class Row(TypedDict):
    """One unit of work, in plain values: rows travel to other processes.

    source: path; first, count: frames of a video, count is 0 for an image; stem: path of the
    results without ending; anew: replace results that are there already.
    """

    source: str
    first: int
    count: int
    stem: str
    anew: bool
