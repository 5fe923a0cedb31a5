"""The blueprints in `subgraphs/`: steps that several workflows need, each as one node."""

from __future__ import annotations

from .build import Node
from .subgraph import Blueprint

__all__ = ["BLUEPRINTS"]

# Shown are only widgets whose value is what a prompt holds: a page sends the value of a widget that
# is shown on a subgraph as it stands, "auto" as a word.

LOADED = ("model", "vae", "clip", "control_net")  # what a checkpoint and a ControlNet give


def _estimate(*, at: tuple[int, int] = (0, 0), **links: tuple[str, str]) -> Node:
    return Node("GenVRDepthEstimate", at, (340, 460), links=links)


def _paint(**widgets: float) -> Node:
    depth = {"depth": ("depth", "depth")}
    return Node("GenVRDepthGenerateLocal", (400, 0), (400, 620), widgets, depth)


def _loaded() -> dict[str, tuple[tuple[str, str], ...]]:
    return {name: (("paint", name),) for name in LOADED}


_WORDS = (
    ("paint", "prompt"),
    ("paint", "negative_prompt"),
    ("paint", "seed"),
    ("paint", "control_after_generate"),
)

BLUEPRINTS: dict[str, Blueprint] = {
    "Photo to Control Image": Blueprint(
        "Estimates the depth of photos and renders it as the control image of a depth ControlNet: "
        "disparity, near is white.",
        {
            "depth": _estimate(),
            "grey": Node(
                "GenVRDepthToImage", (400, 0), (340, 260), links={"depth": ("depth", "depth")}
            ),
        },
        inputs={"image": (("depth", "image"),)},
        outputs={"control_image": ("grey", "image"), "depth": ("depth", "depth")},
        shown=(
            ("depth", "detail"),
            ("depth", "consistency"),
            ("grey", "scale"),
        ),
    ),
    "Photo to Refined Metric Depth": Blueprint(
        "Estimates depth in metres and snaps its outlines to those of the photo. Set download to "
        "'if missing' once to fetch the model.",
        {
            "loader": Node(
                "GenVRDepthModelLoader",
                (0, 0),
                (340, 200),
                {"model": "depth-anything-v2-metric-indoor-small"},
            ),
            "depth": _estimate(at=(400, 0), model=("loader", "model")),
            "refined": Node(
                "GenVRDepthRefine", (800, 0), (340, 200), links={"depth": ("depth", "depth")}
            ),
        },
        inputs={"image": (("depth", "image"), ("refined", "guide"))},
        outputs={"depth": ("refined", "depth"), "report": ("depth", "report")},
        shown=(
            ("loader", "model"),
            ("loader", "download"),
            ("refined", "strength"),
            ("refined", "sensitivity"),
        ),
    ),
    "Restyle Keeping Depth": Blueprint(
        "Paints a photo anew over its own depth, from the photo itself: denoise says how much of "
        "its colours and light stays.",
        {"depth": _estimate(), "paint": _paint(denoise=0.8)},
        inputs={"image": (("depth", "image"), ("paint", "reference")), **_loaded()},
        outputs={
            "image": ("paint", "image"),
            "depth": ("depth", "depth"),
            "report": ("paint", "report"),
        },
        shown=(*_WORDS, ("paint", "denoise"), ("paint", "size")),
    ),
    "Keep Best of N": Blueprint(
        "Paints several images over the depth of a photo and keeps those whose structure is "
        "nearest to it.",
        {
            "depth": _estimate(),
            "paint": _paint(count=4),
            "best": Node(
                "GenVRDepthKeepBest",
                (860, 0),
                (340, 200),
                links={"control": ("depth", "depth"), "images": ("paint", "image")},
            ),
        },
        inputs={"image": (("depth", "image"), ("best", "original")), **_loaded()},
        outputs={
            "images": ("best", "images"),
            "scores": ("best", "scores"),
            "report": ("best", "report"),
        },
        shown=(
            *_WORDS,
            ("paint", "count"),
            ("best", "keep"),
            ("paint", "size"),
        ),
    ),
}
