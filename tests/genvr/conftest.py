"""The stand-in service, a runner against it with quick waits, and the hunt for leaked secrets."""

from __future__ import annotations

import io
import logging
import os
import sqlite3
import time
from types import SimpleNamespace

import pytest
import torch
from fake_genvr import FakeGenvr
from genvr_depth.nodes.depthkit.genvr.control_images import from_images
from genvr_depth.nodes.depthkit.genvr.credentials import Profile
from genvr_depth.nodes.depthkit.genvr.request import Request
from genvr_depth.nodes.depthkit.genvr.retry import Pacing
from genvr_depth.nodes.depthkit.genvr.service import Limits, open_runner
from genvr_depth.nodes.depthkit.genvr.service_models import model_named

KEY = "canary-key-7f3a91c2"
UID = "canary-user-55d0"
SECRETS = (KEY, UID, "UPLOADSIGNATURE", "RESULTSIGNATURE", ";base64,")


class QuickClock:
    """Waits cost a hundredth and count in full; `jump` moves the wall clock."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.jump = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        time.sleep(0.0002)

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def clock(self) -> float:
        return time.time() + self.slept + self.jump

    @property
    def pacing(self) -> Pacing:
        return Pacing(self.clock, self.monotonic, self.sleep)


@pytest.fixture
def fake():
    with FakeGenvr(key=KEY, uid=UID) as service:
        yield service


@pytest.fixture
def profile(fake):
    return Profile("default", fake.base, "v2", KEY, UID)


@pytest.fixture
def clock():
    return QuickClock()


@pytest.fixture
def make_runner(tmp_path, profile, clock):
    """make(**limits) -> a Runner on the test's private folder."""

    def make(profile=profile, checkpoint=None, **limits):
        more = {} if checkpoint is None else {"checkpoint": checkpoint}
        return open_runner(
            tmp_path / "private", profile, limits=Limits(**limits), pacing=clock.pacing, **more
        )

    return make


@pytest.fixture
def make_request():
    """make(prompt="a castle", seed=1, ..., size=(24, 32)) -> a Request."""

    def make(prompt="a castle", model="depth", take=0, size=(24, 32), value=0.5, **values):
        image = torch.full((1, *size, 3), value)
        image[:, : size[0] // 2] *= 0.5
        wish = {"prompt": prompt, "seed": 1, **values} if model != "detect" else values
        return Request.make(model_named(model), wish, from_images(image)[0], take)

    return make


@pytest.fixture(autouse=True)
def no_home(tmp_path, monkeypatch):
    """No key of the user who runs the tests is ever found, and none is ever used."""
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("GENVR_") and "HOME" not in name]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def leak_hunt(tmp_path, request):
    """After every test: no secret in any log record or in any file that was written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    hunt = SimpleNamespace(texts=[])
    yield hunt
    root.removeHandler(handler)
    root.setLevel(level)
    found = stream.getvalue() + "\n".join(hunt.texts)
    for secret in SECRETS:
        assert secret not in found, f"{secret} was logged or shown"
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "credentials.json":
            data = path.read_bytes()
            for secret in SECRETS:
                assert secret.encode() not in data, f"{secret} was written to {path.name}"


@pytest.fixture
def journal_rows(tmp_path):
    def rows():
        with sqlite3.connect(tmp_path / "private" / "journal.sqlite") as db:
            db.row_factory = sqlite3.Row
            found = [dict(row) for row in db.execute("SELECT * FROM tasks ORDER BY number")]
        # States and ids are padded, so that a row keeps its length.
        return [
            {k: v.strip() if isinstance(v, str) else v for k, v in row.items()} for row in found
        ]

    return rows
