"""The one JSON record that says what the numbers of a depth file mean, the same in every carrier.

It never holds a URL, a key or an absolute path. Everything read from it is checked: a file may come
from anywhere.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from ..depth_map import KINDS, PROJECTIONS, Pinhole, Size
from ..errors import FormatError
from ..version import VERSION

__all__ = ["RECORD_KEY", "Record"]

RECORD_KEY = "genvr_depth"
PACK = f"GenVR Depth {VERSION}"
_VERSION = 1
_MAX_TEXT = 1 << 20
_ENCODINGS = ("values", "linear", "inverse")
_UNITS = {"metric": "m", "depth": "none", "disparity": "none"}
_NEAR_IS_LARGE = "near_is_large"
_NEAR_IS_SMALL = "near_is_small"


@dataclass(frozen=True, slots=True)
class Record:
    """What the stored numbers mean.

    kind, camera, source, projection: of the DepthMap that loading returns.
    encoding: "values" the numbers themselves; "linear" a share of the way between `near` and `far`;
        "inverse" a share of the way between 1 / far and 1 / near.
    near, far: the map's values (metres where metric) at the two ends of the window.
    bits: 16 for integer codes 1..65535 with `invalid` = 0; 0 for floats, where NaN is invalid.
    measured: (height, width) at which the values were measured, None where unknown.
    normalisation: "none", "frame", "clip" (one window for the batch) or "fixed" (typed).
    """

    kind: str
    encoding: str
    near: float
    far: float
    bits: int
    width: int
    height: int
    normalisation: str = "none"
    camera: Pinhole | None = None
    source: str = ""
    measured: Size | None = None
    projection: str = PROJECTIONS[0]

    @property
    def near_is_large(self) -> bool:
        """Polarity of the stored numbers."""
        return self.encoding == "inverse" or self.kind == "disparity"

    def to_json(self) -> str:
        """ASCII JSON, stable key order."""
        body: dict[str, Any] = {
            "version": _VERSION,
            "kind": self.kind,
            "unit": _UNITS[self.kind],
            "polarity": _NEAR_IS_LARGE if self.near_is_large else _NEAR_IS_SMALL,
            "encoding": self.encoding,
            "near": self.near,
            "far": self.far,
            "bits": self.bits,
            "invalid": 0 if self.bits else "nan",
            "size": [self.width, self.height],
            "measured": [self.measured[1], self.measured[0]] if self.measured else None,
            "normalisation": self.normalisation,
            "camera": asdict(self.camera) if self.camera else None,
            "source": self.source,
            "writer": PACK,
        }
        if self.projection != PROJECTIONS[0]:
            body["projection"] = self.projection
        return json.dumps(body, allow_nan=False)

    @classmethod
    def from_sidecar(cls, text: str) -> Record | None:
        """The record in a `<file>.json`, or None where that file is about something else."""
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return None
        inner = body.get(RECORD_KEY) if isinstance(body, dict) else None
        return None if inner is None else cls.from_json(json.dumps(inner))

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read and check; raises FormatError on anything this version does not understand."""
        try:
            body = json.loads(text) if len(text) <= _MAX_TEXT else None
            if not isinstance(body, dict) or body["version"] != _VERSION:
                raise FormatError(
                    "The file's depth record is of a newer version; update GenVR Depth to read it."
                )
            return _validated(body)
        except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
            raise FormatError(
                f"The file's depth record is damaged ({error}); choose by hand what its numbers "
                "mean."
            ) from error


def _validated(body: dict[str, Any]) -> Record:
    width, height = body["size"]
    record = Record(
        kind=body["kind"],
        encoding=body["encoding"],
        near=_finite(body["near"]),
        far=_finite(body["far"]),
        bits=body["bits"],
        width=int(width),
        height=int(height),
        normalisation=str(body.get("normalisation", "none")),
        camera=_camera_of_record(body.get("camera")),
        source=str(body.get("source", ""))[:200],
        measured=_measured(body.get("measured")),
        projection=str(body.get("projection", PROJECTIONS[0])),
    )
    if record.projection not in PROJECTIONS:
        raise ValueError("unknown projection")
    if record.kind not in KINDS or record.encoding not in _ENCODINGS or record.bits not in (0, 16):
        raise ValueError("unknown kind, encoding or bits")
    if record.encoding == "inverse" and not (record.near > 0 and record.far > 0):
        raise ValueError("an inverse range must be positive")
    if body["polarity"] != (_NEAR_IS_LARGE if record.near_is_large else _NEAR_IS_SMALL):
        raise ValueError("polarity contradicts the kind")
    return record


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _measured(value: object) -> Size | None:
    if value is None:
        return None
    width, height = (int(_finite(side)) for side in value)  # type: ignore[attr-defined]
    if min(width, height) < 1:
        raise ValueError("the measured resolution is not positive")
    return height, width


def _camera_of_record(value: object) -> Pinhole | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("the camera is not an object")
    return Pinhole(*(_finite(value[name]) for name in ("fx", "fy", "cx", "cy")))
