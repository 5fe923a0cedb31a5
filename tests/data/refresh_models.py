"""Refresh "Which model should I choose?" in README.md and on the help page of Load Depth Model.

    python tests/data/refresh_models.py

The rows are those of `estimators/model_table.py`; what stands between the two markers is replaced.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from load_pack import ROOT, load_pack

TARGETS = ("README.md", "web/docs/GenVRDepthModelLoader.md")
START, END = "<!-- models: python tests/data/refresh_models.py -->", "<!-- /models -->"
HEAD = ("Model", "Size", "Licence", "Commercial use", "Metric", "Speed", "Best for")


def table() -> str:
    """The table as Markdown, the built-in model first, ComfyUI's own models last."""
    if "genvr_depth" not in sys.modules:
        load_pack()
    from genvr_depth.nodes.depthkit.estimators import BUILTIN, BUILTIN_LICENCE, MODELS
    from genvr_depth.nodes.depthkit.estimators.loading import BUILTIN_WEIGHTS
    from genvr_depth.nodes.depthkit.estimators.model_table import CORE_MODELS

    size = f"{BUILTIN_WEIGHTS.stat().st_size / 1e6:.0f} MB, bundled"
    rows = [
        (BUILTIN, size, BUILTIN_LICENCE, True, "no", "fastest", "a first look, with no download")
    ]
    rows += [
        (
            row.name, f"{row.download_mb} MB", row.licence, row.commercial,
            "yes" if row.kind == "metric" else "no", row.speed, row.best_for,
        )
        for row in MODELS
    ]  # fmt: skip
    rows += [
        (
            f"{row.name} (ComfyUI's own)", row.size, row.licence, row.commercial, row.metric,
            row.speed, row.best_for,
        )
        for row in CORE_MODELS
    ]  # fmt: skip
    lines = [HEAD, ("---",) * len(HEAD)]
    lines += [(*row[:3], "yes" if row[3] else "**no**", *row[4:]) for row in rows]
    return (
        "\n".join(f"| {' | '.join(line)} |" for line in lines)
        .replace("| --- ", "|---")
        .replace("--- |", "---|")
    )


def refreshed(text: str, name: str) -> str:
    """The page with today's table between its markers."""
    if text.count(START) != 1 or text.count(END) != 1:
        raise SystemExit(f"{name} needs one {START} and one {END}")
    before, rest = text.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"


def main() -> None:
    for name in TARGETS:
        path = ROOT / name
        path.write_text(refreshed(path.read_text(encoding="utf-8"), name), encoding="utf-8")


if __name__ == "__main__":
    main()
