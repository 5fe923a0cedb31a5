"""Whatever bytes come back: one error of the pack, once, and no paid task is lost."""

from __future__ import annotations

import json

import pytest
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import DepthError, GenvrError
from genvr_depth.nodes.depthkit.genvr import answers, credentials, spending
from genvr_depth.nodes.depthkit.genvr.journal import Entry
from genvr_depth.nodes.depthkit.genvr.redact import Redactor
from genvr_depth.nodes.depthkit.genvr.result_download import check_address
from genvr_depth.nodes.depthkit.genvr.retry import local_time, never_stop, retry_after
from genvr_depth.nodes.depthkit.genvr.service_errors import (
    AmbiguousCharge,
    BadParameter,
    ImageError,
    JournalError,
)
from genvr_depth.nodes.depthkit.genvr.transport import Reply
from hypothesis import given, settings
from hypothesis import strategies as st

DEEP = b"[" * 100_000
SURROGATE = b'{"success": true, "data": {"id": "task-\\ud800"}}'
YEAR_33715 = 1e12

BODIES = {
    "lone surrogate as the id": SURROGATE,
    "deep JSON": DEEP,
    "an id with a NUL": b'{"data": {"id": "a\\u0000b"}}',
    "an id that is true": b'{"data": {"id": true}}',
    "a number of 5000 digits": b'{"data": {"id": ' + b"9" * 5000 + b"}}",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_strange_answer_to_the_paid_call_is_unclear_and_never_repeated(
    fake, make_runner, make_request, name
):
    fake.script("generate", Fault(body=BODIES[name], act=True))
    for _ in range(2):
        with pytest.raises(AmbiguousCharge) as raised:
            make_runner().obtain(make_request(), never_stop)
        str(raised.value).encode()
    assert fake.count("generate") == 1


@pytest.mark.parametrize("call", ["status", "response"])
@pytest.mark.parametrize("name", BODIES)
def test_a_strange_answer_about_a_task_does_not_lose_it(
    fake, make_runner, make_request, call, name
):
    fake.script(call, Fault(body=BODIES[name]))
    runner = make_runner()
    try:
        runner.obtain(make_request(), never_stop)
    except GenvrError as error:
        str(error).encode()
    assert make_runner().obtain(make_request(), never_stop).images
    assert len(fake.charges) == 1


@pytest.mark.parametrize("length", ["9" * 5000, "١٢", "-5", "1e9", ""])
def test_a_length_that_is_no_number(fake, make_runner, make_request, length):
    fake.script("status", Fault(body={"data": {}}, headers={"Content-Length": length}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("http.client.HTTPResponse.length", None, raising=False)
        assert make_runner().obtain(make_request(), never_stop).images


ADDRESSES = (
    "http://[::1",
    "https://x..blob.core.windows.net/a.png",
    "https://.blob.core.windows.net/a.png",
    "https://" + "a" * 300 + ".blob.core.windows.net/a.png",
    "https://x\u0000.blob.core.windows.net/a",
    "https://x.blob.core.windows.net:99999/a",
    "https://\ud800.blob.core.windows.net/a",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_is_refused_and_the_task_kept(
    fake, make_runner, make_request, profile, address
):
    with pytest.raises(ImageError) as raised:
        check_address(address, profile)
    str(raised.value).encode()
    fake.output = [address]
    with pytest.raises(ImageError, match="kept"):
        make_runner().obtain(make_request(), never_stop)
    fake.output = None
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def test_a_redirect_to_no_address(fake, make_runner, make_request):
    fake.script("image", Fault(status=302, headers={"Location": "https://[x"}))
    with pytest.raises(ImageError):
        make_runner().obtain(make_request(), never_stop)
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"


@pytest.mark.parametrize("moment", [YEAR_33715, -1e18, 1e300, float("nan"), float("inf")])
def test_a_clock_that_ran_away_has_no_date(moment):
    assert local_time(moment, "%Y") == "an unknown date"
    entry = Entry(1, "k", "a", 1, "stored", "t", "depth", "v2", 5.0, True, moment, moment, "x")
    assert spending.totals([entry]).credits == 5.0
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT", moment) in (None, 0.0)


def test_retry_after_in_the_year_33715():
    assert retry_after("Fri, 31 Dec 33715 23:59:59 GMT", 0.0) is None


@pytest.mark.parametrize("rows", [[], ["default"], "default", 7, None])
def test_profiles_that_are_no_object(tmp_path, rows):
    (tmp_path / credentials.FILE_NAME).write_text(json.dumps({"profiles": rows}))
    with pytest.raises(JournalError, match="Move it away"):
        credentials.states(tmp_path, {})


@pytest.mark.parametrize("key", ["k" * (40 << 20), "\ud800", "k" * 4097])
def test_a_key_that_is_none(tmp_path, key):
    with pytest.raises(BadParameter, match="key") as raised:
        credentials.save(tmp_path, "default", key, "user", environment={})
    assert len(str(raised.value)) < 200


def test_half_a_character_in_the_prompt_is_refused_before_anything_is_sent(make_request):
    with pytest.raises(BadParameter, match="half a character"):
        make_request(prompt="a castle \ud800")


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_NAMES = st.sampled_from(
    ["data", "id", "taskId", "status", "output", "error", "message", "success", "url", "images"]
)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(body=JSON | st.binary(max_size=60), status=st.integers(200, 599))
def test_every_parser_takes_any_answer(body, status):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = Reply(status, {}, raw)
    parsed = reply.json()
    task, (word, reason) = answers.task_id(parsed), answers.task_state(parsed)
    urls, text = answers.output_parts(parsed)
    error = answers.refusal(reply, Redactor(), "the request")
    assert isinstance(error, DepthError)
    assert all(isinstance(one, str) for one in (word, reason, text, *urls))
    assert task is None or task.strip()
    Redactor()(answers.words(reply)).encode()


@settings(max_examples=100, deadline=None)
@given(header=st.text(max_size=40) | st.none(), now=st.floats())
def test_any_retry_after_is_a_wait_or_nothing(header, now):
    wait = retry_after(header, now)
    assert wait is None or 0 <= wait <= 120
