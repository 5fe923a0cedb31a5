"""Who may ask what of the settings panel's routes. Decided from the request alone; no ComfyUI.

| | reading | changing keys, caps, addresses; testing a key |
|---|---|---|
| another web page (CSRF, DNS rebinding) | no | no |
| this machine | yes | yes |
| another computer, or through a proxy | yes | with GENVR_DEPTH_REMOTE_CHANGES=1 |

With `--multi-user` each of them must also be a user that ComfyUI knows.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..depthkit.connections import urlsplit
from ..depthkit.environment import REMOTE_CHANGES

__all__ = ["Visit", "refusal"]

# What proxies add. One that adds nothing and comes from this machine cannot be told from a browser.
_PASSED_ON = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
)
_OTHER_PAGE = "This request comes from another web page. Use ComfyUI's own page."
_REMOTE = (
    "Keys, caps and addresses are changed on the computer that ComfyUI runs on: open ComfyUI there "
    "as http://127.0.0.1 or http://localhost, or use `genvr-depth login`. Whoever runs ComfyUI can "
    f"allow it from other computers by starting it with {REMOTE_CHANGES}=1."
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request comes from. peer, own: IP addresses of the connection's two ends."""

    peer: str
    own: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, request: Any) -> Visit:
        """Of aiohttp's request."""
        transport = request.transport
        ends = [
            transport.get_extra_info(name) if transport is not None else None
            for name in ("peername", "sockname")
        ]
        peer, own = (
            str(cast("tuple[Any, ...]", end)[0]) if isinstance(end, tuple) else "" for end in ends
        )
        return cls(peer, own, request.headers)

    @property
    def from_other_page(self) -> bool:
        """Whether a browser sends it for a page that is not ours."""
        site = self.headers.get("Sec-Fetch-Site", "")
        if site:
            return site not in ("same-origin", "none")
        origin = self.headers.get("Origin")
        return origin is not None and _netloc(origin) != self.headers.get("Host", "").lower()

    @property
    def from_this_machine(self) -> bool:
        """A direct connection from here, for a name of this machine.

        The name counts because a page of the internet can let its own name point to 127.0.0.1.
        """
        if any(name in self.headers for name in _PASSED_ON):
            return False
        here = _ip(self.peer)
        if here is None or not (here.is_loopback or here == _ip(self.own)):
            return False
        host = _hostname(self.headers.get("Host", ""))
        named = _ip(host)
        if named is not None:
            return named.is_loopback or named == _ip(self.own)
        return host == "localhost" or host.endswith(".localhost")


def refusal(visit: Visit, *, changes: bool, remote_changes: bool) -> str:
    """Why the request is refused, "" where it is not. remote_changes: the owner's switch."""
    if visit.from_other_page:
        return _OTHER_PAGE
    if changes and not remote_changes and not visit.from_this_machine:
        return _REMOTE
    return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip
