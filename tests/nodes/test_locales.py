"""English is what the classes say; no language lacks a name, an input or a setting."""

from __future__ import annotations

import json
import re
from pathlib import Path

import genvr_depth
import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "locales"
LANGUAGES = ["zh", "ja", "ko", "es", "fr", "de", "pt-BR", "hi"]
REFRESH = "run python tests/data/refresh_locales.py"


def _read(language: str, name: str) -> dict:
    return json.loads((LOCALES / language / f"{name}.json").read_text(encoding="utf-8"))


def _leaves(tree: dict, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found |= _leaves(value, (*path, key))
        else:
            found[(*path, key)] = value
    return found


def _inputs(cls) -> dict[str, str]:
    declared = cls.INPUT_TYPES()
    return {
        name: given[1]["tooltip"]
        for group in ("required", "optional")
        for name, given in declared.get(group, {}).items()
    }


@pytest.mark.parametrize("node", genvr_depth.NODE_CLASS_MAPPINGS)
def test_english_says_what_the_class_says(node):
    cls, shown = genvr_depth.NODE_CLASS_MAPPINGS[node], _read("en", "nodeDefs").get(node, {})
    assert shown.get("display_name") == genvr_depth.NODE_DISPLAY_NAME_MAPPINGS[node], REFRESH
    assert shown["description"] == cls.DESCRIPTION, REFRESH
    assert {k: v["tooltip"] for k, v in shown["inputs"].items()} == _inputs(cls), REFRESH
    assert [v["tooltip"] for v in shown["outputs"].values()] == list(cls.OUTPUT_TOOLTIPS), REFRESH


def test_english_knows_no_node_that_is_gone():
    assert set(_read("en", "nodeDefs")) == set(genvr_depth.NODE_CLASS_MAPPINGS), REFRESH


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_lacks_a_name_or_a_tooltip_of_a_node_an_input_or_an_output(language):
    english, own = _leaves(_read("en", "nodeDefs")), _leaves(_read(language, "nodeDefs"))
    assert set(own) == set(english), REFRESH
    assert all(own.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translated_tooltip_names_the_same_fields_and_choices(language):
    """Names in braces and percent signs, and choices before a colon, are typed or picked as is."""
    english, own = _leaves(_read("en", "nodeDefs")), _leaves(_read(language, "nodeDefs"))
    for key, text in english.items():
        for word in re.findall(r"\{\w+\}|%\w+%|<file>|(?:^|(?<=[.;] ))[a-z]\w+(?=: )", text):
            assert word in own[key], (key, word)


@pytest.mark.parametrize("name", ["main", "settings"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_lacks_a_text_of_the_page(language, name):
    english, own = _leaves(_read("en", name)), _leaves(_read(language, name))
    assert set(own) == set(english)
    for key, text in own.items():
        assert text
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(
            re.findall(r"\{\w+\}", english[key])
        ), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_translated_and_not_copied(language):
    for name in ("main", "settings", "nodeDefs"):
        english, own = _leaves(_read("en", name)), _leaves(_read(language, name))
        prose = [key for key in own if len(english.get(key, "").split()) > 3]
        same = [key for key in prose if own[key] == english[key]]
        assert len(prose) > 3
        assert same == []


def test_only_known_languages_are_shipped():
    assert {path.name for path in LOCALES.iterdir()} == {"en", *LANGUAGES}
