"""What a node may ask of the program it runs in; `comfy_host.py` and `headless.py` answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

__all__ = ["Host", "ManagedModel", "PreviewInterface", "PrivatePlace", "SaveTarget", "Task"]


class SaveTarget(NamedTuple):
    """Where a save node writes: `folder / f"{stem}_{counter:05}_.ext"`."""

    folder: Path
    stem: str
    counter: int
    subfolder: str


class PrivatePlace(NamedTuple):
    """Where keys, ledger and defaults lie; alone: those of one of several users."""

    folder: Path
    alone: bool = False


class PreviewInterface(NamedTuple):
    """Where a pack gives images of files to ComfyUI's asset browser.

    base: class of a generator; registry: has register_generator; core: ComfyUI's own generator of
    a MIME type.
    """

    base: type[Any]
    registry: Any
    core: Callable[[str], Any]


class Task(Protocol):
    """One run of one node, as the user sees it."""

    def on_progress(self, done: int, total: int) -> None:
        """Move the node's bar; leaves the run if Stop was pressed."""
        ...

    def should_stop(self) -> bool:
        """Whether Stop was pressed; only looks, so any thread may ask."""
        ...

    def say(self, text: str) -> None:
        """Show a line of status text on the node."""
        ...


class ManagedModel(Protocol):
    """A network whose place in memory is the host's business."""

    module: torch.nn.Module

    def load(self) -> torch.device:
        """Bring the network to the device it computes on, and say which."""
        ...


class Host(Protocol):
    """What a node may ask of the program it runs in."""

    def register(self) -> None: ...
    def task(self, total: int = 1) -> AbstractContextManager[Task]: ...
    def device(self) -> torch.device: ...
    def intermediate_dtype(self) -> torch.dtype: ...
    def supports(self, dtype: torch.dtype) -> bool: ...
    def manage(self, module: torch.nn.Module) -> ManagedModel: ...
    def model_folders(self) -> list[Path]: ...
    def input_folder(self) -> Path: ...
    def output_folder(self) -> Path: ...
    def temp_folder(self) -> Path: ...
    def private_place(self) -> PrivatePlace: ...
    def private_place_of(self, request: Any) -> PrivatePlace: ...
    def metadata_enabled(self) -> bool: ...
    def save_target(self, prefix: str, width: int, height: int) -> SaveTarget: ...
    def preview(self, images: Tensor, prefix: str) -> list[dict[str, str]]: ...
    def temp_file(self, data: bytes, prefix: str, extension: str) -> dict[str, str] | None: ...
    def video_file(self, video: Any) -> Path | None: ...
    def mesh(self, vertices: Tensor, faces: Tensor, **extra: object) -> object: ...
    def core_nodes(self) -> Mapping[str, Any]: ...
    def model_files(self, folder: str) -> dict[str, Path]: ...
    def graph(self) -> Any: ...
    def blocked(self, reason: str) -> Any: ...
    def samplers(self) -> tuple[list[str], list[str]]: ...
    def preview_interface(self) -> PreviewInterface | None: ...
    def add_route(
        self, method: str, path: str, handler: Callable[..., Awaitable[object]]
    ) -> None: ...
