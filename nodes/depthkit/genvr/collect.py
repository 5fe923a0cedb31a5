"""A task that is paid for: wait until it is done, fetch its images, store them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import Stopped
from .answers import shortened
from .client import Client, TaskUnknown
from .journal import Entry, Journal
from .messages import expired, failure, kept, lost
from .pace import Pace
from .request import Request
from .result_download import Downloader, Gone
from .result_store import ImageStore
from .retry import Pacing
from .service_errors import GenvrError, ImageError, JournalError, TaskFailed, TaskTimeout

__all__ = ["UNKNOWN", "Collector", "Outcome", "Say", "TaskLost"]

UNKNOWN = "unknown to the service"
_LINKS = 3
_DEAD = "its link is dead, also after asking for a new one"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished request. how: "paid" now, "resumed" an earlier task, or "stored" on disk before.

    images: sha256 of each file in the store; credits: what this call cost.
    """

    images: tuple[str, ...]
    how: str
    task: str
    credits: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


class TaskLost(TaskFailed):
    """The service does not know the task any more."""


@dataclass(frozen=True)
class Collector:
    """Collects the images of one profile's tasks. Whatever interrupts it leaves the task id in the
    journal, and a later run goes on from there."""

    client: Client
    journal: Journal
    store: ImageStore
    downloader: Downloader
    pacing: Pacing
    deadline_s: float
    checkpoint: Callable[[str], None]
    pace: Pace

    def finish(
        self,
        entry: Entry,
        request: Request,
        how: str,
        should_stop: Callable[[], bool],
        say: Say,
    ) -> Outcome:
        """Wait, fetch, store. Whatever interrupts this leaves the task id in the journal."""
        client = replace(self.client, profile=replace(self.client.profile, version=entry.version))
        try:
            self._await(client, entry, request, how, should_stop, say)
            # What went wrong before this is over.
            entry = self.journal.note(entry, "completed", detail="")
            self.checkpoint("completed")
            say("downloading")
            files = self._fetch(client, entry, request, should_stop)
            self.checkpoint("downloaded")
            digests = tuple(self.store.put(data) for data in files)
            done = self.journal.note(entry, "stored", images=digests)
            self.checkpoint("stored")
        except (Stopped, TaskTimeout) as error:
            self.journal.note(entry, "detached", detail=type(error).__name__)
            raise
        except JournalError as error:
            raise JournalError(
                f"{error} The task that was paid for is {shortened(entry.task)}."
            ) from None
        return Outcome(done.images, how, done.task)

    def _await(
        self,
        client: Client,
        entry: Entry,
        request: Request,
        how: str,
        should_stop: Callable[[], bool],
        say: Say,
    ) -> None:
        started = self.pacing.monotonic()
        if how == "paid":
            self.pacing.wait(self.pace.next_wait(0.0), should_stop)
        while True:
            try:
                status = client.status(request.model, entry.task, should_stop)
            except TaskUnknown as unknown:
                raise self._lost(entry, unknown) from None
            elapsed = self.pacing.monotonic() - started
            if status.failed:
                raise self._failed(entry, status.reason or status.word)
            if status.completed:
                if how == "paid":
                    self.pace.saw(elapsed)
                return
            if elapsed >= self.deadline_s:
                raise TaskTimeout(
                    f"GenVR task {shortened(entry.task)} is not done after {elapsed:.0f} s (last "
                    f"word: {status.word or 'none'}). It is kept: run again later and it is picked "
                    "up without paying again."
                )
            say(status.word or "running")
            self.pacing.wait(self.pace.next_wait(elapsed), should_stop)

    def _fetch(
        self, client: Client, entry: Entry, request: Request, should_stop: Callable[[], bool]
    ) -> list[bytes]:
        """Every image of the task; a dead link is replaced by a fresh one."""
        why, advised = "GenVR says the task is done but names no image", kept(entry)
        for attempt in range(_LINKS):
            if attempt:
                self.pacing.wait(1.0, should_stop)
            try:
                urls, text = client.response(request.model, entry.task, should_stop)
            except TaskUnknown as unknown:
                raise self._lost(entry, unknown) from None
            if text and not urls:
                raise self._failed(entry, text)
            try:
                if urls:
                    followed = urls[: request.model.most_results]
                    return [self.downloader.fetch(url, should_stop) for url in followed]
            except Gone:
                why, advised = _DEAD, expired(entry)
            except ImageError as error:
                raise ImageError(f"{error} {kept(entry)}") from None
        raise ImageError(f"The image cannot be fetched: {why}. {advised}")

    def _failed(self, entry: Entry, reason: str) -> GenvrError:
        said = self.client.profile.redactor(reason)
        self.journal.note(entry, "failed", detail=said)
        return failure(entry.task, said)

    def _lost(self, entry: Entry, error: Exception) -> TaskFailed:
        self.journal.note(entry, "detached", detail=UNKNOWN)
        return TaskLost(lost(entry, str(error)))
