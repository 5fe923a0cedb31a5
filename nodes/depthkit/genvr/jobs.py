"""Many requests at once: in order, with one bar, a status for each, and a Stop that leaves at once.

The user's thread supervises and never touches the network; workers do. After Stop the supervisor
leaves within a fraction of a second, while a worker that is inside a paid call still notes the
answer in the journal before it ends.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import DepthError, Stopped
from ..progress import Progress
from .collect import Outcome
from .request import Request
from .retry import never_stop
from .service_errors import (
    AmbiguousCharge,
    BadParameter,
    JournalError,
    NoCredits,
    SomeFailed,
    SpendingCap,
    WrongKey,
)
from .settings import LIMITS
from .tasks import Runner

__all__ = ["CostEstimate", "Item", "estimate_cost", "run_many"]

_TICK_S = 0.1
_FAREWELL_S = 0.2
# Ctrl-C ends the program: workers get the time to note in the journal how far they are.
_LAST_FAREWELL_S = 1.2
# With these every further request would fail, too.
_HOPELESS = (WrongKey, NoCredits, JournalError)


@dataclass(slots=True)
class Item:
    """One request of a run and how far it got; `outcome` or `error` is set at the end."""

    request: Request
    status: str = "waiting"
    outcome: Outcome | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What a run will cost. Counts distinct requests; `credits` is for the new ones, `paying`."""

    requests: int
    new: int
    credits: float
    paying: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        return f"{self.new} of {self.requests} to pay for, {self.credits:g} credits"


def estimate_cost(runner: Runner, requests: Sequence[Request], spending_cap: float) -> CostEstimate:
    """Look at the journal and add up; raises SpendingCap before anything is sent."""
    distinct = list({r.key: r for r in requests}.values())
    new = [r for r in distinct if runner.will_pay(r)]
    credits = sum(r.model.price.credits for r in new)
    if not credits <= spending_cap:
        raise SpendingCap(
            f"This run would cost {credits:g} credits for {len(new)} new images, more than the "
            f"spending cap of {spending_cap:g}. Nothing was sent. Raise 'max_credits' "
            "(--max-credits on the command line, or the default in Settings > GenVR Depth), or ask "
            "for fewer images."
        )
    return CostEstimate(len(distinct), len(new), credits, frozenset(r.key for r in new))


def run_many(
    runner: Runner,
    requests: Sequence[Request],
    *,
    concurrency: int = 3,
    on_progress: Progress | None = None,
    on_status: Callable[[Sequence[Item]], None] | None = None,
    should_stop: Callable[[], bool] = never_stop,
) -> list[Outcome]:
    """One outcome per request, in their order; equal requests share one.

    Raises the error itself if there is one request, SomeFailed listing what failed if there are
    more (the others are stored), or Stopped.
    """
    low, high = LIMITS["concurrency"]
    if not low <= concurrency <= high:
        raise BadParameter(f"'concurrency' is {concurrency}; use {low:g} to {high:g}.")
    items = {request.key: Item(request) for request in requests}
    crew = _Crew(runner, list(items.values()))
    crew.start(min(concurrency, len(items)))
    try:
        _supervise(crew, should_stop, on_progress, on_status)
    except KeyboardInterrupt:
        crew.leave(_LAST_FAREWELL_S)
        raise
    finally:
        crew.leave()
    _raise_failures(crew.items)
    return [_outcome(items[request.key]) for request in requests]


class _Crew:
    """The workers of one run."""

    def __init__(self, runner: Runner, items: list[Item]) -> None:
        self.runner = runner
        self.items = items
        self.finished: queue.Queue[Item] = queue.Queue()
        self._waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._leave = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, count: int) -> None:
        for item in self.items:
            self._waiting.put(item)
        for number in range(count):
            thread = threading.Thread(target=self._work, name=f"genvr-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def leave(self, patience_s: float = _FAREWELL_S) -> None:
        """Ask everybody to stop, and wait a moment for those who can."""
        self._leave.set()
        deadline = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _work(self) -> None:
        while not self._leave.is_set():
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return
            self._one(item)
            self.finished.put(item)

    def _one(self, item: Item) -> None:
        def say(text: str) -> None:
            item.status = text

        try:
            item.outcome = self.runner.obtain(item.request, self._leave.is_set, say)
            item.status = item.outcome.how
        except Stopped as stop:
            item.status, item.error = "stopped", stop
        except DepthError as error:
            item.status, item.error = "failed", error
            if isinstance(error, _HOPELESS):
                self._drop_waiting()
        except BaseException as error:  # a worker's fault must reach the user, whatever it is
            item.status, item.error = "failed", error
            # A fault of ours: it is unknown whether the next request would be paid for nothing.
            self._drop_waiting()

    def _drop_waiting(self) -> None:
        while True:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return
            item.status = "not started"
            item.error = SomeFailed("not started")
            self.finished.put(item)


def _supervise(
    crew: _Crew,
    should_stop: Callable[[], bool],
    on_progress: Progress | None,
    on_status: Callable[[Sequence[Item]], None] | None,
) -> None:
    done, total = 0, len(crew.items)
    while done < total:
        if should_stop():
            raise Stopped
        try:
            crew.finished.get(timeout=_TICK_S)
            done += 1
        except queue.Empty:
            pass
        else:
            if on_progress is not None:
                on_progress(done, total)
        if on_status is not None:
            on_status(crew.items)


def _outcome(item: Item) -> Outcome:
    if item.outcome is None:
        raise SomeFailed(f"{item.request.summary}: {item.status}")
    return item.outcome


def _raise_failures(items: Sequence[Item]) -> None:
    failed = [item for item in items if item.error is not None]
    if not failed:
        return
    strange = [i.error for i in failed if i.error is not None and not _expected(i.error)]
    if strange:
        raise strange[0]
    if len(items) == 1 and failed[0].error is not None:
        raise failed[0].error
    raise SomeFailed(_list_failures(items, failed))


def _expected(error: BaseException) -> bool:
    return isinstance(error, DepthError | Stopped)


def _list_failures(items: Sequence[Item], failed: Sequence[Item]) -> str:
    """The same words once, with the requests they are about."""
    told = [i for i in failed if i.status != "not started"]
    groups: dict[str, list[Item]] = {}
    for item in told:
        # Unclear requests differ in number and time only; one explanation is enough.
        unclear = isinstance(item.error, AmbiguousCharge)
        groups.setdefault("unclear" if unclear else str(item.error), []).append(item)
    good = len(items) - len(failed)
    lines = [
        f"{len(told)} of {len(items)} images failed; {good} are stored and cost nothing when you "
        "run again."
    ]
    for members in groups.values():
        who = [i.request.summary for i in members]
        more = f" and {len(who) - 3} more" if len(who) > 3 else ""
        lines.append(f"- {', '.join(who[:3])}{more}: {members[0].error}")
    idle = sum(i.status == "not started" for i in items)
    if idle:
        lines.append(f"- {idle} were not started, because they would have failed the same way.")
    return "\n".join(lines)
