"""The errors after money may have changed hands, and what they tell the user to do."""

from __future__ import annotations

from .answers import is_moderation, shortened
from .journal import Entry
from .retry import local_time
from .service_errors import AmbiguousCharge, GenvrError, Moderated, TaskFailed

__all__ = ["ambiguous", "expired", "failure", "kept", "lost"]

AGAIN = (
    "To ask for a new image on purpose, and pay for it, set 'unclear_or_failed' to 'pay again' "
    "(--pay-again on the command line) for one run."
)


def kept(entry: Entry) -> str:
    return (
        f"Task {shortened(entry.task)} is paid for and kept: run again and it is fetched for free."
    )


def expired(entry: Entry) -> str:
    return (
        f"Task {shortened(entry.task)} is paid for and kept: run again a little later, which is "
        "free. If it stays like this, GenVR has deleted the image: ask GenVR's support with that "
        "number, or set 'take' (--take on the command line) to another number to pay for a new one."
    )


def ambiguous(entry: Entry) -> AmbiguousCharge:
    when = local_time(entry.created, "%Y-%m-%d %H:%M:%S")
    return AmbiguousCharge(
        f"It is not known whether GenVR took the request {entry.key[:12]} of {when}: "
        f"{entry.detail}. It may have cost {entry.credits:g} credits, so it is not sent again by "
        f"itself. Look at your GenVR account. {AGAIN}"
    )


def failure(task: str, said: str) -> GenvrError:
    if is_moderation(said):
        return Moderated(
            f'GenVR refused to show the image of task {shortened(task)}: "{said}". It may have '
            "been billed. Reword the prompt or raise 'safety_tolerance'."
        )
    return TaskFailed(
        f'GenVR task {shortened(task)} failed: "{said}". It may have been billed; GenVR refunds '
        f"its own faults if you give that number. {AGAIN}"
    )


def lost(entry: Entry, said: str) -> str:
    return (
        f'GenVR does not know task {shortened(entry.task)} any more ("{said}"). It was paid for '
        f"on this account; ask GenVR's support with that number. {AGAIN}"
    )
