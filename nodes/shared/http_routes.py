"""Routes for the page: profiles (write-only), the ledger, defaults of a run, layers of a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from . import host

__all__ = ["PREFIX", "ROUTES", "Route", "handler", "register"]

PREFIX = "/genvr_depth"


class Route(NamedTuple):
    """work: in `panel_requests`; changes: whether it needs the right to change something; outside:
    whether it asks other computers."""

    method: str
    path: str
    work: str
    changes: bool = False
    outside: bool = False


ROUTES = (
    Route("GET", "/profiles", "profiles"),
    Route("PUT", "/profiles/{name}", "save profile", changes=True, outside=True),
    Route("DELETE", "/profiles/{name}", "forget profile", changes=True),
    Route("POST", "/profiles/{name}/test", "test profile", changes=True, outside=True),
    Route("GET", "/ledger", "ledger"),
    Route("GET", "/defaults", "defaults"),
    Route("PUT", "/defaults", "save defaults", changes=True),
    Route("GET", "/prices", "prices"),
    Route("GET", "/layers", "layers"),
)


def register() -> None:
    """Make the routes known; without a server there is nothing to do."""
    current = host.current()
    for route in ROUTES:
        current.add_route(route.method, PREFIX + route.path, handler(route))


def handler(route: Route) -> Callable[[object], Awaitable[object]]:
    """What aiohttp calls. What answers is imported with the first request."""

    async def handle(request: Any) -> object:
        from .panel_requests import answer

        return await answer(request, route.work, changes=route.changes, outside=route.outside)

    return handle
