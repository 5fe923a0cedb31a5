"""Refresh `docs/depth_files.md` from the table in `tests/support/depth_sources.py`.

python tests/data/refresh_sources.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from load_pack import ROOT, load_pack

load_pack()

from depth_sources import table  # noqa: E402 - the pack must be there first

(ROOT / "docs" / "depth_files.md").write_text(table(), encoding="utf-8")
