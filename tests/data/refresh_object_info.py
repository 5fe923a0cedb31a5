r"""Refresh `object_info.json`: the schemas of the core nodes that plans and sample workflows use.

    COMFYUI_PATH=<checkout> python tests/data/refresh_object_info.py
    COMFYUI_PATH=<newer> python tests/data/refresh_object_info.py \
        object_info_newer.json plan_nodes.txt

Starts that ComfyUI without custom nodes and keeps facts only: names, types, limits and choices of
inputs, types of outputs. Lists of installed files are left out, they differ per machine.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from comfy_server import Comfy

HERE = Path(__file__).resolve().parent

NAMES = dict(enumerate(sys.argv[1:]))
TARGET = HERE / NAMES.get(0, "object_info.json")
# ids, any number a line; add one and run this file again
WANTED = HERE / NAMES.get(1, "core_nodes.txt")

# Drawn by the frontend alone; they have no schema on the server.
FRONTEND_ONLY = ("Note", "MarkdownNote", "PrimitiveNode", "Reroute")

_KEPT = (
    "default",
    "min",
    "max",
    "control_after_generate",
    "image_upload",
    "video_upload",
    "forceInput",
    "socketless",
)
_LOADER_INPUTS = ("_name", "name1", "name2", "name3")


def _input(name: str, declared: list[Any], lists_files: bool) -> dict[str, Any]:
    kind, options = declared[0], declared[1] if len(declared) > 1 else {}
    choices = kind if isinstance(kind, list) else options.get("options")
    fact: dict[str, Any] = {"type": "COMBO" if isinstance(kind, list) else kind}
    if fact["type"] == "COMBO" and not lists_files:
        fact["options"] = choices
    kept = {key: options[key] for key in _KEPT if key in options}
    if lists_files:
        kept.pop("default", None)
    return fact | kept


def _lists_files(node: str, name: str, declared: list[Any]) -> bool:
    options = declared[1] if len(declared) > 1 else {}
    loader = node.startswith("Load") or node.endswith(("Loader", "LoaderSimple", "LoaderModelOnly"))
    upload = "image_upload" in options or "video_upload" in options
    return upload or (
        loader and (name.endswith(_LOADER_INPUTS) or name in ("name", "latent", "text_encoder"))
    )


def facts(schema: dict[str, Any], node: str) -> dict[str, Any]:
    """What a workflow or a plan must agree with."""
    sections = {
        section: {
            name: _input(name, declared, _lists_files(node, name, declared))
            for name, declared in schema["input"].get(section, {}).items()
        }
        for section in ("required", "optional")
    }
    return {
        **sections,
        "output": schema["output"],
        "output_name": schema["output_name"],
        "output_node": schema["output_node"],
    }


def main() -> int:
    checkout = Path(os.environ["COMFYUI_PATH"])
    with tempfile.TemporaryDirectory() as base:
        python = os.environ.get("COMFYUI_PYTHON", sys.executable)
        comfy = Comfy(checkout, Path(base), python, extra=("--disable-all-custom-nodes",))
        comfy.start()
        try:
            schemas = comfy.object_info()
            version = comfy.get("/system_stats")["system"]["comfyui_version"]
        finally:
            comfy.stop()
    wanted = sorted(WANTED.read_text().split())
    missing = [node for node in wanted if node not in schemas]
    if missing:
        sys.stderr.write(f"not in ComfyUI {version}: {', '.join(missing)}\n")
        return 1
    snapshot = {
        "comfyui": version,
        "frontend_only": FRONTEND_ONLY,
        "nodes": {node: facts(schemas[node], node) for node in wanted},
    }
    TARGET.write_text(json.dumps(snapshot, indent=1) + "\n")
    sys.stdout.write(f"{len(wanted)} nodes of ComfyUI {version} -> {TARGET.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
