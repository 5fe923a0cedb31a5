"""Fetches a result, trusting nothing: address, redirects, size, encoding and type are checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..addresses import Resolve, is_literal, is_public
from ..connections import SplitResult, addresses_of, urljoin, urlsplit
from .control_images import decode, sniff
from .credentials import Profile
from .redact import Redactor
from .retry import Pacing, backoff
from .service_errors import ImageError
from .transport import Exchange, NoAnswer, NotSent, Reply, Transport

__all__ = ["DEFAULT_HOSTS", "MAX_BYTES", "Downloader", "Gone", "check_address"]

DEFAULT_HOSTS = (
    "*.blob.core.windows.net",
    "*.genvrresearch.com",
    "*.genvr.ai",
    "replicate.delivery",
    "*.replicate.delivery",
    "*.bfl.ai",
)
MAX_BYTES = 64 << 20
# Letters, digits and hyphens between single dots; an IPv6 address is refused as a literal.
_HOST = re.compile(r"(?i)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*|[0-9a-f:.]+")
_REDIRECTS = 3
_TRIES = 4
_TIMEOUT_S = 120.0


class Gone(Exception):
    """The link is dead (403, 404, 410): ask the service for a fresh one."""


def check_address(url: str, profile: Profile, lookup: Resolve = addresses_of) -> None:
    """Raises ImageError unless the URL may be fetched.

    https on port 443, a host of the list, no user info, no IP literal, no private address but a
    proxy tool's stand-in. A result on the very origin of a loopback profile is accepted: that is a
    service on this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImageError("GenVR gave an address for the image that is not one.") from None
    host = (parts.hostname or "").rstrip(".")
    if profile.loopback and profile.serves(url):
        return
    if parts.scheme != "https" or port not in (None, 443) or parts.username or not host:
        raise _refused(parts, "only plain https addresses are fetched")
    if not _HOST.fullmatch(host):
        raise _refused(parts, "that is not the name of a host")
    if is_literal(host):
        raise _refused(parts, "a bare IP address is never fetched")
    if not any(_matches(host, pattern) for pattern in (*DEFAULT_HOSTS, *profile.hosts)):
        raise _refused(
            parts,
            "the host is not on the list. If you trust it, add it to the profile's hosts "
            f"(`genvr-depth login --host {host[:80]}`, or GENVR_IMAGE_HOSTS) and run again, free",
        )
    if not all(is_public(address) for address in lookup(host)):
        raise _refused(parts, "the host lies in a private network")


def _refused(parts: SplitResult, why: str) -> ImageError:
    host = Redactor()(parts.hostname or "nowhere", 100)
    return ImageError(f"The image lies at {host} and was not fetched: {why}.")


def _matches(host: str, pattern: str) -> bool:
    host = host.lower()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


@dataclass(frozen=True, slots=True)
class Downloader:
    """Fetches results for one profile; the key is never sent along."""

    profile: Profile
    transport: Transport
    pacing: Pacing
    lookup: Resolve = addresses_of

    def fetch(self, url: str, should_stop: Callable[[], bool]) -> bytes:
        """The bytes of a whole, readable image. Raises Gone, ImageError, Stopped."""
        last = ImageError("The image could not be downloaded.")
        for attempt in range(_TRIES):
            if attempt:
                self.pacing.wait(backoff(attempt), should_stop)
            try:
                reply = self._follow(url, should_stop)
            except (NotSent, NoAnswer) as error:
                last = ImageError(f"The download of the image broke off ({error}).")
                continue
            if reply.status in (403, 404, 410):
                raise Gone
            if reply.status in (408, 429) or reply.status >= 500:
                last = ImageError(f"The image's server answered with code {reply.status}.")
                continue
            try:
                return _checked_body(reply)
            except ImageError as error:
                last = error
        raise last

    def _follow(self, url: str, should_stop: Callable[[], bool]) -> Reply:
        """GET with at most three redirects, each target checked like the first."""
        for _ in range(_REDIRECTS + 1):
            check_address(url, self.profile, self.lookup)
            exchange = Exchange(
                "GET",
                url,
                timeout_s=_TIMEOUT_S,
                max_bytes=MAX_BYTES,
                public=not (self.profile.loopback and self.profile.serves(url)),
            )
            reply = self.transport.send(exchange, should_stop)
            target = reply.headers.get("location")
            if reply.status not in (301, 302, 303, 307, 308) or not target:
                return reply
            url = _redirected(url, target)
        raise ImageError("The image's address leads around in circles (too many redirects).")


def _redirected(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise ImageError("GenVR's image moved to an address that is not one.") from None


def _checked_body(reply: Reply) -> bytes:
    if reply.oversize:
        raise ImageError(f"The file from GenVR is larger than {MAX_BYTES >> 20} MiB.")
    if reply.status != 200:
        raise ImageError(f"The image's server answered with code {reply.status}.")
    if reply.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise ImageError("The file from GenVR came compressed, which was not asked for.")
    if sniff(reply.body) is None:
        shown = Redactor()(reply.text(200), 200)
        raise ImageError(f'GenVR sent something that is not an image: "{shown}".')
    decode(reply.body)
    return reply.body
