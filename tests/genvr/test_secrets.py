"""Keys: where they come from, where they never go."""

from __future__ import annotations

import logging
import stat
import time
import traceback

import pytest
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.genvr import credentials, transport
from genvr_depth.nodes.depthkit.genvr.credentials import Profile
from genvr_depth.nodes.depthkit.genvr.redact import Redactor
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service_errors import (
    BadParameter,
    GenvrError,
    JournalError,
    MissingKey,
)
from hypothesis import given, settings
from hypothesis import strategies as st

KEY, UID = "canary-key-7f3a91c2", "canary-user-55d0"
ENV = {"GENVR_API_KEY": KEY, "GENVR_UID": UID}


@pytest.mark.parametrize("key_name", credentials.KEY_VARIABLES)
@pytest.mark.parametrize("uid_name", ["GENVR_UID", "GENVR_USER_ID"])
def test_every_spelling_of_the_service_is_understood(tmp_path, key_name, uid_name):
    found = credentials.load(tmp_path, "", {key_name: f"Bearer {KEY}", uid_name: f" {UID} "})
    assert (found.key, found.uid, found.base) == (KEY, UID, credentials.OFFICIAL_BASE)


@pytest.mark.parametrize(
    "base",
    ["http://api.genvrresearch.com", "ftp://x", "https://u:p@host", "https://host/path", "",
     "https://host?x=1", "http://127.0.0.1.evil.example", "javascript:alert(1)", "https://",
     "https://[x", "https://host:99999", "https://host:port", "https://@host"],
)  # fmt: skip
def test_only_https_or_loopback_addresses_are_accepted(tmp_path, base):
    if not base:
        assert credentials.load(tmp_path, "", {**ENV, "GENVR_API_BASE": ""}).base.startswith(
            "https"
        )
        return
    with pytest.raises(BadParameter, match="cannot be used"):
        credentials.load(tmp_path, "", {**ENV, "GENVR_API_BASE": base})


@pytest.mark.parametrize(
    "base",
    ["https://me:hidden@host", "http://hidden@host", "https://me:hid/hidden@host", "hidden@host",
     "https://me:hidden@host?x=1", "https://me:hidd@hidden@host/path", "https://me:hidden@[x"],
)  # fmt: skip
def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path, base):
    with pytest.raises(BadParameter, match="without user name") as raised:
        credentials.load(tmp_path, "", {**ENV, "GENVR_API_BASE": base})
    assert "hid" not in "".join(traceback.format_exception(raised.value))


def test_loopback_may_be_plain(tmp_path):
    for base in ("http://127.0.0.1:8765", "http://localhost:1", "http://[::1]:5"):
        assert credentials.load(tmp_path, "", {**ENV, "GENVR_API_BASE": base}).loopback


def test_a_stored_key_stays_bound_to_its_address(tmp_path):
    credentials.save(tmp_path, "studio", KEY, UID, base="https://one.example", environment={})
    elsewhere = {"GENVR_API_BASE": "https://two.example"}
    assert credentials.load(tmp_path, "studio", elsewhere).base == "https://one.example"


def test_the_file_is_private_and_is_made_private_again(tmp_path):
    folder = tmp_path / "p"
    credentials.save(folder, "default", KEY, UID, environment={})
    path = folder / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    path.chmod(0o644)
    credentials.load(folder, "default", {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_environment_wins_and_its_half_is_named(tmp_path):
    credentials.save(tmp_path, "default", "file-key-0001", "file-user", environment={})
    assert credentials.load(tmp_path, "default", ENV).key == KEY
    with pytest.raises(MissingKey, match="GENVR_UID"):
        credentials.load(tmp_path, "default", {"GENVR_TOKEN": KEY})
    assert credentials.load(tmp_path, "", {}).key == "file-key-0001"


def test_states_show_no_secret(tmp_path, leak_hunt):
    credentials.save(tmp_path / "p", "studio", KEY, UID, environment=ENV)
    shown = credentials.states(tmp_path / "p", ENV)
    assert [(s.name, s.state) for s in shown] == [
        ("default", "set by environment"),
        ("studio", "set by file"),
    ]
    leak_hunt.texts.append(repr(shown))


def test_a_key_of_the_command_line_serves_comfyui_too(tmp_path, monkeypatch):
    monkeypatch.setenv("GENVR_DEPTH_HOME", str(tmp_path / "home"))
    credentials.save(tmp_path / "home" / "private", "shared", KEY, UID, environment={})
    assert credentials.load(tmp_path / "comfy", "shared", {}).key == KEY
    assert "shared" in [s.name for s in credentials.states(tmp_path / "comfy", {})]
    credentials.forget(tmp_path / "comfy", "shared", {})
    with pytest.raises(MissingKey):
        credentials.load(tmp_path / "comfy", "shared", {})


def test_the_command_line_uses_the_folder_of_the_comfyui_around_it(tmp_path, monkeypatch):
    from genvr_depth.nodes.depthkit.genvr import places

    package = tmp_path / "ComfyUI" / "custom_nodes" / "genvr-depth" / "nodes" / "depthkit"
    assert places.private_folder_around(package) is None
    (tmp_path / "ComfyUI" / "user").mkdir(parents=True)
    assert places.private_folder_around(package) == tmp_path / "ComfyUI" / "user" / "__genvr"
    assert places.command_line_folder() == tmp_path / "home" / "private"


def test_more_hosts_can_be_allowed_without_typing_the_key_again(tmp_path):
    credentials.save(tmp_path, "a", KEY, UID, environment={})
    assert credentials.allow_hosts(tmp_path, "a", ("cdn.example.com",))
    assert not credentials.allow_hosts(tmp_path, "b", ("cdn.example.com",))
    assert credentials.load(tmp_path, "a", {}).hosts == ("cdn.example.com",)
    named = {**ENV, "GENVR_IMAGE_HOSTS": "one.example, *.two.example"}
    assert credentials.load(tmp_path, "", named).hosts == ("one.example", "*.two.example")
    with pytest.raises(BadParameter):
        credentials.allow_hosts(tmp_path, "a", ("https://x/",))


def test_a_damaged_file_is_never_overwritten(tmp_path):
    path = tmp_path / "credentials.json"
    path.write_text("{half")
    with pytest.raises(JournalError, match="Move it away"):
        credentials.save(tmp_path, "a", KEY, UID, environment={})
    assert path.read_text() == "{half"


@pytest.mark.parametrize("name", ["../x", "a/b", "", "ключ", "a" * 41, KEY + " " + UID])
def test_profile_names_are_names(tmp_path, name):
    with pytest.raises(GenvrError):
        credentials.save(tmp_path, name, KEY, UID, environment={})


@pytest.mark.parametrize("key", ["", "two words", "ключ", "line\nbreak"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(tmp_path, key):
    with pytest.raises(BadParameter) as raised:
        credentials.save(tmp_path, "a", key, UID, environment={})
    assert not key or key not in str(raised.value)


def test_texts_of_objects_hide_secrets(profile, make_runner, leak_hunt):
    runner = make_runner()
    leak_hunt.texts += [repr(profile), str(profile), repr(runner), repr(runner.client)]


LEAKY = [
    f"invalid key {KEY} for {UID}",
    f"Authorization: Bearer {KEY}",
    "see https://a.blob.core.windows.net/t/x.png?sv=1&sig=UPLOADSIGNATURE",
    "control_image data:image/png;base64," + "iVBORw0KGgo" * 40,
    'sig=UPLOADSIGNATURE&se=2026 or {"token":"x"} token=UPLOADSIGNATURE',
    "/temp/U1/x.png?sv=1&sig=UPLOADSIGNATURE HTTP/1.1",
    "proxy http://me:UPLOADSIGNATURE@10.0.0.1:3128 and socks5h://UPLOADSIGNATURE@proxy",
]


@pytest.mark.parametrize("text", LEAKY)
def test_servers_words_are_shown_without_secrets(fake, make_runner, make_request, leak_hunt, text):
    said = {"success": False, "message": f"Sorry! {text}"}
    fake.script("generate", Fault(status=400, body=said), Fault(status=500, body=said))
    for seed in (1, 2):
        with pytest.raises(GenvrError, match="Sorry!") as raised:
            make_runner().obtain(make_request(seed=seed), never_stop)
        error = raised.value
        leak_hunt.texts.append("".join(traceback.format_exception(error)))
        leak_hunt.texts.append(repr(error.args))


@given(st.text(max_size=200))
@settings(max_examples=30, deadline=None)
def test_redaction_never_fails_and_never_shows_the_key(text):
    shown = Redactor((KEY, UID))(f"{text}{KEY}{text} {UID}")
    assert KEY not in shown
    assert UID not in shown


def test_every_query_of_an_address_is_hidden_whatever_its_names():
    shown = Redactor()("see https://a.example/x.png?se=2026&skoid=TENANT#f and /b/y?spr=HIDDEN")
    assert "TENANT" not in shown
    assert "HIDDEN" not in shown
    assert "https://a.example/x.png" in shown


def test_a_huge_answer_is_redacted_in_no_time():
    started = time.process_time()
    for text in ("/" * 10**6, "https://" * 10**5, "data:" * 10**5, f"{KEY}?" * 10**5):
        assert KEY not in Redactor((KEY,))(text)
    assert time.process_time() - started < 2


def test_a_broken_upload_shows_no_signature_in_its_traceback(
    fake, make_runner, make_request, monkeypatch, leak_hunt
):
    from genvr_depth.nodes.depthkit.genvr import upload

    monkeypatch.setattr(upload, "DATA_URI_LIMIT", 10)
    fake.script("put_blob", *[Fault("reset")] * 99)
    with pytest.raises(GenvrError) as raised:
        make_runner().obtain(make_request(), never_stop)
    leak_hunt.texts.append("".join(traceback.format_exception(raised.value)))


def test_urllib3s_debug_log_is_redacted(fake, make_runner, make_request, caplog):
    caplog.set_level(logging.DEBUG)
    make_runner().obtain(make_request(), never_stop)
    lines = [r.getMessage() for r in caplog.records if r.name == "urllib3.connectionpool"]
    assert any("/images/" in line and "[secret]" in line for line in lines)


def test_a_hostile_netrc_does_not_replace_or_add_a_key(
    fake, make_runner, make_request, monkeypatch, tmp_path
):
    (tmp_path / "netrc").write_text("default login thief password stolen\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(transport, "is_loopback", lambda host: False)
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    sent = {(name, headers.get("Authorization")) for name, headers in fake.calls}
    assert {key for name, key in sent if name in ("generate", "status")} == {f"Bearer {fake.key}"}
    assert {key for name, key in sent if name == "image"} == {None}


def test_the_key_does_not_follow_a_redirect_to_another_origin(fake, make_runner, make_request):
    from fake_genvr import FakeGenvr

    with FakeGenvr(key=KEY, uid=UID) as thief:
        target = {"Location": f"{thief.base}/v2/status"}
        fake.script("status", *[Fault(status=307, headers=target)] * 3)
        with pytest.raises(GenvrError):
            make_runner().obtain(make_request(), never_stop)
        assert thief.calls == []


def test_profiles_compare_by_account_not_by_name():
    one = Profile("a", "https://x.example", key=KEY, uid=UID)
    two = Profile("b", "https://x.example", key="other-key", uid=UID)
    assert one.account == two.account
    assert one.account != Profile("a", "https://y.example", key=KEY, uid=UID).account
