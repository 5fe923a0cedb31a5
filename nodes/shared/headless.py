"""The host of tests and of the command line, with a documented stand-in for each answer.

Progress is discarded, Stop is never pressed, the device is the CPU, folders lie under
`GENVR_DEPTH_HOME`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..depthkit import folders
from ..depthkit.errors import InvalidInput
from .host_interface import ManagedModel, PrivatePlace, SaveTarget, Task

__all__ = ["HeadlessHost", "Mesh"]


class _QuietTask:
    def on_progress(self, done: int, total: int) -> None:
        """Discards progress."""

    def should_stop(self) -> bool:
        return False

    def say(self, text: str) -> None:
        """Discards the text."""


class _ResidentModel:
    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module

    def load(self) -> torch.device:
        return torch.device("cpu")


class Mesh(NamedTuple):
    """Headless stand-in of ComfyUI's MESH: the same attribute names."""

    vertices: Tensor
    faces: Tensor
    extra: dict[str, object]


class HeadlessHost:
    """No ComfyUI: folders under the pack's data home, everything on the CPU, no Stop."""

    def register(self) -> None:
        """Nothing has to know of the pack."""

    @contextmanager
    def task(self, total: int = 1) -> Generator[Task, None, None]:
        yield _QuietTask()

    def device(self) -> torch.device:
        return torch.device("cpu")

    def intermediate_dtype(self) -> torch.dtype:
        """Of images and masks between nodes: in ComfyUI half under `--fp16-intermediates`."""
        return torch.float32

    def supports(self, dtype: torch.dtype) -> bool:
        return dtype == torch.float32

    def manage(self, module: torch.nn.Module) -> ManagedModel:
        return _ResidentModel(module)

    def model_folders(self) -> list[Path]:
        return folders.model_folders()

    def input_folder(self) -> Path:
        return folders.data_home() / "input"

    def output_folder(self) -> Path:
        return folders.data_home() / "output"

    def temp_folder(self) -> Path:
        return folders.data_home() / "temp"

    def private_place(self) -> PrivatePlace:
        return PrivatePlace(folders.private_folder())

    def private_place_of(self, request: Any) -> PrivatePlace:
        return self.private_place()

    def metadata_enabled(self) -> bool:
        return True

    def save_target(self, prefix: str, width: int, height: int) -> SaveTarget:
        """As ComfyUI's: `sub/name` saves into a sub-folder, the counter is the highest plus one."""
        root = self.output_folder()
        target = (root / prefix).resolve()
        if root.resolve() not in target.parents:
            raise InvalidInput(
                f"The filename prefix {prefix!r} points outside the output folder; use a plain "
                "name or a sub-folder such as depth/room."
            )
        taken = [
            int(digits)
            for path in target.parent.glob(f"{target.name}_*")
            if (digits := path.name[len(target.name) + 1 :].split("_")[0].split(".")[0]).isdigit()
        ]
        subfolder = target.parent.relative_to(root.resolve()).as_posix()
        return SaveTarget(
            target.parent,
            target.name,
            max(taken, default=0) + 1,
            "" if subfolder == "." else subfolder,
        )

    def preview(self, images: Tensor, prefix: str) -> list[dict[str, str]]:
        return []

    def temp_file(self, data: bytes, prefix: str, extension: str) -> dict[str, str] | None:
        """Nothing is written: there is no page."""

    def video_file(self, video: Any) -> Path | None:
        """What a stand-in for a VIDEO says; ComfyUI's own asks more (`ComfyHost.video_file`)."""
        source = getattr(video, "get_stream_source", lambda: None)()
        return Path(source) if isinstance(source, str) else None

    def mesh(self, vertices: Tensor, faces: Tensor, **extra: object) -> Mesh:
        return Mesh(vertices, faces, extra)

    def core_nodes(self) -> Mapping[str, Any]:
        """ComfyUI's own nodes by id: none."""
        return {}

    def model_files(self, folder: str) -> dict[str, Path]:
        """Files in one of ComfyUI's own model folders: none."""
        return {}

    def graph(self) -> Any:
        raise InvalidInput(
            "This node expands into ComfyUI's own nodes and needs ComfyUI to run; use `genvr-depth "
            "plan` to see what it would do."
        )

    def blocked(self, reason: str) -> None:
        """Nothing to hand on; only a graph can tell whoever is wired to it why."""

    def samplers(self) -> tuple[list[str], list[str]]:
        """The names that every supported ComfyUI has."""
        samplers = ["euler", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_sde", "res_multistep", "uni_pc"]
        return samplers, ["simple", "normal", "karras", "sgm_uniform", "beta"]

    def preview_interface(self) -> None:
        """There is no asset browser."""

    def add_route(self, method: str, path: str, handler: Callable[..., Awaitable[object]]) -> None:
        """There is no server to add it to."""
