"""Fetching a model's files: resumable, checked for room and for completeness.

The only module of the estimators that uses the network, and only when the user asked for it.
Unfinished files end in `.part`; the next attempt goes on where the last one stopped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..connections import fault_kinds, key_header, quote, urlsplit
from ..errors import DownloadError, Stopped
from ..progress import Progress, no_progress
from .fetching import alone, arriving
from .model_table import ModelRow

if TYPE_CHECKING:
    from ..connections import Response

__all__ = ["Origin", "download"]

_BLOCK = 1 << 20
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_REFUSED = (401, 403)
# Room for the file system's own needs beside the model.
_SPARE_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Origin:
    """A server laid out like the Hugging Face hub. offline: the user forbade the network.

    token: the user's own, for files behind terms; sent only to a server that refused without it.
    """

    endpoint: str
    offline: bool = False
    token: str | None = field(default=None, repr=False)

    @classmethod
    def hub(cls) -> Origin:
        """The hub, or the mirror that HF_ENDPOINT names; HF_HUB_OFFLINE is obeyed, and so is the
        user's token (HF_TOKEN, or that of `hf auth login`)."""
        from huggingface_hub import constants, get_token

        return cls(constants.ENDPOINT, constants.HF_HUB_OFFLINE, get_token())

    def authorisation(self) -> dict[str, str]:
        """The header with the token; nothing where there is none or the line could be read."""
        address = urlsplit(self.endpoint)
        safe = address.scheme == "https" or address.hostname in _THIS_MACHINE
        return key_header(self.token) if self.token and safe else {}

    def url(self, repository: str, revision: str, file: str) -> str:
        return f"{self.endpoint}/{repository}/resolve/{quote(revision, safe='')}/{file}"


def download(
    row: ModelRow,
    target: Path,
    *,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    origin: Origin | None = None,
) -> None:
    """Fetch the files of `row` that are not in `target` yet.

    on_progress(done, total): bytes of the whole model. Raises DownloadError (with what to put where
    by hand), Stopped.
    """
    source = origin or Origin.hub()
    if source.offline:
        raise _failure(row, target, "HF_HUB_OFFLINE forbids it")
    report = on_progress or no_progress
    stop = should_stop or (lambda: False)
    total = row.download_mb * 1_000_000
    done = 0
    try:
        target.mkdir(parents=True, exist_ok=True)
        with alone(target, stop):
            _check_room(row, target)
            for name in row.files:
                url = source.url(row.repository, row.revision, name)
                try:
                    done = _fetch(url, target / name, done, total, report, stop)
                except _Refused:
                    token = source.authorisation()
                    done = _fetch(url, target / name, done, total, report, stop, token)
    except fault_kinds().asked.RequestException as error:
        raise _failure(row, target, _network_reason(error)) from error
    except OSError as error:
        raise _failure(row, target, f"{error.strerror or error}") from error
    except _Refused as error:
        raise _failure(row, target, f"{error}; {_terms(row)}") from error
    except _Incomplete as error:
        raise _failure(row, target, str(error)) from error
    report(total, total)


class _Refused(Exception):
    """The server wants to know who asks."""


class _Incomplete(Exception):
    """The server closed the connection early, or sent other bytes than it announced."""


def _fetch(
    url: str,
    path: Path,
    before: int,
    total: int,
    report: Progress,
    should_stop: Callable[[], bool],
    authorisation: Mapping[str, str] | None = None,
) -> int:
    """One file; returns the bytes of the model that are on disk after it."""
    if path.is_file():
        return before + path.stat().st_size
    part = path.with_name(f"{path.name}.part")
    have = part.stat().st_size if part.is_file() else 0
    # A range of a packed answer would be counted in packed bytes.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    headers |= authorisation or {}
    with arriving(url, headers, should_stop) as (answer, blocks):
        if answer.status_code in _REFUSED:
            raise _Refused(f"the server answered {answer.status_code} {answer.reason}")
        announced: int | None = have
        if not _nothing_left(answer, have):
            if answer.status_code == 416:
                part.unlink()
                raise _Incomplete("the partly downloaded file did not fit; try again")
            answer.raise_for_status()
            have = have if answer.status_code == 206 else 0
            announced = _announced(answer, have)
            for size in _received(blocks, part, have):
                have = size
                report(min(before + have, total), total)
        digest = _digest(answer)
    if announced is not None and have != announced:
        raise _Incomplete(
            f"{path.name} ended after {have} of {announced} bytes; run again to resume"
        )
    if digest and _sha256(part, should_stop) != digest:
        part.unlink()
        raise _Incomplete(f"{path.name} arrived damaged (its checksum is wrong); run again")
    os.replace(part, path)
    return before + have


def _nothing_left(answer: Response, have: int) -> bool:
    """Whether an earlier run was killed between a file's last byte and its new name."""
    return answer.status_code == 416 and answer.headers.get("Content-Range") == f"bytes */{have}"


def _received(blocks: Iterator[bytes], part: Path, have: int) -> Iterator[int]:
    """Write what comes behind the `have` bytes of `part`; yields how many are there now."""
    with part.open("ab" if have else "wb") as file:
        for block in blocks:
            file.write(block)
            have += len(block)
            yield have


def _announced(answer: Response, have: int) -> int | None:
    # A compressed answer is measured before unpacking, so its length says nothing about the file.
    if "Content-Encoding" in answer.headers or "Content-Length" not in answer.headers:
        return None
    return have + int(answer.headers["Content-Length"])


def _digest(answer: Response) -> str | None:
    """The hub names a large file's SHA-256 on the first of its answers."""
    for response in (*answer.history, answer):
        tag = response.headers.get("X-Linked-ETag", "").strip('"')
        if len(tag) == 64:
            return tag
    return None


def _sha256(path: Path, should_stop: Callable[[], bool]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if should_stop():
                raise Stopped
            digest.update(block)
    return digest.hexdigest()


def _check_room(row: ModelRow, target: Path) -> None:
    have = sum(path.stat().st_size for path in target.glob("model*"))
    needed = row.download_mb * 1_000_000 - have + _SPARE_BYTES
    free = shutil.disk_usage(target).free
    if free < needed:
        raise _Incomplete(
            f"the disk has {free // 1_000_000} MB free and the model needs {needed // 1_000_000} MB"
        )


def _network_reason(error: Exception) -> str:
    kinds = fault_kinds().asked
    answer = getattr(error, "response", None)
    if isinstance(error, kinds.HTTPError) and answer is not None:
        return f"the server answered {answer.status_code} {answer.reason}"
    if isinstance(error, kinds.Timeout):
        return "the server did not answer in time"
    if isinstance(error, kinds.ConnectionError | kinds.ChunkedEncodingError):
        return "the connection failed or was cut; run again to resume"
    return type(error).__name__


def _failure(row: ModelRow, target: Path, reason: str) -> DownloadError:
    return DownloadError(
        f"Downloading {row.name} failed: {reason}. You can also fetch it by hand: put "
        f"{', '.join(row.files)} from {_page(row)} into {target}."
    )


def _terms(row: ModelRow) -> str:
    return (
        f"where the model asks for it, accept its terms on {_page(row)} and set HF_TOKEN to your "
        "token before starting"
    )


def _page(row: ModelRow) -> str:
    tree = "" if row.revision == "main" else f"/tree/{quote(row.revision, safe='')}"
    return f"https://huggingface.co/{row.repository}{tree}"
