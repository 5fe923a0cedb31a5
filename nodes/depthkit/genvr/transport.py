"""One HTTP exchange, and nothing but: no retries, no redirects, no cookies, a total deadline.

The only module that imports `requests`. What went wrong is told apart by whether the request can
have reached the server, because that decides whether it may be sent again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any
from urllib.parse import urlsplit

from ..errors import Stopped
from .credentials import is_loopback
from .redact import quiet_transport_log
from .retry import Pacing, never_stop

__all__ = ["Exchange", "NoAnswer", "NotSent", "Reply", "Transport"]

CONNECT_TIMEOUT_S = 10.0
_CHUNK = 1 << 16


class NotSent(Exception):
    """The request did not leave: nobody answered the connection. Safe to send again."""


class NoAnswer(Exception):
    """The request left and no complete answer came back. The server may have acted on it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What to send. `authorized` adds the key; it is never set for another origin than the base."""

    method: str
    url: str
    payload: Mapping[str, Any] | None = None
    data: bytes | None = None
    headers: Mapping[str, str] | None = None
    timeout_s: float = 30.0
    max_bytes: int = 4 << 20
    authorized: bool = False

    def __repr__(self) -> str:
        return f"Exchange({self.method} {urlsplit(self.url).hostname})"


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
        """The parsed body, or None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def text(self, limit: int = 300) -> str:
        return self.body[: limit * 4].decode("utf-8", "replace")[:limit]


class Transport:
    """Sends exchanges; one pooled session per thread. Close it when the run is over."""

    def __init__(self, key: str = "", pacing: Pacing | None = None) -> None:
        self._key = key
        self._pacing = pacing or Pacing()
        self._local = threading.local()

    def send(self, exchange: Exchange, should_stop: Callable[[], bool] = never_stop) -> Reply:
        """Raises NotSent, NoAnswer, or Stopped (only while reading the answer)."""
        import requests
        from urllib3.exceptions import HTTPError

        try:
            with self._open(exchange) as response:
                return self._read(response, exchange, should_stop)
        except requests.exceptions.RequestException as error:
            # The library's texts hold URLs, and URLs hold signatures: `from None`, class name only.
            kind = NotSent if _never_left(error) else NoAnswer
            raise kind(type(error).__name__) from None
        except (HTTPError, OSError) as error:
            raise NoAnswer(type(error).__name__) from None

    def _open(self, exchange: Exchange) -> Any:
        session = self._session(is_loopback(urlsplit(exchange.url).hostname))
        body = exchange.data
        headers = {"Accept-Encoding": "identity", **(exchange.headers or {})}
        if exchange.payload is not None:
            body = json.dumps(exchange.payload).encode()
            headers["Content-Type"] = "application/json"
        return session.request(
            exchange.method,
            exchange.url,
            data=body,
            headers=headers,
            auth=_auth(self._key if exchange.authorized else ""),
            timeout=(CONNECT_TIMEOUT_S, exchange.timeout_s),
            allow_redirects=False,
            stream=True,
        )

    def _read(self, response: Any, exchange: Exchange, should_stop: Callable[[], bool]) -> Reply:
        headers = {k.lower(): v for k, v in response.headers.items()}
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > exchange.max_bytes:
            return Reply(response.status_code, headers, b"", oversize=True)
        deadline = self._pacing.monotonic() + exchange.timeout_s
        received = bytearray()
        # Raw bytes: a compressed body is never expanded here.
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            received += chunk
            if len(received) > exchange.max_bytes:
                return Reply(response.status_code, headers, b"", oversize=True)
            if should_stop():
                raise Stopped
            if self._pacing.monotonic() > deadline:
                raise NoAnswer("deadline")
        return Reply(response.status_code, headers, bytes(received))

    def _session(self, local: bool) -> Any:
        name = "direct" if local else "session"
        session = getattr(self._local, name, None)
        if session is None:
            import requests

            quiet_transport_log()
            session = requests.Session()
            # Proxies of the environment are honoured, except for a server on this very machine.
            session.trust_env = not local
            setattr(self._local, name, session)
        session.cookies.clear()
        return session


def _auth(key: str) -> Callable[[Any], Any]:
    """An auth object survives a ~/.netrc entry for the host, a plain header would be replaced."""

    def apply(request: Any) -> Any:
        request.headers.pop("Authorization", None)
        if key:
            request.headers["Authorization"] = f"Bearer {key}"
        return request

    return apply


def _never_left(error: BaseException) -> bool:
    """Whether the cause says that no connection came about."""
    import requests
    from urllib3 import exceptions as causes

    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    if isinstance(error, requests.exceptions.ReadTimeout):
        return False
    never = (causes.NewConnectionError, causes.ConnectTimeoutError)
    reason = error.args[0] if error.args else None
    reason = getattr(reason, "reason", reason)
    if isinstance(reason, causes.ProxyError):
        # Before the tunnel stands nothing of the request has left.
        original = reason.original_error
        return isinstance(original, never) or "Tunnel connection failed" in str(original)
    if isinstance(reason, causes.SSLError):
        return _in_handshake(reason)
    return isinstance(reason, never)


def _in_handshake(error: BaseException) -> bool:
    """Whether TLS failed before the request: the same words come when an answer is garbled later,
    so that only the place where it was raised tells."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            waiting += [*one.args, one.__cause__, one.__context__]
    return any(
        frame.f_code.co_name == "do_handshake"
        for one in seen
        for frame, _ in walk_tb(one.__traceback__)
    )
