"""Who can do what: a real ComfyUI with two users, and one with a single user, asked by requests."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from fake_genvr import FakeGenvr, Fault
from PIL import Image

pytestmark = pytest.mark.comfy

OWNER = ("owner-key-comfy-0001", "owner-uid-comfy-0001")
ANN = ("ann-key-comfy-7f3a", "ann-uid-comfy-55d0")
BOB = ("bob-key-comfy-91c2", "bob-uid-comfy-18e4")
SECRETS = (*OWNER, *ANN, *BOB)


@pytest.fixture(scope="module")
def services():
    """One stand-in for each account; each knows its own key only."""
    with FakeGenvr(key=ANN[0], uid=ANN[1]) as ann, FakeGenvr(key=BOB[0], uid=BOB[1]) as bob:
        yield ann, bob


@pytest.fixture(scope="module")
def server(services, comfy_factory, tmp_path_factory):
    """Two users on one server, which also has a key of its owner's in the environment."""
    instance = comfy_factory(
        extra=("--multi-user",),
        environment={
            "GENVR_DEPTH_HOME": str(tmp_path_factory.mktemp("no_home")),
            "GENVR_API_KEY": OWNER[0],
            "GENVR_UID": OWNER[1],
            "GENVR_API_BASE": services[0].base,
            "GENVR_DEPTH_PRIVATE_ADDRESSES": "1",
        },
    )
    Image.linear_gradient("L").resize((96, 64)).save(instance.base / "input" / "photo.png")
    yield instance
    instance.stop()


@pytest.fixture(scope="module")
def ids(server):
    """The ids that ComfyUI gave to ann and bob."""
    return [server.request("POST", "/users", {"username": name}) for name in ("ann", "bob")]


def ask(server, user, method, path, body=None, headers=None):
    """(status, parsed answer) of a request by a user of ComfyUI, None for nobody."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    if user is not None:
        sent["Comfy-User"] = user
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            status, raw = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, raw = error.code, error.read()
    for secret in SECRETS:
        assert secret.encode() not in raw
    try:
        return status, json.loads(raw)
    except ValueError:
        return status, raw


def put(server, user, account, service, name="studio"):
    body = {"key": account[0], "uid": account[1], "base": service.base}
    return ask(server, user, "PUT", f"/genvr_depth/profiles/{name}", body)[0]


def paint(prompt, profile="studio", **more):
    return {
        "photo": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
        "paint": {
            "class_type": "GenVRDepthGenerateRemote",
            "inputs": {
                "image": ["photo", 0], "prompt": prompt, "seed": 1, "steps": 20, "guidance": 15,
                "output_format": "png", "safety_tolerance": 2, "prompt_upsampling": False,
                "profile": profile, **more,
            },
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["paint", 0]}},
    }  # fmt: skip


def run(server, user, graph, extra=None):
    """The history of a prompt that a user queues, or the refusal of ComfyUI's check."""
    body = {"prompt": graph, "client_id": server.client_id, "extra_data": extra or {}}
    status, answer = ask(server, user, "POST", "/prompt", body)
    return server.wait(answer["prompt_id"]) if status == 200 else answer


ROUTES = [
    ("GET", "/profiles", None),
    ("GET", "/ledger", None),
    ("GET", "/defaults", None),
    ("GET", "/prices", None),
    ("PUT", "/profiles/x", {"key": "some-key-0001", "uid": "some-uid"}),
    ("DELETE", "/profiles/x", None),
    ("POST", "/profiles/x/test", {}),
    ("PUT", "/defaults", {"concurrency": 3}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize("user", [None, "nobody_1", "default", "__genvr"])
def test_nobody_is_let_in_without_being_a_user_as_with_cores_own_settings(
    server, ids, user, method, path, body
):
    core, _ = ask(server, user, "GET", "/settings")
    ours, _ = ask(server, user, method, f"/genvr_depth{path}", body)
    assert (core, ours) in ((401, 401), (500, 401)), "core answers 500 for a name of its own"


def test_one_user_can_neither_list_nor_test_nor_delete_anothers_key(server, ids, services):
    ann, bob = ids
    assert put(server, ann, ANN, services[0]) == 200
    assert ask(server, ann, "PUT", "/genvr_depth/defaults", {"spending_cap": 7})[0] == 200
    listed = [ask(server, user, "GET", "/genvr_depth/profiles")[1]["profiles"] for user in ids]
    assert [[row["name"] for row in rows] for rows in listed] == [
        ["default", "studio"],
        ["default"],
    ]
    assert {row["state"] for rows in listed for row in rows} == {"not set", "set by file"}
    assert ask(server, bob, "POST", "/genvr_depth/profiles/studio/test", {})[0] == 404
    assert ask(server, bob, "DELETE", "/genvr_depth/profiles/studio")[0] == 404
    assert ask(server, bob, "GET", "/genvr_depth/defaults")[1]["spending_cap"] == 100
    assert ask(server, ann, "POST", "/genvr_depth/profiles/studio/test", {})[1]["ok"]


def test_the_node_lists_the_profiles_of_who_asks(server, ids, services):
    ann, bob = ids
    put(server, ann, ANN, services[0])
    shown = []
    for user in (ann, bob, None):
        info = ask(server, user, "GET", "/object_info/GenVRDepthGenerateRemote")[1]
        widget = info["GenVRDepthGenerateRemote"]["input"]["optional"]["profile"]
        shown.append(widget[0] if isinstance(widget[0], list) else widget[1]["options"])
    assert shown == [["default", "studio"], ["default"], ["default"]]


def test_each_run_is_paid_by_the_user_who_queued_it(server, ids, services):
    ann, bob = ids
    put(server, ann, ANN, services[0])
    put(server, bob, BOB, services[1])
    before = [len(service.charges) for service in services]
    assert run(server, ann, paint("ann's castle")).status == "success"
    assert run(server, bob, paint("bob's barn")).status == "success"
    assert [len(s.charges) - n for s, n in zip(services, before, strict=True)] == [1, 1]
    totals = [ask(server, user, "GET", "/genvr_depth/ledger")[1]["credits"] for user in ids]
    assert totals == [5, 5]
    own = server.base / "user" / "__genvr" / "users"
    assert sorted(path.name for path in own.iterdir()) == sorted(ids)
    assert not (server.base / "user" / "__genvr" / "journal.sqlite").exists()


def test_a_user_cannot_pay_with_anothers_key(server, ids, services):
    ann, bob = ids
    put(server, ann, ANN, services[0], "only_anns")
    charged = [len(service.charges) for service in services]
    refused = run(server, bob, paint("a theft", "only_anns"))
    assert "not in list" in json.dumps(refused).lower() or "no genvr key" in json.dumps(refused)
    forged = {"genvr_depth_user": ann}
    done = run(server, bob, paint("a forgery", "default"), forged)
    assert "No GenVR key is set" in done.error()["exception_message"]
    done = run(server, None, paint("a stranger", "default"), forged)
    assert "belongs to none of its users" in done.error()["exception_message"]
    assert [len(service.charges) for service in services] == charged


def test_a_user_on_another_computer_changes_nothing_unless_the_owner_allows_it(server, ids):
    far = {"X-Forwarded-For": "203.0.113.7"}
    for method, path, body in ROUTES[4:]:
        assert ask(server, ids[0], method, f"/genvr_depth{path}", body, far)[0] == 403, path
    assert ask(server, ids[0], "GET", "/genvr_depth/profiles", headers=far)[0] == 200


def test_the_cap_is_each_users_own(server, ids, services):
    bob = ids[1]
    put(server, bob, BOB, services[1])
    ask(server, bob, "PUT", "/genvr_depth/defaults", {"spending_cap": 4})
    done = run(server, bob, paint("too dear"))
    assert "spending cap" in done.error()["exception_message"]
    ask(server, bob, "PUT", "/genvr_depth/defaults", {"spending_cap": 100})


def test_a_users_keys_are_no_user_data_of_comfyui(server, ids, services):
    put(server, ids[0], ANN, services[0])
    for user in ids:
        for file in ("../__genvr/users", f"../__genvr/users/{ids[0]}/credentials.json"):
            path = f"/userdata/{urllib.request.quote(file, safe='')}"
            assert ask(server, user, "GET", path)[0] in (400, 403, 404)
        assert "genvr" not in json.dumps(ask(server, user, "GET", "/settings")[1]).lower()


@pytest.mark.parametrize("allowed", [False, True])
def test_other_computers_change_only_what_the_owner_allows(comfy_factory, services, allowed):
    """A server that listens everywhere, asked by another of this machine's addresses."""
    switch = {"GENVR_DEPTH_REMOTE_CHANGES": "1"} if allowed else {}
    server = comfy_factory(extra=("--listen", "0.0.0.0"), environment=switch)
    far = {"X-Forwarded-For": "203.0.113.7"}
    good = {"key": ANN[0], "uid": ANN[1]}
    assert ask(server, None, "GET", "/genvr_depth/profiles", headers=far)[0] == 200
    expected = 200 if allowed else 403
    path = "/genvr_depth/profiles/default"
    assert ask(server, None, "PUT", path, good, far)[0] == expected
    assert ask(server, None, "PUT", "/genvr_depth/defaults", {"concurrency": 3}, far)[0] == expected
    assert ask(server, None, "PUT", path, good)[0] == 200, "the machine itself"
    assert ask(server, None, "PUT", path, good, {"Host": "evil.example"})[0] == expected
    assert ask(server, None, "DELETE", path, headers=far)[0] == expected
    evil = {"Origin": "http://evil.example", "Host": f"{socket.gethostname()}.example"}
    assert ask(server, None, "PUT", path, good, evil)[0] == 403
    inside = {**good, "base": services[0].base}
    assert ask(server, None, "PUT", path, inside)[0] == 400
    server.stop()


def test_forty_slow_tests_freeze_no_page(comfy_factory, services):
    slow = services[0]
    server = comfy_factory(environment={"GENVR_API_BASE": slow.base})
    ask(server, None, "PUT", "/genvr_depth/profiles/default", {"key": ANN[0], "uid": ANN[1]})
    Image.new("RGB", (8, 8)).save(server.base / "input" / "one.png")
    pages = ("/", "/view?filename=one.png&type=input", "/extensions", "/genvr_depth/profiles")
    quiet = _slowest(server, pages)
    slow.script("sas_url", *[Fault("slow head", body={}, seconds=0.5)] * 80)
    tests = [
        threading.Thread(
            target=ask, args=(server, None, "POST", "/genvr_depth/profiles/default/test", {})
        )
        for _ in range(40)
    ]
    for test in tests:
        test.start()
    time.sleep(1)
    waits = [_slowest(server, pages) for _ in range(6)]
    assert any(test.is_alive() for test in tests)
    for test in tests:
        test.join(30)
    slow.faults.clear()
    server.stop()
    assert max(waits) < quiet + 1.0, (quiet, waits)


def _slowest(server, pages):
    worst = 0.0
    for page in pages:
        started = time.monotonic()
        assert ask(server, None, "GET", page)[0] == 200
        worst = max(worst, time.monotonic() - started)
    return worst
