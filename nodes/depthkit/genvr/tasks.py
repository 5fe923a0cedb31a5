"""One request, from its parameters to the stored image, paid at most once whatever happens.

The journal is asked first: a stored image is served from disk, a known task is picked up by its
id, an unclear one stops with an error. Only then is `generate` called, with the intent on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import Stopped
from .answers import shortened
from .client import Ambiguous, Client, PayloadTooLarge
from .collect import UNKNOWN, Collector, Outcome, Say, TaskLost
from .journal import Entry, Journal
from .leave_behind import LeftBehind, leave_behind
from .messages import ambiguous, failure
from .pace import Pace
from .request import Request
from .result_download import Downloader
from .result_store import ImageStore
from .retry import Pacing
from .service_errors import BadParameter, GenvrError, JournalError, SpendingCap
from .single_flight import single_flight
from .upload import Uploads

__all__ = ["Runner", "no_checkpoint", "silent"]

DEADLINE_S = 900.0


def no_checkpoint(name: str) -> None:
    """Tests put a function here that kills the process at a named step."""


def silent(text: str) -> None:
    """Discards the status."""


@dataclass(frozen=True)
class Runner:
    """Runs requests for one profile. Safe to use from several threads.

    agreed: keys of the requests that may be paid for, None for all.
    """

    client: Client
    journal: Journal
    store: ImageStore
    downloader: Downloader
    uploads: Uploads
    locks: Path
    pacing: Pacing = field(default_factory=Pacing)
    deadline_s: float = DEADLINE_S
    pay_again: bool = False
    checkpoint: Callable[[str], None] = no_checkpoint
    pace: Pace = field(default_factory=Pace)
    agreed: frozenset[str] | None = None

    @property
    def account(self) -> str:
        return self.client.profile.account

    def _collector(self) -> Collector:
        return Collector(
            client=self.client,
            journal=self.journal,
            store=self.store,
            downloader=self.downloader,
            pacing=self.pacing,
            deadline_s=self.deadline_s,
            checkpoint=self.checkpoint,
            pace=self.pace,
        )

    def stored(self, request: Request) -> Entry | None:
        """The journal's entry if every image of it is on disk and whole."""
        entry = self.journal.latest(request.key, self.account)
        if entry is None or entry.state != "stored" or not entry.images:
            return None
        return entry if all(self.store.has(digest) for digest in entry.images) else None

    def will_pay(self, request: Request) -> bool:
        """Whether `obtain` would send a request that costs credits."""
        entry = self.journal.latest(request.key, self.account)
        if entry is None:
            return True
        # A prepared entry may be another run's, which is refused while this one waits for it.
        if entry.state in ("failed", "prepared") and not entry.task:
            return True
        return self.pay_again and (
            entry.state in ("failed", "ambiguous") or entry.detail == UNKNOWN
        )

    def obtain(
        self, request: Request, should_stop: Callable[[], bool], say: Say = silent
    ) -> Outcome:
        """The request's images, in the store.

        Raises an error of `errors.py`, or Stopped; the journal then says how it goes on.
        """
        name = f"{request.key[:40]}-{self.account}"

        def on_wait() -> None:
            say("waiting for the same request elsewhere")

        with single_flight(self.locks, name, self.pacing, should_stop, on_wait):
            entry = self.stored(request)
            if entry is not None:
                return Outcome(entry.images, "stored", entry.task)
            entry = self._after_crash(self.journal.latest(request.key, self.account))
            if entry is not None and entry.task and entry.state != "failed":
                try:
                    return self._collector().finish(entry, request, "resumed", should_stop, say)
                except TaskLost:
                    # A loss that is news was not in the sum the spending cap was held against.
                    if not self.pay_again or entry.detail != UNKNOWN:
                        raise
            self._refuse_to_guess(entry)
            self._keep_to_the_sum(request)
            started = self.pacing.monotonic()
            submitted = self._submit(request, entry, should_stop, say)
            outcome = self._collector().finish(submitted, request, "paid", should_stop, say)
            seconds = self.pacing.monotonic() - started
            return replace(outcome, credits=submitted.credits, seconds=seconds)

    def _after_crash(self, entry: Entry | None) -> Entry | None:
        """An intent without a task, and no run holds the lock: a process died around the call."""
        if entry is None or entry.state != "prepared":
            return entry
        why = "the program ended while the request was being sent"
        return self.journal.record(entry, "ambiguous", detail=why)

    def _refuse_to_guess(self, entry: Entry | None) -> None:
        if entry is None or self.pay_again:
            return
        if entry.state == "ambiguous":
            raise ambiguous(entry)
        if entry.state == "failed" and entry.task:
            raise failure(entry.task, entry.detail)

    def _keep_to_the_sum(self, request: Request) -> None:
        """Another run may have lost a task that counted as paid for when the cap was looked at."""
        if self.agreed is not None and request.key not in self.agreed:
            raise SpendingCap(
                "Another run changed the state of this request meanwhile, and its price is not in "
                "the sum that was held against the spending cap. Nothing was sent; run again."
            )

    def _submit(
        self, request: Request, earlier: Entry | None, should_stop: Callable[[], bool], say: Say
    ) -> Entry:
        say("sending")
        image = request.image.encoded
        where = self.uploads.reference(image, should_stop)
        entry = self.journal.prepare(self._intent(request, earlier))
        self.checkpoint("prepared")
        try:
            try:
                task = self._generate(request, entry, where, should_stop)
            except PayloadTooLarge:
                where = self.uploads.reference(image, should_stop, force=True)
                task = self._generate(request, entry, where, should_stop)
        except LeftBehind:
            # The answer is still on its way and is noted when it comes; the lock is free now.
            raise Stopped from None
        except Ambiguous as error:
            noted = self.journal.note(entry, "ambiguous", detail=str(error))
            raise ambiguous(noted) from None
        except PayloadTooLarge:
            self.journal.note(entry, "failed", detail="too large")
            raise BadParameter(
                "GenVR refuses the request as too large (413), also with the image uploaded. "
                "Nothing was charged. Shorten the prompt or use a smaller image."
            ) from None
        except (GenvrError, Stopped) as error:
            # A definite refusal, or never sent: the next run may simply try again.
            self.journal.note(entry, "failed", detail=str(error))
            raise
        self.checkpoint("sent")
        submitted = self.journal.note(entry, "submitted", task=task)
        self.checkpoint("submitted")
        self._refuse_a_double(submitted)
        return submitted

    def _refuse_a_double(self, entry: Entry) -> None:
        """Two requests with one task would get one image without a word."""
        other = self.journal.holder(entry)
        if other is None:
            return
        why = f"GenVR gave it the task {shortened(entry.task)}, which is that of another request"
        raise ambiguous(self.journal.note(entry, "ambiguous", task="", detail=why))

    def _intent(self, request: Request, earlier: Entry | None) -> Entry:
        price = request.model.price
        return Entry(
            number=0,
            key=request.key,
            account=self.account,
            attempt=earlier.attempt + 1 if earlier else 1,
            state="prepared",
            task="",
            model=request.model.name,
            version=self.client.profile.version,
            credits=price.credits,
            published=price.published,
            created=0.0,
            updated=0.0,
            summary=request.summary,
        )

    def _generate(
        self, request: Request, entry: Entry, where: str, should_stop: Callable[[], bool]
    ) -> str:
        body = {**request.model.body(request.values), request.model.image_field: where}
        key = f"{entry.key[:32]}-{entry.attempt}"
        return leave_behind(
            lambda: self.client.generate(request.model, body, should_stop, key),
            should_stop,
            lambda: self._left(entry),
            lambda task, error: self._late(entry, task, error),
        )

    def _left(self, entry: Entry) -> None:
        self.journal.note(entry, "ambiguous", detail="stopped while its answer was awaited")

    def _late(self, entry: Entry, task: str, error: BaseException | None) -> None:
        """The end of a call whose run has left; the next run goes on from there."""
        with suppress(JournalError):
            if task:
                self.journal.record(entry, "submitted", task=task)
            elif isinstance(error, GenvrError | Stopped):
                # A definite refusal, or never sent.
                self.journal.record(entry, "failed", detail=str(error))
