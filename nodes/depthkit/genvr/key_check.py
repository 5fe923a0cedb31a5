"""Whether a key works, in this pack's own words: nothing that the other side says is passed on.

Whoever asks may have chosen the address, and could read from a quoted answer what a server that
only this computer reaches has to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import GenvrError, Stopped
from .answers import refusal
from .client import Client
from .credentials import Profile, check_address
from .retry import never_stop
from .service_errors import BadParameter, NoCredits, RateLimited, WrongKey
from .transport import NoAnswer, NotSent, Reply

__all__ = ["KeyCheck", "check_key"]

_STATES = {
    "works": "The key works. Asking was free of charge.",
    "refused": "The key or the user id is refused at this address. Check both.",
    "no credits": "The key is known, but the account has no credits left.",
    "busy": "The service is busy. Wait a little, then test again.",
    "not the service": "What answers at this address is not the GenVR service, or speaks another "
    "version. Check the profile's address and version.",
    "down": "The service has a fault at the moment. The key may be right; test again later.",
    "unreachable": "Nothing at this address can be reached. Check the internet connection and the "
    "profile's address.",
    "no answer": "No complete answer came in time. Check the internet connection and the profile's "
    "address, then test again.",
    "private": "The address lies in a private network and was not asked.",
}
_KINDS: tuple[tuple[type[GenvrError], str], ...] = (
    (WrongKey, "refused"),
    (NoCredits, "no credits"),
    (RateLimited, "busy"),
)


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """state: a key of the table above; http: the class of the answer's code ("4xx"), or ""."""

    ok: bool
    state: str
    http: str
    message: str


def check_key(
    profile: Profile, seconds: float, should_stop: Callable[[], bool] = never_stop
) -> KeyCheck:
    """Ask for an upload address, which needs the key and is free. Over after `seconds`."""
    deadline = time.monotonic() + seconds

    def over() -> bool:
        return should_stop() or time.monotonic() > deadline

    try:
        check_address(profile)
    except BadParameter:
        return _found("private")
    client = Client.of(profile)
    found = _asked(client, over)
    # Good keys are refused once in a while.
    return _asked(client, over) if found.state == "refused" and not over() else found


def _asked(client: Client, over: Callable[[], bool]) -> KeyCheck:
    try:
        reply = client.transport.send(client.ticket_request("test.png"), over)
    except NotSent:
        return _found("unreachable")
    except (NoAnswer, Stopped):
        return _found("no answer")
    return replace(_found(_key_state(client, reply)), http=f"{reply.status // 100}xx")


def _key_state(client: Client, reply: Reply) -> str:
    if 200 <= reply.status < 300 and client.ticket_in(reply) is not None:
        return "works"
    if reply.status >= 500:
        return "down"
    error = refusal(reply, client.profile.redactor, "the test")
    return next((state for kind, state in _KINDS if isinstance(error, kind)), "not the service")


def _found(state: str) -> KeyCheck:
    return KeyCheck(state == "works", state, "", _STATES[state])
