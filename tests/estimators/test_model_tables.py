"""The tables for readers say what the table in the code says."""

from __future__ import annotations

import importlib.util

import pytest
from genvr_depth.nodes.depthkit.estimators.model_table import MODELS
from load_pack import ROOT

spec = importlib.util.spec_from_file_location(
    "refresh_models", ROOT / "tests/data/refresh_models.py"
)
assert spec is not None
assert spec.loader is not None
refresh = importlib.util.module_from_spec(spec)
spec.loader.exec_module(refresh)


@pytest.mark.parametrize("name", refresh.TARGETS)
def test_the_page_lists_the_models_as_the_code_does(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert refresh.refreshed(text, name) == text, "run python tests/data/refresh_models.py"


def test_every_model_says_what_it_is_for_and_how_fast_it_is():
    assert all(row.best_for and row.speed for row in MODELS)
    assert len({row.name for row in MODELS}) == len(MODELS)
    assert len({row.repository for row in MODELS}) == len(MODELS)


def test_a_stale_page_is_noticed():
    page = f"a\n{refresh.START}\nold\n{refresh.END}\nb"
    assert "old" not in refresh.refreshed(page, "page")
    with pytest.raises(SystemExit, match="needs one"):
        refresh.refreshed("nothing", "page")
