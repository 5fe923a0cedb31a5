"""The same work over Ray Data: several processes with one model each."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import MissingInformation, ModelError
from .rows import Row
from .worker import Answer, Setup

__all__ = ["over_ray"]

_ROOT = Path(__file__).resolve().parents[3]


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
    batch = __name__.rpartition(".")[0]
    worker = ray_worker(batch.split(".nodes.", 1)[0], batch, str(_ROOT), asdict(setup))
    answers = ray.data.from_items(list(rows), override_num_blocks=min(len(rows), 8 * actors)).map(
        worker,
        compute=ray.data.ActorPoolStrategy(size=min(actors, len(rows))),
        num_gpus=gpus,
    )
    for answer in answers.iter_rows():
        if answer["unfit"]:
            raise ModelError(answer["unfit"])
        yield Answer(**json.loads(answer["answer"]))


def ray_worker(package: str, batch: str, root: str, setup: dict[str, Any]) -> type:
    """A class that travels by value: the other process may know the pack by no name yet.

    package: the pack's name, batch: this package's; root: the pack's folder; setup: a Setup.
    """

    class RayWorker:
        def __init__(self) -> None:
            import importlib
            import importlib.util
            import sys

            if importlib.util.find_spec(package) is None:
                spec = importlib.util.spec_from_file_location(
                    package, f"{root}/__init__.py", submodule_search_locations=[root]
                )
                if spec is None or spec.loader is None:
                    raise ImportError(f"no pack at {root}")
                sys.modules[package] = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(sys.modules[package])
            module = importlib.import_module(f"{batch}.worker")
            errors = importlib.import_module("..errors", batch)
            self._work, self._unfit = None, ""
            try:
                self._work = module.Worker(module.Setup(**setup))
            except errors.DepthError as error:
                # Raised here, Ray would start the actor again and again.
                self._unfit = str(error)

        def __call__(self, row: dict[str, Any]) -> dict[str, str]:
            import json
            from dataclasses import asdict

            answer = "" if self._work is None else json.dumps(asdict(self._work(row)))
            return {"answer": answer, "unfit": self._unfit}

    return RayWorker
