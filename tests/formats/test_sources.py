"""Files of every program and device are read as their independent reader reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from depth_sources import SOURCES, table
from genvr_depth.nodes.depthkit.formats import decode_depth

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s.program}, {s.file}, {s.layer}")
def test_a_source_is_read_as_its_own_reader_reads_it(source):
    for library in ("OpenImageIO", "h5py", "pi_heif"):
        if library.lower().replace("_", "-") == source.reader.lower():
            pytest.importorskip(library)
    data = source.make()
    found = decode_depth(data, source.options)
    expected = np.asarray(source.expected(data), np.float64)
    assert ("metres" in source.reads) == (found.kind == "metric")
    assert ("camera" in source.reads) <= (found.camera is not None)
    valid = found.valid.numpy().reshape(expected.shape)
    assert valid.all() or "unknown" in source.reads
    values = found.values.numpy().reshape(expected.shape)
    np.testing.assert_allclose(values[valid], expected[valid], rtol=1e-6, atol=source.atol)


def test_the_table_in_the_documentation_is_this_one():
    page = (ROOT / "docs" / "depth_files.md").read_text(encoding="utf-8")
    assert page == table(), "run python tests/data/refresh_sources.py"
