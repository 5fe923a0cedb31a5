"""What the user may choose when saving or loading, and the limits every decoder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import FormatError, InvalidInput
from ..white import OFFERED
from .packed import PACKED

__all__ = [
    "AS_FILE_SAYS",
    "COMPRESSIONS",
    "EXR_CHANNELS",
    "INVERSE_METRES",
    "LAYOUTS",
    "MAX_PIXELS",
    "MEANINGS",
    "METRES",
    "PFM_SCALES",
    "RAY_METRES",
    "VALUES",
    "WHOLE",
    "LoadOptions",
    "SaveOptions",
    "check_size",
]

# 134 million pixels (16384 x 8192): half a gigabyte of float32, whatever a header promises.
MAX_PIXELS = 1 << 27

VALUES = ("raw", "metric", "disparity")
COMPRESSIONS = ("zip", "zips", "piz", "none")
EXR_CHANNELS = ("Z", "Y", "RGB")
AS_FILE_SAYS = "as the file says"
METRES = "metres (times unit scale)"
INVERSE_METRES = "1 / metres"
RAY_METRES = "metres along the ray (times unit scale)"
MEANINGS = (
    *(AS_FILE_SAYS, METRES, INVERSE_METRES),
    *(white.value for white in OFFERED),
    *(RAY_METRES, *PACKED),
)
AUTO, NONE = "auto", "none"
WHOLE = "whole"
LAYOUTS = (WHOLE, "depth right", "depth left", "depth below", "depth above")
PFM_SCALES = ("ignore", "multiply")


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How a depth map is written.

    values: "raw" the map's own numbers, "metric" metres, "disparity" 0..1 with near = 1.
    near, far: value of the map (metres where it is metric) that the ends of the window stand for;
        None takes the nearest and farthest valid pixel. They also give metres to relative depth.
    compression: of OpenEXR; channels: name of its one channel, or "RGB" for three equal ones.
    quality: of the JPEG inside a depth photo, 1..100.
    texts: further text to embed, for example {"prompt": json, "workflow": json}.
    """

    values: str = "raw"
    near: float | None = None
    far: float | None = None
    compression: str = "zip"
    channels: str = "Z"
    quality: int = 95
    texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("values", self.values, VALUES),
            ("compression", self.compression, COMPRESSIONS),
            ("channels", self.channels, EXR_CHANNELS),
        ):
            if value not in allowed:
                raise InvalidInput(f"Unknown {name} {value!r}; use one of {', '.join(allowed)}.")
        if not 1 <= self.quality <= 100:
            raise InvalidInput(f"The quality {self.quality} is not between 1 and 100.")


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How the numbers of a file are read.

    meaning: one of MEANINGS; the first trusts the file's own record and refuses a file without one.
    near, far: metres of the nearest and farthest code for the white-is-... meanings, both or none.
    unit_scale: metres per stored unit (0.001 for millimetres).
    zero_is_invalid: whether a stored 0 means "no value" (integer depth of sensors).
    no_data: the stored number that means "no value": "auto" takes what the file says and the huge
        numbers that renderers write for the sky, "none" takes every finite number, or a number.
    pfm_scale: what becomes of the scale in a PFM header: "ignore" or "multiply".
    channel: which channel or layer of a multi-channel file; "" looks for the usual names.
    fov_deg: horizontal field of view of a file that carries no camera, 0 for unknown.
    sidecar: JSON record that lies beside a file which cannot carry its own.
    size: (width, height) to draw a point cloud at that carries no size.
    first_frame, last_frame, step: of a clip. Numbers are those of the file names; in one file they
        count from 1. 0 is the first and the last there is.
    layout: where the depth is in an image or video that shows its photo, too; one of LAYOUTS.
    common: the file is a frame of a clip: nothing relative is fitted to this one alone.
    name: of the file; it becomes the source of a map that names none.
    """

    meaning: str = AS_FILE_SAYS
    near: float | None = None
    far: float | None = None
    unit_scale: float = 1.0
    zero_is_invalid: bool = True
    channel: str = ""
    fov_deg: float = 0.0
    sidecar: str = ""
    size: tuple[int, int] | None = None
    name: str = ""
    first_frame: int = 0
    last_frame: int = 0
    step: int = 1
    common: bool = False
    layout: str = WHOLE
    no_data: str = AUTO
    pfm_scale: str = PFM_SCALES[0]

    @property
    def excluded(self) -> float | None:
        """The number typed as no_data."""
        return None if self.no_data in (AUTO, NONE) else float(self.no_data)

    def __post_init__(self) -> None:
        if self.meaning not in MEANINGS:
            raise InvalidInput(
                f"Unknown meaning {self.meaning!r}; use one of: {'; '.join(MEANINGS)}."
            )
        if self.pfm_scale not in PFM_SCALES:
            raise InvalidInput(f"Unknown PFM scale {self.pfm_scale!r}; use ignore or multiply.")
        if self.layout not in LAYOUTS:
            raise InvalidInput(f"Unknown layout {self.layout!r}; use one of {', '.join(LAYOUTS)}.")
        if self.step < 1 or min(self.first_frame, self.last_frame) < 0:
            raise InvalidInput("Frame numbers must not be negative, and the step is at least 1.")
        try:
            _ = self.excluded
        except ValueError:
            raise InvalidInput(
                f"The no-data value {self.no_data!r} is no number; type one such as 65535, or auto "
                "or none."
            ) from None
        if not self.unit_scale > 0:
            raise InvalidInput("The unit scale must be above 0; 0.001 reads millimetres as metres.")
        if (self.near is None) != (self.far is None):
            raise InvalidInput("Give both near and far in metres, or leave both at 0.")
        if self.near is not None and self.far is not None and not 0 < self.near < self.far:
            raise InvalidInput(
                f"near = {self.near} and far = {self.far} metres do not make a range; near must be "
                "above 0 and below far."
            )


def check_size(width: int, height: int) -> None:
    """Refuse a size that no honest file has, before anything is allocated for it."""
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise FormatError(
            f"The file says it is {width} x {height} pixels; this loader reads 1 to {MAX_PIXELS} "
            "pixels. The file is damaged, or must be made smaller first."
        )
