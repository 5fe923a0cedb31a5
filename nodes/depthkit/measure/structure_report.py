"""What a comparison of two depth maps says: the score, its parts and the usual metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

__all__ = ["Comparison", "StructureReport", "verdict"]


@dataclass(frozen=True, slots=True)
class StructureReport:
    """score 0..100, outlines (G), layout (L) and worst_place (W, -1..1) as in `structure`.

    The rest as in `metrics`. control_rmse: 0..255 between the min-max normalised maps
    (ControlNet++). abs_rel, delta1: after alignment. boundary_f1: exact to the pixel, hence low
    even for good images. horizon_shift, vanishing_shift: percent of the image's height and
    width, None where no lines were found. judged: whether the control is an answer of the same
    estimator; if not, the score compares an estimate with a depth of another sharpness.
    """

    score: float
    spearman: float
    outlines: float
    layout: float
    worst_place: float
    control_rmse: float
    abs_rel: float
    delta1: float
    boundary_f1: float
    horizon_shift: float | None = None
    vanishing_shift: float | None = None
    estimator: str = ""
    size: str = ""
    judged: bool = True
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"notes": list(self.notes)}

    def text(self) -> str:
        """As text: the verdict first, then the numbers with their conditions."""
        opinion = verdict(self.score) if self.judged else "no verdict, see below."
        rows = [
            f"Structure score {self.score:.1f} of 100: {opinion}",
            f"rank correlation {self.spearman:.3f}, outlines {self.outlines:.3f}, layout "
            f"{self.layout:.3f}, worst place {self.worst_place:.3f}, boundary F1 "
            f"{self.boundary_f1:.3f}",
            f"aligned AbsRel {self.abs_rel:.4f}, delta1 {self.delta1:.3f}, control RMSE "
            f"{self.control_rmse:.2f} of 255 (min-max)",
        ]
        if self.horizon_shift is not None:
            rows.append(
                f"horizon moved {self.horizon_shift:+.1f} % of the height, vanishing point "
                f"{self.vanishing_shift:.1f} % of the width"
            )
        rows.append(f"estimator {self.estimator or 'unknown'}, compared at {self.size}")
        return "\n".join([*rows, *self.notes])


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """report, and error (h, w) float32 0..1: disparity difference as a share of the range."""

    report: StructureReport
    error: Tensor


_VERDICTS = (
    (80.0, "the structure is kept."),
    (60.0, "mostly kept, with local changes."),
    (35.0, "loosely followed."),
    (20.0, "hardly followed."),
    (0.0, "not the same scene."),
)


def verdict(score: float) -> str:
    """A score of 0..100 in words."""
    return next(text for limit, text in _VERDICTS if score >= limit)
