"""Everything that moves a camera through a photo."""

from __future__ import annotations

from .camera_move import camera_move, coverage, focus_distance, moved_frames
from .camera_path import MOVES, TIMINGS, Pose, key_framed, moved, toward, viewer_pose

__all__ = [
    "MOVES",
    "TIMINGS",
    "Pose",
    "camera_move",
    "coverage",
    "focus_distance",
    "key_framed",
    "moved",
    "moved_frames",
    "toward",
    "viewer_pose",
]
