"""How benches compare two rivals, on a clock that the works move themselves."""

from __future__ import annotations

import itertools

import pytest
from alternation import in_turns


class Clock:
    """Each work adds its next duration."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def work(self, name, durations):
        each = itertools.cycle(durations)

        def run():
            self.order.append(name)
            self.now += next(each)

        return run


@pytest.fixture
def clock():
    return Clock()


def test_rivals_take_turns_and_steady_ones_stop_early(clock):
    found = in_turns(clock.work("a", [1.0]), clock.work("b", [3.0]), clock=lambda: clock.now)
    assert clock.order == ["a", "b"] * 6  # one round warms up
    assert (found.rounds, found.ratio, found.spread) == (5, pytest.approx(3), pytest.approx(0))


def test_a_machine_that_slows_both_does_not_move_the_ratio(clock):
    slow = [1.0, 1.0, 2.0, 8.0, 1.0, 4.0]
    found = in_turns(
        clock.work("a", slow), clock.work("b", [2 * s for s in slow]), clock=lambda: clock.now
    )
    assert found.ratio == pytest.approx(2)


def test_unsteady_ratios_are_measured_longer_and_say_so(clock):
    theirs = clock.work("b", [1.0, 5.0, 2.0])
    found = in_turns(clock.work("a", [1.0]), theirs, clock=lambda: clock.now, most=9)
    assert found.rounds == 9
    assert found.ratio == pytest.approx(2)
    assert found.spread > 0.5
