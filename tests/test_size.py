"""How much a user downloads, and a contributor clones."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest
import scan_surface
from load_pack import ROOT

ZIP_BYTES = 10_000_000
PICTURE_BYTES = 300 * 1024
TREE_BYTES = 16_000_000
PICTURES = {".jpg", ".png", ".webp", ".gif"}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in names.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_the_registrys_zip_is_at_most_10_mb(tracked):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for path in scan_surface.packed_files(ROOT):
            file.write(path, path.relative_to(ROOT))
    assert packed.tell() <= ZIP_BYTES


def test_every_picture_is_at_most_300_kb(tracked):
    sizes = {name: (ROOT / name).stat().st_size for name in tracked}
    assert [
        (name, size)
        for name, size in sizes.items()
        if (ROOT / name).suffix in PICTURES and size > PICTURE_BYTES
    ] == []


def test_the_working_tree_stays_small(tracked):
    assert sum((ROOT / name).stat().st_size for name in tracked) <= TREE_BYTES
