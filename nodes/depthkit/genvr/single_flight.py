"""One request in the air at a time: a file lock per request, over threads and processes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from .private_files import private_folder_ready
from .retry import Pacing
from .service_errors import JournalError

__all__ = ["single_flight"]

_LOOK_S = 0.1


@contextmanager
def single_flight(
    folder: Path,
    name: str,
    pacing: Pacing,
    should_stop: Callable[[], bool],
    on_wait: Callable[[], None],
) -> Generator[None, None, None]:
    """Hold the lock `name`; the operating system frees it when a process dies.

    Waits as long as another run holds it. Raises Stopped, or JournalError where files cannot be
    locked.
    """
    import filelock

    private_folder_ready(folder)
    lock = filelock.FileLock(folder / f"{name}.lock", thread_local=False)
    try:
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except filelock.Timeout:
                on_wait()
                pacing.wait(_LOOK_S, should_stop)
    except OSError as error:
        raise JournalError(
            f"The GenVR payment journal cannot be locked ({error.strerror}), so nothing is sent. "
            "Move ComfyUI's user folder to a disk that supports file locks."
        ) from None
    try:
        yield
    finally:
        lock.release()
