"""The settings panel's routes: what they do, who may ask, what they never say."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

pytest.importorskip("aiohttp")

from fake_genvr import Fault
from genvr_depth.nodes import NODE_CLASS_MAPPINGS
from genvr_depth.nodes.depthkit.genvr import credentials, key_check
from genvr_depth.nodes.depthkit.genvr.service import Service
from genvr_depth.nodes.depthkit.genvr.service_errors import BadParameter, MissingKey
from genvr_depth.nodes.depthkit.genvr.transport import Exchange, NotSent
from genvr_depth.nodes.shared import host, panel_requests, users
from genvr_depth.nodes.shared.host_interface import PrivatePlace
from genvr_depth.nodes.shared.request_rights import Visit
from genvr_depth.nodes.shared.route_threads import RouteThreads
from genvr_depth.nodes.shared.users import UnknownUserError, folder_name
from route_server import answer, application, serving

KEY, UID = "canary-key-7f3a91c2", "canary-user-55d0"
GOOD = {"key": KEY, "uid": UID}
SECRET_OF_AN_INNER_SERVER = "the-inner-servers-own-secret-4711"


@pytest.fixture
def service_here(monkeypatch, tmp_path, fake):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path))
    monkeypatch.setenv("GENVR_API_BASE", fake.base)


@pytest.fixture
def call(service_here, leak_hunt):
    """call(method, path, body, headers) -> the answer of a server with one user."""

    def send(method, path, body=None, headers=None, data=None):
        async def ask():
            async with serving(application()) as client:
                return await answer(client, method, path, body, headers, data)

        found = asyncio.run(ask())
        leak_hunt.texts.append(found.text)
        return found

    return send


# -- what they do ---------------------------------------------------------------------------------


def test_the_panel_can_set_test_and_remove_a_key_but_never_read_it(call, fake):
    found = call("GET", "/profiles")
    assert (found.status, found.body["profiles"][0]["state"]) == (200, "not set")
    assert found.body["profiles"][0]["needs"] == ["key", "uid"]
    assert call("PUT", "/profiles/default", GOOD).body == {
        "name": "default",
        "state": "set by file",
    }
    assert call("POST", "/profiles/default/test", {}).body == {
        "ok": True,
        "state": "works",
        "http": "2xx",
        "message": "The key works. Asking was free of charge.",
    }
    call("PUT", "/profiles/default", {**GOOD, "key": KEY + "x"})
    tested = call("POST", "/profiles/default/test", {}).body
    assert (tested["ok"], tested["state"], tested["http"]) == (False, "refused", "4xx")
    assert call("DELETE", "/profiles/default").status == 200
    assert call("DELETE", "/profiles/default").status == 404
    assert fake.charges == []


def test_the_panel_answers_bad_requests_with_a_sentence(call):
    for data in (b"[1]", b"{half", b"null", b'"\xff"', b"[" * 60000):
        json_type = {"Content-Type": "application/json"}
        assert call("PUT", "/profiles/a", headers=json_type, data=data).status == 400
    for body in ({"key": 5, "uid": []}, {"key": KEY}, {**GOOD, "hosts": "x"}, {"key": "\ud800"}):
        assert call("PUT", "/profiles/a", body).status == 400
    found = call("PUT", "/profiles/a", {**GOOD, "base": "http://evil.example"})
    assert (found.status, "https" in found.body["error"]) == (400, True)
    assert call("POST", "/profiles/nobody/test", {}).status == 404
    odd = {"Content-Type": "application/json; charset=x-unknown"}
    assert call("PUT", "/profiles/a", headers=odd, data=b"{}").status == 400


def test_a_form_of_another_page_and_a_flood_are_turned_away(call):
    form = {"Content-Type": "text/plain"}
    assert call("PUT", "/profiles/a", headers=form, data=b"{}").status == 415
    assert call("PUT", "/profiles/a", {"key": "k" * (1 << 20), "uid": UID}).status == 413


def test_the_panel_changes_the_defaults_within_limits(call):
    assert call("GET", "/defaults").body["concurrency"] == 3
    changed = call("PUT", "/defaults", {"concurrency": 6, "spending_cap": 40})
    assert changed.body["concurrency"] == 6
    assert call("GET", "/defaults").body["spending_cap"] == 40
    for bad in ({"concurrency": 11}, {"concurrency": True}, {"colour": 1}, {"spending_cap": "9"}):
        assert call("PUT", "/defaults", bad).status == 400


def test_the_panel_shows_the_ledger(call, make_request, tmp_path, clock, profile):
    Service(tmp_path / "private", profile).run([make_request()], pacing=clock.pacing)
    body = call("GET", "/ledger").body
    assert (body["credits"], body["images"], body["days"][0]["credits"]) == (5, 1, 5)


def test_the_page_knows_the_price_of_every_paid_node(call):
    body = call("GET", "/prices").body
    paid = {name for name, cls in NODE_CLASS_MAPPINGS.items() if _is_paid(cls)}
    assert set(body["prices"]) == paid
    assert len(paid) == 4
    assert all(price["credits"] > 0 for price in body["prices"].values())


def _is_paid(cls):
    return "max_credits" in cls.INPUT_TYPES().get("optional", {})


# -- a test of a key ------------------------------------------------------------------------------

SAID = {"success": False, "message": SECRET_OF_AN_INNER_SERVER}
ANSWERS = {
    "refused": (Fault(status=401, body=SAID), "refused", "4xx"),
    "forbidden": (Fault(status=403, body=SAID), "refused", "4xx"),
    "no credits": (Fault(status=402, body=SAID), "no credits", "4xx"),
    "busy": (Fault(status=429, body=SAID), "busy", "4xx"),
    "an inner server": (Fault(body=SECRET_OF_AN_INNER_SERVER), "not the service", "2xx"),
    "another service": (Fault(body=SAID), "not the service", "2xx"),
    "no such page": (Fault(status=404, body=SECRET_OF_AN_INNER_SERVER), "not the service", "4xx"),
    "elsewhere": (
        Fault(status=302, headers={"Location": f"http://10.0.0.1/{SECRET_OF_AN_INNER_SERVER}"}),
        "not the service",
        "3xx",
    ),
    "down": (Fault(status=500, body=SAID), "down", "5xx"),
    "cut": (Fault("reset"), "no answer", ""),
    "half": (Fault("truncated", body=SAID), "no answer", ""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_the_other_side_says_is_never_passed_on(call, fake, name):
    fault, state, http = ANSWERS[name]
    call("PUT", "/profiles/default", GOOD)
    fake.script("sas_url", *[fault] * 2)
    found = call("POST", "/profiles/default/test", {})
    assert SECRET_OF_AN_INNER_SERVER not in found.text
    assert found.body == {
        "ok": False,
        "state": state,
        "http": http,
        "message": key_check._STATES[state],
    }


def test_a_refusal_once_in_a_while_is_asked_again(call, fake):
    call("PUT", "/profiles/default", GOOD)
    fake.script("sas_url", Fault(status=401, body=SAID))
    assert call("POST", "/profiles/default/test", {}).body["ok"]


def test_forty_tests_against_an_address_that_trickles_freeze_nothing(
    service_here, fake, monkeypatch
):
    monkeypatch.setattr(panel_requests, "_OUTSIDE", RouteThreads(4, 2.0))
    monkeypatch.setattr(panel_requests, "_TEST_S", 1.0)
    fake.script("sas_url", *[Fault("slow head", body=SAID, seconds=0.3)] * 99)

    async def ask():
        async with serving(application()) as client:
            await answer(client, "PUT", "/profiles/default", GOOD)
            tests = [
                asyncio.ensure_future(answer(client, "POST", "/profiles/default/test", {}))
                for _ in range(40)
            ]
            await asyncio.sleep(0.2)
            waits = []
            while not all(test.done() for test in tests):
                started = time.monotonic()
                async with client.get("/view") as reply:
                    assert await reply.text() == "an image"
                assert (await answer(client, "GET", "/profiles")).status == 200
                waits.append(time.monotonic() - started)
                await asyncio.sleep(0.1)
            return waits, [test.result() for test in tests]

    began = time.monotonic()
    waits, tests = asyncio.run(ask())
    assert time.monotonic() - began < 10
    assert len(waits) > 3
    assert max(waits) < 1.0
    kinds = {test.body.get("state", test.status) for test in tests}
    assert kinds == {"no answer", 503}


# -- addresses ------------------------------------------------------------------------------------

INSIDE = [
    "http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.0.0.1",
    "https://10.1.2.3", "https://172.16.0.9", "https://192.168.1.1", "https://169.254.169.254",
    "https://100.64.0.1", "https://0.0.0.0", "https://[::]", "https://[::ffff:127.0.0.1]",
    "https://[::ffff:a00:1]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]",
    "https://[fe80::1]", "https://[fd00::1]", "https://2130706433", "https://0x7f000001",
    "https://0177.0.0.1", "https://127.1", "https://224.0.0.1", "https://240.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("base", INSIDE)
def test_an_address_of_the_inside_is_not_set_by_the_browser(call, base, tmp_path):
    found = call("PUT", "/profiles/a", {**GOOD, "base": base})
    assert found.status == 400
    assert "GENVR_DEPTH_PRIVATE_ADDRESSES" in found.body["error"] or "https" in found.body["error"]
    with pytest.raises(MissingKey):
        credentials.load(tmp_path / "private", "a")


@pytest.fixture
def names(monkeypatch):
    """name -> addresses, a list of lists: one for each look-up, the last for all further ones."""
    known, real = {}, socket.getaddrinfo

    def lookup(host, port, *args, **more):
        if host not in known:
            return real(host, port, *args, **more)
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_inside_is_refused_when_it_is_set_and_when_it_is_used(
    call, names, tmp_path, address
):
    profile = {**GOOD, "base": "https://studio.example"}
    names["studio.example"] = [["93.184.216.34"]]
    assert call("PUT", "/profiles/a", profile).status == 200
    names["studio.example"] = [["93.184.216.34", address]]
    assert call("PUT", "/profiles/b", profile).status == 400
    assert call("POST", "/profiles/a/test", {}).body["state"] == "private"
    with pytest.raises(BadParameter, match="public internet"):
        Service.open(tmp_path / "private", "a")
    names["studio.example"] = [[]]
    assert call("POST", "/profiles/a/test", {}).body["state"] == "private", "not known is no proof"


def test_a_name_that_changes_after_it_was_looked_at_gets_no_byte(call, names):
    with socket.create_server(("127.0.0.1", 0)) as inner:
        inner.settimeout(5)
        base = f"https://studio.example:{inner.getsockname()[1]}"
        names["studio.example"] = [["93.184.216.34"]]
        assert call("PUT", "/profiles/a", {**GOOD, "base": base}).status == 200
        names["studio.example"] = [["93.184.216.34"], ["127.0.0.1"]]
        tested = call("POST", "/profiles/a/test", {}).body
        connection, _ = inner.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""
    assert tested["state"] == "unreachable"


def test_the_owner_may_allow_inner_addresses_to_the_browser(call, fake, monkeypatch):
    monkeypatch.delenv("GENVR_API_BASE")
    assert call("PUT", "/profiles/a", {**GOOD, "base": fake.base}).status == 400
    monkeypatch.setenv("GENVR_DEPTH_PRIVATE_ADDRESSES", "1")
    assert call("PUT", "/profiles/a", {**GOOD, "base": fake.base}).status == 200
    assert call("POST", "/profiles/a/test", {}).body["ok"]
    monkeypatch.delenv("GENVR_DEPTH_PRIVATE_ADDRESSES")
    assert call("POST", "/profiles/a/test", {}).body["state"] == "private"


def test_what_the_owner_names_is_the_owners(call, fake, tmp_path, monkeypatch):
    assert call("PUT", "/profiles/a", GOOD).status == 200, "the address of the environment"
    assert call("POST", "/profiles/a/test", {}).body["ok"]
    monkeypatch.delenv("GENVR_API_BASE")
    credentials.save(tmp_path / "private", "b", KEY, UID, base=fake.base)
    assert call("POST", "/profiles/b/test", {}).body["ok"], "the address of the command line"


def test_an_image_is_not_uploaded_to_an_inner_address(fake, make_runner, make_request, names):
    """Whatever the service offers as a place for it."""
    names["a.blob.core.windows.net"] = [["127.0.0.1"]]
    with socket.create_server(("127.0.0.1", 0)) as inner:
        inner.settimeout(5)
        url = f"https://a.blob.core.windows.net:{inner.getsockname()[1]}/x?sig=UPLOADSIGNATURE"
        transport = make_runner().client.transport
        with pytest.raises(NotSent, match="private network"):
            transport.send(Exchange("PUT", url, data=b"an image", public=True))
        connection, _ = inner.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""


# -- who may ask ----------------------------------------------------------------------------------

CHANGES = [
    ("PUT", "/profiles/default", GOOD),
    ("DELETE", "/profiles/default", None),
    ("POST", "/profiles/default/test", {}),
    ("PUT", "/defaults", {"spending_cap": 100000}),
]
READS = [("GET", "/profiles"), ("GET", "/ledger"), ("GET", "/defaults"), ("GET", "/prices")]
OTHER_PAGES = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "another port of this machine": {"Sec-Fetch-Site": "same-site"},
    "origin only": {"Origin": "http://evil.example"},
    "no origin": {"Origin": "null"},
    "broken origin": {"Origin": "http://[::1"},
}
OTHER_COMPUTERS = {
    "proxy": {"X-Forwarded-For": "203.0.113.7"},
    "standard proxy": {"Forwarded": "for=203.0.113.7"},
    "nginx": {"X-Real-IP": "203.0.113.7"},
    "rebinding": {"Host": "evil.example", "Origin": "http://evil.example"},
    "odd host": {"Host": "[::1"},
}


@pytest.mark.parametrize("name", OTHER_PAGES)
def test_another_web_page_can_neither_read_nor_change(call, name):
    for method, path, body in [*CHANGES, *((m, p, None) for m, p in READS)]:
        assert call(method, path, body, OTHER_PAGES[name]).status == 403, path


@pytest.mark.parametrize("name", OTHER_COMPUTERS)
def test_another_computer_changes_nothing_unless_the_owner_allows_it(call, monkeypatch, name):
    for method, path, body in CHANGES:
        found = call(method, path, body, OTHER_COMPUTERS[name])
        assert found.status == 403, path
        assert "GENVR_DEPTH_REMOTE_CHANGES=1" in found.body["error"]
    assert all(call(m, p, headers=OTHER_COMPUTERS[name]).status == 200 for m, p in READS)
    monkeypatch.setenv("GENVR_DEPTH_REMOTE_CHANGES", "1")
    assert call("PUT", "/defaults", {"concurrency": 2}, OTHER_COMPUTERS[name]).status == 200


@pytest.mark.parametrize(
    ("peer", "own", "sent_to", "here"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:8188", True),
        ("127.0.0.1", "127.0.0.1", "localhost:8188", True),
        ("::1", "::1", "[::1]:8188", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", "localhost", True),
        ("192.168.1.5", "192.168.1.5", "192.168.1.5:8188", True),
        ("192.168.1.6", "192.168.1.5", "192.168.1.5:8188", False),
        ("192.168.1.6", "192.168.1.5", "localhost", False),
        ("172.17.0.1", "172.17.0.2", "localhost:8188", False),
        ("127.0.0.1", "127.0.0.1", "evil.example", False),
        ("127.0.0.1", "127.0.0.1", "", False),
        ("", "", "localhost", False),
    ],
)
def test_what_counts_as_this_machine(peer, own, sent_to, here):
    assert Visit(peer, own, {"Host": sent_to}).from_this_machine is here


# -- several users --------------------------------------------------------------------------------


@pytest.fixture
def ask_as(service_here, monkeypatch, tmp_path, leak_hunt):
    """ask_as(user, method, path, body) -> the answer of a server with the users ann and bob."""

    def user_of(request):
        user = request.headers.get("Comfy-User")
        return user if user in ("ann_1", "bob_2") else None

    def place_of(self, request):
        return PrivatePlace(tmp_path / "users" / folder_name(user_of(request)), alone=True)

    monkeypatch.setattr(host.HeadlessHost, "private_place_of", place_of)

    def send(user, method, path, body=None):
        async def ask():
            async with serving(application(user_of)) as client:
                headers = {"Comfy-User": user} if user else None
                return await answer(client, method, path, body, headers)

        found = asyncio.run(ask())
        leak_hunt.texts.append(found.text)
        return found

    return send


def test_a_user_has_keys_ledger_and_cap_of_their_own(ask_as, monkeypatch):
    monkeypatch.setenv("GENVR_API_KEY", "the-owners-key")
    monkeypatch.setenv("GENVR_UID", "the-owner")
    assert ask_as("ann_1", "PUT", "/profiles/studio", GOOD).status == 200
    assert ask_as("ann_1", "PUT", "/defaults", {"spending_cap": 7}).status == 200
    names = [row["name"] for row in ask_as("ann_1", "GET", "/profiles").body["profiles"]]
    assert names == ["default", "studio"]
    (only,) = ask_as("bob_2", "GET", "/profiles").body["profiles"]
    assert (only["name"], only["state"]) == ("default", "not set"), "nor the environment's key"
    assert ask_as("bob_2", "POST", "/profiles/studio/test", {}).status == 404
    assert ask_as("bob_2", "DELETE", "/profiles/studio").status == 404
    assert ask_as("bob_2", "GET", "/defaults").body["spending_cap"] == 100
    assert ask_as("ann_1", "POST", "/profiles/studio/test", {}).body["ok"]


@pytest.mark.parametrize("user", [None, "nobody_3", "../ann_1", "__genvr"])
def test_a_user_that_comfyui_does_not_know_gets_its_own_401(ask_as, user):
    for method, path, body in [*CHANGES, *((m, p, None) for m, p in READS)]:
        assert ask_as(user, method, path, body).status == 401, path


def test_a_prompt_carries_the_user_who_queued_it_and_no_other():
    async def queue(request):
        queued.append(users.with_user({"prompt": {}, "extra_data": request}))
        return users.asking()

    queued = []
    note = users.noting_users(lambda request: request.get("header"))
    asyncio.run(note({"header": "ann_1", users.FIELD: "bob_2"}, queue))
    asyncio.run(note({users.FIELD: "bob_2"}, queue))
    found = [(n, str(n), {}, body["extra_data"], []) for n, body in enumerate(queued)]
    assert users.user_of_run("0", found) == "ann_1"
    assert users.user_of_run("1", found) is None, "what a client writes there does not count"
    assert users.user_of_run("2", found) is None
    assert users.asking() is None
    with pytest.raises(UnknownUserError, match="choose a user"):
        folder_name(None)
