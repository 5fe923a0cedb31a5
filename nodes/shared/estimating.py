"""An estimate inside a node: the model, its progress, and what the node says about it."""

from __future__ import annotations

from dataclasses import replace

from ..depthkit.images import Images
from .builtin_model import NO_MODEL, installed_offer, model_or_builtin
from .host import current
from .on_demand import estimators, panorama

__all__ = ["estimate_depth"]


def estimate_depth(
    image: Images,
    model: estimators.Estimator | None,
    options: estimators.EstimateOptions,
    *,
    around: bool = False,
) -> estimators.Estimate:
    """Depth of the images by the connected model or the built-in one; the node shows the notes.

    around: they are panoramas of 360 degrees.
    """
    with current().task() as task:
        used = model_or_builtin(model, task)
        run = panorama.estimate_panorama if around else estimators.estimate
        found = run(
            used, image, options, on_progress=task.on_progress, should_stop=task.should_stop
        )
        notes = (*([] if model else _without_model()), *found.notes)
        task.say("\n".join(notes))
    return replace(found, notes=notes)


def _without_model() -> list[str]:
    """What was used in the place of a model, and the better one that is here."""
    offer = installed_offer()
    return [NO_MODEL, *([] if offer is None else [offer.sentence])]
