"""Profiles: which key, for which user, at which address. Read here, shown nowhere.

The environment gives the profile `default`; named profiles lie in `credentials.json`, mode 0600, in
the private folder. A stored key is bound to the address it was stored with. Nodes and workflows
know a profile's name only. The one place that reads the GENVR_* variables.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import folders
from .private_files import private_folder_ready, read_json, write_private
from .redact import Redactor
from .service_errors import BadParameter, JournalError, MissingKey

__all__ = [
    "DEFAULT_PROFILE",
    "KEY_VARIABLES",
    "OFFICIAL_BASE",
    "Profile",
    "ProfileState",
    "allow_hosts",
    "checked_base",
    "forget",
    "is_loopback",
    "load",
    "public_profile",
    "save",
    "states",
]

DEFAULT_PROFILE = "default"
OFFICIAL_BASE = "https://api.genvrresearch.com"
KEY_VARIABLES = ("GENVR_API_KEY", "GENVR_TOKEN", "GENVR_ACCESS_TOKEN")
UID_VARIABLES = ("GENVR_UID", "GENVR_USER_ID")
BASE_VARIABLE = "GENVR_API_BASE"
VERSION_VARIABLE = "GENVR_API_VERSION"
HOSTS_VARIABLE = "GENVR_IMAGE_HOSTS"
VERSIONS = ("v2", "v1")
FILE_NAME = "credentials.json"

_SECRET_MAX = 4096
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")
_HOW = (
    "Set one in any of these ways: (1) the environment variables GENVR_API_KEY and GENVR_UID "
    "before ComfyUI starts; (2) Settings > GenVR Depth in ComfyUI; (3) `genvr-depth login` on the "
    f"command line. Key and user id come from {OFFICIAL_BASE}/obtain-api."
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything needed to talk to the service. Its text form shows neither key nor user id."""

    name: str
    base: str
    version: str = "v2"
    key: str = field(default="", repr=False)
    uid: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """Fingerprint of address and user, so that accounts never share tasks: 16 hex digits."""
        return hashlib.sha256(f"{self.base}\n{self.uid}".encode()).hexdigest()[:16]

    @property
    def redactor(self) -> Redactor:
        return Redactor(tuple(s for s in (self.key, self.uid) if s))

    @property
    def loopback(self) -> bool:
        return is_loopback(urlsplit(self.base).hostname)


@dataclass(frozen=True, slots=True)
class ProfileState:
    """What may be shown of a profile."""

    name: str
    state: str
    base: str
    version: str
    needs: tuple[str, ...] = ()


def load(folder: Path, name: str = "", environment: Mapping[str, str] | None = None) -> Profile:
    """The profile of that name ("" = default), ready to use.

    Raises MissingKey with the ways to set one, BadParameter on a name or address that cannot be.
    """
    env = os.environ if environment is None else environment
    wanted = _checked_name(name.strip() or DEFAULT_PROFILE)
    if wanted == DEFAULT_PROFILE and _first(env, KEY_VARIABLES):
        return _from_environment(env)
    stored = _known(folder).get(wanted)
    if stored is None:
        raise MissingKey(f"No GenVR key is set for the profile '{wanted}'. {_HOW}")
    return _from_row(wanted, stored)


def public_profile(
    folder: Path, name: str = "", environment: Mapping[str, str] | None = None
) -> Profile:
    """Address and version only, for the calls that need no key."""
    env = os.environ if environment is None else environment
    try:
        return load(folder, name, env)
    except MissingKey:
        return Profile(DEFAULT_PROFILE, _env_base(env), _env_version(env))


def save(
    folder: Path,
    name: str,
    key: str,
    uid: str,
    base: str = "",
    version: str = "",
    hosts: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> ProfileState:
    """Store a profile; the file is replaced whole, mode 0600. Raises BadParameter on bad values."""
    env = os.environ if environment is None else environment
    wanted = _checked_name(name)
    row = {
        "key": _checked_secret(key.removeprefix("Bearer ").strip(), "key"),
        "uid": _checked_secret(uid.strip(), "user id"),
        "base": checked_base(base or _env_base(env)),
        "version": _checked_version(version or _env_version(env)),
        "hosts": [_checked_host(host) for host in hosts],
    }
    rows = {**_stored(folder), wanted: row}
    _write(folder, rows)
    return next(s for s in states(folder, env) if s.name == wanted)


def forget(folder: Path, name: str, environment: Mapping[str, str] | None = None) -> ProfileState:
    """Remove a stored profile. Raises MissingKey if there is none of that name."""
    env = os.environ if environment is None else environment
    holders = [f for f in _folders(folder) if _checked_name(name) in _stored(f)]
    if not holders:
        raise MissingKey(f"There is no stored GenVR profile '{name}'; nothing was removed.")
    for holder in holders:
        _write(holder, {n: row for n, row in _stored(holder).items() if n != name})
    left = [s for s in states(folder, env) if s.name == name]
    return left[0] if left else ProfileState(name, "not set", OFFICIAL_BASE, "v2", ("key", "uid"))


def allow_hosts(folder: Path, name: str, hosts: tuple[str, ...]) -> bool:
    """Let a stored profile fetch images from more hosts; False where it is not stored."""
    rows = _stored(folder)
    row = rows.get(_checked_name(name))
    if row is None:
        return False
    known = [*row.get("hosts", []), *(_checked_host(host) for host in hosts)]
    _write(folder, {**rows, name: {**row, "hosts": list(dict.fromkeys(known))}})
    return True


def states(folder: Path, environment: Mapping[str, str] | None = None) -> list[ProfileState]:
    """Every profile there is, `default` first, without a secret in it."""
    env = os.environ if environment is None else environment
    rows = _known(folder)
    found = [_default_state(rows, env)]
    for name in sorted(set(rows) - {DEFAULT_PROFILE}):
        row = rows[name]
        found.append(ProfileState(name, "set by file", str(row["base"]), str(row["version"])))
    return found


def _default_state(rows: Mapping[str, Any], env: Mapping[str, str]) -> ProfileState:
    if _first(env, KEY_VARIABLES):
        needs = () if _first(env, UID_VARIABLES) else (UID_VARIABLES[0],)
        state = "set by environment" if not needs else "not set"
        return ProfileState(DEFAULT_PROFILE, state, _env_base(env), _env_version(env), needs)
    row = rows.get(DEFAULT_PROFILE)
    if row is not None:
        return ProfileState(DEFAULT_PROFILE, "set by file", row["base"], row["version"])
    base, version = _env_base(env), _env_version(env)
    return ProfileState(DEFAULT_PROFILE, "not set", base, version, ("key", "uid"))


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


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _from_environment(env: Mapping[str, str]) -> Profile:
    uid = _first(env, UID_VARIABLES)
    if not uid:
        raise MissingKey(
            "A GenVR key is set in the environment, but no user id. Set GENVR_UID beside it and "
            "start ComfyUI again."
        )
    key = _checked_secret(_first(env, KEY_VARIABLES).removeprefix("Bearer ").strip(), "key")
    checked_uid = _checked_secret(uid, "user id")
    named = env.get(HOSTS_VARIABLE, "").split(",")
    hosts = tuple(_checked_host(host) for host in named if host.strip())
    return Profile(DEFAULT_PROFILE, _env_base(env), _env_version(env), key, checked_uid, hosts)


def _from_row(name: str, row: Mapping[str, Any]) -> Profile:
    return Profile(
        name,
        checked_base(str(row["base"])),
        _checked_version(str(row["version"])),
        str(row["key"]),
        str(row["uid"]),
        tuple(row.get("hosts", ())),
    )


def _env_base(env: Mapping[str, str]) -> str:
    return checked_base(env.get(BASE_VARIABLE, "").strip() or OFFICIAL_BASE)


def _env_version(env: Mapping[str, str]) -> str:
    return _checked_version(env.get(VERSION_VARIABLE, "").strip() or VERSIONS[0])


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((env[name].strip() for name in names if env.get(name, "").strip()), "")


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadParameter(
            "A profile name has 1 to 40 letters, digits, - or _. It is a name, never the key."
        )
    return name


def _checked_secret(value: str, what: str) -> str:
    plain = value.isascii() and value.isprintable() and " " not in value
    if not 0 < len(value) <= _SECRET_MAX or not plain:
        raise BadParameter(
            f"The GenVR {what} is empty, longer than {_SECRET_MAX} characters, or has characters "
            f"that a {what} never has."
        )
    return value


def _checked_version(version: str) -> str:
    if version not in VERSIONS:
        raise BadParameter(f"The GenVR version is one of {', '.join(VERSIONS)}.")
    return version


def _checked_host(host: str) -> str:
    name = host.strip().lower()
    if not _HOST.fullmatch(name):
        raise BadParameter(f"{name[:60]!r} is not a host name such as images.example.com.")
    return name


def _folders(folder: Path) -> list[Path]:
    """The folder itself, and the one that a separate command line stores its keys in."""
    return list(dict.fromkeys((folder, folders.private_folder())))


def _known(folder: Path) -> dict[str, Any]:
    return {name: row for f in reversed(_folders(folder)) for name, row in _stored(f).items()}


def _stored(folder: Path) -> dict[str, Any]:
    rows = read_json(folder / FILE_NAME).get("profiles", {})
    if not isinstance(rows, dict):
        raise JournalError(
            f"{FILE_NAME} in the private folder is not in its form ('profiles' is no object). Move "
            "it away and set the key again."
        )
    complete = {"key", "uid", "base", "version"}
    return {n: r for n, r in rows.items() if isinstance(r, dict) and complete <= set(r)}


def _write(folder: Path, rows: Mapping[str, Any]) -> None:
    private_folder_ready(folder)
    write_private(folder / FILE_NAME, json.dumps({"profiles": rows}, indent=1).encode())
