"""Where things live when there is no ComfyUI: the command line, tests, notebooks.

`GENVR_DEPTH_HOME` names the data folder; without it the platform's own is used.
"""

from __future__ import annotations

from pathlib import Path

from . import environment

__all__ = [
    "PACKAGE",
    "data_home",
    "geometry_folders",
    "model_folders",
    "private_folder",
    "surrounding_comfyui",
]

PACKAGE = Path(__file__).resolve().parent


def data_home() -> Path:
    """The pack's own data folder (not created here)."""
    chosen = environment.variables().get(environment.HOME)
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("genvr-depth", appauthor=False))


def surrounding_comfyui(package: Path = PACKAGE) -> Path | None:
    """The ComfyUI whose `custom_nodes` holds this pack, or None."""
    for parent in package.parents:
        if parent.name == "custom_nodes" and (parent.parent / "user").is_dir():
            return parent.parent
    return None


def model_folders(package: Path = PACKAGE) -> list[Path]:
    """Where depth models are looked for, one folder per model; the first writable one takes
    downloads.

    Inside a ComfyUI its own folder comes first: what was downloaded on the canvas is there for the
    command line too.
    """
    own, part = data_home(), Path("models", "depth_estimation")
    chosen = environment.variables().get(environment.HOME)
    around = None if chosen else surrounding_comfyui(package)
    return [own / part] if around is None else [around / part, own / part]


def geometry_folders() -> list[Path]:
    """Where ComfyUI's own depth models lie, beside each of our folders."""
    return [folder.with_name("geometry_estimation") for folder in model_folders()]


def private_folder() -> Path:
    """Keys and the payment journal; created 0700 by whoever writes there first."""
    return data_home() / "private"
