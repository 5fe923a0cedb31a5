"""The only module that touches ComfyUI, each time inside a function, when a node runs."""

# ComfyUI is not installed where this is checked.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import hashlib
import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..depthkit.errors import FormatError, Stopped
from .host_interface import ManagedModel, PreviewInterface, PrivatePlace, SaveTarget, Task

__all__ = ["ComfyHost"]

_MODEL_FOLDER = "depth_estimation"
_LOG = logging.getLogger("genvr_depth")


def _management() -> Any:
    import comfy.model_management

    return comfy.model_management


class _ComfyTask:
    def __init__(self, total: int) -> None:
        import comfy.utils
        from comfy_execution.utils import get_executing_context

        context = get_executing_context()
        self._bar = comfy.utils.ProgressBar(max(total, 1))
        self._node_id: str | None = None if context is None else context.node_id

    def on_progress(self, done: int, total: int) -> None:
        _management().throw_exception_if_processing_interrupted()
        self._bar.update_absolute(done, max(total, 1))

    def should_stop(self) -> bool:
        return bool(_management().processing_interrupted())

    def say(self, text: str) -> None:
        from server import PromptServer

        if self._node_id is not None and getattr(PromptServer, "instance", None) is not None:
            PromptServer.instance.send_progress_text(text, self._node_id)


def _several_users() -> bool:
    from comfy.cli_args import args

    return bool(args.multi_user)


def _user_of_request(request: Any) -> str | None:
    from server import PromptServer

    try:
        return PromptServer.instance.user_manager.get_request_user_id(request)
    except KeyError:
        return None


def _user_of_run() -> str | None:
    from comfy_execution.utils import get_executing_context
    from server import PromptServer

    from .users import user_of_run

    context = get_executing_context()
    if context is None:
        return None
    running, _ = PromptServer.instance.prompt_queue.get_current_queue_volatile()
    return user_of_run(context.prompt_id, running)


def _place_of(user: Callable[[], str | None]) -> PrivatePlace:
    import folder_paths

    from .users import folder_name

    folder = Path(folder_paths.get_system_user_directory("genvr"))
    if not _several_users():
        return PrivatePlace(folder)
    return PrivatePlace(folder / "users" / folder_name(user()), alone=True)


class _ComfyModel:
    """A network under ComfyUI's model management: kept between runs, freed by "Unload models"."""

    def __init__(self, module: torch.nn.Module) -> None:
        import comfy.model_management as management
        import comfy.model_patcher

        self.module = module
        # The patcher writes `device` onto its module; transformers' networks have it as a
        # read-only property.
        self._patcher = comfy.model_patcher.ModelPatcher(
            torch.nn.ModuleList([module]),
            management.get_torch_device(),
            management.unet_offload_device(),
        )

    def load(self) -> torch.device:
        # Whole or not at all: only ComfyUI's own layers can fetch weights that were left behind.
        _management().load_models_gpu([self._patcher], force_full_load=True)
        device = self._patcher.load_device
        parts = (*self.module.parameters(), *self.module.buffers())
        if any(part.device.type != device.type for part in parts):
            # --novram leaves them behind all the same.
            self.module.to(device)
        return device


class ComfyHost:
    """The real thing."""

    @contextmanager
    def task(self, total: int = 1) -> Generator[Task, None, None]:
        management = _management()
        try:
            yield _ComfyTask(total)
        except Stopped:
            # ComfyUI knows its own exception only; with an ordinary one it would show an error box.
            management.throw_exception_if_processing_interrupted()
            raise management.InterruptProcessingException() from None

    def device(self) -> torch.device:
        return _management().get_torch_device()

    def intermediate_dtype(self) -> torch.dtype:
        # Older releases have no choice.
        return getattr(_management(), "intermediate_dtype", lambda: torch.float32)()

    def supports(self, dtype: torch.dtype) -> bool:
        management = _management()
        device = management.get_torch_device()
        table = {
            torch.float16: management.should_use_fp16,
            torch.bfloat16: management.should_use_bf16,
        }
        return dtype not in table or bool(table[dtype](device))

    def manage(self, module: torch.nn.Module) -> ManagedModel:
        return _ComfyModel(module)

    def register(self) -> None:
        import folder_paths

        default = str(Path(folder_paths.models_dir) / _MODEL_FOLDER)
        folder_paths.add_model_folder_path(_MODEL_FOLDER, default)
        self._register_users()

    def model_folders(self) -> list[Path]:
        import folder_paths

        return [Path(p) for p in folder_paths.get_folder_paths(_MODEL_FOLDER)]

    def input_folder(self) -> Path:
        import folder_paths

        return Path(folder_paths.get_input_directory())

    def output_folder(self) -> Path:
        import folder_paths

        return Path(folder_paths.get_output_directory())

    def temp_folder(self) -> Path:
        import folder_paths

        return Path(folder_paths.get_temp_directory())

    def private_place(self) -> PrivatePlace:
        """Of the user whose request is handled, or whose run this is."""
        from .users import asking

        return _place_of(lambda: asking() or _user_of_run())

    def private_place_of(self, request: Any) -> PrivatePlace:
        return _place_of(lambda: _user_of_request(request))

    def _register_users(self) -> None:
        from server import PromptServer

        from ..depthkit.connections import web_server
        from .users import noting_users, with_user

        server = getattr(PromptServer, "instance", None)
        if server is not None and _several_users():
            server.app.middlewares.append(web_server().middleware(noting_users(_user_of_request)))
            server.add_on_prompt_handler(with_user)

    def metadata_enabled(self) -> bool:
        from comfy.cli_args import args

        return not args.disable_metadata

    def save_target(self, prefix: str, width: int, height: int) -> SaveTarget:
        import folder_paths

        found = folder_paths.get_save_image_path(prefix, str(self.output_folder()), width, height)
        folder, stem, counter, subfolder, _ = found
        return SaveTarget(Path(folder), stem, counter, subfolder)

    def preview(self, images: Tensor, prefix: str) -> list[dict[str, str]]:
        # A static `import nodes` would mean our own package to a type checker.
        core: Any = sys.modules["nodes"]
        try:
            return core.PreviewImage().save_images(images, prefix)["ui"]["images"]
        except OSError as error:
            _LOG.warning("No preview is shown: %s.", error.strerror or error)
            return []

    def temp_file(self, data: bytes, prefix: str, extension: str) -> dict[str, str] | None:
        """Bytes the page can fetch through /view; equal bytes share one file.

        None where it cannot be written: what a run computed is not lost for want of an image.
        """
        from ..depthkit.formats.depth_files import write_atomic

        name = f"{prefix}_{hashlib.blake2b(data, digest_size=12).hexdigest()}.{extension}"
        path = self.temp_folder() / name
        try:
            if not path.exists():
                write_atomic(path, data, sync=False)
        except FormatError as error:
            _LOG.warning("Nothing is shown on the node. %s", error)
            return None
        return {"filename": name, "subfolder": "", "type": "temp"}

    def video_file(self, video: Any) -> Path | None:
        """The file of a VIDEO that is the whole of it; None where it was cut, or made in a run."""
        from comfy_api.latest import InputImpl

        if not isinstance(video, InputImpl.VideoFromFile):
            return None
        # Releases that cannot cut a video have no window.
        window = getattr(video, "get_active_trim_window", lambda: (0.0, 0.0))()
        source = video.get_stream_source()
        return Path(source) if isinstance(source, str) and window == (0.0, 0.0) else None

    def mesh(self, vertices: Tensor, faces: Tensor, **extra: object) -> object:
        from comfy_api.latest import Types

        # Older releases know vertices and faces only.
        known = inspect.signature(Types.MESH.__init__).parameters
        return Types.MESH(vertices, faces, **{k: v for k, v in extra.items() if k in known})

    def core_nodes(self) -> Mapping[str, Any]:
        core: Any = sys.modules["nodes"]
        return core.NODE_CLASS_MAPPINGS

    def model_files(self, folder: str) -> dict[str, Path]:
        import folder_paths

        names = folder_paths.get_filename_list(folder)
        paths = {name: folder_paths.get_full_path(folder, name) for name in names}
        return {name: Path(path) for name, path in paths.items() if path}

    def graph(self) -> Any:
        from comfy_execution.graph_utils import GraphBuilder

        return GraphBuilder()

    def blocked(self, reason: str) -> Any:
        from comfy_execution.graph_utils import ExecutionBlocker

        return ExecutionBlocker(reason)

    def samplers(self) -> tuple[list[str], list[str]]:
        from comfy.samplers import KSampler

        return list(KSampler.SAMPLERS), list(KSampler.SCHEDULERS)

    def preview_interface(self) -> PreviewInterface | None:
        try:  # read in ComfyUI's source, not run: nothing up to 0.46 has it
            from comfy_api.latest import ComfyAPISync, Previews
            from comfy_execution import preview_generators
        except ImportError:
            return None
        core: dict[str, Any] = getattr(preview_generators, "_core", {})
        return PreviewInterface(Previews.PreviewGenerator, ComfyAPISync().previews, core.get)

    def add_route(self, method: str, path: str, handler: Callable[..., Awaitable[object]]) -> None:
        from server import PromptServer

        if getattr(PromptServer, "instance", None) is not None:
            PromptServer.instance.routes.route(method, path)(handler)
