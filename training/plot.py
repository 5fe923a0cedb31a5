"""Draws the logs of runs: python -m training.plot --logs RUN1/log.jsonl --out training/curve.png"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

__all__ = ["main"]


def _entries(logs: list[Path]) -> list[dict[str, float | list[float]]]:
    """All lines, minutes and images counted on from one run to the next."""
    out, minutes, images = [], 0.0, 0
    for path in logs:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            out.append(
                {**line, "minutes": line["minutes"] + minutes, "images": line["images"] + images}
            )
        minutes, images = out[-1]["minutes"], out[-1]["images"]
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="plot training logs")
    parser.add_argument("--logs", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    matplotlib.use("agg")
    from matplotlib import pyplot

    entries = _entries(options.logs)
    minutes = [e["minutes"] for e in entries]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6))
    left.plot(minutes, [e["loss"] for e in entries], color="#345")
    left.set(xlabel="minutes", ylabel="training loss", yscale="log")
    for short, style in ((192, ":"), (256, "-")):
        photographs = [e[f"photographs_{short}"][7] for e in entries]  # their mean
        right.plot(minutes, photographs, style, label=f"seven photographs, {short} px")
    right.plot(
        minutes, [e["held_back"][0] for e in entries], "k--", label="held-back scenes, 192 px"
    )
    right.set(xlabel="minutes", ylabel="AbsRel", ylim=(0.08, 0.18))
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(options.out, dpi=80)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
