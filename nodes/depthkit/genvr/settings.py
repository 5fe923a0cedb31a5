"""Defaults of a run that the settings panel changes: how many at once, and the spending cap."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .private_files import private_folder_ready, read_json, write_private
from .service_errors import BadParameter

__all__ = ["LIMITS", "Defaults", "load_defaults", "save_defaults"]

FILE_NAME = "settings.json"
LIMITS: dict[str, tuple[float, float]] = {"concurrency": (1, 10), "spending_cap": (0, 100000)}


@dataclass(frozen=True, slots=True)
class Defaults:
    """concurrency: requests at once, 1..10; spending_cap: credits one run may cost at most."""

    concurrency: int = 3
    spending_cap: float = 100.0

    def with_values(self, values: Mapping[str, Any]) -> Defaults:
        """A copy with some values changed; raises BadParameter on a bad name or value."""
        for name, value in values.items():
            if name not in LIMITS:
                raise BadParameter(f"There is no setting {name!r}; use {', '.join(LIMITS)}.")
            low, high = LIMITS[name]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not low <= value <= high:
                raise BadParameter(f"'{name}' must be a number from {low:g} to {high:g}.")
        changed = replace(self, **values)
        return replace(changed, concurrency=int(changed.concurrency))


def load_defaults(folder: Path) -> Defaults:
    """The stored defaults; values that cannot be are ignored."""
    stored = read_json(folder / FILE_NAME)
    result = Defaults()
    for name in LIMITS:
        if name in stored:
            try:
                result = result.with_values({name: stored[name]})
            except BadParameter:
                continue
    return result


def save_defaults(folder: Path, values: Mapping[str, object]) -> Defaults:
    """Store changed defaults and give all of them back."""
    changed = load_defaults(folder).with_values(values)
    private_folder_ready(folder)
    write_private(folder / FILE_NAME, json.dumps(asdict(changed), indent=1).encode())
    return changed
