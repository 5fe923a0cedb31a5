"""Rewrite the golden plans (`plans/*.txt`) from `plans.json`; read the difference then.

python tests/data/refresh_plans.py
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    spec = importlib.util.spec_from_file_location("conftest", HERE.parent / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
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
