"""Where models are looked for, and how they come when they are asked for."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from filelock import FileLock
from genvr_depth.nodes.depthkit.errors import DownloadError, ModelError, Stopped
from genvr_depth.nodes.depthkit.estimators import BUILTIN, MODELS, builtin_estimator
from genvr_depth.nodes.depthkit.estimators import model_download as download_module
from genvr_depth.nodes.depthkit.estimators.loading import ensure_folder, load_estimator
from genvr_depth.nodes.depthkit.estimators.model_download import Origin, download
from genvr_depth.nodes.depthkit.estimators.model_store import (
    find_folder,
    fingerprint,
    installed,
    model_names,
    target_folder,
)
from genvr_depth.nodes.depthkit.estimators.model_table import FILES, find_row
from genvr_depth.nodes.depthkit.folders import model_folders
from tiny_models import save_tiny

ROW = next(row for row in MODELS if row.name == "depth-anything-v2-small")
WEIGHTS = bytes(range(256)) * 20_000


@dataclass
class Hub:
    """A server laid out like the hub; after `cut` bytes of the weights the line goes dead, after
    `silent_after` bytes (0: before any answer) nothing more comes."""

    files: dict[str, bytes]
    cut: int | None = None
    status: int = 200
    digest: str | None = None
    silent_after: int | None = None
    gate: str = ""
    tokens: list[str | None] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    endpoint: str = ""

    @property
    def origin(self) -> Origin:
        return Origin(self.endpoint)


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub(
        {"config.json": b"{}", "preprocessor_config.json": b"{}", "model.safetensors": WEIGHTS}
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            wanted = self.headers.get("Range")
            state.requests.append((self.path, wanted))
            state.tokens.append(self.headers.get("Authorization"))
            if state.gate and self.headers.get("Authorization") != state.gate:
                self.send_error(401)
                return
            if state.status != 200:
                self.send_error(state.status)
                return
            name = self.path.rsplit("/", 1)[-1]
            weights = name.endswith("safetensors")
            if weights and state.silent_after == 0:
                state.closed.wait()
            assert self.path == f"/{ROW.repository}/resolve/main/{name}"
            first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            packed = "gzip" in self.headers.get("Accept-Encoding", "")
            whole = gzip.compress(state.files[name]) if packed else state.files[name]
            body = whole[first:]
            if wanted and not body:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(whole)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if wanted else 200)
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            if state.digest and weights:
                self.send_header("X-Linked-ETag", f'"{state.digest}"')
            self.end_headers()
            if weights and state.silent_after is not None:
                self.wfile.write(body[: state.silent_after])
                state.closed.wait()
                return
            if state.cut is not None and weights:
                self.wfile.write(body[: state.cut])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            """A client that hangs up is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    state.closed.set()
    server.shutdown()
    server.server_close()


def test_nothing_is_downloaded_unless_it_was_asked_for(tmp_path, hub):
    with pytest.raises(ModelError) as caught:
        ensure_folder(ROW.name, [tmp_path], origin=hub.origin)
    text = str(caught.value)
    assert not hub.requests
    assert not list(tmp_path.iterdir())
    for part in (ROW.repository, str(tmp_path / ROW.name), "--download", *FILES):
        assert part in text


def test_a_download_reports_bytes_and_lands_whole(tmp_path, hub):
    seen = []
    folder = ensure_folder(
        ROW.name,
        [tmp_path],
        "if missing",
        origin=hub.origin,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert folder == tmp_path / ROW.name
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert any(len(WEIGHTS) <= done < total for done, total in seen)
    assert seen[-1][0] == seen[-1][1] == ROW.download_mb * 1_000_000


def test_a_download_goes_on_where_it_began_and_never_into_a_library_that_is_read_only(
    tmp_path, monkeypatch
):
    library, mine, other = (tmp_path / name for name in ("library", "mine", "other"))
    library.mkdir()
    folders = [library, mine, other]
    assert target_folder("zoe", folders) == library / "zoe"
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != library and allowed(path, mode)
    )
    assert target_folder("zoe", folders) == mine / "zoe"
    (other / "zoe").mkdir(parents=True)
    assert target_folder("zoe", folders) == other / "zoe"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert target_folder("dpt", folders) == library / "dpt"


def test_the_command_line_finds_what_was_downloaded_on_the_canvas(tmp_path, monkeypatch):
    package = tmp_path / "ComfyUI" / "custom_nodes" / "genvr-depth" / "nodes" / "depthkit"
    (tmp_path / "ComfyUI" / "user").mkdir(parents=True)
    monkeypatch.delenv("GENVR_DEPTH_HOME", raising=False)
    shared, own = model_folders(package)
    assert shared == tmp_path / "ComfyUI" / "models" / "depth_estimation"
    assert own.parts[-2:] == shared.parts[-2:]
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    assert model_folders(package) == [tmp_path / "home" / "models" / "depth_estimation"]


def test_what_is_there_is_used_with_no_network(tmp_path, hub):
    ensure_folder(ROW.name, [tmp_path], "if missing", origin=hub.origin)
    hub.requests.clear()
    offline = Origin(hub.endpoint, offline=True)
    assert ensure_folder(ROW.name, [tmp_path], "if missing", origin=offline).is_dir()
    assert not hub.requests


def test_an_interrupted_download_resumes_where_it_stopped(tmp_path, hub):
    hub.cut = 2_000_000
    with pytest.raises(DownloadError, match="resume"):
        download(ROW, tmp_path / "m", origin=hub.origin)
    part = tmp_path / "m" / "model.safetensors.part"
    have = part.stat().st_size
    assert 0 < have <= 2_000_000
    assert not (tmp_path / "m" / "model.safetensors").exists()
    hub.cut = None
    hub.requests.clear()
    download(ROW, tmp_path / "m", origin=hub.origin)
    assert [wanted for _, wanted in hub.requests] == [f"bytes={have}-"]
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS
    assert not part.exists()


def test_a_file_that_had_come_whole_is_not_fetched_again(tmp_path, hub):
    part = tmp_path / "model.safetensors.part"
    part.write_bytes(WEIGHTS)
    download(ROW, tmp_path, origin=hub.origin)
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS
    assert [path for path, _ in hub.requests if path.endswith("safetensors")] == [
        f"/{ROW.repository}/resolve/main/model.safetensors"
    ]


def test_a_part_longer_than_the_file_is_thrown_away(tmp_path, hub):
    part = tmp_path / "model.safetensors.part"
    part.write_bytes(WEIGHTS + b"more")
    with pytest.raises(DownloadError, match="did not fit"):
        download(ROW, tmp_path, origin=hub.origin)
    assert not part.exists()
    download(ROW, tmp_path, origin=hub.origin)
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_server_that_packs_its_answers_cannot_spoil_a_resumed_file(tmp_path, hub):
    hub.files["config.json"] = b'{"model_type": "depth_anything"}' * 50
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "config.json.part").write_bytes(hub.files["config.json"][:700])
    download(ROW, folder, origin=hub.origin)
    assert (folder / "config.json").read_bytes() == hub.files["config.json"]


def test_stop_keeps_what_came(tmp_path, hub):
    part = tmp_path / "m" / "model.safetensors.part"
    with pytest.raises(Stopped):
        download(
            ROW,
            tmp_path / "m",
            origin=hub.origin,
            should_stop=lambda: part.is_file() and part.stat().st_size > 0,
        )
    assert 0 < part.stat().st_size < len(WEIGHTS)
    assert WEIGHTS.startswith(part.read_bytes())


@pytest.mark.parametrize("sent", [0, 300_000])
def test_stop_is_heard_while_the_server_is_silent(tmp_path, hub, sent):
    hub.silent_after = sent
    asked = []

    def should_stop():
        asked.append(time.monotonic())
        return len(hub.requests) == 3 and asked[-1] - asked[0] > 0.3

    with pytest.raises(Stopped):
        download(ROW, tmp_path / "m", origin=hub.origin, should_stop=should_stop)
    # The longest time that Stop would have waited for somebody to look.
    assert max(b - a for a, b in pairwise(asked)) < 1


def test_two_processes_do_not_mix_their_bytes(tmp_path, hub):
    with FileLock(tmp_path / ".m.lock"):
        waiting = threading.Thread(
            target=download, args=(ROW, tmp_path / "m"), kwargs={"origin": hub.origin}
        )
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert not hub.requests
    waiting.join(10)
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_stop_is_heard_while_another_process_fetches(tmp_path, hub):
    with FileLock(tmp_path / ".m.lock"), pytest.raises(Stopped):
        download(ROW, tmp_path / "m", origin=hub.origin, should_stop=lambda: True)
    assert not hub.requests


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_refusal_names_the_repository_the_folder_and_the_files(tmp_path, hub, status):
    hub.status = status
    with pytest.raises(DownloadError) as caught:
        download(ROW, tmp_path / "m", origin=hub.origin)
    for part in (str(status), ROW.repository, str(tmp_path / "m"), *FILES):
        assert part in str(caught.value)


def test_the_users_token_opens_gated_files_and_is_sent_only_when_asked_for(tmp_path, hub):
    hub.gate = "Bearer hf_secret"
    download(ROW, tmp_path / "m", origin=Origin(hub.endpoint, token="hf_secret"))
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.tokens == [None, "Bearer hf_secret"] * 3
    hub.gate, hub.tokens[:] = "", []
    download(ROW, tmp_path / "open", origin=Origin(hub.endpoint, token="hf_secret"))
    assert hub.tokens == [None] * 3


@pytest.mark.parametrize("token", [None, "hf_wrong"])
def test_a_gated_model_without_the_right_token_says_what_to_do_and_not_the_token(
    tmp_path, hub, token
):
    hub.gate = "Bearer hf_secret"
    origin = Origin(hub.endpoint, token=token)
    with pytest.raises(DownloadError, match=r"401.*accept its terms.*HF_TOKEN") as caught:
        download(ROW, tmp_path / "m", origin=origin)
    for text in (str(caught.value), repr(caught.value.__cause__), repr(origin)):
        assert "hf_wrong" not in text


def test_a_token_never_travels_over_an_open_line():
    assert Origin("http://example.org", token="hf_secret").authorisation() == {}
    assert Origin("https://example.org", token="hf_secret").authorisation() != {}


def test_the_token_of_the_environment_is_the_one_that_is_used(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_user")
    assert Origin.hub().token == "hf_of_the_user"


def _cached(cache, files=FILES):
    """As the Hugging Face library leaves a model: blobs, and a snapshot that points to them."""
    root = cache / ("models--" + ROW.repository.replace("/", "--"))
    snapshot = root / "snapshots" / "0123abcd"
    for folder in (root / "refs", root / "blobs", snapshot):
        folder.mkdir(parents=True)
    (root / "refs" / "main").write_text("0123abcd")
    for name in files:
        (root / "blobs" / name).write_bytes(b"{}")
        (snapshot / name).symlink_to(root / "blobs" / name)
    return snapshot


def test_a_model_in_the_hugging_face_cache_is_used_with_no_download(tmp_path, hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert find_folder(ROW.name, [tmp_path / "mine"]) is None
    snapshot = _cached(tmp_path / "cache")
    assert ensure_folder(ROW.name, [tmp_path / "mine"], origin=hub.origin) == snapshot
    assert not hub.requests
    assert str(snapshot) in fingerprint(ROW.name, [tmp_path / "mine"])
    own = tmp_path / "mine" / ROW.name
    own.mkdir(parents=True)
    for name in FILES:
        (own / name).write_bytes(b"{}")
    assert find_folder(ROW.name, [tmp_path / "mine"]) == own


def test_a_cache_without_the_weights_does_not_count(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    _cached(tmp_path, FILES[:2])
    assert find_folder(ROW.name, [tmp_path / "mine"]) is None


def test_a_cached_model_answers_under_its_own_name(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    snapshot = _cached(tmp_path, ())
    save_tiny(ROW.name, snapshot.parent, snapshot.name)
    model = load_estimator(ROW.name, [tmp_path / "mine"])
    assert (model.name, model.licence) == (ROW.name, ROW.licence)


def test_a_dead_server_is_a_sentence(tmp_path):
    with pytest.raises(DownloadError, match="connection"):
        download(ROW, tmp_path / "m", origin=Origin("http://127.0.0.1:9"))


def test_offline_is_obeyed(tmp_path, hub):
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):
        download(ROW, tmp_path / "m", origin=Origin(hub.endpoint, offline=True))
    assert not hub.requests


def test_a_damaged_arrival_is_not_kept(tmp_path, hub):
    hub.digest = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(DownloadError, match="checksum"):
        download(ROW, tmp_path / "m", origin=hub.origin)
    assert not list((tmp_path / "m").glob("model.safetensors*"))
    hub.digest = hashlib.sha256(WEIGHTS).hexdigest()
    download(ROW, tmp_path / "m", origin=hub.origin)
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == WEIGHTS


def test_a_full_disk_is_noticed_before_anything_is_fetched(tmp_path, hub, monkeypatch):
    usage = type("Usage", (), {"free": 50_000_000})
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DownloadError, match="50 MB free"):
        download(ROW, tmp_path / "m", origin=hub.origin)
    assert not hub.requests


def test_models_are_found_in_any_of_several_folders(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    for root, name in ((first, "own"), (second, "own"), (second, "other")):
        (root / name).mkdir(parents=True)
        (root / name / "config.json").write_text("{}")
        (root / name / "model.safetensors").write_bytes(b"")
    assert find_folder("own", [first, second]) == first / "own"
    assert find_folder("other", [first, second]) == second / "other"
    assert [m.name for m in installed([first, second])] == ["other", "own"]
    assert model_names([first, second])[-2:] == ["other", "own"]
    assert installed([tmp_path / "absent"]) == []


def test_a_half_arrived_model_does_not_count_as_installed(tmp_path):
    folder = tmp_path / ROW.name
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors.part").write_bytes(b"half")
    assert find_folder(ROW.name, [tmp_path]) is None
    assert installed([tmp_path])[0].missing == ("model.safetensors",)


def test_the_fingerprint_follows_the_files(tmp_path):
    assert fingerprint("own", [tmp_path]) == "absent"
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    before = fingerprint("own", [tmp_path])
    (folder / "model.safetensors").write_bytes(b"new")
    assert fingerprint("own", [tmp_path]) != before


@pytest.mark.parametrize("name", ["../secrets", "a/b", "", ".."])
def test_a_name_cannot_lead_out_of_the_model_folder(tmp_path, name):
    with pytest.raises(ModelError, match="not a model name"):
        find_folder(name, [tmp_path])


def test_an_unknown_name_says_where_was_looked(tmp_path):
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_estimator("nobody", [tmp_path], download_policy="if missing")


def test_the_table_is_whole():
    names = [row.name for row in MODELS]
    assert len(set(names)) == len(names)
    assert BUILTIN not in names
    for row in MODELS:
        assert row.inner_size % row.multiple == 0, row.name
        assert row.commercial == (row.licence in ("Apache-2.0", "MIT"))
        assert row.download_mb >= row.parameters * 1.9
        assert "commercial" in row.summary
        assert row.licence in row.summary
    assert find_row("nobody") is None


def test_the_builtin_model_says_plainly_when_its_weights_are_missing(tmp_path):
    with pytest.raises(ModelError, match=r"builtin\.safetensors is missing"):
        builtin_estimator(weights=tmp_path / "builtin.safetensors")
