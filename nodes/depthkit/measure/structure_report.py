"""What a comparison of two depth maps says: the score, its parts and the usual metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from torch import Tensor

from .frame_move import STILL, FrameMove
from .place_names import place_name

__all__ = ["Comparison", "StructureReport", "verdict"]


@dataclass(frozen=True, slots=True)
class StructureReport:
    """score 0..100, outlines (G), layout (L) and worst_place (W, -1..1) as in `structure`.

    The rest as in `metrics`. control_rmse: 0..255 between the min-max normalised maps
    (ControlNet++). abs_rel, delta1: after alignment. boundary_f1: exact to the pixel, hence low
    even for good images. worst_at: the middle of the worst place, 0..1 of width and height. move:
    of the whole frame, undone before the rest was measured. horizon_shift, vanishing_shift: percent
    of the image's height and width, None where no lines were found. unjudged: why there is no
    verdict and how to get one, empty where there is: a control that is no answer of the same
    estimator is of another sharpness than what the images get.
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
    worst_at: tuple[float, float] = (0.5, 0.5)
    move: FrameMove = STILL
    horizon_shift: float | None = None
    vanishing_shift: float | None = None
    estimator: str = ""
    size: str = ""
    unjudged: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def judged(self) -> bool:
        """Whether the score is one, and has a verdict in words."""
        return not self.unjudged

    @property
    def changed_at(self) -> tuple[float, float] | None:
        """Where content changed: `worst_at` if that is bad enough, in what is still the scene."""
        named = self.judged and self.worst_place < _CHANGED and self.score >= _SAME_SCENE
        return self.worst_at if named else None

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"judged": self.judged, "notes": list(self.notes)}

    def remarks(self) -> list[str]:
        """What is to be said of the score: why there is none, a move, the place, the notes."""
        rows = [f"No verdict: {self.unjudged}"] if self.unjudged else []
        if moved := self.move.text():
            rows.append(f"the whole frame is {moved}; the rest was measured with that undone")
        if self.changed_at:
            across, down = self.changed_at
            place = place_name(across, down)
            rows.append(f"changed most {place}, {across:.0%} across and {down:.0%} down")
        return [*rows, *self.notes]

    def text(self) -> str:
        """As text: the verdict first, then the numbers with their conditions."""
        rows = [
            self._headline(),
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
        return "\n".join([*rows, *self.remarks()])

    def _headline(self) -> str:
        if not self.judged:
            return f"No structure score, see below; raw agreement {self.score:.1f} of 100."
        moved = self.move.text()
        opinion = f"{verdict(self.score)}, {moved}" if moved else verdict(self.score)
        return f"Structure score {self.score:.1f} of 100: {opinion}."


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """report, and error (h, w) float32 0..1: disparity difference as a share of the range."""

    report: StructureReport
    error: Tensor


_VERDICTS = (
    (80.0, "the structure is kept"),
    (60.0, "mostly kept, with local changes"),
    (35.0, "loosely followed"),
    (20.0, "hardly followed"),
    (0.0, "not the same scene"),
)
# Agreement of the worst place below which content changed there, and the least score with which
# one place is worth naming.
_CHANGED, _SAME_SCENE = 0.5, 20.0


def verdict(score: float) -> str:
    """A score of 0..100 in words."""
    return next(text for limit, text in _VERDICTS if score >= limit)
