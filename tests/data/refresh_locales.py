"""Refresh `locales/`: English from the node classes and the page, the rest from the tables here.

    python tests/data/refresh_locales.py        (needs node for the page's texts)

The tables in `tests/data/locales/` have one row a text and one column a language. Rows of
`names.txt`, `inputs.txt`, `outputs.txt`, `tooltips.txt` and `page.txt` begin with the English text,
those of `descriptions.txt` with the node id (without GenVRDepth). A text that changes in English
needs a new row: an old translation never stands beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from load_pack import ROOT, load_pack

TABLES = ROOT / "tests" / "data" / "locales"
LANGUAGES = ("zh", "ja", "ko", "es", "fr", "de", "pt-BR", "hi")
LICENCES = ("(commercial use allowed)", "(NOT for commercial use)")
Table = dict[str, dict[str, str]]  # first column -> language -> text


def table(name: str) -> Table:
    rows: Table = {}
    for line in (TABLES / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        first, *texts = (cell.strip() for cell in line.split(" | "))
        if len(texts) != len(LANGUAGES):
            raise SystemExit(f"{name}: {first!r} has {len(texts)} translations")
        rows[first] = dict(zip(LANGUAGES, texts, strict=True))
    return rows


def page_texts() -> tuple[dict[str, Any], dict[str, Any]]:
    """(texts of the widgets, texts of the settings) in English."""
    script = (
        "import('./web/lib/text.mjs').then(m => "
        "process.stdout.write(JSON.stringify([m.ENGLISH, m.SETTINGS])))"
    )
    result = subprocess.run(["node", "-e", script], capture_output=True, check=True, cwd=ROOT)
    return tuple(json.loads(result.stdout))


def inputs_of(cls: Any) -> dict[str, dict[str, Any]]:
    declared = cls.INPUT_TYPES()
    return {
        name: given[1] if len(given) > 1 else {}
        for group in ("required", "optional")
        for name, given in declared.get(group, {}).items()
    }


def english_nodes(module: Any) -> dict[str, Any]:
    nodes = {}
    for key, cls in module.NODE_CLASS_MAPPINGS.items():
        outputs = zip(cls.RETURN_NAMES, cls.OUTPUT_TOOLTIPS, strict=True)
        nodes[key] = {
            "display_name": module.NODE_DISPLAY_NAME_MAPPINGS[key],
            "description": cls.DESCRIPTION,
            "inputs": {
                name: {"name": options.get("display_name", name), "tooltip": options["tooltip"]}
                for name, options in inputs_of(cls).items()
            },
            "outputs": {
                str(slot): {"name": name, "tooltip": tooltip}
                for slot, (name, tooltip) in enumerate(outputs)
            },
        }
    return nodes


def tooltip_in(language: str, english: str, rows: Table) -> str:
    """The first line by its row; of a table of models below it, what it says of their licences."""
    first, *models = english.split("\n")
    below = "\n".join(models)
    for licence in LICENCES:
        below = below.replace(licence, rows[licence][language])
    return "\n".join([rows[first][language], *([below] if below else [])])


def nodes_in(language: str, english: dict[str, Any]) -> dict[str, Any]:
    names, descriptions = table("names.txt"), table("descriptions.txt")
    slots = {kind: table(f"{kind}.txt") for kind in ("inputs", "outputs")}
    tooltips = table("tooltips.txt")
    nodes = {}
    for key, node in english.items():
        nodes[key] = {
            "display_name": names[node["display_name"]][language],
            "description": descriptions[key.removeprefix("GenVRDepth")][language],
        }
        for kind, rows in slots.items():
            nodes[key][kind] = {
                slot: {
                    "name": rows[given["name"]][language],
                    "tooltip": tooltip_in(language, given["tooltip"], tooltips),
                }
                for slot, given in node[kind].items()
            }
    return nodes


def translated(tree: Any, language: str, rows: Table) -> Any:
    """The same tree with every text replaced by that of the language."""
    if isinstance(tree, dict):
        return {key: translated(value, language, rows) for key, value in tree.items()}
    return rows[tree][language]


def complain_of_gaps(nodes: dict[str, Any]) -> None:
    """Stop with the list of rows that the tables still need."""
    slots = [
        (f"{kind}.txt", slot)
        for node in nodes.values()
        for kind in ("inputs", "outputs")
        for slot in node[kind].values()
    ]
    wanted = {
        "names.txt": {node["display_name"] for node in nodes.values()},
        "inputs.txt": {slot["name"] for name, slot in slots if name == "inputs.txt"},
        "outputs.txt": {slot["name"] for name, slot in slots if name == "outputs.txt"},
        "tooltips.txt": {slot["tooltip"].split("\n")[0] for _, slot in slots},
        "descriptions.txt": {key.removeprefix("GenVRDepth") for key in nodes},
    }
    gaps = [f"{name}: {row}" for name, rows in wanted.items() for row in rows - set(table(name))]
    if gaps:
        raise SystemExit("rows to add:\n" + "\n".join(sorted(gaps)))


def write(language: str, name: str, content: Any) -> None:
    path = ROOT / "locales" / language / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    # A line for each node: a change is seen, and what is downloaded holds no indentation.
    rows = (f"{_compact(key)}:{_compact(value)}" for key, value in content.items())
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    nodes = english_nodes(load_pack())
    complain_of_gaps(nodes)
    widgets, settings = page_texts()
    # ComfyUI looks settings up with underscores: a dot would mean a deeper level.
    settings = {key.replace(".", "_"): value for key, value in settings.items()}
    page = table("page.txt")
    sections = {key.split("_")[1]: key.split("_")[1] for key in settings}
    # The page looks headings up in one place for all settings.
    main_texts = {"genvrDepth": widgets, "settingsCategories": sections}
    write("en", "nodeDefs", nodes)
    write("en", "main", main_texts)
    write("en", "settings", settings)
    for language in LANGUAGES:
        write(language, "nodeDefs", nodes_in(language, nodes))
        write(language, "main", translated(main_texts, language, page))
        write(language, "settings", translated(settings, language, page))


if __name__ == "__main__":
    main()
