"""The same work over Ray Data: several processes with one model each."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..errors import MissingInformation, ModelError
from .rows import Row
from .worker import Answer, Setup

__all__ = ["over_ray"]


def over_ray(rows: Sequence[Row], setup: Setup, actors: int) -> Iterator[Answer]:
    """Answers in the order they come; a running cluster is joined.

    Raises MissingInformation without Ray, ModelError where no worker can load the model.
    """
    try:
        import ray  # pyright: ignore[reportMissingImports] - an optional extra
        import ray.data  # pyright: ignore[reportMissingImports, reportUnusedImport]
    except ModuleNotFoundError:
        raise MissingInformation(
            'The engine "ray" needs Ray, an extra of this pack: python -m pip install -e ".[ray]" '
            'in its folder. Or use the engine "local".'
        ) from None
    if not rows:
        return
    own = not ray.is_initialized()
    if own:
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield from _answers(ray, rows, setup, actors)
    finally:
        # Not left to the end of the process: after Ctrl-C Ray's own processes would stay.
        if own:
            ray.shutdown()


def _answers(ray: Any, rows: Sequence[Row], setup: Setup, actors: int) -> Iterator[Answer]:
    # The caller shows progress; of Ray's own words only what may be wrong is left. To it,
    # that its bars are off is a warning, too.
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)
    gpus = 1 if setup.device != "cpu" and ray.cluster_resources().get("GPU", 0) >= actors else 0
    worker = ray_worker(asdict(setup))
    answers = ray.data.from_items(list(rows), override_num_blocks=min(len(rows), 8 * actors)).map(
        worker,
        compute=ray.data.ActorPoolStrategy(size=min(actors, len(rows))),
        num_gpus=gpus,
    )
    for answer in answers.iter_rows():
        if answer["unfit"]:
            raise ModelError(answer["unfit"])
        yield Answer(**json.loads(answer["answer"]))


def ray_worker(setup: dict[str, Any]) -> type:
    """A class that travels by value: a process without the pack can say so. setup: a Setup."""

    class RayWorker:
        def __init__(self) -> None:
            self._work, self._unfit = None, ""
            # Raised here, an error would make Ray start the actor again and again.
            try:
                from genvr_depth.nodes.depthkit.batch.worker import (  # pyright: ignore[reportMissingImports]
                    Setup,
                    Worker,
                )
                from genvr_depth.nodes.depthkit.errors import (  # pyright: ignore[reportMissingImports]
                    DepthError,
                )
            except ImportError:
                self._unfit = (
                    "Ray's processes do not find this pack. Install it for the Python that they "
                    "use, on every computer: python -m pip install -e . in its folder."
                )
                return
            try:
                self._work = Worker(Setup(**setup))
            except DepthError as error:
                self._unfit = str(error)

        def __call__(self, row: dict[str, Any]) -> dict[str, str]:
            import json
            from dataclasses import asdict

            answer = "" if self._work is None else json.dumps(asdict(self._work(row)))
            return {"answer": answer, "unfit": self._unfit}

    return RayWorker
