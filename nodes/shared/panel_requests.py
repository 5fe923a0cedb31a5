"""Answers the requests of the settings panel.

No answer ever holds a key, a user id or a signature, nor a word of the other side's.
`request_rights` says who may ask what; a route works for the user who asks, and for no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast

from ..depthkit.connections import web_server
from ..depthkit.environment import REMOTE_CHANGES, is_on
from ..depthkit.errors import DepthError
from . import host
from .canvas_files import clip_or_file
from .on_demand import formats, genvr
from .request_rights import Visit, refusal
from .route_threads import Busy, RouteThreads
from .users import UnknownUserError

__all__ = ["WORK", "answer"]

_BODY_MAX = 64 << 10
_TEST_S = 8.0
# What asks the outside world (a test, the name of an address) keeps no thread from what reads a
# file.
_OUTSIDE = RouteThreads(4, _TEST_S + 2)
_INSIDE = RouteThreads(4, 30.0)
_PRICED = {
    "GenVRDepthGenerateRemote": "depth",
    "GenVRDepthGenerateCanny": "canny",
    "GenVRDepthGenerateScribble": "scribble",
    "GenVRDepthEstimateRemote": "detect",
}


@dataclass(frozen=True, slots=True)
class _Ask:
    """place: where the keys of whoever asks lie; name: of the profile, or of the file."""

    place: host.PrivatePlace
    name: str
    body: dict[str, Any]
    should_stop: Callable[[], bool]


async def answer(request: Any, work: str, *, changes: bool, outside: bool) -> object:
    """aiohttp's response to a request. work: a name of WORK; see `http_routes` for the others."""
    web = web_server()

    def error(status: int, text: str) -> object:
        return web.json_response({"error": text}, status=status)

    refused = refusal(Visit.of(request), changes=changes, remote_changes=is_on(REMOTE_CHANGES))
    if refused:
        return error(403, refused)
    try:
        place = host.current().private_place_of(request)
    except UnknownUserError:
        # As ComfyUI itself answers for its own settings.
        raise web.HTTPUnauthorized from None
    body: dict[str, Any] = {}
    if request.method in ("PUT", "POST"):
        # A plain HTML form cannot send this type.
        if request.content_type != "application/json":
            return error(415, "Send application/json.")
        try:
            body = await _body_json(request)
        except web.HTTPRequestEntityTooLarge:
            return error(413, "This is more than a key and an address can be.")
    name = request.match_info.get("name", "") or request.query.get("name", "")
    threads = _OUTSIDE if outside else _INSIDE
    try:
        found = await threads.run(lambda late: WORK[work](_Ask(place, name, body, late)))
    except genvr.MissingKey as missing:
        return error(404, str(missing))
    except DepthError as wrong:
        return error(400, str(wrong))
    except Busy:
        return error(503, "This took too long, or too many ask at once. Try again later.")
    return web.json_response(found, headers={"Cache-Control": "no-store"})


async def _body_json(request: Any) -> dict[str, Any]:
    try:
        body = await request.clone(client_max_size=_BODY_MAX).json()
    except (ValueError, LookupError, RecursionError):
        # Not JSON, or in an unknown character set.
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _answer_profiles(ask: _Ask) -> object:
    found = genvr.credentials.states(ask.place.folder, alone=ask.place.alone)
    return {"profiles": [_profile_entry(one) for one in found]}


def _profile_entry(one: genvr.credentials.ProfileState) -> dict[str, object]:
    return {**asdict(one), "needs": list(one.needs)}


def _save_profile(ask: _Ask) -> object:
    texts = {name: ask.body.get(name, "") for name in ("key", "uid", "base", "version")}
    hosts: object = ask.body.get("hosts", [])
    if not all(isinstance(t, str) for t in texts.values()) or not isinstance(hosts, list):
        raise genvr.BadParameter(
            "'key', 'uid', 'base' and 'version' are texts, 'hosts' a list of texts."
        )
    state = genvr.credentials.save(
        ask.place.folder,
        ask.name,
        **texts,
        hosts=tuple(map(str, cast("list[object]", hosts))),
        alone=ask.place.alone,
        in_browser=True,
    )
    return {"name": state.name, "state": state.state}


def _forget_profile(ask: _Ask) -> object:
    state = genvr.credentials.forget(ask.place.folder, ask.name, alone=ask.place.alone)
    return {"name": state.name, "state": state.state}


def _test_profile(ask: _Ask) -> object:
    profile = genvr.credentials.load(ask.place.folder, ask.name, alone=ask.place.alone)
    return asdict(genvr.check_key(profile, _TEST_S, ask.should_stop))


def _ledger(ask: _Ask) -> object:
    total = genvr.spent(ask.place.folder)
    return {**asdict(total), "days": [asdict(day) for day in total.days]}


def _defaults(ask: _Ask) -> object:
    return _shown(genvr.settings.load_defaults(ask.place.folder))


def _save_defaults(ask: _Ask) -> object:
    return _shown(genvr.settings.save_defaults(ask.place.folder, ask.body))


def _answer_layers(ask: _Ask) -> object:
    """What Load Depth's `channel` may name in a file of ComfyUI's folders."""
    return {"layers": formats.layers(clip_or_file(ask.name))}


def _answer_prices(ask: _Ask) -> object:
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


def _shown(defaults: genvr.settings.Defaults) -> dict[str, object]:
    limits = {name: list(ends) for name, ends in genvr.settings.LIMITS.items()}
    return {**asdict(defaults), "limits": limits}


WORK: dict[str, Callable[[_Ask], object]] = {
    "profiles": _answer_profiles,
    "save profile": _save_profile,
    "forget profile": _forget_profile,
    "test profile": _test_profile,
    "ledger": _ledger,
    "defaults": _defaults,
    "save defaults": _save_defaults,
    "prices": _answer_prices,
    "layers": _answer_layers,
}
