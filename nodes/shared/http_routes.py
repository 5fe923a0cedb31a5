"""Routes for the settings panel: profiles (write-only), the ledger, the defaults of a run.

ComfyUI refuses cross-site requests by their headers; asking for JSON bodies on top keeps plain HTML
forms out. No answer ever holds a key, a user id or a signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from ..depthkit.errors import DepthError
from . import host
from .on_demand import genvr

__all__ = ["register"]

PREFIX = "/genvr_depth"
_TEST_PATIENCE_S = 8.0
_PRICED = {
    "GenVRDepthGenerateRemote": "depth",
    "GenVRDepthGenerateCanny": "canny",
    "GenVRDepthGenerateScribble": "scribble",
    "GenVRDepthEstimateRemote": "detect",
}
Work = Callable[[dict[str, str], dict[str, Any]], Any]


def register() -> None:
    """Make the routes known; without a server there is nothing to do."""
    current = host.current()
    for method, path, work in _ROUTES:
        current.add_route(method, PREFIX + path, _handler(method, work))


def _handler(method: str, work: Work) -> Callable[[Any], Awaitable[Any]]:
    async def handle(request: Any) -> Any:
        from aiohttp import web

        body: dict[str, Any] = {}
        if method in ("PUT", "POST"):
            if request.content_type != "application/json":
                return web.json_response({"error": "Send application/json."}, status=415)
            body = await _json(request)
        try:
            answer = await asyncio.to_thread(work, dict(request.match_info), body)
        except genvr.MissingKey as error:
            return web.json_response({"error": str(error)}, status=404)
        except DepthError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    return handle


async def _json(request: Any) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, LookupError, RecursionError):
        # Not JSON, or in a character set that nobody knows.
        return {}
    return body if isinstance(body, dict) else {}


def _profiles(match: dict[str, str], body: dict[str, Any]) -> Any:
    found = genvr.credentials.states(host.current().private_folder())
    return {"profiles": [{**asdict(state), "needs": list(state.needs)} for state in found]}


def _save_profile(match: dict[str, str], body: dict[str, Any]) -> Any:
    texts = {name: body.get(name, "") for name in ("key", "uid", "base", "version")}
    hosts = body.get("hosts", [])
    if not all(isinstance(t, str) for t in texts.values()) or not isinstance(hosts, list):
        raise genvr.BadParameter(
            "'key', 'uid', 'base' and 'version' are texts, 'hosts' a list of texts."
        )
    folder = host.current().private_folder()
    chosen = tuple(str(name) for name in hosts)
    state = genvr.credentials.save(folder, match["name"], **texts, hosts=chosen)
    return {"name": state.name, "state": state.state}


def _forget_profile(match: dict[str, str], body: dict[str, Any]) -> Any:
    state = genvr.credentials.forget(host.current().private_folder(), match["name"])
    return {"name": state.name, "state": state.state}


def _test_profile(match: dict[str, str], body: dict[str, Any]) -> Any:
    profile = genvr.credentials.load(host.current().private_folder(), match["name"])
    try:
        genvr.Client.of(profile, patience_s=_TEST_PATIENCE_S).upload_ticket("test.png")
    except DepthError as error:
        return {"ok": False, "message": str(error)}
    return {"ok": True, "message": "The key works. Asking was free of charge."}


def _ledger(match: dict[str, str], body: dict[str, Any]) -> Any:
    total = genvr.spent(host.current().private_folder())
    return {**asdict(total), "days": [asdict(day) for day in total.days]}


def _defaults(match: dict[str, str], body: dict[str, Any]) -> Any:
    return _shown(genvr.settings.load_defaults(host.current().private_folder()))


def _save_defaults(match: dict[str, str], body: dict[str, Any]) -> Any:
    return _shown(genvr.settings.save_defaults(host.current().private_folder(), body))


def _prices(match: dict[str, str], body: dict[str, Any]) -> Any:
    """Credits of one image by node id, and how many styles each group has: the cost badge."""
    prices = {node: asdict(genvr.model_named(name).price) for node, name in _PRICED.items()}
    styles = {group: len(rows) for group, rows in genvr.variations.style_groups().items()}
    return {
        "prices": prices,
        "styles": {
            **styles,
            genvr.variations.ALL_STYLES: sum(styles.values()),
            genvr.variations.NO_STYLES: 0,
        },
    }


def _shown(defaults: genvr.settings.Defaults) -> dict[str, Any]:
    limits = {name: list(ends) for name, ends in genvr.settings.LIMITS.items()}
    return {**asdict(defaults), "limits": limits}


_ROUTES: tuple[tuple[str, str, Work], ...] = (
    ("GET", "/profiles", _profiles),
    ("PUT", "/profiles/{name}", _save_profile),
    ("DELETE", "/profiles/{name}", _forget_profile),
    ("POST", "/profiles/{name}/test", _test_profile),
    ("GET", "/ledger", _ledger),
    ("GET", "/defaults", _defaults),
    ("PUT", "/defaults", _save_defaults),
    ("GET", "/prices", _prices),
)
