"""The table of models: what each predicts, what it may be used for, where its weights come from.

Sizes and parameter counts are those of the published safetensors files. Licences are those of the
model cards; where a card and its project disagree, the stricter one: the cards of the larger metric
Depth Anything V2 models say Apache-2.0, the project CC-BY-NC-4.0 for every base and large model.
`kind` is what the network itself puts out (see the family tests).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..depth_map import Kind

__all__ = ["BUILTIN", "BUILTIN_LICENCE", "FILES", "MODELS", "ModelRow", "find_row"]

BUILTIN = "builtin"
BUILTIN_LICENCE = "MIT, encoder initialised from Apache-2.0 weights"
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

# name, family, kind, licence, (millions of parameters, megabytes), repository, (multiple, inner)
_Line = tuple[str, str, Kind, str, tuple[float, int], str, tuple[int, int]]

_S, _B, _L = (24.8, 99), (97.5, 390), (335.3, 1341)
_DINO, _MIDAS, _PRO = (14, 518), (32, 384), (1536, 1536)
_DA, _DA2, _DA2M, _DPT = ("Depth Anything", "Depth Anything V2", "Depth Anything V2 metric", "DPT")
_V2, _V1 = "depth-anything/Depth-Anything-V2", "LiheYoung/depth-anything"
_ZOE, _ZOE_SIZE, _ZOE_HUB = "ZoeDepth", (346.1, 1385), "Intel/zoedepth-nyu-kitti"
_BEIT = "Intel/dpt-beit-large-512"
_IN, _OUT = f"{_V2}-Metric-Indoor", f"{_V2}-Metric-Outdoor"
_V2M = "depth-anything-v2-metric"

_LINES: tuple[_Line, ...] = (
    ("depth-anything-v2-small", _DA2, "disparity", _APACHE, _S, f"{_V2}-Small-hf", _DINO),
    ("depth-anything-v2-base", _DA2, "disparity", _CC_NC, _B, f"{_V2}-Base-hf", _DINO),
    ("depth-anything-v2-large", _DA2, "disparity", _CC_NC, _L, f"{_V2}-Large-hf", _DINO),
    (f"{_V2M}-indoor-small", _DA2M, "metric", _APACHE, _S, f"{_IN}-Small-hf", _DINO),
    (f"{_V2M}-indoor-base", _DA2M, "metric", _CC_NC, _B, f"{_IN}-Base-hf", _DINO),
    (f"{_V2M}-indoor-large", _DA2M, "metric", _CC_NC, _L, f"{_IN}-Large-hf", _DINO),
    (f"{_V2M}-outdoor-small", _DA2M, "metric", _APACHE, _S, f"{_OUT}-Small-hf", _DINO),
    (f"{_V2M}-outdoor-base", _DA2M, "metric", _CC_NC, _B, f"{_OUT}-Base-hf", _DINO),
    (f"{_V2M}-outdoor-large", _DA2M, "metric", _CC_NC, _L, f"{_OUT}-Large-hf", _DINO),
    ("depth-anything-small", _DA, "disparity", _APACHE, _S, f"{_V1}-small-hf", _DINO),
    ("depth-anything-base", _DA, "disparity", _APACHE, _B, f"{_V1}-base-hf", _DINO),
    ("depth-anything-large", _DA, "disparity", _APACHE, _L, f"{_V1}-large-hf", _DINO),
    ("depth-pro", "Depth Pro", "metric", _APPLE, (951.9, 1904), "apple/DepthPro-hf", _PRO),
    ("zoedepth-nyu-kitti", _ZOE, "metric", _MIT, _ZOE_SIZE, _ZOE_HUB, _MIDAS),
    ("dpt-large", _DPT, "disparity", _APACHE, (343.0, 1368), "Intel/dpt-large", _MIDAS),
    ("dpt-beit-large-512", _DPT, "disparity", _MIT, (345.0, 1380), _BEIT, (32, 512)),
)

MODELS: tuple[ModelRow, ...] = tuple(
    ModelRow(name, family, kind, licence, licence in _OPEN, *size, repository, *inner)
    for name, family, kind, licence, size, repository, inner in _LINES
)


def find_row(name: str) -> ModelRow | None:
    """The row of a model we know, or None for a folder of the user."""
    return next((row for row in MODELS if row.name == name), None)
