"""The service's calls, one method each. Retries are chosen per call, never per HTTP method.

Only `generate` costs money: it is repeated only when it provably did not arrive or was turned away
with 429 and no task named. Everything else is free of charge and repeated until its deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..connections import urlsplit
from .answers import (
    COMPLETED,
    FAILED,
    output_parts,
    refusal,
    shortened,
    task_id,
    task_state,
    words,
)
from .free_calls import FreeCalls, asked_wait, unreachable
from .journal import TASK_ROOM
from .profile import Profile
from .retry import Pacing, backoff, never_stop
from .service_errors import ServiceDown
from .service_models import Model
from .transport import Exchange, NoAnswer, NotSent, Reply, Transport

__all__ = ["Ambiguous", "Client", "PayloadTooLarge", "Status", "TaskUnknown", "UploadTicket"]

_PREFIX = {"v2": "/v2", "v1": "/api/v1"}
_GENERATE_TIMEOUT_S = 120.0
_SUBMIT_TRIES = 4
_BUSY_TRIES = 5
_PATIENCE_S = 90.0
_UNKNOWN_TRIES = 5
_UNKNOWN_WAIT_S = 2.0
# Time-out, conflict with a request that arrived before, connection given up: it may have arrived.
_UNCLEAR = (408, 409, 499)
_KEPT = "The task itself is kept; asking again is free."

Stop = Callable[[], bool]


class Ambiguous(Exception):
    """`generate` may have been carried out; the text says what was seen (redacted)."""


class PayloadTooLarge(Exception):
    """413: nothing was created, the image has to be uploaded instead of sent along."""


class TaskUnknown(Exception):
    """The service does not know the task, also after waiting a little."""


@dataclass(frozen=True, slots=True)
class Status:
    """What `status` says: still running, completed or failed with a reason (redacted)."""

    completed: bool = False
    failed: bool = False
    word: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """A place to put one image. The URL is a secret and never shown."""

    url: str = field(repr=False)
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Talks to one profile. `patience_s` is how long a free call is repeated. Thread-safe."""

    profile: Profile
    transport: Transport
    pacing: Pacing = field(default_factory=Pacing)
    patience_s: float = _PATIENCE_S

    @classmethod
    def of(
        cls, profile: Profile, pacing: Pacing | None = None, patience_s: float = _PATIENCE_S
    ) -> Client:
        used = pacing or Pacing()
        transport = Transport(profile.key, used, public=profile.public_only)
        return cls(profile, transport, used, patience_s)

    # -- the one call that costs ------------------------------------------------------------------

    def generate(
        self,
        model: Model,
        body: dict[str, Any],
        should_stop: Stop = never_stop,
        idempotency_key: str = "",
    ) -> str:
        """Submit once; the task's id. The idempotency key is sent along and not relied on.

        Waits and retries only where nothing can have been created. Raises Ambiguous when it may
        have been, PayloadTooLarge on 413, a GenvrError on a refusal, ServiceDown when the service
        cannot be reached, Stopped when Stop is pressed while waiting (then nothing was sent).
        """
        payload = {**self._task_fields(model), **body}
        unsent, busy = 0, 0
        while True:
            reply = self._submit(payload, idempotency_key)
            if isinstance(reply, NotSent):
                unsent += 1
                if unsent >= _SUBMIT_TRIES:
                    money = "Nothing was sent or charged."
                    raise ServiceDown(unreachable(self.profile, reply, money))
                self.pacing.wait(backoff(unsent), should_stop)
            elif reply.status == 429 and task_id(reply.json()) is None:
                busy += 1
                if busy >= _BUSY_TRIES:
                    raise refusal(reply, self.profile.redactor, "the request")
                self.pacing.wait(asked_wait(reply, busy, self.pacing.clock()), should_stop)
            else:
                return self._accepted(reply)

    def _submit(self, payload: dict[str, object], idempotency_key: str) -> Reply | NotSent:
        """The answer, or why the request provably did not leave."""
        exchange = Exchange(
            "POST",
            self._url("generate"),
            payload,
            headers={"Idempotency-Key": idempotency_key} if idempotency_key else None,
            timeout_s=_GENERATE_TIMEOUT_S,
            authorized=True,
        )
        try:
            return self.transport.send(exchange)
        except NotSent as error:
            return error
        except NoAnswer as error:
            raise Ambiguous(f"the connection ended without an answer ({error})") from None

    def _accepted(self, reply: Reply) -> str:
        """The task's id. An answer that names a task has made one, whatever its code says."""
        body = reply.json()
        found = task_id(body)
        if found and len(found) <= TASK_ROOM and found.isprintable():
            return found
        if found:
            raise Ambiguous(f"the answer names a task by {len(found)} characters that are no id")
        said = self.profile.redactor(words(reply), 160)
        if 200 <= reply.status < 300 and isinstance(body, dict):
            if body.get("success") is not False:
                raise Ambiguous("the answer names no task")
            raise refusal(reply, self.profile.redactor, "the request")
        if reply.status == 413:
            raise PayloadTooLarge
        if 400 <= reply.status < 500 and reply.status not in _UNCLEAR:
            raise refusal(reply, self.profile.redactor, "the request")
        raise Ambiguous(f'the service answered "{said}" (code {reply.status})')

    # -- free calls -------------------------------------------------------------------------------

    def status(self, model: Model, task: str, should_stop: Stop = never_stop) -> Status:
        """One look at a task. Raises TaskUnknown, WrongKey, ServiceDown, Stopped."""
        reply = self._ask_about(model, task, "status", 15.0, should_stop)
        body = reply.json()
        word, reason = task_state(body)
        if not word and isinstance(body, dict) and body.get("success") is False:
            raise refusal(
                reply, self.profile.redactor, f"the question for task {shortened(task)}", _KEPT
            )
        return Status(
            completed=word in COMPLETED,
            failed=word in FAILED,
            word=self.profile.redactor(word, 40),
            reason=reason,
        )

    def response(
        self, model: Model, task: str, should_stop: Stop = never_stop
    ) -> tuple[list[str], str]:
        """(fresh URLs of the images, other text) of a completed task."""
        reply = self._ask_about(model, task, "response", 60.0, should_stop)
        body = reply.json()
        if isinstance(body, dict) and body.get("success") is False:
            raise refusal(
                reply, self.profile.redactor, f"the result of task {shortened(task)}", _KEPT
            )
        return output_parts(body)

    def upload_ticket(self, file_name: str, should_stop: Stop = never_stop) -> UploadTicket:
        """Ask for an upload URL. Needs the key and costs nothing, so it also tests the key."""
        reply = self._free.ask(self.ticket_request(file_name), should_stop, "the upload")
        ticket = self.ticket_in(reply)
        if ticket is None:
            raise refusal(reply, self.profile.redactor, "the upload")
        return ticket

    def ticket_request(self, file_name: str) -> Exchange:
        return Exchange(
            "POST",
            f"{self.profile.base}/api/upload/sas-url",
            {
                "userId": self.profile.uid,
                "fileName": file_name,
                "category": "imgutils_control",
            },
            authorized=True,
        )

    def ticket_in(self, reply: Reply) -> UploadTicket | None:
        """The upload URL that an answer holds, None where it holds none."""
        body = reply.json()
        url = body.get("uploadUrl") if isinstance(body, dict) else None
        if not isinstance(url, str) or not _is_address(url) or not body.get("success", True):
            return None
        return UploadTicket(url, str(body.get("expiresAt", "")))

    def put(self, ticket: UploadTicket, data: bytes, mime: str, should_stop: Stop) -> Reply:
        """Upload the bytes. The key never goes along. Gives 201/200, 403 or 413 back."""
        exchange = Exchange(
            "PUT",
            ticket.url,
            data=data,
            headers={"x-ms-blob-type": "BlockBlob", "Content-Type": mime},
            timeout_s=120.0,
            public=not self.profile.serves(ticket.url),
        )
        return self._free.ask(exchange, should_stop, "the upload", (403, 413))

    def models(self, should_stop: Stop = never_stop) -> Any:
        """`GET /api/models`, parsed; needs no key."""
        exchange = Exchange("GET", f"{self.profile.base}/api/models", max_bytes=16 << 20)
        return self._free.ask(exchange, should_stop, "the list of models").json()

    def schema(self, model: Model, should_stop: Stop = never_stop) -> Any:
        """`GET /api/schema/...`, parsed; needs no key."""
        exchange = Exchange("GET", f"{self.profile.base}/api/schema/{model.path}")
        return self._free.ask(exchange, should_stop, "the schema").json()

    # -- inside -----------------------------------------------------------------------------------

    @property
    def _free(self) -> FreeCalls:
        return FreeCalls(self.profile, self.transport, self.pacing, self.patience_s)

    def _url(self, call: str) -> str:
        return f"{self.profile.base}{_PREFIX[self.profile.version]}/{call}"

    def _task_fields(self, model: Model) -> dict[str, object]:
        return {
            "uid": self.profile.uid,
            "category": model.category,
            "subcategory": model.subcategory,
        }

    def _ask_about(
        self, model: Model, task: str, call: str, timeout_s: float, should_stop: Stop
    ) -> Reply:
        exchange = Exchange(
            "POST",
            self._url(call),
            {"id": task, **self._task_fields(model)},
            timeout_s=timeout_s,
            authorized=True,
        )
        said = ""
        for _ in range(_UNKNOWN_TRIES):
            reply = self._free.ask(
                exchange, should_stop, f"the question for task {shortened(task)}", (404,)
            )
            if reply.status != 404:
                return reply
            said = words(reply)
            # A task can be unknown for a moment right after it was created.
            self.pacing.wait(_UNKNOWN_WAIT_S, should_stop)
        raise TaskUnknown(self.profile.redactor(said))


def _is_address(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
