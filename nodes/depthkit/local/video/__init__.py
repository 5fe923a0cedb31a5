"""Video model family -> plan of core nodes that sample a clip with depth."""

from __future__ import annotations

from .clip import clip_images
from .facts import ClipConnected, ClipSettings
from .families import VIDEO_FAMILIES, video_family_of
from .plan import VideoPlan, make_video_plan
from .report import describe_clip, headline_clip
from .video_family import VideoFamily

__all__ = [
    "VIDEO_FAMILIES",
    "ClipConnected",
    "ClipSettings",
    "VideoFamily",
    "VideoPlan",
    "clip_images",
    "describe_clip",
    "headline_clip",
    "make_video_plan",
    "video_family_of",
]
