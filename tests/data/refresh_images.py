"""Refresh every image of the project that shows the pack at work.

    COMFYUI_PATH=... python tests/data/refresh_images.py [KIND...] [NAME...]

Starts ComfyUI, headless Chromium and the stand-in for the GenVR service (COMFYUI_PYTHON and
CHROMIUM as for the browser tests). Nothing is drawn by hand: what an image shows was computed in
that run. What needs weights of others is shown before its run; what needs the service shows the
stand-in's answers, which carry a stamp that says so.

KIND is one of those below, NAME the number of a workflow (06) or a node (Estimate); all by default.

cards:   the thumbnails beside the sample workflows
nodes:   the nodes with their results, for the help pages
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from images.cards import cards
from images.helps import helps
from images.stage import stage

KINDS = {"cards": cards, "nodes": helps}


def main() -> None:
    asked = set(sys.argv[1:])
    kinds = [kind for kind in KINDS if kind in asked] or list(KINDS)
    with stage() as opened:
        for kind in kinds:
            KINDS[kind](opened, asked - KINDS.keys())


if __name__ == "__main__":
    main()
