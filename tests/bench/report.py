"""Write `docs/benchmarks.md`: what the benches print, with the machine they ran on.

    COMFYUI_PATH=... python tests/bench/report.py [NAME...]

NAME is a part of a bench's file name (refine, formats); the others keep what the page says of them.
`pip install -e ".[test,bench]"` first. Without COMFYUI_PATH there is no comparison with ComfyUI.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"
LIBRARIES = ("torch", "numpy", "scipy", "pillow", "OpenEXR", "transformers", "kornia")
HEAD = """# Benchmarks

Made by `python tests/bench/report.py`; the lines are what the benches print. A ratio is the median
of rounds that take ours and the rival in turns (A B A B), after one round that only warms up, until
the ratios are steady or 15 rounds are done (5 for savers); the quartiles say how far apart they
lay. Load is the number of processes that wanted a processor, averaged over one minute, before and
after the bench: above the number of processors, absolute times are too long and only ratios count.
"""
PATHS = re.compile(r"(?<![\w.])/(?:[\w.+-]+/)+")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found.group(1) if found else platform.machine()


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    checkout = os.environ.get("COMFYUI_PATH")
    if checkout:
        text = (Path(checkout) / "comfyui_version.py").read_text()
        number = re.search(r'"([^"]+)"', text)
        found.append(f"ComfyUI {number.group(1) if number else 'of unknown version'}")
    return ", ".join(found)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _section(path: Path) -> str:
    """One bench: its subject, the conditions, and its lines."""
    title = path.stem.removeprefix("test_bench_")
    paragraph = path.read_text(encoding="utf-8").split('"""')[1].strip().split("\n\n")[0]
    subject = " ".join(paragraph.split())
    before = _load()
    command = [sys.executable, "-m", "pytest", "-m", "bench", "-s", "-p", "no:terminal", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PAGE.parents[1])
    lines = [
        line.rstrip() for line in (done.stdout + done.stderr).splitlines()
        if line.strip() and set(line.strip()) - set(".sFE") and "Warning" not in line
        and "it/s]" not in line
    ]  # fmt: skip
    text = PATHS.sub("", "\n".join(lines)) or "(nothing was printed)"
    verdict = "" if done.returncode == 0 else " Not every bar of this bench was met in this run."
    threads = os.environ.get("OMP_NUM_THREADS", "as torch chooses")
    conditions = (
        f"{date.today().isoformat()}; {_processor()}, {os.cpu_count()} processors, "
        f"OMP_NUM_THREADS {threads}, load {before} before and {_load()} after; {_versions()}."
    )
    return f"## {title}\n\n{subject}{verdict}\n\n{conditions}\n\n```\n{text}\n```\n"


def main(names: list[str]) -> None:
    benches = {path.stem.removeprefix("test_bench_"): path for path in HERE.glob("test_bench_*.py")}
    old = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    kept = dict(re.findall(r"^(?=## (\w+)\n)(.*?)(?=^## |\Z)", old, re.M | re.S))
    for title, path in sorted(benches.items()):
        if not names or any(name in title for name in names):
            kept[title] = _section(path)
            text = "\n".join([HEAD, *(kept[key].strip() + "\n" for key in sorted(kept))])
            PAGE.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{title}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
