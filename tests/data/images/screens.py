"""Every sample workflow on the canvas after a run, for the README."""

from __future__ import annotations

import json
from typing import Any

from .stage import ROOT, Stage, save

__all__ = ["screens"]

IMAGES = ROOT / "web" / "docs" / "img"
MOST = 200_000
# Generation needs weights that are not there: only what comes before it is run.
WITHOUT_WEIGHTS = {"02", "03", "04", "05"}
BEFORE_IT = {"PreviewImage", "MaskPreview"}


def screens(stage: Stage, wanted: set[str]) -> None:
    """Write the image of every (wanted) template; WebP keeps small letters sharp."""
    for path in sorted((ROOT / "workflows").glob("*.json")):
        number = path.stem[:2]
        if wanted and number not in wanted:
            continue
        graph = json.loads(path.read_text(encoding="utf-8"))
        stage.open(graph)
        stage.frame()
        stage.run(_ids(graph, BEFORE_IT) if number in WITHOUT_WEIGHTS else None)
        for mesh in _ids(graph, {"SaveGLB"}):
            stage.turn_mesh(mesh)
        save(stage.shot(), IMAGES / f"workflow_{number}.webp", MOST)


def _ids(graph: dict[str, Any], kinds: set[str]) -> list[int]:
    return [node["id"] for node in graph["nodes"] if node["type"] in kinds]
