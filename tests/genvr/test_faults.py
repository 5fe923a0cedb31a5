"""Faults after the money: status, response, download and upload. The image is never lost, and
never paid for twice."""

from __future__ import annotations

import io
import zlib

import pytest
import torch
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import Stopped
from genvr_depth.nodes.depthkit.genvr import control_images as images
from genvr_depth.nodes.depthkit.genvr import result_download as download
from genvr_depth.nodes.depthkit.genvr import upload
from genvr_depth.nodes.depthkit.genvr.credentials import Profile
from genvr_depth.nodes.depthkit.genvr.request import Request
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service_errors import (
    BadParameter,
    GenvrError,
    ImageError,
    Moderated,
    ServiceDown,
    TaskFailed,
    TaskTimeout,
    WrongKey,
)
from genvr_depth.nodes.depthkit.genvr.service_models import model_named
from PIL import Image

PASSING = {
    "reset": Fault("reset"),
    "no answer": Fault("hang"),
    "truncated": Fault("truncated", act=True),
    "not JSON": Fault(body="<html>proxy</html>"),
    "429": Fault(status=429, headers={"Retry-After": "1"}),
    "500": Fault(status=500, body="oops"),
    "502": Fault(status=502, body="<html>Bad Gateway</html>"),
    "503": Fault(status=503, headers={"Retry-After": "1"}),
    "408": Fault(status=408),
    "401 once": Fault(status=401, body={"message": "Unauthorized"}),
    "404 soon after": Fault(status=404, body={"message": "Task not found"}),
    "slow drip": Fault("drip", act=True, seconds=0.0005),
}


@pytest.mark.parametrize("endpoint", ["status", "response"])
@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_of_a_free_call_is_waited_out(
    fake, make_runner, make_request, endpoint, name
):
    fake.script(endpoint, PASSING[name])
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    assert fake.count(endpoint) == 2 if name != "slow drip" else 1
    assert len(fake.charges) == 1


@pytest.mark.parametrize("endpoint", ["status", "response"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=401, body={"message": "Unauthorized"}), WrongKey),
        (Fault(status=502, body="down"), ServiceDown),
        (Fault(status=400, body={"message": "bad id"}), BadParameter),
        (Fault(status=404, body={"message": "Task not found"}), TaskFailed),
        (Fault(body={"success": False, "message": "Nope today"}), TaskFailed),
        (Fault(status=302, headers={"Location": "/elsewhere"}), TaskFailed),
    ],
)
def test_a_lasting_fault_keeps_the_task_for_a_free_retry(
    fake, make_runner, make_request, leak_hunt, endpoint, fault, kind
):
    fake.script(endpoint, *[fault] * 60)
    with pytest.raises(kind) as raised:
        make_runner().obtain(make_request(), never_stop)
    leak_hunt.texts.append(str(raised.value))
    fake.faults.clear()
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


@pytest.mark.parametrize("word", ["queued", "starting", "warming-up", "", "待機中"])
def test_an_unknown_status_is_not_an_end(fake, make_runner, make_request, word):
    fake.words = [word, word]
    assert make_runner().obtain(make_request(), never_stop).how == "paid"


@pytest.mark.parametrize("word", ["succeeded", "Success", "DONE", "complete"])
def test_other_words_for_completed_are_understood(fake, make_runner, make_request, word):
    fake.failure = {"status": word}
    assert make_runner().obtain(make_request(), never_stop).how == "paid"


def test_the_status_may_be_at_the_top_level(fake, make_runner, make_request):
    fake.script("status", Fault(body={"success": True, "status": "completed"}))
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    assert fake.count("status") == 1


def test_a_task_that_never_ends_is_kept(fake, make_runner, make_request, journal_rows):
    fake.latency = 1e9
    with pytest.raises(TaskTimeout, match="picked up without paying again"):
        make_runner(deadline_s=60).obtain(make_request(), never_stop)
    assert journal_rows()[0]["state"] == "detached"
    fake.latency = 0
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


@pytest.mark.parametrize("place", ["error", "message"])
@pytest.mark.parametrize("word", ["failed", "error", "canceled", "aborted"])
def test_a_failed_task_shows_the_reason(fake, make_runner, make_request, place, word):
    fake.failure = {"status": word, place: "GPU fell over"}
    with pytest.raises(TaskFailed, match="GPU fell over"):
        make_runner().obtain(make_request(), never_stop)


@pytest.mark.parametrize(
    "reason", ["Request Moderated", "NSFW content", "flagged by safety", "E005"]
)
def test_moderation_says_what_to_change(fake, make_runner, make_request, reason):
    fake.failure = {"status": "failed", "error": reason}
    with pytest.raises(Moderated, match="safety_tolerance"):
        make_runner().obtain(make_request(), never_stop)


OUTPUTS = [
    ["URL"],
    "URL",
    {"url": "URL"},
    {"images": ["URL"]},
    {"images": [{"url": "URL"}]},
    {"output": {"image": "URL"}},
    ["URL", "URL"],
]


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_shape_of_output_gives_the_image(fake, make_runner, make_request, output):
    fake.output = output
    outcome = make_runner().obtain(make_request(), never_stop)
    assert len(outcome.images) == 1
    assert make_runner().store.get(outcome.images[0])


@pytest.mark.parametrize("output", [["Error: NSFW content detected"], "flagged as sensitive"])
def test_an_error_text_in_place_of_a_url_is_an_error(fake, make_runner, make_request, output):
    fake.output = output
    with pytest.raises(Moderated):
        make_runner().obtain(make_request(), never_stop)


def test_a_task_the_service_lost_is_paid_again_only_when_asked(fake, make_runner, make_request):
    fake.latency = 1e9
    with pytest.raises(TaskTimeout):
        make_runner(deadline_s=5).obtain(make_request(), never_stop)
    fake.latency = 0
    fake.tasks.clear()
    with pytest.raises(TaskFailed, match="does not know task"):
        make_runner().obtain(make_request(), never_stop)
    assert len(fake.charges) == 1
    again = make_runner(pay_again=True)
    assert again.will_pay(make_request())
    assert again.obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 2


def test_a_loss_found_in_this_run_is_not_paid_behind_the_spending_caps_back(
    fake, make_runner, make_request
):
    fake.latency = 1e9
    with pytest.raises(TaskTimeout):
        make_runner(deadline_s=5).obtain(make_request(), never_stop)
    fake.latency = 0
    fake.tasks.clear()
    again = make_runner(pay_again=True)
    assert not again.will_pay(make_request()), "the task counts as paid for"
    with pytest.raises(TaskFailed, match="does not know task"):
        again.obtain(make_request(), never_stop)
    assert len(fake.charges) == 1
    assert again.will_pay(make_request())


def test_an_empty_output_is_no_image_and_no_loss(fake, make_runner, make_request):
    fake.output = []
    with pytest.raises(ImageError, match="paid for and kept"):
        make_runner().obtain(make_request(), never_stop)
    fake.output = None
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def png(width, height):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (9, 9, 9)).save(buffer, "PNG")
    return buffer.getvalue()


def pixel_bomb():
    """A PNG that claims 30000 x 30000 pixels."""
    data = bytearray(png(4, 4))
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


BAD_FILES = {
    "HTML": Fault(body="<html>login</html>"),
    "XML error": Fault(body="<?xml version='1.0'?><Error>sig=RESULTSIGNATURE</Error>"),
    "JSON": Fault(body={"error": "expired"}),
    "GIF": Fault(body=b"GIF89a" + bytes(64)),
    "empty": Fault(body=b""),
    "truncated image": Fault(body=png(64, 64)[:80]),
    "pixel bomb": Fault(body=pixel_bomb()),
    "gzip": Fault(body=png(4, 4), headers={"Content-Encoding": "gzip"}),
    "too large": Fault(body=b"x", headers={"Content-Length": str(1 << 40)}),
    "wrong length": Fault("truncated", act=True),
    "500": Fault(status=500),
    "redirect to another port": Fault(status=302, headers={"Location": "http://127.0.0.1:1/x"}),
    "redirect to a file": Fault(status=302, headers={"Location": "file:///etc/passwd"}),
    "redirect to metadata": Fault(status=302, headers={"Location": "http://169.254.169.254/"}),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_and_fetched_later_for_free(
    fake, make_runner, make_request, leak_hunt, name
):
    fake.script("image", *[BAD_FILES[name]] * 8)
    with pytest.raises(ImageError) as raised:
        make_runner().obtain(make_request(), never_stop)
    leak_hunt.texts.append(str(raised.value))
    assert "run again" in str(raised.value)
    fake.faults.clear()
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def test_a_body_that_grows_beyond_the_limit_is_cut(fake, make_runner, make_request, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 200)
    with pytest.raises(ImageError, match="larger than"):
        make_runner().obtain(make_request(), never_stop)


def test_a_dead_link_is_renewed(fake, make_runner, make_request):
    runner = make_runner()
    fake.script("image", Fault(status=403), Fault(status=404))
    assert runner.obtain(make_request(), never_stop).how == "paid"
    assert fake.count("response") == 3
    assert len(fake.charges) == 1


def test_a_result_that_expired_is_not_promised_for_ever(fake, make_runner, make_request):
    fake.script("image", *[Fault(status=404)] * 6)
    for _ in range(2):
        with pytest.raises(ImageError, match="--take") as raised:
            make_runner().obtain(make_request(), never_stop)
        assert "GenVR's support" in str(raised.value)
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def test_what_went_wrong_is_forgotten_once_it_went_right(
    fake, make_runner, make_request, journal_rows
):
    fake.latency = 1e9
    with pytest.raises(TaskTimeout):
        make_runner(deadline_s=5).obtain(make_request(), never_stop)
    fake.latency, tasks = 0, dict(fake.tasks)
    fake.tasks.clear()
    with pytest.raises(TaskFailed, match="does not know"):
        make_runner().obtain(make_request(), never_stop)
    assert journal_rows()[0]["detail"]
    fake.tasks.update(tasks)
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert journal_rows()[0]["detail"] == ""
    assert not make_runner(pay_again=True).will_pay(make_request())


def test_a_damaged_stored_file_is_fetched_again_for_free(fake, make_runner, make_request, tmp_path):
    outcome = make_runner().obtain(make_request(), never_stop)
    stored = tmp_path / "private" / "images" / outcome.images[0]
    stored.write_bytes(b"bit rot" + stored.read_bytes()[7:])
    again = make_runner().obtain(make_request(), never_stop)
    assert again.how == "resumed"
    assert again.images == outcome.images
    assert len(fake.charges) == 1


@pytest.fixture
def big(monkeypatch):
    """make(seed) -> a request whose image is too large to be sent along."""
    monkeypatch.setattr(upload, "DATA_URI_LIMIT", 2000)
    torch.manual_seed(0)
    image = images.from_images(torch.rand(1, 40, 40, 3))[0]

    def make(seed=1):
        return Request.make(model_named("depth"), {"prompt": "a", "seed": seed}, image)

    return make


def test_a_large_image_is_uploaded_once_for_many_requests(fake, make_runner, big):
    runner = make_runner()
    for seed in (1, 2, 3):
        runner.obtain(big(seed), never_stop)
    assert (fake.count("sas_url"), fake.count("put_blob")) == (1, 1)
    uploads = [headers for name, headers in fake.calls if name == "put_blob"]
    assert "Authorization" not in uploads[0]
    assert uploads[0]["x-ms-blob-type"] == "BlockBlob"
    assert len(fake.charges) == 3


def test_an_upload_url_is_not_reused_after_its_time(fake, make_runner, big, clock):
    runner = make_runner()
    runner.obtain(big(1), never_stop)
    clock.jump -= 7200
    clock.slept += 3300
    runner.obtain(big(2), never_stop)
    assert fake.count("sas_url") == 2, "a clock that jumped back does not revive it"


@pytest.mark.parametrize(
    ("endpoint", "faults", "kind"),
    [
        ("sas_url", [Fault(body={"success": False, "error": "no"})], TaskFailed),
        ("sas_url", [Fault(status=401, body={"error": "Unauthorized"})] * 2, WrongKey),
        ("sas_url", [Fault(status=503)] * 60, ServiceDown),
        ("put_blob", [Fault(status=403)] * 2, ServiceDown),
        ("put_blob", [Fault(status=413)], BadParameter),
        ("put_blob", [Fault("reset")] * 60, ServiceDown),
    ],
)
def test_a_failed_upload_costs_nothing(
    fake, make_runner, big, endpoint, faults, kind, journal_rows
):
    fake.script(endpoint, *faults)
    with pytest.raises(kind):
        make_runner().obtain(big(), never_stop)
    assert fake.charges == []
    assert fake.count("generate") == 0
    assert journal_rows() == []


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        ("put_blob", Fault(status=403)),
        ("put_blob", Fault("reset")),
        ("put_blob", Fault(status=500)),
        ("sas_url", Fault(status=502)),
    ],
)
def test_a_passing_upload_fault_is_waited_out(fake, make_runner, big, endpoint, fault):
    fake.script(endpoint, fault)
    assert make_runner().obtain(big(), never_stop).how == "paid"
    assert len(fake.charges) == 1


def test_an_image_is_never_put_on_an_unencrypted_address(fake, make_runner, big):
    ticket = {"success": True, "uploadUrl": "http://blob.core.windows.net/t?sig=UPLOADSIGNATURE"}
    fake.script("sas_url", Fault(body=ticket))
    with pytest.raises(ServiceDown, match="not encrypted"):
        make_runner().obtain(big(), never_stop)


STEPS = ["prepared", "sent", "submitted", "completed", "downloaded"]


@pytest.mark.parametrize("step", STEPS)
def test_stop_at_every_step_loses_nothing(fake, make_runner, make_request, step):
    pressed = []

    def press(name):
        if name == step:
            pressed.append(name)

    def stopped():
        return bool(pressed)

    try:
        make_runner(checkpoint=press).obtain(make_request(), stopped)
    except Stopped:
        assert step != "downloaded"
    again = make_runner().obtain(make_request(), never_stop)
    assert len(fake.charges) == 1
    assert again.how in ("resumed", "stored", "paid")


ADDRESSES = [
    "http://userdata.blob.core.windows.net/x.png",
    "https://user:pw@userdata.blob.core.windows.net/x.png",
    "https://userdata.blob.core.windows.net:8443/x.png",
    "https://20.60.1.1/x.png",
    "https://[::1]/x.png",
    "https://2130706433/x.png",
    "https://127.1/x.png",
    "https://evil.example/x.png",
    "https://blob.core.windows.net.evil.example/x.png",
    "https://xblob.core.windows.net/x.png",
    "ftp://userdata.blob.core.windows.net/x.png",
    "https://localhost/x.png",
    "http://127.0.0.1:80/x.png",
    "https://userdata.blob.core.windows.net:99999/x",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_unsafe_addresses_are_never_fetched(url):
    profile = Profile("default", "https://api.genvrresearch.com", "v2", "k" * 8, "u" * 8)
    with pytest.raises(ImageError):
        download.check_address(url, profile, lambda host: ["20.60.1.1"])


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.4", "169.254.169.254", "::1", "fe80::1%0"]
)
def test_an_allowed_name_in_a_private_network_is_not_fetched(address):
    profile = Profile("default", "https://api.genvrresearch.com", "v2", "k" * 8, "u" * 8)
    url = "https://userdata.blob.core.windows.net/x.png"
    download.check_address(url, profile, lambda host: ["20.60.1.1"])
    with pytest.raises(ImageError, match="private network"):
        download.check_address(url, profile, lambda host: ["20.60.1.1", address])


def test_the_stand_in_addresses_of_proxy_tools_are_fetched():
    profile = Profile("default", "https://api.genvrresearch.com", "v2", "k" * 8, "u" * 8)
    url = "https://userdata.blob.core.windows.net/x.png"
    for address in ("198.18.0.7", "198.19.255.254"):
        download.check_address(url, profile, lambda host, found=address: [found])
        for private in ("192.168.0.1", "100.64.0.1", "192.0.2.1", "fc00::7"):
            with pytest.raises(ImageError, match="private network"):
                download.check_address(url, profile, lambda h, a=address, p=private: [a, p])
    for unsafe in (f"https://{address}/x.png", "https://evil.example/x.png"):
        with pytest.raises(ImageError):
            download.check_address(unsafe, profile, lambda host: ["198.18.0.7"])


def test_the_profile_can_allow_another_host():
    url = "https://cdn.images.example/x.png"
    known = Profile("p", "https://api.genvrresearch.com", hosts=("*.images.example",))
    download.check_address(url, known, lambda host: [])
    with pytest.raises(ImageError, match="--host"):
        download.check_address(url, Profile("p", "https://api.genvrresearch.com"), lambda h: [])


def test_a_redirect_is_followed_without_the_key(fake, make_runner, make_request):
    made = make_runner().obtain(make_request(), never_stop)
    target = f"/images/{made.task}/9.png"
    fake.script("image", Fault(status=302, headers={"Location": target}))
    make_runner().obtain(make_request(seed=2), never_stop)
    assert all("Authorization" not in h for name, h in fake.calls if name == "image")


def test_redirects_in_circles_end(fake, make_runner, make_request):
    loop = Fault(status=302, headers={"Location": "/images/a/1.png"})
    fake.script("image", *[loop] * 50)
    with pytest.raises(GenvrError, match="circles"):
        make_runner().obtain(make_request(), never_stop)
    assert fake.count("image") == 4
