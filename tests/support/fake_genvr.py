"""A scripted stand-in for the GenVR service: real sockets, a ledger of charges, faults on demand.

For the tests, and for demonstrations without a key:

    python tests/support/fake_genvr.py --port 8765 --latency 3

then start ComfyUI with GENVR_API_BASE=http://127.0.0.1:8765 GENVR_API_KEY=demo-key
GENVR_UID=demo-user. Standard library only, except that images are painted with Pillow: a tinted
copy of the control image, enough to see that the right one came back.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageOps

FLUX = {
    "prompt": (str, None, None),
    "control_image": (str, None, None),
    "seed": (int, 0, 2**32 - 1),
    "steps": (int, 15, 50),
    "guidance": ((int, float), 1, 100),
    "output_format": (str, None, None),
    "safety_tolerance": (int, 1, 6),
    "prompt_upsampling": (bool, None, None),
}
SCRIBBLE = {
    "prompt": (str, None, None),
    "image": (str, None, None),
    "seed": (int, 0, 2**32 - 1),
    "scale": ((int, float), 0.1, 30),
    "ddim_steps": (int, 1, 100),
    "a_prompt": (str, None, None),
    "n_prompt": (str, None, None),
    "num_samples": (str, None, None),
    "image_resolution": (str, None, None),
}
DETECTORS = [
    "hed",
    "sam",
    "mlsd",
    "pidi",
    "canny",
    "leres",
    "midas",
    "content",
    "lineart",
    "open_pose",
    "normal_bae",
    "face_detector",
    "lineart_anime",
]
DETECT = {"image": (str, None, None), **dict.fromkeys(DETECTORS, (bool, None, None))}
SCHEMAS = {
    "depth": (FLUX, ("prompt", "control_image")),
    "canny": (FLUX, ("prompt", "control_image")),
    "scribble2img": (SCRIBBLE, ("prompt", "image")),
    "controlnet_preprocessors": (DETECT, ("image",)),
}
HOLES = re.compile(r"^/(v2|api/v1)/(generate|status|response)$")


@dataclass
class Fault:
    """What goes wrong with one call.

    kind: "reply" (answer `status`/`body`/`headers` instead), "reset" (cut the connection), "hang"
    (no answer for `seconds`), "drip" (one byte per `seconds`), "slow head" (the same from the
    status line on), "truncated" (half the body), "named" (the true answer, task id and all, under
    another code and after `seconds`).
    act: carry the call out first, so that a generate call is charged although it looks failed.
    """

    kind: str = "reply"
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.05
    act: bool = False


@dataclass
class Task:
    """One accepted request."""

    id: str
    body: dict[str, Any]
    created: float
    image: bytes
    links: int = 0
    looks: int = 0


class FakeGenvr:
    """The service. Use as a context manager; `base` is its address."""

    def __init__(
        self,
        port: int = 0,
        latency: float = 0.0,
        key: str = "demo-key",
        uid: str = "demo-user",
        size: tuple[int, int] = (64, 48),
        painter: Callable[[dict[str, Any], bytes], bytes] | None = None,
    ) -> None:
        self.painter = painter  # (body, control image) -> the answer, instead of a tinted copy
        self.key, self.uid, self.latency, self.size = key, uid, latency, size
        self.versions = ("v2", "api/v1")
        self.words: list[str] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.charges: list[str] = []
        self.violations: list[str] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.served: list[bytes] = []
        self.tasks: dict[str, Task] = {}
        self.blobs: dict[str, bytes] = {}
        self.output: Any = None
        self.failure: dict[str, Any] | None = None
        self.dead_links: set[str] = set()
        self.busy = self.most_busy = 0
        self.lock = threading.RLock()
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.closing = threading.Event()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeGenvr:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def script(self, endpoint: str, *faults: Fault) -> None:
        """The next calls of `endpoint` go wrong in this order; later ones work."""
        self.faults[endpoint].extend(faults)

    def count(self, endpoint: str) -> int:
        with self.lock:
            return sum(name == endpoint for name, _ in self.calls)

    # -- the calls --------------------------------------------------------------------------------

    def generate(self, body: dict[str, Any]) -> tuple[int, Any]:
        problem, control = self._problem(body)
        if problem:
            self.violations.append(problem)
            return 422, {"success": False, "message": problem}
        number = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]
        paint = self.painter or (lambda body, control: _paint(body, control, self.size))
        image = paint(body, control)
        with self.lock:
            task = Task(f"task-{len(self.tasks)}-{number}", body, time.monotonic(), image)
            self.tasks[task.id] = task
            self.charges.append(_wish(body, control))
            self.busy = sum(not self._ready(t) for t in self.tasks.values())
            self.most_busy = max(self.most_busy, self.busy)
        return 200, {"success": True, "data": {"id": task.id, "status": "starting"}}

    def status(self, body: dict[str, Any]) -> tuple[int, Any]:
        task = self.tasks.get(str(body.get("id")))
        if task is None:
            return 404, {"success": False, "message": "Task not found"}
        with self.lock:
            task.looks += 1
            looks = task.looks
        if self.failure is not None:
            return 200, {"success": True, "data": {"id": task.id, **self.failure}}
        if looks <= len(self.words):
            return 200, {"success": True, "data": {"id": task.id, "status": self.words[looks - 1]}}
        word = "completed" if self._ready(task) else "processing"
        return 200, {"success": True, "data": {"id": task.id, "status": word}}

    def response(self, body: dict[str, Any]) -> tuple[int, Any]:
        task = self.tasks.get(str(body.get("id")))
        if task is None:
            return 404, {"success": False, "message": "Task not found"}
        with self.lock:
            task.links += 1
        url = f"{self.base}/images/{task.id}/{task.links}.png?sv=1&sig=RESULTSIGNATURE"
        output = [url] if self.output is None else _filled(self.output, url)
        return 200, {"success": True, "data": {"status": "completed", "output": output}}

    def sas_url(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body.get("userId") != self.uid:
            return 401, {"success": False, "error": "Unauthorized"}
        with self.lock:
            name = f"/blob/{len(self.blobs) + self.count('sas_url')}-{body['fileName']}"
        return 200, {
            "success": True,
            "uploadUrl": f"{self.base}{name}?sv=1&sig=UPLOADSIGNATURE",
            "blobPath": name,
            "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600)),
        }

    def models(self) -> tuple[int, Any]:
        rows = [
            {"name": sub, "category": "imgutils_control", "subcategory": sub} for sub in SCHEMAS
        ]
        return 200, {"success": True, "count": len(rows), "data": rows}

    def schema(self, subcategory: str) -> tuple[int, Any]:
        fields, required = SCHEMAS[subcategory]
        names = {str: "string", int: "integer", bool: "boolean"}
        rows = [
            {"name": n, "type": names.get(t, "number"), "min": low, "max": high}
            for n, (t, low, high) in fields.items()
        ]
        for row in rows:
            if row["name"] == "output_format":
                row |= {"type": "enum", "allowedValues": ["jpg", "png"]}
            if row["name"] == "image_resolution":
                row |= {"type": "enum", "allowedValues": ["256", "512", "768"]}
        parameters = {
            "required": [r for r in rows if r["name"] in required],
            "optional": [r for r in rows if r["name"] not in required],
        }
        return 200, {"success": True, "data": {"parameters": parameters}}

    def _ready(self, task: Task) -> bool:
        return time.monotonic() - task.created >= self.latency

    def _problem(self, body: dict[str, Any]) -> tuple[str, bytes]:
        """What is wrong with a generate body, and the control image's bytes."""
        if body.get("category") != "imgutils_control" or body.get("subcategory") not in SCHEMAS:
            return "unknown model", b""
        fields, required = SCHEMAS[body["subcategory"]]
        for name in required:
            if not body.get(name):
                return f"missing {name}", b""
        for name, value in body.items():
            if name in ("uid", "category", "subcategory"):
                continue
            if name not in fields:
                return f"unknown parameter {name}", b""
            kind, low, high = fields[name]
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                return f"invalid type of parameter {name}", b""
            if low is not None and not low <= value <= high:
                return f"parameter {name} must be in {low}..{high}", b""
        if body.get("output_format", "jpg") not in ("jpg", "png"):
            return "invalid output_format", b""
        control = self._control(body.get("control_image") or body.get("image"))
        return ("", control) if control else ("control image cannot be read", b"")

    def _control(self, where: str) -> bytes:
        if where.startswith("data:image/"):
            return base64.b64decode(where.partition(",")[2])
        parts = urlsplit(where)
        return self.blobs.get(parts.path, b"") if "sig=UPLOADSIGNATURE" in parts.query else b""


def _wish(body: dict[str, Any], control: bytes) -> str:
    """What was asked for, whatever way the image took."""
    rest = {k: v for k, v in body.items() if k not in ("control_image", "image")}
    rest["image"] = hashlib.sha256(control).hexdigest()
    return json.dumps(rest, sort_keys=True)


def _filled(output: Any, url: str) -> Any:
    """The scripted output with every "URL" replaced by the link."""
    if isinstance(output, list):
        return [_filled(part, url) for part in output]
    if isinstance(output, dict):
        return {name: _filled(part, url) for name, part in output.items()}
    return url if output == "URL" else output


def _paint(body: dict[str, Any], control: bytes, size: tuple[int, int]) -> bytes:
    image = Image.open(io.BytesIO(control)).convert("L")
    image = image.resize(size) if size[0] else image
    if body["subcategory"] != "controlnet_preprocessors":
        words = json.dumps({k: v for k, v in body.items() if "image" not in k}, sort_keys=True)
        tint = hashlib.sha256(words.encode()).digest()
        dark, light = tuple(b // 3 for b in tint[:3]), tuple(160 + b // 3 for b in tint[3:6])
        image = ImageOps.colorize(image, dark, light)
    buffer = io.BytesIO()
    wanted = "JPEG" if body.get("output_format", "jpg") == "jpg" else "PNG"
    image.save(buffer, wanted)
    return buffer.getvalue()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeGenvr
    protocol_version = "HTTP/1.1"
    # Header and body leave as two packets; without this each answer waits for the other side's ACK.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/api/models":
            self._serve("models", self.fake.models)
        elif path.startswith("/api/schema/"):
            self._serve("schema", lambda: self.fake.schema(path.rsplit("/", 1)[-1]))
        elif path.startswith("/images/"):
            self._serve("image", lambda: self._image(path))
        else:
            self._send(404, b"not here", "text/plain")

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        found = HOLES.match(self.path)
        if self.path == "/api/upload/sas-url":
            self._serve("sas_url", lambda: self._authorized(lambda: self.fake.sas_url(body)))
        elif found and found[1] in self.fake.versions:
            call = getattr(self.fake, found[2])
            self._serve(found[2], lambda: self._authorized(lambda: call(body), body))
        else:
            self._send(404, f"Cannot POST {self.path}".encode(), "text/html")

    def do_PUT(self) -> None:
        data, path = self._body(), urlsplit(self.path).path

        def store() -> tuple[int, Any]:
            self.fake.blobs[path] = data
            return 201, b""

        self._serve("put_blob", store)

    def _authorized(self, call: Any, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        right = self.headers.get("Authorization") == f"Bearer {self.fake.key}"
        if not right or (body is not None and body.get("uid") != self.fake.uid):
            return 401, {"success": False, "message": "Unauthorized"}
        return call()

    def _image(self, path: str) -> tuple[int, Any]:
        task = self.fake.tasks.get(path.split("/")[2])
        if task is None or path in self.fake.dead_links:
            return 403, {"error": "AuthenticationFailed"}
        return 200, task.image

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _serve(self, endpoint: str, call: Any) -> None:
        with self.fake.lock:
            self.fake.calls.append((endpoint, dict(self.headers)))
            waiting = self.fake.faults[endpoint]
            fault = waiting.popleft() if waiting else None
        if fault is None:
            self._send(*call())
            return
        if fault.act:
            answer = call()
            if fault.kind != "reply":
                self._break(fault, *answer)
                return
        self._break(fault, fault.status, fault.body if fault.body is not None else b"")

    def _break(self, fault: Fault, status: int, body: Any) -> None:
        data, kind = _encoded(body)
        if fault.kind == "reply":
            self._send(fault.status, data if fault.body is not None else b"", kind, fault.headers)
        elif fault.kind == "reset":
            self._reset()
        elif fault.kind == "hang":
            self.fake.closing.wait(fault.seconds)
            self.close_connection = True
        elif fault.kind == "named":
            self.fake.closing.wait(fault.seconds)
            self._send(fault.status, data, kind, fault.headers)
        elif fault.kind == "slow head":
            head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(data)}\r\n\r\n"
            self._trickle(head.encode() + data, fault.seconds)
        elif fault.kind == "truncated":
            self._head(status, len(data), kind, {})
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif fault.kind == "drip":
            self._head(status, len(data), kind, {})
            self._trickle(data, fault.seconds)

    def _trickle(self, data: bytes, seconds: float) -> None:
        for byte in data:
            with contextlib.suppress(OSError):
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            if self.fake.closing.wait(seconds):
                break
        self.close_connection = True

    def _reset(self) -> None:
        """RST instead of FIN: what a crashing server or a cut line looks like."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _send(
        self, status: int, body: Any, kind: str = "", headers: dict[str, str] | None = None
    ) -> None:
        data, found = _encoded(body)
        self._head(status, len(data), kind or found, headers or {})
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def _head(self, status: int, length: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        sent = {"Content-Type": kind, "Content-Length": str(length), **headers}
        for name, value in sent.items():
            self.send_header(name, value)
        with contextlib.suppress(OSError):
            self.end_headers()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _encoded(body: Any) -> tuple[bytes, str]:
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/html"
    return json.dumps(body).encode(), "application/json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--latency", type=float, default=3.0, help="seconds an image takes")
    parser.add_argument("--key", default="demo-key")
    parser.add_argument("--uid", default="demo-user")
    args = parser.parse_args()
    with FakeGenvr(args.port, args.latency, args.key, args.uid, size=(0, 0)) as fake:
        sys.stdout.write(f"stand-in for GenVR at {fake.base}; Ctrl-C ends it\n")
        shown = 0
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.5)
                if len(fake.charges) != shown:
                    shown = len(fake.charges)
                    sys.stdout.write(f"charges: {shown}\n")


if __name__ == "__main__":
    main()
