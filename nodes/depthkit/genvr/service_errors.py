"""What can go wrong with the remote service. Every message says what happened and what to do next.

GenvrError
|- MissingKey       no key, or half of one, is set for the profile
|- WrongKey         the service refuses the key or the user id
|- NoCredits        the account has no credits left
|- BadParameter     a parameter is out of range, named with its range (also a ValueError)
|- SpendingCap      the run would cost more than it may; nothing was sent
|- Moderated        the prompt or the image was refused as unsafe
|- RateLimited      too many requests, even after waiting
|- ServiceDown      the service cannot be reached or does not work; nothing was lost
|- TaskFailed       the service gave up on a task
|- TaskTimeout      our patience ended; the task is kept and the next run picks it up for free
|- AmbiguousCharge  a request may or may not have been charged; it is not sent again automatically
|- ImageError     the image is paid for but cannot be fetched or read yet; the task is kept
|- JournalError     the payment journal cannot be written or read; nothing is sent without it
`- SomeFailed       some items of a run failed; the others are stored
"""

from __future__ import annotations

from ..errors import GenvrError

__all__ = [
    "AmbiguousCharge",
    "BadParameter",
    "GenvrError",
    "ImageError",
    "JournalError",
    "MissingKey",
    "Moderated",
    "NoCredits",
    "RateLimited",
    "ServiceDown",
    "SomeFailed",
    "SpendingCap",
    "TaskFailed",
    "TaskTimeout",
    "WrongKey",
]


class MissingKey(GenvrError):
    """No key, or half of one, is set for the profile."""


class WrongKey(GenvrError):
    """The service refuses the key or the user id; every other request would fail too."""


class NoCredits(GenvrError):
    """The account has no credits left; every other request would fail too."""


class BadParameter(GenvrError, ValueError):
    """A parameter is out of its range."""


class SpendingCap(GenvrError):
    """The run would cost more than it may; nothing was sent."""


class Moderated(GenvrError):
    """The prompt or the image was refused as unsafe."""


class RateLimited(GenvrError):
    """Too many requests, even after waiting as long as the service asked for."""


class ServiceDown(GenvrError):
    """The service cannot be reached, or answers nothing usable, on a call that costs nothing."""


class TaskFailed(GenvrError):
    """The service gave up on a task, or refused to create it."""


class TaskTimeout(GenvrError):
    """Our patience ended; the task is kept."""


class AmbiguousCharge(GenvrError):
    """A request may or may not have been charged."""


class ImageError(GenvrError):
    """The image is paid for but cannot be fetched or read; the task is kept."""


class JournalError(GenvrError):
    """The payment journal cannot be written or read."""


class SomeFailed(GenvrError):
    """Some items of a run failed; the text lists them."""
