"""Stored images: bytes under their own sha256, checked when read, bounded in size."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from .private_files import private_folder_ready, write_private

__all__ = ["DEFAULT_LIMIT_BYTES", "ImageStore"]

DEFAULT_LIMIT_BYTES = 8 << 30


class ImageStore:
    """A folder of images that were paid for."""

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit_bytes

    def put(self, data: bytes) -> str:
        """Store the bytes, whole or not at all; their sha256 in hex. Raises JournalError."""
        digest = hashlib.sha256(data).hexdigest()
        private_folder_ready(self._folder.parent)
        private_folder_ready(self._folder)
        write_private(self._folder / digest, data)
        self._clear(keep=digest)
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes, or None where they are gone or damaged (a damaged file is removed)."""
        path = self._folder / digest
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != digest:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def has(self, digest: str) -> bool:
        return self.get(digest) is not None

    def _clear(self, keep: str) -> None:
        """Remove the least recently used files beyond the limit, never the one just stored."""
        found = []
        for path in self._folder.iterdir():
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit:
                return
            if path.name != keep:
                with suppress(OSError):
                    path.unlink()
                    total -= size
