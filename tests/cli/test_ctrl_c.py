"""Ctrl-C in a process of its own: it ends within two seconds, with one line, in every state."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import time

import numpy as np
import pytest
import torch
from fake_genvr import FakeGenvr, Fault
from genvr_depth.nodes.depthkit import estimators
from genvr_depth.nodes.depthkit.cli import main
from PIL import Image

if not hasattr(os, "fork"):
    pytest.skip("a forked process has the pack loaded already", allow_module_level=True)


class Endless:
    """One step of torch that takes far longer than anybody waits; Python hears nothing in it."""

    name, kind, multiple, inner_size, licence = "endless", "disparity", 8, 32, "MIT"

    def __init__(self, begun):
        self.begun = begun

    def __call__(self, images):
        big = torch.ones(6000, 6000)
        self.begun.set()
        for _ in range(50):
            big = big @ big
        return images.mean(1)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start(words) -> (process, begun, what it printed so far)."""
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    fork, started = multiprocessing.get_context("fork"), []

    def begin(words):
        begun = fork.Event()
        printed = tmp_path / "printed.txt"
        process = fork.Process(target=_command, args=(words, printed, begun))
        process.start()
        started.append(process)
        return process, begun, printed.read_text

    yield begin
    for process in started:
        process.kill()
        process.join()


def _command(words, printed, begun):
    stream = printed.open("w", buffering=1)
    os.dup2(stream.fileno(), 2)
    sys.stdout = sys.stderr = stream
    estimators.load_estimator = lambda *_, **__: Endless(begun)
    sys.exit(main(words))


# A loaded machine may take twice the two seconds; without the watch it would be thirty.
def _press(process, seconds=4.0):
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.join(10)
    assert process.exitcode == 130
    assert time.monotonic() - started < seconds


def test_while_the_model_computes(start):
    process, begun, printed = start(["estimate", "photo.png"])
    assert begun.wait(20)
    _press(process)
    assert (
        printed()
        == "Using the built-in model; nothing to download.\ngenvr-depth estimate: stopped\n"
    )


def test_a_second_one_ends_it_at_once_and_without_a_traceback(start):
    process, begun, printed = start(["estimate", "photo.png"])
    assert begun.wait(20)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.1)
    _press(process)
    assert printed().count("\n") == 2
    assert printed().endswith("\ngenvr-depth estimate: stopped\n")


def test_while_a_server_says_nothing_about_a_download(start, monkeypatch):
    from huggingface_hub import constants

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        words = ["estimate", "photo.png", "--model", "dpt-large", "--download"]
        process, _, printed = start(words)
        server.settimeout(20)
        client, _ = server.accept()
        with client:
            _press(process)
    assert printed() == "genvr-depth estimate: stopped\n"


@pytest.mark.parametrize("presses", [1, 2])
def test_while_the_service_says_nothing_about_a_paid_request(start, monkeypatch, presses):
    monkeypatch.setenv("GENVR_API_KEY", "canary-key")
    monkeypatch.setenv("GENVR_UID", "canary-user")
    with FakeGenvr(key="canary-key", uid="canary-user") as fake:
        monkeypatch.setenv("GENVR_API_BASE", fake.base)
        fake.script("generate", Fault("hang", seconds=30))
        process, _, printed = start(["generate", "photo.png", "--prompt", "a castle"])
        for _ in range(200):
            if fake.count("generate"):
                break
            time.sleep(0.05)
        assert fake.count("generate") == 1
        if presses == 2:
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.4)
        _press(process)
        assert printed() == "genvr-depth generate: stopped\n"
        # Nobody knows whether the request arrived, and nothing is sent again unasked.
        again, _, printed = start(["generate", "photo.png", "--prompt", "a castle"])
        again.join(10)
        assert again.exitcode == 1
        assert "--pay-again" in printed() or "pay_again" in printed()
        assert fake.count("generate") == 1
