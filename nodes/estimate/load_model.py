"""Load Depth Model."""

from __future__ import annotations

from weakref import WeakValueDictionary

import torch

from ..shared.builtin_model import kept_builtin, managed
from ..shared.core_models import core_model_fingerprint, core_model_names, load_core_model
from ..shared.declared import Choice, Declared, Float, Inputs, Int
from ..shared.host import current
from ..shared.on_demand import estimators
from ..shared.sockets import DEPTH_MODEL

__all__ = ["GenVRDepthModelLoader"]

_PRECISIONS: dict[str, tuple[torch.dtype, ...]] = {
    "auto": (torch.float16, torch.bfloat16),
    "fp32": (),
    "fp16": (torch.float16,),
    "bf16": (torch.bfloat16,),
}


def _dtype(precision: str) -> torch.dtype:
    """The first of the requested types that the device computes in; float32 always works."""
    host = current()
    return next((d for d in _PRECISIONS[precision] if host.supports(d)), torch.float32)


def _model_choices() -> list[str]:
    own = estimators.model_names(current().model_folders())
    return [estimators.BUILTIN, *own, *core_model_names()]


def _model_tip() -> str:
    licences = "\n".join(row.summary for row in estimators.MODELS)
    return (
        f"{estimators.BUILTIN}: part of the pack, MIT (encoder initialised from "
        "Apache-2.0 weights), no download. "
        "A folder of your own in models/depth_estimation (config.json "
        "and model.safetensors) appears here too, and so do ComfyUI's Depth Anything 3 and MoGe "
        f"from models/geometry_estimation.\n{licences}"
    )


class GenVRDepthModelLoader(Declared):
    CATEGORY = "GenVR Depth/estimate"
    DESCRIPTION = (
        "Load a depth model from models/depth_estimation, or download it there once on request."
    )
    SEARCH_ALIASES = [
        "depth anything",
        "depth pro",
        "zoedepth",
        "midas",
        "dpt",
        "depth model",
        "load depth",
    ]
    FUNCTION = "load"
    RETURN_TYPES = (DEPTH_MODEL,)
    RETURN_NAMES = ("model",)
    OUTPUT_TOOLTIPS = (
        "The depth model, for Depth Estimation and the nodes that measure structure.",
    )

    # Loader nodes with the same choice share one network; it goes when the last of them goes.
    _shared: WeakValueDictionary[tuple[object, ...], estimators.Estimator] = WeakValueDictionary()

    INPUTS = Inputs(
        required={
            "model": Choice(_model_tip, "builtin", choices=_model_choices),
            "precision": Choice(
                "auto: half precision where the device computes it well, else "
                "fp32. A type the device does not support falls back to fp32.",
                "auto",
                choices=_PRECISIONS,
            ),
            "download": Choice(
                "never: use only what is on disk. if missing: fetch the model "
                "from huggingface.co once; the bar counts bytes, Stop keeps what came.",
                "never",
                choices=lambda: estimators.DOWNLOAD_POLICIES,
            ),
        },
        optional={
            "field_of_view": Float(
                "Horizontal field of view of the images in degrees; auto = unknown. Only for "
                "ComfyUI's own models: Depth Anything 3 Metric answers in metres with it, MoGe "
                "takes it in the place of its own.",
                0.0,
                0.0,
                170.0,
                step=0.1,
                auto=0.0,
                advanced=True,
                shown_when=lambda: {"model": core_model_names()},
            ),
            "refine_steps": Int(
                "Refinement steps of MoGe 3; 0 is fastest. Other models have none.",
                3,
                0,
                8,
                advanced=True,
                shown_when=lambda: {"model": core_model_names()},
            ),
        },
    )

    @classmethod
    def IS_CHANGED(cls, model: str | None = None, **_: object) -> str:
        if model is not None and estimators.is_geometry_name(model):
            return core_model_fingerprint(model)
        return estimators.fingerprint(model or estimators.BUILTIN, current().model_folders())

    def load(
        self,
        model: str,
        precision: str,
        download: str,
        field_of_view: float = 0.0,
        refine_steps: int = 3,
    ) -> tuple[estimators.Estimator]:
        if estimators.is_geometry_name(model):
            settings = estimators.GeometrySettings(field_of_view, refine_steps)
            with current().task():
                return (load_core_model(model, precision, settings),)
        if (model, precision) == (estimators.BUILTIN, "auto"):
            precision = "fp32"  # as with no model connected: half precision would save nothing
        dtype, folders = _dtype(precision), current().model_folders()
        with current().task() as task:
            if model == estimators.BUILTIN:
                return (kept_builtin(type(current()), dtype),)
            estimators.ensure_folder(
                model,
                folders,
                download,
                on_progress=task.on_progress,
                should_stop=task.should_stop,
            )
            key = (estimators.fingerprint(model, folders), dtype)
            estimator = self._shared.get(key)
            if estimator is None:
                estimator = estimators.load_estimator(model, folders, place=managed, dtype=dtype)
                self._shared[key] = estimator
            return (estimator,)
