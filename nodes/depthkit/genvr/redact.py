"""Takes secrets out of every text that is shown, logged or written.

Removed: the exact key and user id, a key after its scheme, the query of every URL (a SAS signature
lives there), user and password in a URL, the payload of data URIs.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from ..connections import LOGGER

__all__ = ["Redactor", "quiet_transport_log"]

_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+")
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)[^,\s\"']{0,40},([A-Za-z0-9+/=_%-]*)")
_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,9}://)[^\s/?#\"'<>]*@")
_QUERY = re.compile(r"(https?://[^\s\"'<>?#]+|/[^\s\"'<>?#]*)\?[^\s\"'<>]*")
_SIGNATURE = re.compile(r"(?i)\b(sig|signature|token|key|api_key|apikey)=[^\s&\"'<>]+")
_SHOWN = 300
_LOOKED_AT = 4000


@dataclass(frozen=True, slots=True)
class Redactor:
    """Knows the exact secrets of one profile."""

    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Redactor({len(self.secrets)} secrets)"

    def __call__(self, text: object, limit: int = _SHOWN) -> str:
        """The text without secrets, on one line, at most `limit` characters."""
        # A lone surrogate is no character: neither a file nor a terminal takes it.
        clean = str(text).encode("utf-8", "replace").decode()
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= 4:
                clean = clean.replace(secret, "[secret]")
        # After the exact secrets, so that none is cut in two; the patterns take time.
        clean = clean[:_LOOKED_AT]
        clean = _DATA_URI.sub(lambda m: f"data:{m[1]};[{len(m[2])} characters]", clean)
        clean = _USER.sub(r"\1[secret]@", clean)
        clean = _QUERY.sub(r"\1?[secret]", clean)
        clean = _SIGNATURE.sub(r"\1=[secret]", clean)
        clean = _BEARER.sub(r"\1 [secret]", clean)
        clean = " ".join(clean.split())
        return clean if len(clean) <= limit else clean[: limit - 1] + "…"


class _TransportFilter(logging.Filter):
    """urllib3 logs request lines, query included, at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = Redactor()(record.getMessage(), 2000), None
        return True


def quiet_transport_log() -> None:
    """Keep signatures out of urllib3's own debug log; repeated calls change nothing."""
    log = logging.getLogger(LOGGER)
    if not any(isinstance(entry, _TransportFilter) for entry in log.filters):
        log.addFilter(_TransportFilter())
