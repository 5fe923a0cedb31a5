"""From a few measured distances, or a sensor's partial map, to a dense metric map."""

from __future__ import annotations

from .complete import Completion, complete
from .engines import estimate_and_complete
from .points import TypedPoint, parse_points

__all__ = ["Completion", "TypedPoint", "complete", "estimate_and_complete", "parse_points"]
