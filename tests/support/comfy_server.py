"""A real ComfyUI server with this pack linked into a private base directory, driven over HTTP.

Needs COMFYUI_PATH; COMFYUI_PYTHON names the interpreter when it is not the one running pytest.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"Comfy.TutorialCompleted": True}


@dataclass(frozen=True)
class History:
    """What `/history` says of one prompt."""

    status: str
    outputs: dict[str, Any]
    messages: list[Any]
    seconds: float

    def error(self) -> dict[str, Any]:
        """The `execution_error` message, or {} where there was none."""
        return next((body for name, body in self.messages if name == "execution_error"), {})


class PromptRefused(Exception):
    """POST /prompt answered 400; `body` has the reasons."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(json.dumps(body)[:2000])
        self.body = body


@dataclass
class Comfy:
    """One server. `base` is its private directory: models/, input/, output/, temp/, user/."""

    checkout: Path
    base: Path
    python: str = sys.executable
    extra: tuple[str, ...] = ()
    pack_name: str = "genvr-depth"
    environment: dict[str, str] = field(default_factory=dict)
    client_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout: float = 480.0) -> None:
        for name in ("custom_nodes", "models", "input", "output", "temp", "user/default"):
            (self.base / name).mkdir(parents=True, exist_ok=True)
        link = self.base / "custom_nodes" / self.pack_name
        if not link.exists():
            link.symlink_to(ROOT, target_is_directory=True)
        settings = self.base / "user" / "default" / "comfy.settings.json"
        if not settings.exists():
            settings.write_text(json.dumps(SETTINGS))
        self.port = _free_port()
        with (self.base / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                cwd=self.checkout,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._await_ready(timeout)

    def _command(self) -> list[str]:
        return [
            self.python,
            "main.py",
            "--cpu",
            "--listen",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--disable-api-nodes",
            "--base-directory",
            str(self.base),
            "--database-url",
            "sqlite:///:memory:",
            *self.extra,
        ]

    def _await_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"ComfyUI died while starting:\n{self.log()[-4000:]}")
            try:
                self.get("/system_stats")
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        raise RuntimeError(f"ComfyUI did not start in {timeout} s:\n{self.log()[-4000:]}")

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, sig)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(20)
        self.process = None

    def restart(self, env: dict[str, str] | None = None, *, kill: bool = False) -> None:
        self.stop(signal.SIGKILL if kill else signal.SIGTERM)
        self.environment |= env or {}
        self.start()

    def log(self) -> str:
        path = self.base / "log.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    def request(self, method: str, path: str, body: Any = None, timeout: float = 60.0) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            raw = answer.read()
        try:
            return json.loads(raw)
        except ValueError:
            return raw

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def object_info(self) -> dict[str, Any]:
        return self.get("/object_info")

    def queue(self, prompt: dict[str, Any], extra_data: dict[str, Any] | None = None) -> str:
        """Queue a prompt in API form; raises PromptRefused unless every node is accepted."""
        body = {"prompt": prompt, "client_id": self.client_id, "extra_data": extra_data or {}}
        try:
            answer = self.request("POST", "/prompt", body)
        except urllib.error.HTTPError as error:
            raise PromptRefused(json.loads(error.read())) from None
        if answer["node_errors"]:
            raise PromptRefused(answer)
        return answer["prompt_id"]

    def wait(self, prompt_id: str, timeout: float = 180.0) -> History:
        start = time.monotonic()
        while time.monotonic() - start < timeout:
            entry = self.get(f"/history/{prompt_id}").get(prompt_id)
            if entry is not None:
                status = entry["status"]
                return History(
                    status["status_str"],
                    entry["outputs"],
                    status["messages"],
                    time.monotonic() - start,
                )
            time.sleep(0.05)
        raise TimeoutError(f"prompt {prompt_id} did not end in {timeout} s:\n{self.log()[-3000:]}")

    def run(self, prompt: dict[str, Any], timeout: float = 180.0) -> History:
        return self.wait(self.queue(prompt), timeout)

    def interrupt(self) -> None:
        self.request("POST", "/interrupt", {})

    def upload(self, path: Path, name: str | None = None) -> str:
        """Put a file into the server's input folder; returns the name LoadImage knows it by."""
        target = self.base / "input" / (name or path.name)
        target.write_bytes(path.read_bytes())
        return target.name

    def file(self, entry: dict[str, str] | str) -> Path:
        """The real path of a file that a node's `ui` names, as an object or as `path [output]`."""
        if isinstance(entry, str):
            path, _, folder = entry.rpartition(" ")
            return self.base / folder.strip("[]") / path
        return self.base / entry["type"] / entry["subfolder"] / entry["filename"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
