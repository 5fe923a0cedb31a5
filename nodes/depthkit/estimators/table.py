"""The table of models: what each predicts, what it may be used for, where its weights come from.

Sizes and parameter counts are those of the published safetensors files; licences those of the
model cards. `kind` is what the network itself puts out (see the family tests).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..depth_map import Kind
from ..errors import InvalidInput

__all__ = ["BUILTIN", "FILES", "MODELS", "ModelRow", "find_row", "known_row"]

BUILTIN = "builtin"
FILES = ("config.json", "preprocessor_config.json", "model.safetensors")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One downloadable model.

    name: our name, and its folder's. commercial: whether the licence allows commercial use.
    parameters, download_mb: millions, and 10^6 bytes. multiple, inner_size: see `Estimator`.
    """

    name: str
    family: str
    kind: Kind
    licence: str
    commercial: bool
    parameters: float
    download_mb: int
    repository: str
    multiple: int
    inner_size: int
    files: tuple[str, ...] = FILES

    @property
    def summary(self) -> str:
        """One line for a tooltip or a table."""
        use = "commercial use allowed" if self.commercial else "NOT for commercial use"
        return f"{self.name}: {self.kind}, {self.download_mb} MB, {self.licence} ({use})"


_APACHE, _MIT, _CC_NC, _APPLE = "Apache-2.0", "MIT", "CC-BY-NC-4.0", "Apple-AMLR"
_OPEN = (_APACHE, _MIT)


def _row(
    name: str, family: str, kind: Kind, licence: str, size: tuple[float, int], repository: str,
    inner: tuple[int, int],
) -> ModelRow:  # fmt: skip
    return ModelRow(name, family, kind, licence, licence in _OPEN, *size, repository, *inner)


_S, _B, _L = (24.8, 99), (97.5, 390), (335.3, 1341)
_DINO, _MIDAS, _PRO = (14, 518), (32, 384), (1536, 1536)
_DA, _DA2, _DPT = "Depth Anything", "Depth Anything V2", "DPT / MiDaS"
_HUB = "depth-anything/Depth-Anything-V2"

MODELS: tuple[ModelRow, ...] = (
    _row("depth-anything-v2-small", _DA2, "disparity", _APACHE, _S, f"{_HUB}-Small-hf", _DINO),
    _row("depth-anything-v2-base", _DA2, "disparity", _CC_NC, _B, f"{_HUB}-Base-hf", _DINO),
    _row("depth-anything-v2-large", _DA2, "disparity", _CC_NC, _L, f"{_HUB}-Large-hf", _DINO),
    *(
        _row(
            f"depth-anything-v2-metric-{place}-{size.lower()}", f"{_DA2} metric", "metric",
            licence, figures, f"{_HUB}-Metric-{place.capitalize()}-{size}-hf", _DINO,
        )  # fmt: skip
        for place in ("indoor", "outdoor")
        for size, licence, figures in (
            ("Small", _APACHE, _S),
            ("Base", _CC_NC, _B),
            ("Large", _CC_NC, _L),
        )
    ),
    _row("depth-anything-small", _DA, "disparity", _APACHE, _S, "LiheYoung/depth-anything-small-hf", _DINO),
    _row("depth-anything-base", _DA, "disparity", _APACHE, _B, "LiheYoung/depth-anything-base-hf", _DINO),
    _row("depth-anything-large", _DA, "disparity", _APACHE, _L, "LiheYoung/depth-anything-large-hf", _DINO),
    _row("depth-pro", "Depth Pro", "metric", _APPLE, (951.9, 1904), "apple/DepthPro-hf", _PRO),
    _row("zoedepth-nyu-kitti", "ZoeDepth", "metric", _MIT, (346.1, 1385), "Intel/zoedepth-nyu-kitti", _MIDAS),
    _row("dpt-large", _DPT, "disparity", _APACHE, (343.0, 1368), "Intel/dpt-large", _MIDAS),
    _row("dpt-hybrid-midas", _DPT, "disparity", _APACHE, (123.0, 490), "Intel/dpt-hybrid-midas", _MIDAS),
    _row("dpt-beit-large-512", _DPT, "disparity", _MIT, (345.0, 1380), "Intel/dpt-beit-large-512", (32, 512)),
)  # fmt: skip


def find_row(name: str) -> ModelRow | None:
    """The row of a model we know, or None for a folder the person brought."""
    return next((row for row in MODELS if row.name == name), None)


def known_row(name: str) -> ModelRow:
    """The row, or InvalidInput naming the models there are."""
    row = find_row(name)
    if row is None:
        raise InvalidInput(
            f"There is no model {name!r} to download; known are: {BUILTIN}, "
            f"{', '.join(row.name for row in MODELS)}."
        )
    return row
