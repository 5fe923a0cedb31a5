"""Brings a control image to the service: inside the request if small, else through an upload URL.

Upload URLs are secrets with about an hour to live. They are kept in memory only, reused for the
same image, and timed with the monotonic clock: a jump of the wall clock cannot revive one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone

from ..connections import base64_text
from .client import Client, UploadTicket
from .control_images import DATA_URI_LIMIT, Encoded
from .retry import Pacing
from .service_errors import BadParameter, ServiceDown

__all__ = ["Uploads", "data_uri"]

_LIFETIME_S = 3600.0
_MARGIN_S = 600.0


def data_uri(image: Encoded) -> str:
    return f"data:{image.mime};base64,{base64_text(image.data)}"


class Uploads:
    """The uploads of one run. Safe to use from several threads; equal images go up once."""

    def __init__(self, client: Client, pacing: Pacing) -> None:
        self._client = client
        self._pacing = pacing
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[str, float]] = {}

    def reference(
        self, image: Encoded, should_stop: Callable[[], bool], *, force: bool = False
    ) -> str:
        """What goes into the request: a data URI up to 750 kB, else (or by force) an upload URL."""
        if not force:
            inline = data_uri(image)
            if len(inline) <= DATA_URI_LIMIT:
                return inline
        with self._lock:
            busy = self._busy.setdefault(image.sha256, threading.Lock())
        with busy:
            url, until = self._known.get(image.sha256, ("", 0.0))
            if not url or self._pacing.monotonic() >= until:
                url, until = self._send(image, should_stop)
                self._known[image.sha256] = (url, until)
        return url

    def _send(self, image: Encoded, should_stop: Callable[[], bool]) -> tuple[str, float]:
        """Upload; a refused URL is replaced by a new one once."""
        for attempt in range(2):
            ticket = self._client.upload_ticket(f"control.{image.extension}", should_stop)
            self._check_target(ticket)
            started = self._pacing.monotonic()
            reply = self._client.put(ticket, image.data, image.mime, should_stop)
            if reply.status == 413:
                raise BadParameter(
                    f"GenVR's storage refuses an image of {len(image.data) / 1e6:.1f} MB. Use a "
                    "smaller image; nothing was charged."
                )
            if reply.status != 403:
                return ticket.url, started + self._usable_for(ticket)
            if attempt:
                break
        raise ServiceDown(
            "GenVR's storage refused the upload of the image twice (code 403). Nothing was "
            "charged. Check that this computer's clock is right, then run again."
        )

    def _check_target(self, ticket: UploadTicket) -> None:
        """The image goes to https only; plain http to a service on this machine."""
        profile = self._client.profile
        local = profile.loopback and profile.serves(ticket.url)
        if not ticket.url.startswith("https://") and not local:
            raise ServiceDown(
                "GenVR offered an upload address that is not encrypted; the image was not sent "
                "and nothing was charged. Please report this to GenVR."
            )

    def _usable_for(self, ticket: UploadTicket) -> float:
        """Seconds this URL may be reused for: the documented hour at most, less a margin."""
        try:
            expires = datetime.fromisoformat(ticket.expires_at.replace("Z", "+00:00"))
        except ValueError:
            return _LIFETIME_S - _MARGIN_S
        if expires.tzinfo is None:
            expires = expires.replace(tzinfo=timezone.utc)
        left = expires.timestamp() - self._pacing.clock()
        return min(left, _LIFETIME_S) - _MARGIN_S
