"""From a model, a photo and measurements to completed depth: which model does what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ..depth_map import DepthMap
from ..errors import InvalidInput
from ..estimators import Estimator, TakesPrompt, estimate
from ..progress import Progress, part
from .complete import Completion, complete
from .points import TypedPoint

__all__ = ["estimate_and_complete"]

# The longer side of the sensor that Prompt Depth Anything was trained with.
_PROMPT_SIDE = 256


def estimate_and_complete(
    estimator: Estimator,
    images: Tensor,
    measured: DepthMap | None,
    typed: Sequence[TypedPoint],
    *,
    fallback: Callable[[], Estimator],
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Completion:
    """`complete` on the map that the estimator gives.

    images: (B, H, W, 3) float32 0..1. An estimator that takes a prompt is guided by the measured
    map, or, where that has holes or there are only points, by what `complete` makes of it with
    the estimator that `fallback` gives. Raises as `estimate` and `complete` do.
    """
    if measured is None and not typed:
        raise InvalidInput(
            "Nothing was measured. Connect a map in metres to 'measured' (Load Depth reads a "
            "sensor's), or type points such as 640, 360 = 2.45 into 'points'."
        )
    guided = isinstance(estimator, TakesPrompt)
    passes = 3 if guided else 2

    def estimated(model: Estimator, which: int, prompt: Tensor | None = None) -> DepthMap:
        bar = part(on_progress, which, passes)
        found = estimate(model, images, prompt=prompt, on_progress=bar, should_stop=should_stop)
        return found.depth

    def completed(depth: DepthMap, which: int, *, fine: bool = False) -> Completion:
        bar = part(on_progress, which, passes)
        return complete(
            images, depth, measured, typed, fine=fine, on_progress=bar, should_stop=should_stop
        )

    if not guided:
        return completed(estimated(estimator, 0), 1)
    guide = measured
    if guide is None or typed or not bool(guide.valid.all()):
        guide = completed(estimated(fallback(), 0), 0).depth
    share = min(1.0, _PROMPT_SIDE / max(guide.height, guide.width))
    prompt = guide.resized(round(guide.height * share), round(guide.width * share)).values
    return completed(estimated(estimator, 1, prompt), 2, fine=True)
