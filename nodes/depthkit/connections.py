"""Every connection of the pack to another program, and the text forms that travel over them.

The only module that imports `requests`, `urllib`, `socket`, `ssl`, `base64` and aiohttp's server:
whoever reviews what the pack exchanges with the outside reads this one. It opens a connection in
two places: `watched_session` for the GenVR service (a GenVR node ran, or a key is tested), and
`stream` for a depth model (a download that the user allowed). Nothing here runs at import.

A watched session's connection can be cut by another thread, at any moment of an exchange.
"""

# urllib3 and the connections under it leave half of their methods untyped.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from .addresses import is_public

if TYPE_CHECKING:
    from requests import Response

__all__ = [
    "LOGGER",
    "PrivateAddressError",
    "SocketEnd",
    "SplitResult",
    "Wire",
    "addresses_of",
    "bare_key",
    "base64_bytes",
    "base64_text",
    "fault_kinds",
    "key_header",
    "quote",
    "send",
    "socket_pair",
    "stream",
    "urljoin",
    "urlsplit",
    "watched_session",
    "web_server",
]

SocketEnd = socket.socket
# What the library below notes its request lines with.
LOGGER = "urllib3.connectionpool"
_SCHEME = "Bearer "

_own = threading.local()


class PrivateAddressError(OSError):
    """A name that had to lie in the internet led into a private network."""


class Wire:
    """The connection of one exchange."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._connection: Any = None
        self._cut = False

    @contextmanager
    def taken(self) -> Generator[None, None, None]:
        """Inside, connections of watched sessions of this thread belong to this wire."""
        _own.wire = self
        try:
            yield
        finally:
            del _own.wire

    def use(self, connection: object) -> None:
        """Called by a connection when it begins to ask or to listen."""
        with self._turn:
            self._connection = connection
            if self._cut:
                _shut(connection)

    def cut(self) -> None:
        """End the exchange: whatever waits for the socket gets an error at once."""
        with self._turn:
            self._cut = True
            _shut(self._connection)


def send(
    session: Any,
    method: str,
    url: str,
    *,
    data: Any,
    headers: Mapping[str, str],
    key: str,
    timeout: tuple[float, float],
) -> Any:
    """The answer's head over a watched session; its body is still to be read. key: "" for none.

    No redirect is followed: a session would read the body of one, however large.
    """
    import requests

    request = session.prepare_request(
        requests.Request(method, url, data=data, headers=headers, auth=_auth(key))
    )
    address = str(request.url)
    around = session.merge_environment_settings(address, {}, True, None, None)
    return session.get_adapter(address).send(request, timeout=timeout, **around)


def _auth(key: str) -> Callable[[Any], Any]:
    """An auth object survives a ~/.netrc entry for the host, a plain header would be replaced."""

    def apply(request: Any) -> Any:
        request.headers.pop("Authorization", None)
        if key:
            request.headers["Authorization"] = _SCHEME + key
        return request

    return apply


def bare_key(typed: str) -> str:
    """A key without the word that is put before it in a header, where that was copied along."""
    return typed.removeprefix(_SCHEME).strip()


def key_header(key: str) -> dict[str, str]:
    """The header that shows a server whose request it is; not followed to another host."""
    return {"Authorization": _SCHEME + key}


def stream(url: str, headers: Mapping[str, str], timeout: tuple[float, float]) -> Response:
    """The answer to a GET, redirects followed, its body still to be read; a context manager."""
    import requests

    return requests.get(url, headers=dict(headers), stream=True, timeout=timeout)


def fault_kinds() -> SimpleNamespace:
    """The exceptions of what is below: asked (requests), below (urllib3), sockets, tls."""
    import ssl

    from requests import exceptions as asked
    from urllib3 import exceptions as below

    return SimpleNamespace(asked=asked, below=below, sockets=socket, tls=ssl)


def addresses_of(host: str) -> list[str]:
    """The IP addresses of a host, [] where it cannot be resolved here (a proxy may know it)."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(entry[4][0]) for entry in found})


def socket_pair() -> tuple[SocketEnd, SocketEnd]:
    """Two ends inside this process: what is written into one is read from the other."""
    return socket.socketpair()


def web_server() -> Any:
    """`aiohttp.web`, with which ComfyUI serves."""
    from aiohttp import web

    return web


def base64_text(data: bytes) -> str:
    """Bytes as they stand in a data URI or in a photo's metadata."""
    return base64.b64encode(data).decode()


def base64_bytes(text: str) -> bytes:
    """The bytes of such a text; raises ValueError where it is none."""
    return base64.b64decode(text, validate=False)


def watched_session(trust_env: bool, public: bool = False) -> object:
    """A session of `requests`. trust_env: whether proxies of the environment are honoured; never
    for a server on this very machine. public: whether it connects to public addresses only."""
    import requests

    session = requests.Session()
    session.trust_env = trust_env
    for scheme in ("https://", "http://"):
        session.mount(scheme, _adapter_class()(public))
    return session


def _shut(connection: object) -> None:
    sock = getattr(connection, "sock", None)
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _noted(connection: Any) -> None:
    wire = getattr(_own, "wire", None)
    if wire is not None:
        wire.use(connection)


@cache
def _adapter_class() -> type:
    """Made at the first use: importing `requests` takes longer than importing the pack."""
    from requests.adapters import HTTPAdapter

    class WatchedAdapter(HTTPAdapter):
        def __init__(self, public: bool) -> None:
            self.public = public
            super().__init__()

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            _watch(self.poolmanager, self.public)

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            # Whose address the name has is the proxy's to find out, and a proxy is often private.
            _watch(manager, public=False)
            return manager

    return WatchedAdapter


def _watch(manager: Any, public: bool) -> None:
    """Let the pools of a manager, those of a SOCKS proxy too, use connections that say so."""
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        name: _watched(pool, public) for name, pool in classes.items()
    }


@cache
def _watched(pool: Any, public: bool) -> type:
    """The pool class over connections that note when they are used; public: to public hosts only.

    The address is looked at once the connection stands, before a byte is sent: what a name leads
    to may have changed since it was checked.
    """
    if getattr(pool.ConnectionCls, "watched", False):
        return pool

    class WatchedConnection(pool.ConnectionCls):
        watched = True

        def _new_conn(self) -> object:
            sock = super()._new_conn()
            if public and not is_public(str(sock.getpeername()[0])):
                sock.close()
                raise PrivateAddressError
            return sock

        def connect(self) -> None:
            super().connect()
            _noted(self)

        def request(self, *args: object, **kwargs: object) -> object:
            _noted(self)
            return super().request(*args, **kwargs)

        def getresponse(self, *args: object, **kwargs: object) -> object:
            _noted(self)
            return super().getresponse(*args, **kwargs)

    return type(pool.__name__, (pool,), {"ConnectionCls": WatchedConnection})
