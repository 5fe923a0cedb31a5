"""Rewrite the golden plans (`plans/*.txt`) from `plans.json`; read the difference then.

python tests/data/refresh_plans.py
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from load_pack import load_pack

HERE = Path(__file__).resolve().parent


def main() -> int:
    load_pack()
    from genvr_depth.nodes.depthkit.cli import main as genvr_depth

    for name, arguments in json.loads((HERE / "plans.json").read_text()).items():
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            failed = genvr_depth(["plan", *arguments.split()])
        if failed:
            return failed
        (HERE / "plans" / f"{name}.txt").write_text(text.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
