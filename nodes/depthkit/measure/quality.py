"""Is this depth map fit to steer an image? Looked at before minutes or credits are spent.

Every check is a row of a table: a code, how bad it is, and a function that looks at one frame and
returns what it found, in plain words, with what to do.
"""

from __future__ import annotations

from torch import Tensor

from ..depth_map import DepthMap
from ..images import at_frame, check_frames
from ..progress import Progress
from .findings import SEVERITIES, Finding, QualityReport
from .frame_view import Checks, prepared
from .photo_checks import PHOTO_CHECKS
from .value_checks import VALUE_CHECKS

__all__ = ["CODES", "check_depth"]

_CHECKS: Checks = {**VALUE_CHECKS, **PHOTO_CHECKS}
CODES: tuple[str, ...] = tuple(_CHECKS)
# What a finding leaves nothing to say about: the edges of a shifted map say nothing of glass.
_MAKES_MOOT: dict[str, tuple[str, ...]] = {
    "empty": CODES,
    "flat": CODES,
    "spike": ("inverted", "clipped", "speckle"),
    "misaligned": ("transparent",),
}


def check_depth(
    depth: DepthMap,
    image: Tensor | None = None,
    target_side: int = 0,
    *,
    on_progress: Progress | None = None,
) -> QualityReport:
    """Look at every frame.

    image: (B or 1, H, W, 3), the photo of the same view, or None: then what needs it is left out.
    target_side: shorter side in pixels of the image to be made; 0 skips that check. Raises
    InvalidInput where the counts of depth and photo do not fit.
    """
    if image is not None:
        check_frames(image, depth.batch)
    findings: list[Finding] = []
    for index in range(depth.batch):
        photo = None if image is None else at_frame(image, index)
        view = prepared(depth.frame(index), photo, target_side)
        moot: set[str] = set()
        for code, (severity, look) in _CHECKS.items():
            found = None if code in moot else look(view)
            if found is not None:
                findings.append(Finding(code, severity, index, *found))
                moot.update(_MAKES_MOOT.get(code, ()))
        if on_progress is not None:
            on_progress(index + 1, depth.batch)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return QualityReport(tuple(findings), depth.batch)
