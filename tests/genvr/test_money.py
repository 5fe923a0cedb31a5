"""Paid once, whatever happens: every fault of `generate`, and what the next run does."""

from __future__ import annotations

import threading
from dataclasses import replace

import fake_genvr
import pytest
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import Stopped
from genvr_depth.nodes.depthkit.genvr.credentials import Profile
from genvr_depth.nodes.depthkit.genvr.jobs import estimate_cost, run_many
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service import Limits, Service
from genvr_depth.nodes.depthkit.genvr.service_errors import (
    AmbiguousCharge,
    BadParameter,
    GenvrError,
    Moderated,
    NoCredits,
    RateLimited,
    ServiceDown,
    SpendingCap,
    TaskFailed,
    TaskTimeout,
    WrongKey,
)

REFUSED = {"success": False, "message": "Insufficient credits"}


def test_a_request_is_paid_once_and_then_served_from_disk(fake, make_runner, make_request):
    first = make_runner().obtain(make_request(), never_stop)
    looked = len(fake.calls)
    again = make_runner().obtain(make_request(), never_stop)
    assert (first.how, again.how) == ("paid", "stored")
    assert again.images == first.images
    assert again.credits == 0
    assert len(fake.charges) == 1
    assert len(fake.calls) == looked, "a stored image needs no network"
    assert not fake.violations


def test_another_take_is_another_image_on_purpose(fake, make_runner, make_request):
    for take in (0, 1, 1, 2):
        make_runner().obtain(make_request(take=take), never_stop)
    assert len(fake.charges) == 3


@pytest.mark.parametrize(
    "change", [{"prompt": "a barn"}, {"seed": 2}, {"steps": 20}, {"guidance": 3}, {"value": 0.7}]
)
def test_any_changed_parameter_or_pixel_is_a_new_request(fake, make_runner, make_request, change):
    make_runner().obtain(make_request(), never_stop)
    make_runner().obtain(make_request(**change), never_stop)
    assert len(fake.charges) == 2


AMBIGUOUS = {
    "reset after accept": Fault("reset", act=True),
    "no answer in time": Fault("hang", act=True, seconds=0.05),
    "truncated answer": Fault("truncated", act=True),
    "not JSON": Fault(body="<html>ok</html>", act=True),
    "502 after accept": Fault(status=502, body="<html>Bad Gateway</html>", act=True),
    "503 after accept": Fault(status=503, body="busy", act=True),
    "504 after accept": Fault(status=504, act=True),
    "408 after accept": Fault(status=408, act=True),
    "no id": Fault(body={"success": True, "data": {}}, act=True),
    "empty object": Fault(body={}, act=True),
    "409 after accept": Fault(status=409, body={"message": "duplicate"}, act=True),
    "499 after accept": Fault(status=499, act=True),
    "302": Fault(status=302, headers={"Location": "/v2/generate"}, act=True),
    "307": Fault(status=307, headers={"Location": "/v2/generate"}, act=True),
    "a redirect to no address": Fault(status=302, headers={"Location": "https://[x"}, act=True),
    "two lengths": Fault(body={}, headers={"Content-Length": "5, 7"}, act=True),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_unclear_outcome_is_never_sent_twice(fake, make_runner, make_request, leak_hunt, name):
    fake.script("generate", AMBIGUOUS[name])
    for _ in range(3):
        with pytest.raises(AmbiguousCharge, match="pay again") as raised:
            make_runner().obtain(make_request(), never_stop)
        leak_hunt.texts.append(str(raised.value))
    assert fake.count("generate") == 1
    assert len(fake.charges) == 1


@pytest.mark.parametrize("status", [200, 202, 400, 401, 402, 403, 404, 409, 413, 422, 429, 500])
def test_an_answer_that_names_a_task_is_a_task_whatever_its_code(
    fake, make_runner, make_request, status
):
    fake.script("generate", *[Fault("named", status=status, act=True)] * 5)
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    assert make_runner().obtain(make_request(), never_stop).how == "stored"
    assert fake.count("generate") == len(fake.charges) == 1


def test_a_refusal_that_names_a_task_nobody_knows_is_not_sent_again(
    fake, make_runner, make_request
):
    late = {"success": False, "message": "late", "data": {"id": "t1"}}
    fake.script("generate", Fault(body=late, act=True))
    for _ in range(2):
        with pytest.raises(TaskFailed, match="t1"):
            make_runner().obtain(make_request(), never_stop)
    assert fake.count("generate") == 1


def test_an_unclear_request_is_paid_again_only_when_asked(fake, make_runner, make_request):
    fake.script("generate", AMBIGUOUS["reset after accept"])
    with pytest.raises(AmbiguousCharge):
        make_runner().obtain(make_request(), never_stop)
    assert make_runner(pay_again=True).obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 2, "the user asked for it twice"
    assert make_runner(pay_again=True).obtain(make_request(), never_stop).how == "stored"
    assert len(fake.charges) == 2


def test_a_reset_before_the_body_is_read_counts_as_unclear(fake, make_runner, make_request):
    fake.script("generate", Fault("reset"))
    with pytest.raises(AmbiguousCharge):
        make_runner().obtain(make_request(), never_stop)
    assert fake.charges == []


REFUSALS = {
    "401": (Fault(status=401, body={"success": False, "message": "Unauthorized"}), WrongKey),
    "403": (Fault(status=403, body={"message": "Forbidden"}), WrongKey),
    "402": (Fault(status=402, body=REFUSED), NoCredits),
    "no credits in words": (Fault(status=200, body=REFUSED), NoCredits),
    "400": (Fault(status=400, body={"message": "steps must be an integer"}), BadParameter),
    "422": (Fault(status=422, body={"message": "Invalid parameter"}), BadParameter),
    "moderated": (Fault(body={"success": False, "message": "Request Moderated"}), Moderated),
    "404 model": (Fault(status=404, body={"message": "Unknown model"}), TaskFailed),
    "404 route": (Fault(status=404, body="Cannot POST /v2/generate"), TaskFailed),
    "success:false": (Fault(body={"success": False, "message": "Nope today"}), TaskFailed),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_costs_nothing_and_may_be_tried_again(
    fake, make_runner, make_request, leak_hunt, name
):
    fault, kind = REFUSALS[name]
    fake.script("generate", fault)
    with pytest.raises(kind) as raised:
        make_runner().obtain(make_request(), never_stop)
    leak_hunt.texts.append(str(raised.value))
    said = fault.body["message"] if isinstance(fault.body, dict) else fault.body
    assert said in str(raised.value), "the server's own words are shown"
    assert fake.charges == []
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("3", 3, 4), ("Wed, 21 Oct 2099 07:28:00 GMT", 120, 121), ("", 0, 2), ("1e99", 120, 121),
     ("٣", 0, 2), ("soon", 0, 2), ("-5", 0.5, 1), ("0", 0.5, 1),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0.5, 1)],
)  # fmt: skip
def test_a_rate_limit_waits_as_asked_but_not_for_ever(
    fake, make_runner, make_request, clock, header, least, most
):
    headers = {"Retry-After": header.encode().decode("latin-1")} if header else {}
    fake.script("generate", Fault(status=429, headers=headers, body={"message": "slow"}))
    waited = clock.slept
    runner = make_runner()
    runner.client.generate(
        make_request().model,
        {**make_request().model.body(make_request().values), "control_image": _uri()},
    )
    assert least <= clock.slept - waited <= most
    assert len(fake.charges) == 1


def _uri() -> str:
    import torch
    from genvr_depth.nodes.depthkit.genvr.control_images import from_images
    from genvr_depth.nodes.depthkit.genvr.upload import data_uri

    return data_uri(from_images(torch.zeros(1, 8, 8, 3))[0].encoded)


def test_a_rate_limit_that_never_ends_is_an_error_without_a_charge(fake, make_runner, make_request):
    fake.script("generate", *[Fault(status=429, body={"message": "slow down"})] * 9)
    with pytest.raises(RateLimited, match="slow down"):
        make_runner().obtain(make_request(), never_stop)
    assert fake.charges == []


def test_an_unreachable_service_is_tried_again_and_then_named(
    make_runner, make_request, fake, clock
):
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gone = Profile("default", f"http://127.0.0.1:{port}", "v2", "canary-key-7f3a91c2", "u-0001")
    with pytest.raises(ServiceDown, match="Nothing was sent or charged"):
        make_runner(profile=gone).obtain(make_request(), never_stop)
    assert clock.slept > 0
    assert fake.charges == []


def test_413_twice_is_a_refusal_not_an_unclear_charge(fake, make_runner, make_request):
    fake.script("generate", *[Fault(status=413)] * 2)
    with pytest.raises(BadParameter, match="too large"):
        make_runner().obtain(make_request(), never_stop)
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 1


def test_413_switches_to_an_upload(fake, make_runner, make_request):
    fake.script("generate", Fault(status=413, body="too large"))
    assert make_runner().obtain(make_request(), never_stop).how == "paid"
    assert fake.count("put_blob") == 1
    assert len(fake.charges) == 1


def test_the_task_id_may_be_at_the_top_level(fake, make_runner, make_request):
    fake.script("generate", Fault(body={"taskId": "task-7"}))
    data = make_request().image.encoded.data
    fake.tasks["task-7"] = fake_genvr.Task("task-7", {}, 0.0, data)
    assert make_runner().obtain(make_request(), never_stop).task == "task-7"


def test_v1_speaks_the_older_paths(fake, make_runner, make_request):
    fake.versions = ("api/v1",)
    old = Profile("default", fake.base, "v1", fake.key, fake.uid)
    assert make_runner(profile=old).obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 1


def test_a_task_is_resumed_with_the_version_it_was_made_with(fake, make_runner, make_request):
    def stop_after_submit(name):
        if name == "submitted":
            raise Stopped

    with pytest.raises(Stopped):
        make_runner(checkpoint=stop_after_submit).obtain(make_request(), never_stop)
    fake.versions = ("v2",)
    old = Profile("default", fake.base, "v1", fake.key, fake.uid)
    assert make_runner(profile=old).obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def test_accounts_never_share_tasks(fake, make_runner, make_request):
    make_runner().obtain(make_request(), never_stop)
    fake.uid = "another-user"
    other = Profile("default", fake.base, "v2", fake.key, "another-user")
    assert make_runner(profile=other).obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 2


def test_equal_requests_at_the_same_time_pay_once(fake, make_runner, make_request):
    fake.latency = 0.1
    outcomes = []

    def work():
        outcomes.append(make_runner().obtain(make_request(), never_stop))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(o.how for o in outcomes) == ["paid"] + ["stored"] * 5
    assert len(fake.charges) == 1


def test_equal_requests_in_one_run_pay_once(fake, make_runner, make_request):
    requests = [make_request(), make_request(seed=2), make_request()]
    outcomes = run_many(make_runner(), requests)
    assert outcomes[0] is outcomes[2]
    assert len(fake.charges) == 2


def test_the_cap_stops_a_run_before_anything_is_sent(fake, make_runner, make_request):
    requests = [make_request(seed=n) for n in range(4)]
    with pytest.raises(SpendingCap, match="20 credits for 4 new images"):
        estimate_cost(make_runner(), requests, 15)
    assert fake.calls == []
    run_many(make_runner(), requests[:3])
    assert estimate_cost(make_runner(), requests, 5).credits == 5, "stored images cost nothing"


@pytest.mark.parametrize("cap", [0, 4.9])
def test_a_cap_is_a_cap_and_none_is_the_settings(fake, profile, tmp_path, make_request, clock, cap):
    service = Service(tmp_path / "private", profile)
    with pytest.raises(SpendingCap, match=f"cap of {cap:g}"):
        service.run([make_request()], Limits(spending_cap=cap), pacing=clock.pacing)
    assert fake.calls == []
    service.run([make_request()], Limits(spending_cap=None), pacing=clock.pacing)
    again = service.run([make_request()], Limits(spending_cap=0), pacing=clock.pacing)
    assert again.outcomes[0].how == "stored", "what is stored costs nothing"
    assert len(fake.charges) == 1


@pytest.mark.parametrize("cap", [float("nan"), float("inf"), -5])
def test_a_cap_that_is_no_amount_is_refused(fake, profile, tmp_path, make_request, clock, cap):
    with pytest.raises(BadParameter, match="'max_credits' to 0 to 100000"):
        Service(tmp_path / "private", profile).run(
            [make_request()], Limits(spending_cap=cap), pacing=clock.pacing
        )
    assert fake.calls == []


def test_a_request_that_another_run_is_sending_counts_against_the_cap(
    fake, make_runner, make_request
):
    """It may be refused there, and then this run, which waited for it, pays."""
    seen = []

    def look(name):
        if name == "prepared":
            seen.append(make_runner().will_pay(make_request()))

    make_runner(checkpoint=look).obtain(make_request(), never_stop)
    assert seen == [True]
    assert not make_runner().will_pay(make_request())


def test_what_another_run_changes_meanwhile_is_not_paid_beyond_the_cap(
    fake, make_runner, make_request
):
    fake.latency = 1e9
    other = make_runner(deadline_s=5)
    with pytest.raises(TaskTimeout):
        other.obtain(make_request(), never_stop)
    runner = make_runner(pay_again=True)
    cost = estimate_cost(runner, [make_request()], 0)
    fake.failure = {"status": "failed", "error": "out of memory"}
    with pytest.raises(TaskFailed):
        other.obtain(make_request(), never_stop)
    fake.failure, fake.latency = None, 0
    with pytest.raises(SpendingCap, match="run again"):
        replace(runner, agreed=cost.paying).obtain(make_request(), never_stop)
    assert len(fake.charges) == 1
    cost = estimate_cost(runner, [make_request()], 5)
    outcome = replace(runner, agreed=cost.paying).obtain(make_request(), never_stop)
    assert outcome.how == "paid"


def test_a_failed_task_is_not_paid_again_by_itself(fake, make_runner, make_request, leak_hunt):
    fake.failure = {"status": "failed", "error": "out of memory Bearer abc.def"}
    for _ in range(2):
        with pytest.raises(TaskFailed, match="out of memory") as raised:
            make_runner().obtain(make_request(), never_stop)
        assert "abc.def" not in str(raised.value)
    assert len(fake.charges) == 1
    fake.failure = None
    assert make_runner(pay_again=True).obtain(make_request(), never_stop).how == "paid"
    assert len(fake.charges) == 2


def test_one_failed_item_does_not_lose_the_others(fake, make_runner, make_request):
    fake.script("generate", Fault(body={"success": False, "message": "Request Moderated"}))
    requests = [make_request(seed=n) for n in range(5)]
    with pytest.raises(GenvrError, match=r"1 of 5 images failed; 4 are stored") as raised:
        run_many(make_runner(), requests, concurrency=1)
    assert "seed 0" in str(raised.value)
    assert "safety_tolerance" in str(raised.value)
    assert len(fake.charges) == 4
    outcomes = run_many(make_runner(), requests)
    assert [o.how for o in outcomes] == ["paid", *["stored"] * 4]
    assert len(fake.charges) == 5


def test_unclear_items_are_listed_under_one_explanation(fake, make_runner, make_request):
    fake.script("generate", *[Fault("reset", act=True)] * 5)
    requests = [make_request(seed=n) for n in range(5)]
    with pytest.raises(GenvrError, match=r"5 of 5 images failed") as raised:
        run_many(make_runner(), requests)
    assert str(raised.value).count("It is not known") == 1
    assert "and 2 more" in str(raised.value)
    assert len(fake.charges) == 5


def test_a_wrong_key_does_not_try_every_item(fake, make_runner, make_request):
    wrong = Profile("default", fake.base, "v2", "canary-key-7f3a91c2-bad", fake.uid)
    requests = [make_request(seed=n) for n in range(9)]
    with pytest.raises(GenvrError, match="key or the user id is wrong") as raised:
        run_many(make_runner(profile=wrong), requests, concurrency=1)
    assert "were not started" in str(raised.value)
    assert fake.count("generate") == 1


def test_two_requests_with_one_task_never_get_one_image_without_a_word(
    fake, make_runner, make_request
):
    first = make_runner().obtain(make_request(seed=1), never_stop)
    again = {"success": True, "data": {"id": first.task}}
    fake.script("generate", Fault(body=again, act=True))
    for _ in range(2):
        with pytest.raises(AmbiguousCharge, match="that of another request"):
            make_runner().obtain(make_request(seed=2), never_stop)
    assert fake.count("generate") == 2


def test_no_more_addresses_are_followed_than_images_were_asked_for(fake, make_runner, make_request):
    fake.output = ["URL", "URL?2", *["URL"] * 3, "https://elsewhere.example/a.png"]
    outcome = make_runner().obtain(make_request(), never_stop)
    assert len(outcome.images) == fake.count("image") == 1


def test_a_long_task_id_is_shortened_in_messages(fake, make_runner, make_request):
    fake.script("generate", Fault(body={"success": True, "data": {"id": "x" * 400}}, act=True))
    with pytest.raises(TaskFailed) as raised:
        make_runner().obtain(make_request(), never_stop)
    assert "x" * 80 not in str(raised.value)
    fake.script("generate", Fault(body={"success": True, "data": {"id": "x" * 9999}}, act=True))
    with pytest.raises(AmbiguousCharge, match="9999 characters"):
        make_runner().obtain(make_request(seed=2), never_stop)
