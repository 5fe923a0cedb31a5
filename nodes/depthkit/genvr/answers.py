"""What the service's answers mean. Pure: JSON in, meaning or error out.

Nothing about error bodies is published, so both the code and the words are looked at, and the
service's own words are always shown (redacted by the caller's Redactor).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .redact import Redactor
from .service_errors import (
    BadParameter,
    GenvrError,
    Moderated,
    NoCredits,
    RateLimited,
    TaskFailed,
    WrongKey,
)
from .transport import Reply

__all__ = [
    "COMPLETED",
    "FAILED",
    "failure_words",
    "is_moderation",
    "output_parts",
    "refusal",
    "shortened",
    "task_id",
    "task_state",
    "words",
]

COMPLETED = frozenset({"completed", "complete", "succeeded", "success", "done"})
FAILED = frozenset({"failed", "error", "canceled", "cancelled", "aborted"})

_SHOWN_ID = 64
_MODERATION = re.compile(r"(?i)moderat|flagged|sensitive|nsfw|\bE005\b|safety")
_CREDIT = re.compile(r"(?i)credit|balance|insufficient|payment required")
_KEY = re.compile(r"(?i)unauthori[sz]ed|invalid (api )?(key|token)|forbidden|authenticat")
_PARAMETER = re.compile(r"(?i)parameter|invalid value|validation|required field|must be")
_MARKUP = re.compile(r"<[^>]{0,200}>")


def words(reply: Reply) -> str:
    """The server's own words of an answer, not yet redacted."""
    body = reply.json()
    if isinstance(body, dict):
        found = failure_words(body)
        if found:
            return found
    return _MARKUP.sub(" ", reply.text()).strip() or f"status {reply.status}"


def failure_words(body: dict[str, object]) -> str:
    """The reason in any of the places the service puts one: message, error, data.error, ..."""
    data = body.get("data")
    inner = data if isinstance(data, dict) else {}
    for holder, name in ((inner, "error"), (inner, "message"), (body, "error"), (body, "message")):
        value = holder.get(name)
        if isinstance(value, dict):
            value = value.get("message") or value.get("error")
        if value:
            return str(value)
    return ""


def task_id(body: object) -> str | None:
    """`data.id`, else `taskId`; None where the answer names no task."""
    if not isinstance(body, dict):
        return None
    data = body.get("data")
    found = data.get("id") if isinstance(data, dict) else None
    found = found or body.get("taskId")
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found) if str(found).strip() else None


def shortened(task: str) -> str:
    """The id of a task as messages show it."""
    return task if len(task) <= _SHOWN_ID else f"{task[:_SHOWN_ID]}…"


def task_state(body: object) -> tuple[str, str]:
    """(status in lower case, reason): from `data.status`, else the top level."""
    if not isinstance(body, dict):
        return "", ""
    data = body.get("data")
    inner = data if isinstance(data, dict) else {}
    status = inner.get("status") or body.get("status") or ""
    return str(status).strip().lower(), failure_words(body)


def output_parts(body: object) -> tuple[list[str], str]:
    """(URLs of the images, any other text) of a `response` answer, whatever its shape."""
    data = body.get("data") if isinstance(body, dict) else None
    inner = data if isinstance(data, dict) else {}
    holder = body if isinstance(body, dict) else {}
    output = inner.get("output") or holder.get("output") or inner.get("error")
    parts = list(_flatten(output))
    urls = [p for p in parts if p.lower().startswith(("https://", "http://")) and " " not in p]
    return list(dict.fromkeys(urls)), " ".join(p for p in parts if p not in urls)


def _flatten(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, list) and depth < 4:
        for part in value:
            yield from _flatten(part, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for name in ("url", "image", "images", "output", "error", "message"):
            yield from _flatten(value.get(name), depth + 1)


def is_moderation(text: str) -> bool:
    return bool(_MODERATION.search(text))


def refusal(
    reply: Reply, redact: Redactor, what: str, money: str = "Nothing was charged for it."
) -> GenvrError:
    """The error for a definite refusal of `what`; `money` says what it means for the credits."""
    said = words(reply)
    quoted = f'The service said: "{redact(said)}" (code {reply.status}).'
    if _is(reply, (402,), _CREDIT, said):
        return NoCredits(
            f"GenVR refused {what}: no credits left. {quoted} {money} Add credits in your "
            "GenVR account, then run again."
        )
    if reply.status in (401, 403) or (reply.status == 200 and _KEY.search(said)):
        return WrongKey(
            f"GenVR refused {what}: the key or the user id is wrong for this address. {quoted} "
            f"{money} Check both in Settings > GenVR Depth, or run `genvr-depth login`."
        )
    if reply.status == 429:
        return RateLimited(
            f"GenVR is busy with too many requests and kept refusing {what}. {quoted} {money} "
            "Lower 'concurrency' or wait a little, then run again."
        )
    if is_moderation(said):
        return Moderated(
            f"GenVR refused {what} as unsafe. {quoted} {money} Reword the prompt, use another "
            "image or raise 'safety_tolerance'."
        )
    if _is(reply, (400, 422), _PARAMETER, said):
        return BadParameter(
            f"GenVR refused a parameter of {what}. {quoted} {money} Change that parameter "
            "and run again."
        )
    if reply.status == 404 and reply.json() is None:
        return TaskFailed(
            f"This GenVR address does not know {what}. {quoted} {money} If it only speaks the "
            "older protocol, set the profile's version to v1 (GENVR_API_VERSION=v1)."
        )
    return TaskFailed(f"GenVR refused {what}. {quoted} {money} Run again once that is fixed.")


def _is(reply: Reply, codes: tuple[int, ...], pattern: re.Pattern[str], said: str) -> bool:
    """By code; or by the words, where the code does not already name another reason."""
    if reply.status in codes:
        return True
    named = (401, 402, 403, 413, 422, 429)
    return reply.status not in named and bool(pattern.search(said))
