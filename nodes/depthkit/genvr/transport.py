"""One HTTP exchange, and nothing but: no retries, no redirects, no cookies, a total deadline.

What went wrong is told apart by whether the request can
have reached the server, because that decides whether it may be sent again.

Each exchange runs in a thread of its own, so that the caller can leave at Stop or at the deadline
whatever the libraries wait for: they time each read, not the answer, and a head that trickles in
would hold them for hours. The caller cuts the connection when it leaves, which ends the thread.
"""

from __future__ import annotations

import io
import json
import queue
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..addresses import is_loopback
from ..connections import Wire, fault_kinds, send, urlsplit, watched_session
from ..errors import Stopped
from .beside import beside, ended
from .redact import quiet_transport_log
from .retry import Pacing, never_stop
from .transport_errors import reason

__all__ = ["Exchange", "NoAnswer", "NotSent", "Reply", "Transport"]

CONNECT_TIMEOUT_S = 10.0
_CHUNK = 1 << 16
_TICK_S = 0.05


class NotSent(Exception):
    """Nothing of the request's body left, so it is safe to send again; the text says why, for
    people. A request without a body only asks, and counts as not sent until the answer begins."""


class NoAnswer(Exception):
    """The request left and no complete answer came back. The server may have acted on it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What to send.

    authorized: add the key; it is never set for another origin than the base. public: connect to
    public addresses only.
    """

    method: str
    url: str
    payload: Mapping[str, object] | None = None
    data: bytes | None = None
    headers: Mapping[str, str] | None = None
    timeout_s: float = 30.0
    max_bytes: int = 4 << 20
    authorized: bool = False
    public: bool = False

    def __repr__(self) -> str:
        return f"Exchange({self.method})"


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """A complete answer. `oversize` is set instead of reading beyond the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    oversize: bool = False

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"

    def json(self) -> Any:
        """The parsed body, or None where it is not JSON, or nested beyond all reason."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def text(self, limit: int = 300) -> str:
        return self.body[: limit * 4].decode("utf-8", "replace")[:limit]


class _Kind(NamedTuple):
    """Sessions of different kinds never share a connection."""

    local: bool
    public: bool


class Transport:
    """Sends exchanges over pooled sessions, from any thread. Close it when the run is over."""

    def __init__(
        self, key: str = "", pacing: Pacing | None = None, *, public: bool = False
    ) -> None:
        """public: connect to public addresses only, whatever an exchange says."""
        self._key, self._public = key, public
        self._pacing = pacing or Pacing()
        self._idle: dict[_Kind, queue.SimpleQueue[Any]] = defaultdict(queue.SimpleQueue)

    def send(self, exchange: Exchange, should_stop: Callable[[], bool] = never_stop) -> Reply:
        """Raises NotSent, NoAnswer, or Stopped as soon as Stop is pressed."""
        body, kind = (
            _body(exchange),
            _Kind(_is_local(exchange.url), exchange.public or self._public),
        )
        wire = Wire()

        def work() -> Reply:
            with wire.taken():
                return self._exchange(exchange, body, kind, should_stop)

        deadline = time.monotonic() + CONNECT_TIMEOUT_S + exchange.timeout_s
        call = beside(work, "genvr-exchange")
        while not ended(call, _TICK_S):
            if should_stop():
                wire.cut()
                raise Stopped
            if time.monotonic() > deadline:
                wire.cut()
                raise NoAnswer("deadline")
        return call.result()

    def _exchange(
        self,
        exchange: Exchange,
        body: _Body | None,
        kind: _Kind,
        should_stop: Callable[[], bool],
    ) -> Reply:
        kinds = fault_kinds()
        opened, session = False, self._session(kind)
        try:
            with self._open(session, exchange, body) as response:
                opened = True
                reply = self._read(response, exchange, should_stop)
        except (kinds.asked.RequestException, kinds.below.HTTPError, OSError) as error:
            # The library's texts hold URLs, and URLs hold signatures: `from None`, own words only.
            if opened or (body is not None and body.asked_for):
                raise NoAnswer(type(error).__name__) from None
            raise NotSent(reason(error)) from None
        self._idle[kind].put(session)
        return reply

    def _open(self, session: Any, exchange: Exchange, body: _Body | None) -> Any:
        """The answer's head; its body is still to be read."""
        headers = {"Accept-Encoding": "identity", **(exchange.headers or {})}
        if exchange.payload is not None:
            headers["Content-Type"] = "application/json"
        return send(
            session,
            exchange.method,
            exchange.url,
            data=body,
            headers=headers,
            key=self._key if exchange.authorized else "",
            timeout=(CONNECT_TIMEOUT_S, exchange.timeout_s),
        )

    def _read(self, response: Any, exchange: Exchange, should_stop: Callable[[], bool]) -> Reply:
        headers = {k.lower(): v for k, v in response.headers.items()}
        promised = _promised_length(headers.get("content-length", ""))
        if promised is not None and promised > exchange.max_bytes:
            return Reply(response.status_code, headers, b"", oversize=True)
        deadline = self._pacing.monotonic() + exchange.timeout_s
        received = bytearray()
        read = _raw_reader(response.raw)
        while chunk := read():
            received += chunk
            if len(received) > exchange.max_bytes:
                return Reply(response.status_code, headers, b"", oversize=True)
            if should_stop():
                raise Stopped
            if self._pacing.monotonic() > deadline:
                raise NoAnswer("deadline")
        if promised is not None and len(received) < promised:
            raise NoAnswer("cut off")
        return Reply(response.status_code, headers, bytes(received))

    def _session(self, kind: _Kind) -> Any:
        """One that is free: a session serves one exchange at a time."""
        try:
            return self._idle[kind].get_nowait()
        except queue.Empty:
            quiet_transport_log()
            return watched_session(trust_env=not kind.local, public=kind.public)


class _Body:
    """A request's body that knows whether it was asked for.

    The libraries ask when a connection stands, tunnel and encryption included. Before that, nothing
    that could be charged has left this computer, whatever they call the fault.
    """

    def __init__(self, data: bytes) -> None:
        self.asked_for = False
        self._promised_length = len(data)
        self._data = io.BytesIO(data)

    def __len__(self) -> int:
        return self._promised_length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_CHUNK):
            yield piece

    def read(self, size: int = -1) -> bytes:
        self.asked_for = True
        return self._data.read(size)


def _is_local(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname)
    except ValueError:
        raise NotSent("the address cannot be used; check the profile's address") from None


def _promised_length(header: str) -> int | None:
    """Bytes that the answer promises; None where the header says nothing usable."""
    return int(header) if header.isascii() and header.isdigit() and len(header) < 19 else None


def _body(exchange: Exchange) -> _Body | None:
    if exchange.payload is not None:
        return _Body(json.dumps(exchange.payload).encode())
    return None if exchange.data is None else _Body(exchange.data)


def _raw_reader(raw: Any) -> Callable[[], bytes]:
    """Reads what has come, in pieces. Raw bytes: a compressed body is never expanded here."""
    if hasattr(raw, "read1"):
        return lambda: raw.read1(_CHUNK, decode_content=False)
    return lambda: _read_come(raw)


def _read_come(raw: Any) -> bytes:
    """`read1` where urllib3 is older than 2.2: its own `read` waits for all it was asked for, and
    past the deadline if the bytes trickle in. These releases change no more, so their inner names
    are safe to use."""
    with raw._error_catcher():
        come = raw._fp.read1(_CHUNK)
        if not come:
            raw._fp.close()
    return come
