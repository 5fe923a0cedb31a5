"""Profiles: which key, for which user, at which address. Read here, shown nowhere.

The environment gives the profile `default`; named profiles lie in `credentials.json`, mode 0600, in
the private folder. A stored key is bound to the address it was stored with. Nodes and workflows
know a profile's name only. `alone` keeps the keys of one of several ComfyUI users apart: neither
the environment's key nor those of the command line are there for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import environment as settings
from .. import folders
from ..addresses import Resolve, leads_outside
from ..connections import addresses_of, bare_key, urlsplit
from .credential_checks import (
    VERSIONS,
    checked_base,
    checked_host,
    checked_name,
    checked_secret,
    checked_version,
)
from .private_files import private_folder_ready, read_json, write_private
from .profile import DEFAULT_PROFILE, OFFICIAL_BASE, Profile, ProfileState
from .service_errors import BadParameter, JournalError, MissingKey

__all__ = [
    "DEFAULT_PROFILE",
    "KEY_VARIABLES",
    "OFFICIAL_BASE",
    "Profile",
    "ProfileState",
    "allow_hosts",
    "check_address",
    "forget",
    "load",
    "public_profile",
    "save",
    "states",
]

KEY_VARIABLES = ("GENVR_API_KEY", "GENVR_TOKEN", "GENVR_ACCESS_TOKEN")
UID_VARIABLES = ("GENVR_UID", "GENVR_USER_ID")
BASE_VARIABLE = "GENVR_API_BASE"
VERSION_VARIABLE = "GENVR_API_VERSION"
HOSTS_VARIABLE = "GENVR_IMAGE_HOSTS"
FILE_NAME = "credentials.json"

_HOW = (
    f"Key and user id come from {OFFICIAL_BASE}/obtain-api. Without the settings page: the "
    "environment variables GENVR_API_KEY and GENVR_UID before ComfyUI starts, or `genvr-depth "
    "login` on the command line."
)
_HOW_ALONE = (
    "Enter it while you are logged in as this user; ComfyUI runs with --multi-user, and each user "
    "has keys of their own."
)


def load(
    folder: Path,
    name: str = "",
    environment: Mapping[str, str] | None = None,
    *,
    alone: bool = False,
) -> Profile:
    """The profile of that name ("" = default), ready to use.

    Raises MissingKey with the ways to set one, BadParameter on a name or address that cannot be.
    """
    env = _environment(environment, alone)
    wanted = checked_name(name.strip() or DEFAULT_PROFILE)
    if wanted == DEFAULT_PROFILE and _first(env, KEY_VARIABLES):
        return _from_environment(env)
    stored = _known(folder, alone).get(wanted)
    if stored is None:
        how = _HOW_ALONE if alone else _HOW
        whose = "" if wanted == DEFAULT_PROFILE else f" for the profile '{wanted}'"
        raise MissingKey(f"No GenVR key is set{whose}: Settings > GenVR Depth. {how}")
    return _from_row(wanted, stored, env)


def public_profile(
    folder: Path, name: str = "", environment: Mapping[str, str] | None = None
) -> Profile:
    """Address and version only, for the calls that need no key."""
    env = _environment(environment)
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
    *,
    alone: bool = False,
    in_browser: bool = False,
) -> ProfileState:
    """Store a profile; the file is replaced whole, mode 0600.

    in_browser: whether whoever says so need not be the owner of this computer. Raises BadParameter
    on bad values.
    """
    env = _environment(environment, alone)
    wanted = checked_name(name)
    row = {
        "key": checked_secret(bare_key(key), "key"),
        "uid": checked_secret(uid.strip(), "user id"),
        "base": checked_base(base or _env_base(env)),
        "version": checked_version(version or _env_version(env)),
        "hosts": [checked_host(host) for host in hosts],
        "in_browser": in_browser,
    }
    check_address(_from_row(wanted, row, env))
    rows = {**_stored(folder), wanted: row}
    _write(folder, rows)
    return next(s for s in states(folder, env, alone=alone) if s.name == wanted)


def check_address(profile: Profile, lookup: Resolve = addresses_of) -> None:
    """Raises BadParameter where an address from the browser does not lead into the internet."""
    if profile.public_only and not leads_outside(urlsplit(profile.base).hostname or "", lookup):
        raise BadParameter(
            f"The GenVR address {profile.base} is not in the public internet, or its name is not "
            "known here. Such an address can be set with `genvr-depth login --base` or with "
            "GENVR_API_BASE, or by the browser once whoever runs ComfyUI has started it with "
            f"{settings.PRIVATE_ADDRESSES}=1."
        )


def forget(
    folder: Path,
    name: str,
    environment: Mapping[str, str] | None = None,
    *,
    alone: bool = False,
) -> ProfileState:
    """Remove a stored profile. Raises MissingKey if there is none of that name."""
    env = _environment(environment, alone)
    holders = [f for f in _folders(folder, alone) if checked_name(name) in _stored(f)]
    if not holders:
        raise MissingKey(f"There is no stored GenVR profile '{name}'; nothing was removed.")
    for holder in holders:
        _write(holder, {n: row for n, row in _stored(holder).items() if n != name})
    left = [s for s in states(folder, env, alone=alone) if s.name == name]
    return left[0] if left else ProfileState(name, "not set", OFFICIAL_BASE, "v2", ("key", "uid"))


def allow_hosts(folder: Path, name: str, hosts: tuple[str, ...]) -> bool:
    """Let a stored profile fetch images from more hosts; False where it is not stored."""
    rows = _stored(folder)
    row = rows.get(checked_name(name))
    if row is None:
        return False
    known = [*row.get("hosts", []), *(checked_host(host) for host in hosts)]
    _write(folder, {**rows, name: {**row, "hosts": list(dict.fromkeys(known))}})
    return True


def states(
    folder: Path, environment: Mapping[str, str] | None = None, *, alone: bool = False
) -> list[ProfileState]:
    """Every profile there is, `default` first, without a secret in it."""
    env = _environment(environment, alone)
    rows = _known(folder, alone)
    found = [_default_state(rows, env)]
    for name in sorted(set(rows) - {DEFAULT_PROFILE}):
        row = rows[name]
        found.append(ProfileState(name, "set by file", str(row["base"]), str(row["version"])))
    return found


def _environment(given: Mapping[str, str] | None, alone: bool = False) -> Mapping[str, str]:
    """The variables that count: whose computer it is says where the service lies, for everyone."""
    env = settings.variables() if given is None else given
    secret = (*KEY_VARIABLES, *UID_VARIABLES) if alone else ()
    return {name: value for name, value in env.items() if name not in secret}


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


def _from_environment(env: Mapping[str, str]) -> Profile:
    uid = _first(env, UID_VARIABLES)
    if not uid:
        raise MissingKey(
            "A GenVR key is set in the environment, but no user id. Set GENVR_UID beside it and "
            "start ComfyUI again."
        )
    key = checked_secret(bare_key(_first(env, KEY_VARIABLES)), "key")
    checked_uid = checked_secret(uid, "user id")
    named = env.get(HOSTS_VARIABLE, "").split(",")
    hosts = tuple(checked_host(host) for host in named if host.strip())
    return Profile(DEFAULT_PROFILE, _env_base(env), _env_version(env), key, checked_uid, hosts)


def _from_row(name: str, row: Mapping[str, Any], env: Mapping[str, str]) -> Profile:
    base = checked_base(str(row["base"]))
    owners = base in (OFFICIAL_BASE, _env_base(env))
    free = owners or settings.is_on(settings.PRIVATE_ADDRESSES, env)
    return Profile(
        name,
        base,
        checked_version(str(row["version"])),
        str(row["key"]),
        str(row["uid"]),
        tuple(row.get("hosts", ())),
        public_only=bool(row.get("in_browser")) and not free,
    )


def _env_base(env: Mapping[str, str]) -> str:
    return checked_base(env.get(BASE_VARIABLE, "").strip() or OFFICIAL_BASE)


def _env_version(env: Mapping[str, str]) -> str:
    return checked_version(env.get(VERSION_VARIABLE, "").strip() or VERSIONS[0])


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((env[name].strip() for name in names if env.get(name, "").strip()), "")


def _folders(folder: Path, alone: bool) -> list[Path]:
    """The folder itself, and the one that a separate command line stores its keys in."""
    return [folder] if alone else list(dict.fromkeys((folder, folders.private_folder())))


def _known(folder: Path, alone: bool) -> dict[str, Any]:
    holders = reversed(_folders(folder, alone))
    return {name: row for f in holders for name, row in _stored(f).items()}


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
