"""What Check Depth found: as text, as JSON, and as an error that ends the run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ..errors import InvalidInput

__all__ = ["SEVERITIES", "Finding", "QualityReport"]

SEVERITIES: tuple[str, ...] = ("problem", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    code: one of `quality.CODES`. severity: "problem" spoils the result, "warning" may, "note" is
    good to know. frame: which image of the batch. numbers: what was measured, for machines.
    """

    code: str
    severity: str
    frame: int
    text: str
    remedy: str
    numbers: dict[str, float]


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All findings of a batch, worst first."""

    findings: tuple[Finding, ...]
    frames: int

    @property
    def ok(self) -> bool:
        """Nothing found that spoils the result."""
        return not any(finding.severity == "problem" for finding in self.findings)

    def text(self) -> str:
        if not self.findings:
            return "The depth looks fit for use: nothing found."
        head = "The depth can be used." if self.ok else "The depth should not be used as it is."
        rows = [
            f"{f.severity.capitalize()}{f' (frame {f.frame + 1})' if self.frames > 1 else ''}: "
            f"{f.text} {f.remedy}"
            for f in self.findings
        ]
        return "\n".join([head, *rows])

    def as_json(self) -> str:
        return json.dumps({"ok": self.ok, "findings": [asdict(f) for f in self.findings]})

    def stop_on_problem(self) -> None:
        """Raise InvalidInput with the report's words unless it is `ok`."""
        if not self.ok:
            raise InvalidInput(
                f"{self.text()}\nThe run was stopped by Check Depth; set on_problem to report to "
                "go on."
            )
