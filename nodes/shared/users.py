"""Whose request or run it is, where ComfyUI has several users (`--multi-user`).

ComfyUI knows the user of a request by its `Comfy-User` header, and forgets it when a prompt is
queued: a node is given no request. So a middleware notes the user while a request is handled, the
prompt that it queues carries the user along, and a node finds them by its run. The header is a
claim, no proof: ComfyUI has no passwords. `docs/security.md` says what follows from that.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, cast

from ..depthkit.errors import DepthError

__all__ = ["UnknownUserError", "asking", "folder_name", "noting_users", "user_of_run", "with_user"]

FIELD = "genvr_depth_user"
# Ids that ComfyUI makes: the name with a random number behind it.
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_asking: ContextVar[str | None] = ContextVar("genvr_depth_user", default=None)


class UnknownUserError(DepthError):
    """A request or a run belongs to no user that ComfyUI knows."""


def noting_users(user_of: Callable[[Any], str | None]) -> Callable[..., Awaitable[Any]]:
    """A handler for aiohttp's middlewares. user_of: the user of a request, None where unknown."""

    async def note_user(request: object, handler: Callable[[object], Awaitable[object]]) -> object:
        token = _asking.set(user_of(request))
        try:
            return await handler(request)
        finally:
            _asking.reset(token)

    return note_user


def asking() -> str | None:
    """The user of the request that is being handled."""
    return _asking.get()


def with_user(prompt_request: dict[str, object]) -> dict[str, object]:
    """The body of POST /prompt with the user in it; what a client wrote there is replaced."""
    extra = prompt_request.get("extra_data")
    known = cast("dict[str, Any]", extra) if isinstance(extra, dict) else {}
    return {**prompt_request, "extra_data": {**known, FIELD: asking()}}


def user_of_run(prompt_id: str, running: list[Any]) -> str | None:
    """running: the prompts that ComfyUI's queue has in work."""
    found = next((item for item in running if item[1] == prompt_id), None)
    return None if found is None else found[3].get(FIELD)


def folder_name(user: str | None) -> str:
    """Where a user's keys lie. Raises UnknownUserError where nobody is named."""
    if user is None or not _ID.fullmatch(user):
        raise UnknownUserError(
            "ComfyUI runs with --multi-user, and this run belongs to none of its users, so there "
            "is no GenVR key for it. Open ComfyUI in the browser, choose a user and queue it there "
            "(a script sends the user's id in the header Comfy-User)."
        )
    return user
