"""The whole remote half behind one call: requests in, stored images and a report out.

Opened for one run: profile, journal, store and locks in the private folder. Nodes and the command
line use nothing else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from ..progress import Progress
from .client import Client
from .collect import Outcome
from .control_images import decode
from .credentials import Profile, check_address
from .credentials import load as load_profile
from .jobs import Item, estimate_cost, run_many
from .journal import Journal
from .request import Request
from .result_download import Downloader
from .result_store import ImageStore
from .retry import Pacing, never_stop
from .service_errors import BadParameter, ImageError
from .settings import LIMITS, Defaults, load_defaults
from .spending import Totals, totals
from .tasks import DEADLINE_S, Runner, no_checkpoint
from .upload import Uploads

__all__ = ["Batch", "Limits", "Service", "open_runner", "spent"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How a run may behave.

    concurrency: requests at once, 0 = the default of the settings; spending_cap: credits, 0 = spend
    nothing, None = the default of the settings; pay_again: whether unclear and failed requests may
    be sent, and paid, once more; deadline_s: patience for one task, in seconds.
    """

    concurrency: int = 0
    spending_cap: float | None = None
    pay_again: bool = False
    deadline_s: float = DEADLINE_S

    def cap(self, defaults: Defaults) -> float:
        """The credits this run may cost; raises BadParameter on what is no amount."""
        low, high = LIMITS["spending_cap"]
        found = defaults.spending_cap if self.spending_cap is None else self.spending_cap
        # Written so that NaN, which is neither below nor above anything, is refused, too.
        if not low <= found <= high:
            raise BadParameter(
                f"The spending cap is {found:g}; set 'max_credits' to {low:g} to {high:g}."
            )
        return found


@dataclass(frozen=True, slots=True)
class Batch:
    """A finished run. `report` is readable text without secrets."""

    requests: tuple[Request, ...]
    outcomes: tuple[Outcome, ...]
    report: str
    store: ImageStore = field(repr=False)

    def files(self, index: int) -> list[bytes]:
        """The stored files of one request."""
        wanted = self.outcomes[index].images
        whole = _present(self.store, wanted)
        if len(whole) != len(wanted):
            raise ImageError("A stored image was removed meanwhile; run again, which is free.")
        return whole

    def images(self, index: int) -> list[Tensor]:
        """The images of one request, each (H, W, 3) float32 in 0..1."""
        return [decode(data) for data in self.files(index)]


def open_runner(
    folder: Path,
    profile: Profile,
    *,
    limits: Limits | None = None,
    pacing: Pacing | None = None,
    checkpoint: Callable[[str], None] = no_checkpoint,
) -> Runner:
    """Everything a run needs, in the private folder. Raises JournalError if it cannot be used."""
    used, chosen = pacing or Pacing(), limits or Limits()
    client = Client.of(profile, used)
    return Runner(
        client=client,
        journal=Journal(folder, used.clock),
        store=ImageStore(folder / "images"),
        downloader=Downloader(profile, client.transport, used),
        uploads=Uploads(client, used),
        locks=folder / "locks",
        pacing=used,
        deadline_s=chosen.deadline_s,
        pay_again=chosen.pay_again,
        checkpoint=checkpoint,
    )


def spent(folder: Path) -> Totals:
    """The running total of this installation."""
    with closing(Journal(folder, time.time)) as journal:
        return totals(journal.all())


@dataclass(frozen=True, slots=True)
class Service:
    """One profile of one private folder."""

    folder: Path
    profile: Profile

    @classmethod
    def open(cls, folder: Path, profile: str = "", *, alone: bool = False) -> Service:
        """The profile of that name; alone: only a user's own (see `credentials`).

        Raises MissingKey with the ways to set a key, BadParameter on an address that cannot be.
        """
        found = load_profile(folder, profile, alone=alone)
        check_address(found)
        return cls(folder, found)

    def run(
        self,
        requests: Sequence[Request],
        limits: Limits | None = None,
        *,
        on_progress: Progress | None = None,
        say: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] = never_stop,
        pacing: Pacing | None = None,
    ) -> Batch:
        """Obtain every request; see `jobs.run_many` for the errors."""
        chosen, defaults = limits or Limits(), load_defaults(self.folder)
        cap, at_once = chosen.cap(defaults), chosen.concurrency or defaults.concurrency
        runner = open_runner(self.folder, self.profile, limits=chosen, pacing=pacing)
        with closing(runner.journal):
            before = totals(runner.journal.all())
            cost = estimate_cost(runner, requests, cap)
            face = _Face(before.credits, cost.credits, say, runner.pacing.monotonic)
            face.show([])
            outcomes = run_many(
                replace(runner, agreed=cost.paying),
                requests,
                concurrency=at_once,
                on_progress=on_progress,
                on_status=face.show,
                should_stop=should_stop,
            )
            after = totals(runner.journal.all())
        paid = _paid(outcomes)
        face.done(paid, after)
        report = _batch_report(requests, outcomes, paid, before, after)
        return Batch(tuple(requests), tuple(outcomes), report, runner.store)

    def stored(self, requests: Sequence[Request]) -> list[list[bytes]]:
        """The files of each request that lie on the disk already, [] where none do. No network."""
        runner = open_runner(self.folder, self.profile)
        with closing(runner.journal):
            entries = [runner.stored(request) for request in requests]
        return [_present(runner.store, entry.images) if entry else [] for entry in entries]


def _present(store: ImageStore, digests: Sequence[str]) -> list[bytes]:
    found = [store.get(digest) for digest in digests]
    return [data for data in found if data is not None]


class _Face:
    """The line on the node: how many, how long, how much."""

    def __init__(
        self,
        before: float,
        cost: float,
        say: Callable[[str], None] | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._before, self._cost, self._say = before, cost, say
        self._monotonic, self._started, self._last = monotonic, monotonic(), ""

    def show(self, items: Sequence[Item]) -> None:
        counts = Counter(item.status for item in items)
        done = sum(item.outcome is not None for item in items)
        running = {k: n for k, n in counts.items() if k not in ("paid", "resumed", "stored")}
        parts = [f"{done}/{len(items)} done"] if items else ["starting"]
        parts += [f"{n} {status}" for status, n in sorted(running.items())]
        parts.append(f"{self._monotonic() - self._started:.0f} s")
        parts.append(f"up to {self._cost:g} credits this run, {self._before:g} spent before")
        self._tell(" · ".join(parts))

    def done(self, paid: float, after: Totals) -> None:
        self._tell(f"done · {paid:g} credits this run · {after.credits:g} in all")

    def _tell(self, text: str) -> None:
        if self._say is not None and text != self._last:
            self._last = text
            self._say(text)


def _paid(outcomes: Sequence[Outcome]) -> float:
    """Credits of this run alone: the journal also grows by what others pay meanwhile."""
    return sum(outcome.credits for outcome in _distinct(outcomes))


def _distinct(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Equal requests share one outcome, which is paid for once."""
    return list({id(outcome): outcome for outcome in outcomes}.values())


def _batch_report(
    requests: Sequence[Request],
    outcomes: Sequence[Outcome],
    paid: float,
    before: Totals,
    after: Totals,
) -> str:
    how = Counter(outcome.how for outcome in _distinct(outcomes))
    images = "1 image" if len(outcomes) == 1 else f"{len(outcomes)} images"
    lines = [
        f"{images}: {how['paid']} paid for now, {how['resumed']} picked up again, "
        f"{how['stored']} from disk.",
        f"This run: {paid:g} credits. Spent before: {before.text}. Now: {after.text}.",
    ]
    for number, (request, outcome) in enumerate(zip(requests, outcomes, strict=True), 1):
        took = f" · {outcome.seconds:.1f} s" if outcome.seconds else ""
        lines.append(f"{number}. {outcome.how} · task {outcome.task}{took} · {request.summary}")
    notes = dict.fromkeys(note for request in requests for note in request.image.notes)
    lines += [f"Note: {note}" for note in notes]
    return "\n".join(lines)
