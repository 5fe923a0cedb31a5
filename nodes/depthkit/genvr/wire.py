"""Sessions of `requests` whose connection another thread can cut, at any moment of an exchange."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from .addresses import is_public

__all__ = ["PrivateAddressError", "Wire", "watched_session"]

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

    def use(self, connection: Any) -> None:
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


def watched_session(trust_env: bool, public: bool = False) -> Any:
    """A session of `requests`. trust_env: whether proxies of the environment are honoured; never
    for a server on this very machine. public: whether it connects to public addresses only."""
    import requests

    session = requests.Session()
    session.trust_env = trust_env
    for scheme in ("https://", "http://"):
        session.mount(scheme, _adapter_class()(public))
    return session


def _shut(connection: Any) -> None:
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

        def _new_conn(self) -> Any:
            sock = super()._new_conn()
            if public and not is_public(str(sock.getpeername()[0])):
                sock.close()
                raise PrivateAddressError
            return sock

        def connect(self) -> None:
            super().connect()
            _noted(self)

        def request(self, *args: Any, **kwargs: Any) -> Any:
            _noted(self)
            return super().request(*args, **kwargs)

        def getresponse(self, *args: Any, **kwargs: Any) -> Any:
            _noted(self)
            return super().getresponse(*args, **kwargs)

    return type(pool.__name__, (pool,), {"ConnectionCls": WatchedConnection})
