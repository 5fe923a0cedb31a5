"""The states that a request can be in, and the faults that can meet it there."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import DepthError, Stopped
from matrix_bench import Bench, Killed, raising

__all__ = ["FAULTS", "STATES"]

STEPS = ("prepared", "sent", "submitted", "completed", "downloaded", "stored")

# -- states ---------------------------------------------------------------------------------------


def _dies_at(step: str) -> Callable[[Bench], None]:
    def reach(bench: Bench) -> None:
        with suppress(Killed):
            bench.obtain(raising(step, Killed()))

    return reach


def _after(*faults: tuple[str, Fault]) -> Callable[[Bench], None]:
    def reach(bench: Bench) -> None:
        bench.script(*faults)
        with suppress(DepthError):
            bench.obtain()

    return reach


def _task_failed(bench: Bench) -> None:
    bench.fake.failure = {"status": "failed", "error": "out of memory"}
    with suppress(DepthError):
        bench.obtain()


def _detached(bench: Bench) -> None:
    bench.fake.latency = 1e6
    with suppress(Stopped):
        bench.obtain(should_stop=lambda: any(task.looks for task in bench.own_tasks))


STATES: dict[str, Callable[[Bench], None]] = {
    "new": lambda bench: None,
    "prepared, not sent": _dies_at("prepared"),
    "prepared, charged": _dies_at("sent"),
    "submitted": _dies_at("submitted"),
    "completed": _dies_at("completed"),
    "stored": lambda bench: bench.obtain(),
    "failed, no task": _after(("generate", Fault(status=402, body={"message": "no credits"}))),
    "failed task": _task_failed,
    "ambiguous, free": _after(("generate", Fault("reset"))),
    "ambiguous, charged": _after(("generate", Fault("reset", act=True))),
    "detached": _detached,
}

# -- faults ---------------------------------------------------------------------------------------

Meet = Callable[[Bench], None]


def _plain(bench: Bench) -> None:
    bench.obtain()


def _service(*faults: tuple[str, Fault]) -> Meet:
    def meet(bench: Bench) -> None:
        bench.script(*faults)
        bench.obtain()

    return meet


def _g(*args: Any, times: int = 1, **more: Any) -> Meet:
    return _service(*[("generate", Fault(*args, **more))] * times)


def _on(endpoint: str, *args: Any, times: int = 99, **more: Any) -> Meet:
    return _service(*[(endpoint, Fault(*args, **more))] * times)


def _output(value: Any) -> Meet:
    def meet(bench: Bench) -> None:
        bench.fake.output = value
        bench.obtain()

    return meet


def _says(**failure: Any) -> Meet:
    def meet(bench: Bench) -> None:
        bench.fake.failure = failure
        bench.obtain()

    return meet


def _stop(step: str) -> Meet:
    return lambda bench: bench.obtain(raising(step, Stopped()))


def _kill(step: str) -> Meet:
    """A real process that ends by SIGKILL."""

    def meet(bench: Bench) -> None:
        def at(name: str) -> None:
            if name == step:
                os.kill(os.getpid(), signal.SIGKILL)

        child = os.fork()
        if child == 0:
            try:
                bench.obtain(at)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        raise Stopped

    return meet


def _full(step: str) -> Meet:
    """Every byte of the file system is taken at that step, and given back after two runs."""

    def meet(bench: Bench) -> None:
        filler = bench.folder / "filler"

        def at(name: str) -> None:
            if name != step or filler.exists():
                return
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                for size in (65536, 4096, 1024, 128, 1):
                    with suppress(OSError):
                        while True:
                            file.write(b"x" * size)

        try:
            with suppress(DepthError):
                bench.obtain(at)
            bench.obtain()
        finally:
            filler.unlink(missing_ok=True)

    return meet


def _clock(years: int) -> Meet:
    def meet(bench: Bench) -> None:
        bench.clock.jump = years * 365 * 86400.0
        bench.obtain()

    return meet


def _file(change: Callable[[Path], None], name: str = "journal.sqlite") -> Meet:
    def meet(bench: Bench) -> None:
        path = bench.folder / "private" / name
        if path.exists():
            change(path)
        bench.obtain()

    return meet


def _images(change: Callable[[Path], None]) -> Meet:
    def meet(bench: Bench) -> None:
        for path in (bench.folder / "private" / "images").glob("*"):
            change(path)
        bench.obtain()

    return meet


def _no_store(bench: Bench) -> None:
    """A file stands where the images' folder belongs."""
    place, aside = bench.folder / "private" / "images", bench.folder / "aside"
    place.parent.mkdir(mode=0o700, exist_ok=True)
    if place.exists():
        place.rename(aside)
    place.write_bytes(b"")
    try:
        bench.obtain()
    finally:
        place.unlink()
        if aside.exists():
            aside.rename(place)


def _twice_at_once(bench: Bench) -> None:
    errors: list[BaseException] = []

    def one() -> None:
        try:
            bench.obtain()
        except BaseException as error:  # raised again below
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _anothers_task(bench: Bench) -> None:
    """The service gives this request the task of another one."""
    other = bench.obtain(prompt=f"the other of {bench.number}.")
    bench.script(("generate", Fault(body={"success": True, "data": {"id": other.task}})))
    bench.obtain()


def _halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


SAID = {"success": False, "message": "not now"}
DEEP = "[" * 5000 + "]" * 5000
IMAGE = "https://127.0.0.1/x.png"
FAULTS: dict[str, Meet] = {
    "none": _plain,
    # The paid call: what the answer is, and whether the service charged ("charged") all the same.
    "generate: cut before it was read": _g("reset"),
    "generate: cut, charged": _g("reset", act=True),
    "generate: half an answer, charged": _g("truncated", act=True),
    "generate: silence": _g("hang", seconds=0.1),
    "generate: silence, charged": _g("hang", seconds=0.1, act=True),
    "generate: 500": _g(status=500, body=SAID),
    "generate: 500, charged": _g(status=500, body=SAID, act=True),
    "generate: 502, charged": _g(status=502, body="<html>", act=True),
    "generate: 503": _g(status=503, body=SAID),
    "generate: 504, charged": _g(status=504, body=SAID, act=True),
    "generate: 408, charged": _g(status=408, body=SAID, act=True),
    "generate: 409, charged": _g(status=409, body=SAID, act=True),
    "generate: 499, charged": _g(status=499, body=SAID, act=True),
    "generate: 400": _g(status=400, body=SAID),
    "generate: 400 with a task": _g("named", status=400, act=True),
    "generate: 401": _g(status=401, body=SAID),
    "generate: 402": _g(status=402, body=SAID),
    "generate: 403": _g(status=403, body=SAID),
    "generate: 404": _g(status=404, body="<html>"),
    "generate: 413 once": _g(status=413, body=SAID),
    "generate: 413 for ever": _g(status=413, body=SAID, times=9),
    "generate: 422": _g(status=422, body={"message": "invalid value of a parameter"}),
    "generate: moderated": _g(status=400, body={"message": "flagged by moderation"}),
    "generate: 429 once": _g(status=429, headers={"Retry-After": "3"}),
    "generate: 429 for ever": _g(status=429, body=SAID, times=30),
    "generate: 429 with a task": _g("named", status=429, act=True),
    "generate: 429, Retry-After in the year 33715": _g(
        status=429, headers={"Retry-After": "Sat, 01 Jan 33715 00:00:00 GMT"}
    ),
    "generate: 302": _g(status=302, headers={"Location": "http://169.254.169.254/"}),
    "generate: 200 without a task, charged": _g(body={"success": True}, act=True),
    "generate: 200, success false": _g(body=SAID),
    "generate: 200, no JSON, charged": _g(body="<html>hello</html>", act=True),
    "generate: 200, empty, charged": _g(body=b"", act=True),
    "generate: 200, deep JSON, charged": _g(body=DEEP, act=True),
    "generate: 200, half characters, charged": _g(body='{"data": {"id": "\\ud800"}}', act=True),
    "generate: a task of 5000 characters, charged": _g(body={"taskId": "t" * 5000}, act=True),
    "generate: a length of 5000 digits, charged": _g(
        body=SAID, headers={"Content-Length": "9" * 5000}, act=True
    ),
    "generate: the task of another request": _anothers_task,
    # Looking after a task.
    "status: 500 for ever": _on("status", status=500, body=SAID),
    "status: 401 once": _on("status", status=401, body=SAID, times=1),
    "status: 401 for ever": _on("status", status=401, body=SAID),
    "status: unknown for a moment": _on("status", status=404, body=SAID, times=2),
    "status: unknown for ever": _on("status", status=404, body=SAID, times=12),
    "status: cut": _on("status", "reset", times=3),
    "status: silence": _on("status", "hang", seconds=0.05, times=2),
    "status: half an answer": _on("status", "truncated", body=SAID, times=3),
    "status: no JSON": _on("status", body="<html>", times=3),
    "status: deep JSON": _on("status", body=DEEP, times=3),
    "status: an unknown word": _on("status", body={"data": {"status": "warming"}}, times=3),
    "status: failed": _says(status="failed", error="out of memory"),
    "status: failed by moderation": _says(status="failed", error="E005 flagged as sensitive"),
    "response: 500 for ever": _on("response", status=500, body=SAID),
    "response: no JSON": _on("response", body="<html>", times=3),
    "response: success false": _on("response", body=SAID),
    "response: unknown for ever": _on("response", status=404, body=SAID),
    "response: empty": _output([]),
    "response: words in place of an address": _output("flagged as sensitive"),
    "response: http://[::1": _output(["http://[::1"]),
    "response: x..blob": _output(["https://x..blob.core.windows.net/a.png"]),
    "response: an inner address": _output(["https://169.254.169.254/latest"]),
    "response: a host that is not listed": _output(["https://evil.example/a.png"]),
    "response: 400 addresses": _output(["URL", *[IMAGE] * 400]),
    # The image.
    "image: 403 once": _on("image", status=403, times=1),
    "image: 403 for ever": _on("image", status=403),
    "image: 500": _on("image", status=500),
    "image: cut": _on("image", "reset", times=9),
    "image: half": _on("image", "truncated", act=True, times=9),
    "image: a page": _on("image", body="<html>login</html>", times=9),
    "image: compressed": _on("image", body=b"x", headers={"Content-Encoding": "gzip"}, times=9),
    "image: 1 TB": _on("image", body=b"x", headers={"Content-Length": str(1 << 40)}, times=9),
    "image: moved to an inner address": _on(
        "image", status=302, headers={"Location": "http://169.254.169.254/"}, times=9
    ),
    "image: moved in circles": _on("image", status=302, headers={"Location": "/images/x/1.png"}),
    # This computer.
    **{f"Stop at '{step}'": _stop(step) for step in STEPS},
    **{f"SIGKILL at '{step}'": _kill(step) for step in STEPS},
    **{f"disk full at '{step}'": _full(step) for step in STEPS},
    "clock ten years ahead": _clock(10),
    "clock ten years back": _clock(-10),
    "three runs at once": _twice_at_once,
    "journal emptied": _file(lambda path: path.write_bytes(b"")),
    "journal removed": _file(Path.unlink),
    "journal cut in half": _file(_halved),
    "journal overwritten": _file(lambda path: path.write_bytes(b"no database" * 3000)),
    "the journal's identity removed": _file(Path.unlink, "journal.identity"),
    "the journal's identity cut": _file(_halved, "journal.identity"),
    "stored images removed": _images(Path.unlink),
    "stored images damaged": _images(_flipped),
    "no folder for images": _no_store,
}
