"""What a profile may hold: names, secrets, addresses. Each check gives the clean value back."""

from __future__ import annotations

import re

from ..addresses import is_loopback
from ..connections import urlsplit
from .redact import Redactor
from .service_errors import BadParameter

__all__ = [
    "VERSIONS",
    "checked_base",
    "checked_host",
    "checked_name",
    "checked_secret",
    "checked_version",
]

VERSIONS = ("v2", "v1")
_SECRET_MAX = 4096
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")


def checked_base(base: str) -> str:
    """The origin (scheme, host, port) of an address; https, or plain http on loopback only."""
    try:
        parts = urlsplit(base.strip())
        # Where the port is no number, this raises.
        fits = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _unfit(base) from None
    plain = parts.scheme == "http" and is_loopback(parts.hostname)
    more = "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/")
    if not fits or more or not (parts.scheme == "https" or plain):
        raise _unfit(base)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _unfit(base: str) -> BadParameter:
    # What stands before the last @ may be a password, wherever in the address it was typed.
    before, at, after = base.rpartition("@")
    shown = Redactor()(f"[secret]@{after}" if at and before else base, 120)
    return BadParameter(
        f"The GenVR address {shown!r} cannot be used. It must be https://host without user name "
        "and path (plain http is accepted for 127.0.0.1 only). Check GENVR_API_BASE or the profile."
    )


def checked_name(name: str) -> str:
    """The name of a profile."""
    if not _NAME.fullmatch(name):
        raise BadParameter(
            "A profile name has 1 to 40 letters, digits, - or _. It is a name, never the key."
        )
    return name


def checked_secret(value: str, what: str) -> str:
    """A key or user id; never shown."""
    plain = value.isascii() and value.isprintable() and " " not in value
    if not 0 < len(value) <= _SECRET_MAX or not plain:
        raise BadParameter(
            f"The GenVR {what} is empty, longer than {_SECRET_MAX} characters, or has characters "
            f"that a {what} never has."
        )
    return value


def checked_version(version: str) -> str:
    """The protocol's version."""
    if version not in VERSIONS:
        raise BadParameter(f"The GenVR version is one of {', '.join(VERSIONS)}.")
    return version


def checked_host(host: str) -> str:
    """A host that results may come from."""
    name = host.strip().lower()
    if not _HOST.fullmatch(name):
        raise BadParameter(f"{name[:60]!r} is not a host name such as images.example.com.")
    return name
