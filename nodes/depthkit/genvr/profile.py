"""Which key, for which user, at which address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ..addresses import is_loopback
from ..connections import urlsplit
from .redact import Redactor

__all__ = ["DEFAULT_PROFILE", "OFFICIAL_BASE", "Profile", "ProfileState"]

DEFAULT_PROFILE = "default"
OFFICIAL_BASE = "https://api.genvrresearch.com"


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything needed to talk to the service. Its text form shows neither key nor user id.

    public_only: the address was named in the browser and must not lead into a private network.
    """

    name: str
    base: str
    version: str = "v2"
    key: str = field(default="", repr=False)
    uid: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    public_only: bool = False

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

    def serves(self, url: str) -> bool:
        """Whether a URL lies at this profile's own address."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return f"{parts.scheme}://{parts.netloc.lower()}" == self.base


@dataclass(frozen=True, slots=True)
class ProfileState:
    """What may be shown of a profile."""

    name: str
    state: str
    base: str
    version: str
    needs: tuple[str, ...] = ()
