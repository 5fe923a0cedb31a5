"""Whatever goes wrong in whatever order: nobody pays twice, and what was paid for can be had."""

from __future__ import annotations

import itertools

from fake_genvr import Fault
from genvr_depth.nodes.depthkit.errors import Stopped
from genvr_depth.nodes.depthkit.genvr.credentials import Profile
from genvr_depth.nodes.depthkit.genvr.retry import never_stop
from genvr_depth.nodes.depthkit.genvr.service_errors import AmbiguousCharge, GenvrError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FAULTS = st.sampled_from(
    [
        ("generate", Fault("reset")),
        ("generate", Fault("reset", act=True)),
        ("generate", Fault("truncated", act=True)),
        ("generate", Fault(status=502, act=True)),
        ("generate", Fault(status=503)),
        ("generate", Fault(status=429, headers={"Retry-After": "1"})),
        ("generate", Fault(status=402, body={"message": "Insufficient credits"})),
        ("generate", Fault(body={"success": True}, act=True)),
        ("status", Fault(status=500)),
        ("status", Fault(status=401)),
        ("status", Fault(status=404)),
        ("status", Fault("reset")),
        ("response", Fault(body="<html>")),
        ("response", Fault(body={"success": False, "message": "busy"})),
        ("image", Fault(status=403)),
        ("image", Fault("truncated", act=True)),
        ("image", Fault(body="<html>")),
    ]
)
STEPS = ("", "prepared", "sent", "submitted", "completed", "downloaded", "stored")
NUMBERS = itertools.count()


@given(st.lists(st.tuples(st.lists(FAULTS, max_size=3), st.sampled_from(STEPS)), max_size=4))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_sequence_of_faults_and_stops_pays_twice(fake, make_runner, make_request, runs):
    request = make_request(seed=next(NUMBERS))
    before = len(fake.charges)
    unclear = False
    for faults, stop_at in runs:
        fake.faults.clear()
        for endpoint, fault in faults:
            fake.script(endpoint, fault)

        def stop(name, stop_at=stop_at):
            if name == stop_at:
                raise Stopped

        try:
            make_runner(checkpoint=stop).obtain(request, never_stop)
        except AmbiguousCharge:
            unclear = True
        except (GenvrError, Stopped):
            pass
        assert len(fake.charges) - before <= 1
    fake.faults.clear()
    try:
        outcome = make_runner().obtain(request, never_stop)
    except AmbiguousCharge:
        unclear = True
    else:
        assert make_runner().store.get(outcome.images[0])
        assert len(fake.charges) - before == 1
    looks = len(fake.charges)
    if unclear:
        paid = make_runner(pay_again=True).obtain(request, never_stop)
        assert paid.images
        assert len(fake.charges) - looks <= 1


def test_an_account_under_two_names_pays_once(fake, make_runner, make_request):
    """Profiles are names; accounts are who pays."""
    for name in ("one", "two"):
        profile = Profile(name, fake.base, "v2", fake.key, fake.uid)
        make_runner(profile=profile).obtain(make_request(), never_stop)
    assert len(fake.charges) == 1
