"""The table of models: what each predicts, what it may be used for, where its weights come from.

Sizes and parameter counts are those of the published safetensors files. Licences are those of the
model cards; where a card and its project disagree, the stricter one: the cards of the larger metric
Depth Anything V2 models say Apache-2.0, the project CC-BY-NC-4.0 for every base and large model.
`kind` is what the network itself puts out (see the family tests).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..depth_map import Kind

__all__ = [
    "BUILTIN",
    "BUILTIN_LICENCE",
    "CORE_MODELS",
    "FILES",
    "GENERAL",
    "MODELS",
    "CoreRow",
    "ModelRow",
    "find_row",
]

BUILTIN = "builtin"
BUILTIN_LICENCE = "MIT, encoder initialised from Apache-2.0 weights"
FILES = ("config.json", "preprocessor_config.json", "model.safetensors")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One downloadable model.

    name: our name, and its folder's. commercial: whether the licence allows commercial use.
    parameters, download_mb: millions, and 10^6 bytes. multiple, inner_size: see `Estimator`.
    revision: where in the repository a model.safetensors lies.
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
    revision: str = "main"
    files: tuple[str, ...] = FILES

    @property
    def speed(self) -> str:
        """A class of speed, by the number of parameters."""
        return next(name for name, limit in _SPEEDS.items() if self.parameters <= limit)

    @property
    def best_for(self) -> str:
        """What to choose it for, in a few words."""
        return _BEST_FOR[self.name]

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

_PROMPT, _PROMPT_HUB = "Prompt Depth Anything", "depth-anything/prompt-depth-anything"
_DPTD, _META = "DPT with DINOv2", "facebook/dpt-dinov2"

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
    ("zoedepth-nyu", _ZOE, "metric", _MIT, (344.8, 1380), "Intel/zoedepth-nyu", _MIDAS),
    ("zoedepth-kitti", _ZOE, "metric", _MIT, (344.8, 1380), "Intel/zoedepth-kitti", _MIDAS),
    ("glpn-nyu", "GLPN", "metric", _APACHE, (61.2, 245), "vinvino02/glpn-nyu", (32, 480)),
    ("glpn-kitti", "GLPN", "metric", _APACHE, (61.2, 245), "vinvino02/glpn-kitti", (32, 480)),
    (
        "tipsv2-dpt-base",
        "TIPSv2",
        "metric",
        _APACHE,
        (110.2, 632),
        "google/tipsv2-b14-dpt",
        (14, 448),
    ),
    ("dpt-dinov2-base-nyu", _DPTD, "metric", _APACHE, (112.0, 448), f"{_META}-base-nyu", _DINO),
    (
        "dpt-dinov2-small-kitti",
        _DPTD,
        "metric",
        _APACHE,
        (37.2, 149),
        f"{_META}-small-kitti",
        _DINO,
    ),
    (
        "prompt-depth-anything-small",
        _PROMPT,
        "metric",
        _APACHE,
        (25.1, 100),
        f"{_PROMPT_HUB}-vits-hf",
        (14, 756),
    ),
    (
        "prompt-depth-anything-large",
        _PROMPT,
        "metric",
        _APACHE,
        (340.0, 1360),
        f"{_PROMPT_HUB}-vitl-hf",
        (14, 756),
    ),
    (
        "dpt-hybrid-midas",
        _DPT,
        "disparity",
        _APACHE,
        (122.4, 490),
        "Intel/dpt-hybrid-midas",
        _MIDAS,
    ),
    ("dpt-large", _DPT, "disparity", _APACHE, (343.0, 1368), "Intel/dpt-large", _MIDAS),
    ("dpt-beit-large-512", _DPT, "disparity", _MIT, (345.0, 1380), _BEIT, (32, 512)),
)

# Repositories whose main branch holds a pickle only, and the branch with the same weights as
# safetensors.
_REVISIONS = {"dpt-hybrid-midas": "refs/pr/5", "dpt-dinov2-base-nyu": "refs/pr/3"}

MODELS: tuple[ModelRow, ...] = tuple(
    ModelRow(
        name, family, kind, licence, licence in _OPEN, *size, repository, *inner,
        _REVISIONS.get(name, "main"),
    )
    for name, family, kind, licence, size, repository, inner in _LINES
)  # fmt: skip

_SPEEDS = {"fast": 50.0, "medium": 130.0, "slow": 400.0, "very slow": float("inf")}
"""Classes of speed and the millions of parameters up to which a model belongs to them."""

_INDOORS, _ROADS = "rooms, in metres", "roads, in metres"
_BEST_FOR = {
    "depth-anything-v2-small": "most work: sharp, fast, free for any use",
    "depth-anything-v2-base": "finer shapes than small, not for commercial work",
    "depth-anything-v2-large": "the finest relative depth of this table, not for commercial work",
    f"{_V2M}-indoor-small": _INDOORS,
    f"{_V2M}-indoor-base": _INDOORS,
    f"{_V2M}-indoor-large": _INDOORS,
    f"{_V2M}-outdoor-small": "streets, in metres",
    f"{_V2M}-outdoor-base": "streets, in metres",
    f"{_V2M}-outdoor-large": "streets, in metres",
    "depth-anything-small": "results of the first version",
    "depth-anything-base": "a larger model that is free for any use",
    "depth-anything-large": "the largest relative model that is free for any use",
    "depth-pro": "metres and the lens of any photo, very sharp outlines",
    "zoedepth-nyu-kitti": "metres in rooms and on roads from one model",
    "zoedepth-nyu": _INDOORS,
    "zoedepth-kitti": _ROADS,
    "glpn-nyu": _INDOORS + ", with little memory",
    "glpn-kitti": _ROADS + ", with little memory",
    "tipsv2-dpt-base": _INDOORS + " of up to 10 m",
    "dpt-dinov2-base-nyu": _INDOORS,
    "dpt-dinov2-small-kitti": _ROADS,
    "prompt-depth-anything-small": "filling and refining measured depth (LiDAR), fast",
    "prompt-depth-anything-large": "filling and refining measured depth (LiDAR)",
    "dpt-hybrid-midas": "results made with MiDaS 3.0 hybrid",
    "dpt-large": "results made with MiDaS 3.0",
    "dpt-beit-large-512": "results made with MiDaS 3.1",
}


GENERAL = (
    "depth-anything-v2-large",
    "depth-anything-v2-base",
    "depth-pro",
    "depth-anything-v2-small",
    "depth-anything-large",
    "depth-anything-base",
    "depth-anything-small",
)
"""Models for images of any kind, the best first; those for rooms or roads alone are not here."""


@dataclass(frozen=True, slots=True)
class CoreRow:
    """A model that ComfyUI's own nodes run, from models/geometry_estimation.

    size: as published; metric: what it takes to get metres, or "no".
    """

    name: str
    size: str
    licence: str
    commercial: bool
    metric: str
    speed: str
    best_for: str


_NEEDS_LENS = "with a field of view"
CORE_MODELS: tuple[CoreRow, ...] = (
    CoreRow(
        "Depth Anything 3 Small, Base",
        "0.08 and 0.12 billion parameters",
        _APACHE,
        True,
        "no",
        "fast, medium",
        "clips and steady geometry",
    ),
    CoreRow(
        "Depth Anything 3 Large, Giant",
        "0.35 and 1.15 billion parameters",
        _CC_NC,
        False,
        "no",
        "slow, very slow",
        "the best geometry of the series",
    ),
    CoreRow(
        "Depth Anything 3 Mono Large",
        "0.35 billion parameters",
        _APACHE,
        True,
        "no",
        "slow",
        "single photos, sky known",
    ),
    CoreRow(
        "Depth Anything 3 Metric Large",
        "0.35 billion parameters",
        _APACHE,
        True,
        _NEEDS_LENS,
        "slow",
        "metres with a known lens, sky known",
    ),
    CoreRow("MoGe 1", "0.3 billion parameters", _MIT, True, "no", "slow", "the lens of any photo"),
    CoreRow(
        "MoGe 2, MoGe 3",
        "0.74 to 2.5 GB",
        _MIT,
        True,
        "yes",
        "slow, very slow",
        "metres and the lens of any photo, sky known",
    ),
)
"""Licences are those of the model cards."""


def find_row(name: str) -> ModelRow | None:
    """The row of a model we know, or None for a folder of the user."""
    return next((row for row in MODELS if row.name == name), None)
