"""Where things live when there is no ComfyUI: the command line, tests, notebooks.

The one place that reads `GENVR_DEPTH_HOME`; without it the platform's own data folder is used.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["HOME_VARIABLE", "PACKAGE", "data_home", "model_folder", "private_folder"]

HOME_VARIABLE = "GENVR_DEPTH_HOME"
PACKAGE = Path(__file__).resolve().parent


def data_home() -> Path:
    """The pack's own data folder (not created here)."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("genvr-depth", appauthor=False))


def model_folder() -> Path:
    """Where depth models are looked for, one folder per model."""
    return data_home() / "models" / "depth_estimation"


def private_folder() -> Path:
    """Keys and the payment journal; created 0700 by whoever writes there first."""
    return data_home() / "private"
