"""The pack as something that is installed: metadata, imports, layout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict

import pytest
from genvr_depth.nodes.depthkit.cli import main
from genvr_depth.nodes.depthkit.formats import record
from genvr_depth.nodes.depthkit.version import VERSION
from genvr_depth.nodes.shared import on_demand
from load_pack import ROOT, SUPPORT

HEAVY = (
    *("requests", "transformers", "av", "scipy", "OpenEXR", "trimesh", "huggingface_hub"),
    *("tifffile", "pi_heif", "h5py"),
)
COMFY = ("comfy", "comfy_api", "comfy_execution", "folder_paths", "server")

IMPORT = """
import sys
blocked = set(sys.argv[2].split(","))
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ImportError(name + " must not be imported with the pack")
sys.meta_path.insert(0, Block())
sys.path.append(sys.argv[1])
from load_pack import load_pack
module = load_pack()
"""
ASK_EVERY_NODE = """
for node in module.NODE_CLASS_MAPPINGS.values():
    node.INPUT_TYPES()
"""
COUNT = """
print(*(name for name in sys.modules if name.split(".")[0] in ("genvr_depth", "PIL")))
"""
# Ctrl-C when `argv[4]` is imported by a program that was started as `argv[3]`.
PRESS = """
import os, signal, sys
# A job in the background of a shell is started with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0] = sys.argv[3]
class Press:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[4]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
"""
RUN = """
from genvr_depth.nodes.depthkit.cli import main
sys.exit(main(["models", "--help"]))
"""


@pytest.fixture(scope="module")
def imported() -> subprocess.CompletedProcess[str]:
    """The pack in a fresh process without heavy libraries: names its modules, asks every node."""
    blocked = ",".join(HEAVY + COMFY)
    return subprocess.run(
        [sys.executable, "-c", IMPORT + COUNT + ASK_EVERY_NODE, str(SUPPORT), blocked],
        capture_output=True,
        text=True,
    )


def _toml() -> str:
    return (ROOT / "pyproject.toml").read_text()


def _list(name: str) -> list[str]:
    block = re.search(rf"^{name} = \[\n(.*?)^\]", _toml(), re.M | re.S)
    assert block is not None
    return re.findall(r'"([^"]+)"', block.group(1))


def test_requirements_txt_repeats_the_runtime_dependencies():
    lines = (ROOT / "requirements.txt").read_text().split("\n")
    assert [line for line in lines if line] == _list("dependencies")


def test_no_runtime_dependency_is_capped_or_pinned():
    assert not [
        line for line in _list("dependencies") if re.search(r"[<=~!]=?", line.replace(">=", ""))
    ]


def test_every_source_folder_is_in_the_wheel():
    folders = {p.parent for p in (ROOT / "nodes").rglob("*.py")} | {ROOT}
    found = {".".join(["genvr_depth", *f.relative_to(ROOT).parts]) for f in folders}
    assert found == set(_list("packages"))


def test_importing_the_pack_imports_no_heavy_library_and_no_comfyui(imported):
    assert imported.returncode == 0, imported.stderr


def test_importing_the_pack_leaves_what_only_a_run_needs_for_the_run(imported):
    loaded = imported.stdout.split()
    assert "genvr_depth.nodes.save.save_depth" in loaded
    late = {*on_demand.__all__, "PIL"}
    assert [name for name in loaded if late & set(name.split("."))] == []
    # A node more is a module or two more; a library pulled in by one is dozens.
    assert len(loaded) <= 80


def _pressed(program: str, moment: str) -> subprocess.CompletedProcess[str]:
    code = [sys.executable, "-c", PRESS + IMPORT + RUN]
    return subprocess.run(
        [*code, str(SUPPORT), "nothing", program, moment], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("program", "moment"),
    [
        ("/home/me/.venv/bin/genvr-depth", "torch"),
        ("genvr-depth.exe", "torch"),
        ("genvr-depth", "genvr_depth.nodes.depthkit.cli.plan"),
    ],
)
def test_ctrl_c_ends_the_command_in_one_line_while_it_still_loads(program, moment):
    run = _pressed(program, moment)
    assert (run.returncode, run.stderr, run.stdout) == (130, "genvr-depth: stopped\n", "")


def test_ctrl_c_while_others_load_the_pack_is_theirs_to_handle():
    run = _pressed("main.py", "torch")
    assert run.returncode not in (0, 130)
    assert run.stderr.strip().endswith("KeyboardInterrupt")


def test_the_top_level_is_the_planned_one():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in tracked if not line.startswith(".")}
    planned = "nodes web workflows subgraphs tests training locales docs __init__.py"
    planned += " pyproject.toml README.md LICENSE NOTICE CHANGELOG.md CONTRIBUTING.md"
    planned += " requirements.txt constraints.txt"
    assert top <= set(planned.split())


@pytest.mark.parametrize("pattern", [r"\beval\(", r"\bexec\(", r"\bprint\(", r"os\.system\("])
def test_the_pack_never_contains(pattern):
    hits = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "nodes").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line) and not re.search(r"\.(eval|exec)\(", line)
    ]
    assert hits == []


def test_only_the_host_seam_touches_comfyui():
    pattern = re.compile(rf"^\s*(?:import|from)\s+(?:{'|'.join(COMFY)}|comfy_extras)\b", re.M)
    hits = [p.name for p in (ROOT / "nodes").rglob("*.py") if pattern.search(p.read_text())]
    assert hits == ["comfy_host.py"]


def test_depthkit_never_reaches_up_to_the_nodes():
    kit = ROOT / "nodes" / "depthkit"
    for path in kit.rglob("*.py"):
        depth = len(path.relative_to(kit).parts)
        too_high = re.compile(rf"^\s*from \.{{{depth + 1},}}", re.M)
        assert not too_high.search(path.read_text()), path


def test_a_private_helper_has_a_name_of_its_own():
    """Two of one name are one helper, or two things that need two names."""
    defined = re.compile(r"^(?:async def|def|class) (_\w+)", re.M)
    files = defaultdict(list)
    for path in (ROOT / "nodes").rglob("*.py"):
        for name in set(defined.findall(path.read_text())):
            files[name].append(path.name)
    assert len(files) > 500
    assert {name: places for name, places in files.items() if len(places) > 1} == {}


def test_prose_is_plain():
    said = re.compile(
        r"\b(?:a person|a human|mend(?:s|ed|ing)?|speaks? of|(?:by|of) (?:it|them)sel(?:f|ves)"
        r"|for people)\b",
        re.I,
    )
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("web/docs/**/*.md")]
    texts += [*ROOT.glob("nodes/**/*.py"), *ROOT.glob("web/js/**/*.js")]
    texts += [*ROOT.glob("locales/en/*.json")]
    assert [
        f"{path.relative_to(ROOT)}: {found}"
        for path in texts
        for found in said.findall(path.read_text(encoding="utf-8"))
    ] == []


def test_no_node_imports_from_another_node():
    """What two nodes need lies in `nodes/shared` or in depthkit."""
    groups = [ROOT / "nodes" / name for name in ("estimate", "adjust", "generate", "save")]
    relative = re.compile(r"^\s*from (\.+[\w.]*) import", re.M)
    wrong = [
        f"{path.relative_to(ROOT)}: {module}"
        for group in groups
        for path in group.glob("*.py")
        for module in relative.findall(path.read_text())
        if not module.startswith(("..depthkit", "..shared"))
    ]
    assert all(list(group.glob("*.py")) for group in groups)
    assert wrong == []


def test_the_version_stands_in_one_place(capsys):
    version = re.search(r'^version = "([^"]+)"', _toml(), re.M)
    assert version is not None
    assert version.group(1) == VERSION
    assert f"GenVR Depth {VERSION}" == record.PACK
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"genvr-depth {VERSION}\n"
    sources = (ROOT / "nodes").rglob("*.py")
    assert [path.name for path in sources if VERSION in path.read_text()] == ["version.py"]


def _packed() -> list[str]:
    """What `comfy node pack` zips: the tracked files that `.comfyignore` does not match."""

    def tracked(*options: str) -> set[str]:
        command = ["git", "-C", str(ROOT), "ls-files", "-z", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip("not a git checkout")
        return set(filter(None, done.stdout.split("\0")))

    return sorted(tracked() - tracked("-c", "-i", "-X", str(ROOT / ".comfyignore")))


def test_the_registry_zip_holds_the_pack_and_nothing_else():
    packed = _packed()
    shown = {"nodes", "web", "workflows", "subgraphs", "locales"}
    top = {"__init__.py", "pyproject.toml", "requirements.txt"}
    top |= {"README.md", "CHANGELOG.md", "LICENSE", "NOTICE"}
    assert {name.split("/")[0] for name in packed} <= shown | top
    assert top <= set(packed)
    help_pages = [name for name in packed if name.startswith("web/docs/") and name.endswith(".md")]
    pictures = {
        f"web/docs/{picture}"
        for name in help_pages
        for picture in re.findall(r"\]\((img/[^)]+)\)", (ROOT / name).read_text())
    }
    assert len(help_pages) >= 26
    assert {name for name in pictures if (ROOT / name).is_file()} <= set(packed)
    # The weights of the built-in model are 15.9 MB; the rest stays small beside them.
    sizes = {name: (ROOT / name).stat().st_size for name in packed}
    assert sum(size for name, size in sizes.items() if "/weights/" not in name) < 7_000_000


@pytest.mark.skipif(os.name == "nt", reason="the interpreter without packages is a shell script")
def test_a_type_check_that_cannot_import_torch_fails(tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    check = [sys.executable, "-m", "basedpyright", "--level", "error", "--pythonpath", str(bare)]
    done = subprocess.run(
        [*check, "nodes/depthkit/ranges.py"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert 'Import "torch" could not be resolved (reportMissingImports)' in done.stdout
