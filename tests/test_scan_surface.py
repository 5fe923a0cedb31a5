"""What the registry's scanner finds in what ships: three files, each line with its reason."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import scan_surface
from load_pack import ROOT
from scan_surface import Hit

NETWORK, DATABASE = "python_network_operations", "python_database_connections"
CONNECTIONS, ENVIRONMENT = "nodes/depthkit/connections.py", "nodes/depthkit/environment.py"
JOURNAL = "nodes/depthkit/genvr/journal.py"

# (file, rule, the line, the reason). docs/security.md explains them to a reviewer.
ALLOWED = [
    (ENVIRONMENT, "python_environment_manipulation", "return os.environ",
     "The only look at the environment; read, never written."),
    (CONNECTIONS, NETWORK, "import requests", "Inside functions: the GenVR service and downloads."),
    (CONNECTIONS, NETWORK, "requests.Request(", "A request to the GenVR service."),
    (CONNECTIONS, NETWORK, "requests.Session()", "Its connections."),
    (CONNECTIONS, NETWORK, "from requests.adapters import HTTPAdapter",
     "Connections that Stop can cut and that refuse private addresses."),
    (CONNECTIONS, NETWORK, "super().connect()", "The same."),
    (CONNECTIONS, DATABASE, "super().connect()", "An HTTP connection, no database."),
    (CONNECTIONS, NETWORK, "requests.get(", "The download of a depth model that the user allowed."),
    (CONNECTIONS, NETWORK, "from requests import exceptions", "To tell faults apart in words."),
    (CONNECTIONS, NETWORK, "from requests import Response", "The type of an answer, for checks."),
    (CONNECTIONS, NETWORK, "SocketEnd = socket.socket", "The type of one end of the socket pair."),
    (CONNECTIONS, NETWORK, "from urllib3 import exceptions", "The same."),
    (CONNECTIONS, NETWORK, "import ssl", "The same."),
    (CONNECTIONS, NETWORK, "urllib3.connectionpool", "A logger's name: secrets stay out of it."),
    (CONNECTIONS, NETWORK, "Bearer", "The service's key scheme; the key comes from the user."),
    (CONNECTIONS, NETWORK, "import socket", "Looking up names, and the two lines below."),
    (CONNECTIONS, NETWORK, "socket.getaddrinfo(", "To refuse addresses in private networks."),
    (CONNECTIONS, NETWORK, "socket.socketpair()", "Ctrl-C wakes a thread of the same process."),
    (CONNECTIONS, NETWORK, "socket.SHUT_RDWR", "Stop cuts a connection."),
    (CONNECTIONS, NETWORK, "from urllib.parse import", "Taking addresses apart."),
    (CONNECTIONS, NETWORK, "from aiohttp import web", "ComfyUI's own server, for our settings."),
    (CONNECTIONS, "base64", "base64", "Images in data URIs and in a photo's XMP; never code."),
    (JOURNAL, DATABASE, "sqlite3", "The payment journal, a file in the user's folder."),
    (JOURNAL, NETWORK, "sqlite3.connect(", "The same: a file, no network."),
]  # fmt: skip


@pytest.fixture(scope="module")
def hits() -> list[Hit]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return scan_surface.hits(ROOT)


def test_every_hit_has_its_reason(hits):
    known = [
        (hit, [row for row in ALLOWED if row[:2] == (hit.path, hit.rule) and row[2] in hit.text])
        for hit in hits
    ]
    assert [
        f"{hit.rule}: {hit.path}:{hit.line}: {hit.text}" for hit, rows in known if not rows
    ] == []
    used = [row for _, rows in known for row in rows]
    assert [row for row in ALLOWED if row not in used] == [], "reasons for what is not there"


def test_the_hits_are_in_three_files(hits):
    assert sorted({hit.path for hit in hits}) == sorted({CONNECTIONS, ENVIRONMENT, JOURNAL})


def test_the_list_is_that_of_the_security_page():
    page = (ROOT / "docs" / "security.md").read_text()
    for path in (CONNECTIONS, ENVIRONMENT, JOURNAL):
        assert f"`{path}`" in page


def test_what_does_not_ship_is_not_scanned():
    names = {path.relative_to(ROOT).parts[0] for path in scan_surface.packed_files(ROOT)}
    assert {"__init__.py", "nodes", "web", "workflows", "locales"} <= names
    assert not {"tests", "training", "docs"} & names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nodes/a.py", "import requests"),
        ("nodes/a.py", "x = os.environ.get('HOME')"),
        ("nodes/a.py", "from os import environ"),
        ("nodes/a.py", "m = importlib.import_module(name)"),
        ("nodes/a.py", "subprocess.run(['ls'])"),
        ("nodes/a.py", "db = sqlite3.connect('x')"),
        ("nodes/a.py", "b64decode(text)"),
        ("nodes/a.py", "# Copyright (c) 2024 somebody else"),
        ("web/js/a.js", "await fetch('https://x.example')"),
        ("web/js/a.js", "const m = await import('./b.js')"),
        ("web/js/a.js", "x" * 1000),
        ("README.md", "Authorization: Bearer KEY"),
    ],
)
def test_the_scan_finds_what_it_is_for(tmp_path, name, text):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / ".comfyignore").write_text("tests/\n")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    found = scan_surface.hits(tmp_path)
    assert found
    assert {(hit.path, hit.line) for hit in found} == {(name, 1)}
