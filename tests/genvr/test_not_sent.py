"""Told apart: a request that never left, and may be sent again, from one that may have arrived."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import time

import pytest
import requests
import urllib3
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import DepthError
from genvr_depth.nodes.depthkit.genvr import transport
from genvr_depth.nodes.depthkit.genvr.credentials import Profile
from genvr_depth.nodes.depthkit.genvr.jobs import run_many
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service_errors import AmbiguousCharge, ServiceDown

PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
AWAY = "https://127.0.0.2:8443"


@pytest.fixture
def environment(monkeypatch):
    """environment(NAME=value, ...): proxies and certificates as the environment names them."""

    def take(**variables):
        monkeypatch.setattr(transport, "is_loopback", lambda host: False)
        for name in PROXIES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return take


class _Reset:
    """Greets and cuts the line."""

    def answer(self, connection):
        connection.recv(4096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


class _Silent:
    """Takes the greeting and never answers."""

    def __init__(self):
        self.held = []

    def answer(self, connection):
        connection.recv(4096)
        self.held.append(connection)


class _Plain:
    """Speaks another language than TLS."""

    def answer(self, connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()


@pytest.fixture
def listen():
    """listen(behaviour) -> the https address of a server that never gets through a handshake."""
    servers = []

    def start(behaviour):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                behaviour.answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        return f"https://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


def unreachable(make_runner, make_request, base, fake):
    """What the user reads; nothing may be open afterwards."""
    broken = Profile("default", base, "v2", fake.key, fake.uid)
    with pytest.raises(ServiceDown, match="Nothing was sent or charged") as raised:
        make_runner(profile=broken).obtain(make_request(), never_stop)
    assert ", then run again. Nothing" in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [(_Reset(), "cut"), (_Silent(), "no answer came in time"), (_Plain(), "no encrypted")],
    ids=["reset", "silent", "plain"],
)
def test_a_handshake_that_fails_sent_nothing(
    fake, listen, make_runner, make_request, monkeypatch, journal_rows, behaviour, words
):
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT_S", 0.2)
    said = unreachable(make_runner, make_request, listen(behaviour), fake)
    assert words in said
    assert journal_rows()[0]["state"] == "failed"


def test_a_connection_that_is_refused_sent_nothing(make_runner, make_request, fake, clock):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = unreachable(make_runner, make_request, f"http://127.0.0.1:{port}", fake)
    assert "refused" in said
    assert clock.slept > 0, "it is tried again first"


def test_a_name_that_nobody_knows_sent_nothing(make_runner, make_request, fake, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = unreachable(make_runner, make_request, "https://api.images.example", fake)
    assert "its name was not found" in said


def test_a_connection_that_nobody_takes_sent_nothing(make_runner, make_request, fake, monkeypatch):
    def late(*_, **__):
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", late)
    said = unreachable(make_runner, make_request, "https://127.0.0.1:8443", fake)
    assert "no answer came in time" in said


@pytest.mark.parametrize("refuses", [True, False], ids=["tunnel refused", "no proxy there"])
def test_a_proxy_that_opens_nothing_sent_nothing(
    fake, make_runner, make_request, environment, journal_rows, refuses
):
    environment(HTTPS_PROXY=fake.base if refuses else "http://user:hidden@127.0.0.1:9")
    said = unreachable(make_runner, make_request, AWAY, fake)
    assert "the proxy that is set (HTTPS_PROXY or ALL_PROXY)" in said
    assert "hidden" not in said
    assert journal_rows()[0]["state"] == "failed"
    assert fake.charges == []


def test_a_socks_proxy_without_its_package_names_the_package(
    fake, make_runner, make_request, environment, monkeypatch
):
    def missing(*_, **__):
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    environment(ALL_PROXY="socks5://user:hidden@127.0.0.1:1080")
    said = unreachable(make_runner, make_request, AWAY, fake)
    assert "pip install pysocks" in said
    assert "hidden" not in said


@pytest.mark.parametrize("proxy", ["http://", "warp://127.0.0.1:9"])
def test_a_proxy_that_is_no_address_is_named(fake, make_runner, make_request, environment, proxy):
    environment(HTTPS_PROXY=proxy)
    assert "http://host:port" in unreachable(make_runner, make_request, AWAY, fake)


def test_certificates_that_are_not_there_are_named_by_their_variable(
    fake, make_runner, make_request, environment, tmp_path
):
    environment(REQUESTS_CA_BUNDLE=str(tmp_path / "gone.pem"))
    said = unreachable(make_runner, make_request, AWAY, fake)
    assert "REQUESTS_CA_BUNDLE" in said
    assert str(tmp_path) not in said


def test_what_never_left_is_simply_sent_by_the_next_run(
    fake, make_runner, make_request, environment, monkeypatch
):
    environment(REQUESTS_CA_BUNDLE="/nowhere.pem")
    away = Profile("default", AWAY, "v2", fake.key, fake.uid)
    runner = make_runner(profile=away)
    with pytest.raises(ServiceDown):
        runner.obtain(make_request(), never_stop)
    assert runner.will_pay(make_request())
    with pytest.raises(ServiceDown):
        runner.obtain(make_request(), never_stop)


def cut_after_sending(error):
    def getresponse(self):
        raise error

    return getresponse


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:2580)"),
        TimeoutError("timed out"),
        ConnectionRefusedError(111, "Connection refused"),
        requests.exceptions.InvalidSchema("SOCKS"),
        requests.exceptions.InvalidURL("no"),
        requests.exceptions.ConnectTimeout("late"),
        OSError("Could not find a suitable TLS CA certificate bundle"),
        urllib3.exceptions.LocationParseError("no"),
        urllib3.exceptions.ProxyError("no", OSError("Tunnel connection failed")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_same_faults_after_the_request_left_are_unclear(
    fake, make_runner, make_request, monkeypatch, error
):
    with monkeypatch.context() as patched:
        patched.setattr(http.client.HTTPConnection, "getresponse", cut_after_sending(error))
        with pytest.raises(AmbiguousCharge):
            make_runner().obtain(make_request(), never_stop)
    with pytest.raises(AmbiguousCharge):
        make_runner().obtain(make_request(), never_stop)
    assert len(fake.charges) <= 1


@pytest.fixture
def old_library(monkeypatch):
    """urllib3 before 2.2 cannot read what has come without waiting for more."""
    for kind in urllib3.response.HTTPResponse.__mro__[:-1]:
        monkeypatch.delattr(kind, "read1", raising=False)


def test_an_older_urllib3_loses_no_image(fake, make_runner, make_request, old_library):
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    fake.script("generate", Fault("truncated", act=True))
    with pytest.raises(AmbiguousCharge):
        make_runner().obtain(make_request(seed=2), never_stop)


@pytest.fixture(params=["this urllib3", "an older one"])
def either_library(request):
    if request.param == "an older one":
        request.getfixturevalue("old_library")


class _Trickle:
    """Begins to answer at once and sends a byte now and then, for ten seconds."""

    def __init__(self, kind):
        self.piece = b"1\r\n.\r\n" if kind == "chunked" else b"."
        head = b"Transfer-Encoding: chunked" if kind == "chunked" else b"Content-Length: 500"
        self.head = b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % head

    def answer(self, connection):
        connection.recv(4096)
        with contextlib.suppress(OSError):
            connection.sendall(self.head)
            for _ in range(500):
                connection.sendall(self.piece)
                time.sleep(0.02)
        connection.close()


@pytest.mark.parametrize("kind", ["whole", "chunked"])
def test_an_answer_that_trickles_in_ends_at_the_deadline(listen, either_library, kind):
    address = listen(_Trickle(kind)).replace("https", "http")
    started = time.monotonic()
    with pytest.raises(transport.NoAnswer, match="deadline"):
        transport.Transport().send(transport.Exchange("GET", address, timeout_s=0.5))
    assert 0.5 <= time.monotonic() - started < 3


def test_a_whole_answer_gives_its_connection_back(fake, either_library, monkeypatch):
    opened = []
    connect = urllib3.util.connection.create_connection

    def counted(*arguments, **keywords):
        opened.append(arguments)
        return connect(*arguments, **keywords)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", counted)
    sender = transport.Transport()
    for _ in range(3):
        assert sender.send(transport.Exchange("GET", f"{fake.base}/nothing")).body
    assert len(opened) == 1


def test_a_fault_of_ours_starts_no_further_request(fake, make_runner, make_request, monkeypatch):
    def broken(raw):
        raise AttributeError("read1")

    monkeypatch.setattr(transport, "_raw_reader", broken)
    requests_ = [make_request(seed=n) for n in range(6)]
    with pytest.raises(AttributeError):
        run_many(make_runner(), requests_, concurrency=1)
    assert fake.count("generate") == 1


def test_a_service_that_asks_for_more_patience_than_there_is_is_asked_once_more(
    fake, make_runner, make_request, clock
):
    fake.script("status", Fault(status=503, headers={"Retry-After": "3600"}, body="later"))
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    fake.script("status", *[Fault(status=503, headers={"Retry-After": "3600"}, body="later")] * 9)
    waited = clock.slept
    with pytest.raises(DepthError, match="picked up for free"):
        make_runner().obtain(make_request(seed=2), never_stop)
    assert 90 <= clock.slept - waited <= 95


def test_a_service_that_says_at_once_is_not_hammered(fake, make_runner, make_request, clock):
    fake.script("status", *[Fault(status=429, headers={"Retry-After": "0"}, body="busy")] * 3)
    runner, waited = make_runner(), clock.slept
    assert runner.obtain(make_request(), never_stop).how == "paid"
    assert clock.slept - waited >= 1.5
