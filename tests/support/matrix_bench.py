"""One paid request in a folder of its own, against the stand-in, with waits that cost nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from fake_genvr import FakeGenvr, Fault
from load_pack import load_pack

if "genvr_depth" not in sys.modules:
    load_pack()

from genvr_depth.nodes.depthkit.genvr.control_images import from_images
from genvr_depth.nodes.depthkit.genvr.profile import Profile
from genvr_depth.nodes.depthkit.genvr.request import Request
from genvr_depth.nodes.depthkit.genvr.retry import Pacing, never_stop
from genvr_depth.nodes.depthkit.genvr.service import Limits, open_runner
from genvr_depth.nodes.depthkit.genvr.service_models import model_named

__all__ = ["KEY", "UID", "Bench", "Clock", "Killed", "raising"]

KEY, UID = "matrix-key-0001", "matrix-uid-0001"


class Killed(BaseException):
    """Stands for a death of the program where a state is set up; the rows "SIGKILL" are real."""


class Clock:
    """Waits cost nothing and count in full; `jump` moves the wall clock."""

    def __init__(self) -> None:
        self.slept = self.jump = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        time.sleep(0.0002)

    @property
    def pacing(self) -> Pacing:
        return Pacing(
            lambda: time.time() + self.slept + self.jump,
            lambda: time.monotonic() + self.slept,
            self.sleep,
        )


@dataclass
class Bench:
    """One request in a private folder of its own, against the stand-in."""

    fake: FakeGenvr
    folder: Path
    number: int
    clock: Clock = field(default_factory=Clock)

    def request(self, prompt: str = "") -> Request:
        image = torch.full((1, 8, 8, 3), 0.5)
        image[:, :4] *= 0.5
        wish = {"prompt": prompt or f"cell {self.number}.", "seed": 1, "output_format": "png"}
        return Request.make(model_named("depth"), wish, from_images(image)[0], 0)

    def obtain(
        self,
        at: Callable[[str], None] = lambda name: None,
        *,
        should_stop: Callable[[], bool] = never_stop,
        pay_again: bool = False,
        prompt: str = "",
    ) -> Any:
        runner = open_runner(
            self.folder / "private",
            Profile("default", self.fake.base, "v2", KEY, UID),
            limits=Limits(pay_again=pay_again),
            pacing=self.clock.pacing,
            checkpoint=at,
        )
        try:
            outcome = runner.obtain(self.request(prompt), should_stop)
            data = runner.store.get(outcome.images[0])
            assert data == self.fake.tasks[outcome.task].image, "another request's image"
            return outcome
        finally:
            runner.journal.close()

    @property
    def charges(self) -> int:
        return sum(f'"cell {self.number}."' in charge for charge in self.fake.charges)

    @property
    def own_tasks(self) -> list[Any]:
        own = f"cell {self.number}."
        return [task for task in list(self.fake.tasks.values()) if task.body["prompt"] == own]

    @property
    def journal(self) -> Path:
        return self.folder / "private" / "journal.sqlite"

    def calm(self) -> None:
        """The service works again."""
        self.fake.faults.clear()
        self.fake.failure, self.fake.output, self.fake.words = None, None, []
        self.fake.latency = 0.0

    def script(self, *faults: tuple[str, Fault]) -> None:
        for endpoint, fault in faults:
            self.fake.script(endpoint, fault)


def raising(step: str, error: BaseException) -> Callable[[str], None]:
    def at(name: str) -> None:
        if name == step:
            raise error

    return at
