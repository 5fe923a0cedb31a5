"""ComfyUI's own depth models in our list: its files, its nodes, our driver."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from torch import Tensor, nn

from ..depthkit.errors import InvalidInput, ModelError
from .host import current
from .on_demand import estimators

__all__ = ["core_model_fingerprint", "core_model_names", "load_core_model"]

_FOLDER = "geometry_estimation"
_RUNNERS = ("DA3Inference", "MoGeInference")

# Loaders of the same file and type share one network; it goes when the last of them goes.
_loaded: WeakValueDictionary[tuple[str, str], _CoreNetwork] = WeakValueDictionary()


class _CoreNetwork:
    """A network that ComfyUI loaded and manages. module: for Stop to be heard inside it."""

    def __init__(self, handle: Any, module: nn.Module, node: str, socket: str) -> None:
        self.handle, self.module, self.node, self.socket = handle, module, node, socket

    def run(self, images: Tensor, **settings: Any) -> Mapping[str, Any]:
        """(B, h, w, 3) 0..1 -> the packet of ComfyUI's node."""
        inputs: dict[str, Any] = {self.socket: self.handle, "image": images, **settings}
        return _core_answer(self.node, **inputs)


def _core_answer(node: str, **inputs: Any) -> Any:
    """The first output of one of ComfyUI's nodes; an input that this release lacks is left out."""
    core = current().core_nodes().get(node)
    if core is None:
        raise InvalidInput(f"This ComfyUI has no node {node}. Update ComfyUI.")
    declared = core.INPUT_TYPES()
    known = {name for group in ("required", "optional") for name in declared.get(group, {})}
    # A node of the newer kind answers from its class, an older one from an instance.
    target = core if inspect.ismethod(getattr(core, core.FUNCTION)) else core()
    answer = getattr(target, core.FUNCTION)(**{k: v for k, v in inputs.items() if k in known})
    return getattr(answer, "args", answer)[0]


def _geometry_files() -> dict[str, Path]:
    """The files by name; none where ComfyUI has no nodes that run them."""
    host = current()
    return host.model_files(_FOLDER) if set(_RUNNERS) & set(host.core_nodes()) else {}


def core_model_names() -> list[str]:
    """The files in models/geometry_estimation, as our list names them."""
    return [estimators.GEOMETRY_PREFIX + name for name in sorted(_geometry_files())]


def core_model_fingerprint(name: str) -> str:
    """Changes when the file does; for caches. "absent" without one."""
    path = _geometry_files().get(name.removeprefix(estimators.GEOMETRY_PREFIX))
    if path is None or not path.is_file():
        return "absent"
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _geometry_path(name: str) -> Path:
    """The file behind a name of our list. Raises ModelError where there is none."""
    file = name.removeprefix(estimators.GEOMETRY_PREFIX)
    path = _geometry_files().get(file)
    if path is None or not path.is_file():
        raise ModelError(
            f"There is no file {file} in models/geometry_estimation, or this ComfyUI has no nodes "
            "for it. Put it there and reload the page, or choose another model."
        )
    return path


def load_core_model(
    name: str, precision: str, settings: estimators.GeometrySettings
) -> estimators.Estimator:
    """The estimator around one of ComfyUI's own models, loaded by ComfyUI's own node."""
    path = _geometry_path(name)
    kind = estimators.geometry_kind(path)
    key = (core_model_fingerprint(name), precision)
    network = _loaded.get(key)
    if network is None:
        network = _loaded[key] = _load_core_network(path, name, kind, precision)
    return estimators.geometry_estimator(name, kind, network, settings)


def _load_core_network(
    path: Path, name: str, kind: estimators.GeometryKind, precision: str
) -> _CoreNetwork:
    file = name.removeprefix(estimators.GEOMETRY_PREFIX)
    try:
        if kind.family == "Depth Anything 3":
            weight_dtype = "default" if precision == "auto" else precision
            loader = {"model_name": file, "weight_dtype": weight_dtype}
            handle = _core_answer("LoadDA3Model", **loader)
            return _CoreNetwork(handle, handle.model.diffusion_model, "DA3Inference", "da3_model")
        handle = _core_answer("LoadMoGeModel", model_name=file)
        return _CoreNetwork(handle, handle.model, "MoGeInference", "moge_model")
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError, OSError) as fault:
        reason = next(iter(str(fault).splitlines()), type(fault).__name__)
        raise ModelError(
            f"ComfyUI cannot load {path.name} from models/geometry_estimation ({reason}). It is "
            "damaged, or needs a newer ComfyUI: update it, or download the file again."
        ) from fault
