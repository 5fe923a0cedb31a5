"""Many at once: order, progress, Stop, and what the user reads meanwhile."""

from __future__ import annotations

import threading
import time

import pytest
from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import Stopped
from genvr_depth.nodes.depthkit.genvr import transport
from genvr_depth.nodes.depthkit.genvr.jobs import run_many
from genvr_depth.nodes.depthkit.genvr.leave_behind import LeftBehind, leave_behind
from genvr_depth.nodes.depthkit.genvr.pace import Pace
from genvr_depth.nodes.depthkit.genvr.retry import Pacing, never_stop
from genvr_depth.nodes.depthkit.genvr.service import Service, open_runner, spent
from genvr_depth.nodes.depthkit.genvr.transport import Exchange, NoAnswer, Transport
from lateness import Lateness


def real_time(tmp_path, profile):
    return open_runner(tmp_path / "private", profile, pacing=Pacing())


class Button:
    """Stop, pressed `after` seconds."""

    def __init__(self, after):
        self.at = time.monotonic() + after

    def pressed(self):
        return time.monotonic() >= self.at


def workers():
    return [t for t in threading.enumerate() if t.name.startswith("genvr-")]


def wait_for(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def farewell():
    for thread in workers():
        thread.join(10)


def test_results_come_in_order_whatever_finishes_first(fake, make_runner, make_request):
    fake.latency = 0.02
    requests = [make_request(seed=n) for n in range(12)]
    seen = []
    outcomes = run_many(
        make_runner(), requests, concurrency=5, on_progress=lambda d, t: seen.append((d, t))
    )
    seeds = [fake.tasks[o.task].body["seed"] for o in outcomes]
    assert seeds == list(range(12))
    assert seen == [(n, 12) for n in range(1, 13)]
    assert len(fake.charges) == 12


def test_no_more_than_asked_run_at_once(fake, tmp_path, profile, make_request):
    fake.latency = 0.15
    run_many(real_time(tmp_path, profile), [make_request(seed=n) for n in range(8)], concurrency=4)
    assert 2 <= fake.most_busy <= 4


@pytest.mark.parametrize("endpoint", ["status", "image", "response"])
def test_stop_leaves_within_a_second_and_a_later_run_resumes(
    fake, tmp_path, profile, make_request, endpoint
):
    fake.script(endpoint, *[Fault("hang", seconds=1.5)] * 3)
    requests = [make_request(seed=n) for n in range(3)]
    button = Button(0.8)
    with Lateness() as lateness:
        with pytest.raises(Stopped):
            run_many(real_time(tmp_path, profile), requests, should_stop=button.pressed)
        assert lateness.own_seconds(button.at) < 1
    farewell()
    paid = len(fake.charges)
    outcomes = run_many(real_time(tmp_path, profile), requests)
    assert len(fake.charges) == 3
    assert sum(o.how == "resumed" for o in outcomes) == paid


def test_stop_during_the_paid_call_leaves_at_once_and_still_notes_the_task(
    fake, tmp_path, profile, make_request
):
    fake.script("generate", Fault("drip", act=True, seconds=0.02))
    button = Button(0.3)
    with Lateness() as lateness:
        with pytest.raises(Stopped):
            run_many(real_time(tmp_path, profile), [make_request()], should_stop=button.pressed)
        left = time.monotonic()
        assert lateness.own_seconds(button.at, left) < 1
    assert workers(), "the call is still being answered"
    farewell()
    assert time.monotonic() - left > 0.2
    again = run_many(real_time(tmp_path, profile), [make_request()])
    assert again[0].how == "resumed"
    assert len(fake.charges) == 1


def test_a_stop_before_anything_is_sent_costs_nothing(fake, make_runner, make_request):
    with pytest.raises(Stopped):
        run_many(make_runner(), [make_request()], should_stop=lambda: True)
    farewell()
    assert len(fake.charges) <= 1
    run_many(make_runner(), [make_request()])
    assert len(fake.charges) == 1


def test_stop_while_waiting_for_a_rate_limit_sends_nothing(fake, tmp_path, profile, make_request):
    fake.script("generate", Fault(status=429, headers={"Retry-After": "60"}))
    button = Button(0.3)
    with pytest.raises(Stopped):
        run_many(real_time(tmp_path, profile), [make_request()], should_stop=button.pressed)
    farewell()
    assert fake.charges == []
    assert run_many(real_time(tmp_path, profile), [make_request()])[0].how == "paid"


def test_the_status_line_counts_and_prices(fake, profile, tmp_path, make_request, clock):
    said = []
    service = Service(tmp_path / "private", profile)
    requests = [make_request(seed=n) for n in range(3)]
    batch = service.run(requests, say=said.append, pacing=clock.pacing)
    assert "15 credits this run, 0 spent before" in said[0]
    assert said[-1] == "done · 15 credits this run · 15 in all"
    assert any("3/3 done" in line for line in said)
    assert "Spent before: 0 credits" in batch.report
    assert "Now: 15 credits" in batch.report
    again = service.run(requests, say=said.append, pacing=clock.pacing)
    assert said[-1] == "done · 0 credits this run · 15 in all"
    assert "3 from disk" in again.report
    assert spent(tmp_path / "private").images == 3


def test_a_run_reports_its_own_bill_not_what_others_pay_meanwhile(
    fake, profile, tmp_path, make_request, clock
):
    service, others = Service(tmp_path / "private", profile), []

    def beside(done, total):
        if not others:
            others.append(service.run([make_request(prompt="a barn")], pacing=clock.pacing))

    said = []
    batch = service.run(
        [make_request(), make_request(), make_request(seed=2)],
        say=said.append,
        on_progress=beside,
        pacing=clock.pacing,
    )
    assert "This run: 10 credits" in batch.report
    assert "Now: 15 credits" in batch.report
    assert said[-1] == "done · 10 credits this run · 15 in all"
    assert "This run: 5 credits" in others[0].report


def test_what_is_stored_can_be_had_without_the_network(
    fake, profile, tmp_path, make_request, clock
):
    service = Service(tmp_path / "private", profile)
    batch = service.run([make_request()], pacing=clock.pacing)
    looks = len(fake.calls)
    assert service.stored([make_request(), make_request(seed=2)]) == [batch.files(0), []]
    assert len(fake.calls) == looks


def test_assumed_prices_are_called_assumed(fake, profile, tmp_path, make_request, clock):
    service = Service(tmp_path / "private", profile)
    batch = service.run([make_request(model="canny")], pacing=clock.pacing)
    assert "the price of 1 is assumed" in batch.report


def test_unclear_charges_are_counted_apart(fake, make_runner, make_request, tmp_path):
    fake.script("generate", Fault("reset", act=True))
    with pytest.raises(Exception, match="not known"):
        run_many(make_runner(), [make_request()])
    total = spent(tmp_path / "private")
    assert (total.credits, total.possible) == (0, 5)
    assert "perhaps 5 more" in total.text


def test_pace_learns_when_a_task_can_be_ready():
    pace = Pace()
    assert pace.next_wait(0) == 0.25
    assert pace.next_wait(100) == 5
    pace.saw(20)
    assert pace.next_wait(0) == pytest.approx(17)
    assert pace.next_wait(18) < 1


@pytest.mark.parametrize("call", ["generate", "status", "response", "image"])
@pytest.mark.parametrize("kind", ["hang", "slow head"])
def test_stop_lets_go_of_the_request_within_a_second(fake, make_runner, make_request, call, kind):
    fake.script(call, *[Fault(kind, seconds=3.0, act=call == "generate")] * 3)
    runner, pressed = make_runner(), threading.Event()
    ended: list[BaseException] = []

    def run():
        with pytest.raises(Stopped) as raised:
            runner.obtain(make_request(), pressed.is_set)
        ended.append(raised.value)

    worker = threading.Thread(target=run)
    worker.start()
    assert wait_for(lambda: fake.count(call) == 1)
    with Lateness() as lateness:
        pressed.set()
        at = time.monotonic()
        while not ended and lateness.own_seconds(at) < 1:
            worker.join(0.01)
    assert ended, "the worker has left, and its lock is free"


def test_an_answer_that_comes_after_stop_is_picked_up(
    fake, make_runner, make_request, journal_rows
):
    fake.script("generate", Fault("named", seconds=1.5, act=True))
    runner = make_runner()
    with pytest.raises(Stopped):
        runner.obtain(make_request(), lambda: fake.count("generate") == 1)
    assert journal_rows()[0]["state"] == "ambiguous"
    assert wait_for(lambda: journal_rows()[0]["state"] == "submitted")
    assert make_runner().obtain(make_request(), never_stop).how == "resumed"
    assert len(fake.charges) == 1


def test_a_head_that_trickles_ends_at_the_deadline(fake, monkeypatch):
    fake.script("models", Fault("slow head", seconds=0.05))
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT_S", 0.1)
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="deadline"):
        Transport().send(Exchange("GET", f"{fake.base}/api/models", timeout_s=0.3))
    assert time.monotonic() - began < 2


def test_an_answer_that_comes_while_the_leaving_is_noted_is_not_replaced():
    answered, order = threading.Event(), []

    def call():
        answered.wait(5)
        return "task-1"

    def on_leave():
        answered.set()
        time.sleep(0.2)
        order.append("left")

    with pytest.raises(LeftBehind):
        leave_behind(call, lambda: True, on_leave, lambda task, error: order.append(task))
    assert wait_for(lambda: order == ["left", "task-1"])
