"""Prompt variations: base prompts x styles, every combination, each with a label for file names.

The styles that ship lie in `styles.json`: group -> rows of label and phrase.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .service_errors import BadParameter

__all__ = [
    "ALL_STYLES",
    "NO_STYLES",
    "Style",
    "Variation",
    "own_styles",
    "shipped",
    "style_groups",
    "told_apart",
    "vary",
]

ALL_STYLES, NO_STYLES = "all styles", "own lines only"
TEMPLATE = "{prompt}, {style}"
_LABEL = re.compile(r"[^a-z0-9]+")
_LABEL_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Style:
    """A look: a short label and the words that are added to the prompt."""

    label: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Variation:
    """A finished prompt and its label: lower case letters, digits and hyphens, unique in a run."""

    prompt: str
    label: str


@cache
def style_groups() -> Mapping[str, tuple[Style, ...]]:
    """Group name -> its styles, as shipped."""
    raw = json.loads(Path(__file__).with_name("styles.json").read_text(encoding="utf-8"))
    return {
        group: tuple(Style(row["label"], row["phrase"]) for row in rows)
        for group, rows in raw.items()
    }


def shipped(group: str, only: Sequence[str] = ()) -> list[Style]:
    """The styles of a group (or of all); `only` narrows them down by label, in the order given.

    Raises BadParameter on an unknown group or label.
    """
    if group == NO_STYLES:
        return []
    groups = style_groups()
    if group != ALL_STYLES and group not in groups:
        raise BadParameter(f"There is no style group {group!r}; use one of {', '.join(groups)}.")
    found = [s for name, rows in groups.items() if group in (ALL_STYLES, name) for s in rows]
    if not only:
        return found
    by_label = {style.label: style for style in found}
    missing = [label for label in only if label not in by_label]
    if missing:
        raise BadParameter(
            f"There is no style {missing[0]!r} in {group}; it has {', '.join(by_label)}."
        )
    return [by_label[label] for label in only]


def own_styles(text: str) -> list[Style]:
    """One style per line, "label: phrase" or just a phrase; empty and # lines are left out."""
    found = []
    for line in text.splitlines():
        clean = line.strip()
        if not clean or clean.startswith("#"):
            continue
        label, colon, phrase = clean.partition(":")
        named = bool(colon) and len(label) <= _LABEL_LENGTH and bool(phrase.strip())
        found.append(Style(label.strip(), phrase.strip()) if named else Style(clean, clean))
    return found


def vary(
    prompts: Sequence[str],
    styles: Sequence[Style],
    *,
    template: str = TEMPLATE,
    keep_plain: bool = False,
    limit: int = 0,
) -> list[Variation]:
    """Every prompt with every style, prompts outermost; equal results once.

    template: has {prompt} and {style}; keep_plain: each prompt also without a style, first;
    limit: at most so many, 0 for all. Raises BadParameter if nothing comes out.
    """
    if "{style}" not in template or "{prompt}" not in template:
        raise BadParameter("'template' needs both {prompt} and {style}, as in '{prompt}, {style}'.")
    plain = [Style("plain", "")] if keep_plain or not styles else []
    bases = [prompt.strip() for prompt in prompts if prompt.strip()]
    if not bases:
        raise BadParameter("'prompt' is empty. Write what the images should show.")
    made: dict[str, str] = {}
    for base, style in itertools.product(bases, [*plain, *styles]):
        made.setdefault(_in_template(template, base, style), _label(base, style, len(bases)))
    pairs = list(made.items())[: limit or None]
    labels = told_apart([label for _, label in pairs])
    return [Variation(text, label) for (text, _), label in zip(pairs, labels, strict=True)]


def _in_template(template: str, base: str, style: Style) -> str:
    """Plain replacement: braces in the user's own text mean nothing."""
    if not style.phrase:
        return base
    parts = re.split(r"(\{prompt\}|\{style\})", template)
    words = {"{prompt}": base, "{style}": style.phrase}
    return "".join(words.get(part, part) for part in parts)


def _label(base: str, style: Style, bases: int) -> str:
    style_part = _slug(style.label)
    if bases == 1:
        return style_part
    return f"{_slug(base)[:20].strip('-')}-{style_part}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _LABEL.sub("-", plain).strip("-")[:_LABEL_LENGTH].strip("-") or "style"


def told_apart(labels: Sequence[str]) -> list[str]:
    """Equal labels get a number, in order."""
    taken: set[str] = set()
    result = []
    for label in labels:
        name, number = label, 2
        while name in taken:
            name, number = f"{label}-{number}", number + 1
        taken.add(name)
        result.append(name)
    return result
