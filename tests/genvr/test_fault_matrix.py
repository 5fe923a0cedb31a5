"""The fault matrix: a sample of its cells here, all of them with `pytest -m matrix -s`."""

from __future__ import annotations

import re
import sys

import fault_matrix
import pytest
from fault_matrix import FAULTS, STATES, page, run_matrix
from genvr_depth.nodes.depthkit.genvr.tasks import Runner
from load_pack import ROOT

ALL = [(state, fault) for fault in FAULTS for state in STATES]
# Coprime to the number of states, so that the sample walks through all of them.
SAMPLE = ALL[::83]


def _sentences(cells):
    return [f"{c.state} x {c.fault}: {c.wrong}: {c.said}" for c in cells if c.wrong]


def test_a_sample_of_the_matrix_holds():
    assert _sentences(run_matrix(SAMPLE)) == []
    assert {state for state, _ in SAMPLE} == set(STATES)


@pytest.mark.matrix
def test_the_whole_matrix_holds(capsys):
    cells = run_matrix()
    with capsys.disabled():
        sys.stdout.write(page(cells))
    assert _sentences(cells) == []
    assert len(cells) >= 60 * len(STATES)


def test_the_matrix_sees_a_second_charge(monkeypatch):
    monkeypatch.setattr(Runner, "_refuse_to_guess", lambda self, entry: None)
    (cell,) = run_matrix([("ambiguous, charged", "none")])
    assert cell.wrong


def test_the_matrix_sees_an_error_without_a_way_out(monkeypatch):
    monkeypatch.setattr(fault_matrix, "REMEDY", re.compile("no such words"))
    (cell,) = run_matrix([("failed task", "none")])
    assert cell.wrong == "no remedy"


def test_the_page_of_the_documentation_is_of_this_matrix():
    text = (ROOT / "docs" / "fault_matrix.md").read_text()
    rows = re.findall(r"^\| (.+?) \| [`-]", text, re.M)
    assert [row for row in rows if row in FAULTS] == list(FAULTS)
    assert all(f" {state} |" in text for state in STATES)
    assert "Cells that do not hold: 0." in text
