"""Refresh `workflows/` and `subgraphs/` from the tables in `templates/`: each sample workflow, its
API twin, and each blueprint.

    python tests/data/refresh_workflows.py

The tables say which nodes there are, where they stand and how they are joined; inputs, outputs and
defaults come from the node classes, those of core nodes from `object_info.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "support"))


def made(pack: Any) -> Iterator[tuple[Path, str]]:
    """Path and text of every file."""
    import workflow_check as check
    from templates.blueprints import BLUEPRINTS
    from templates.build import api_form, ui_form
    from templates.subgraph import blueprint_form
    from templates.table import TEMPLATES

    table = check.schemas(pack.NODE_CLASS_MAPPINGS)
    snapshot = json.loads((HERE / "object_info.json").read_text(encoding="utf-8"))["nodes"]
    outputs = {name: tuple(facts["output_name"]) for name, facts in snapshot.items()}
    outputs |= {name: cls.RETURN_NAMES for name, cls in pack.NODE_CLASS_MAPPINGS.items()}
    for name, template in TEMPLATES.items():
        forms = {
            check.WORKFLOWS: ui_form(template, table, outputs),
            check.WORKFLOWS / "api": api_form(
                template, table, outputs, pack.NODE_DISPLAY_NAME_MAPPINGS
            ),
        }
        for folder, form in forms.items():
            yield folder / f"{name}.json", _text(form)
    for name, blueprint in BLUEPRINTS.items():
        form = blueprint_form(name, blueprint, table, outputs)
        yield check.BLUEPRINTS / f"{name}.json", _text(form)


def _text(form: Any) -> str:
    return json.dumps(form, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    from load_pack import load_pack

    for path, text in made(load_pack()):
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
