"""Every fault at every state of a request: at most one charge, and the image or the way to it.

    python tests/support/fault_matrix.py docs/fault_matrix.md

A cell brings a request into a state, lets a run meet the fault, and runs twice more without it. It
holds where the service charged at most once, where the image that came is the one of the task, and
where a run that brings none says in words what to do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fake_genvr import FakeGenvr
from genvr_depth.nodes.depthkit.errors import DepthError, Stopped
from genvr_depth.nodes.depthkit.genvr.service_errors import JournalError
from matrix_bench import KEY, UID, Bench
from matrix_rows import FAULTS, STATES

__all__ = ["FAULTS", "STATES", "Cell", "page", "run_matrix"]

REMEDY = re.compile(
    r"(?i)run again|try again|pay again|later|reword|shorten|lower|check|backup|move it away"
    r"|free some|ask GenVR|add credits|set the|change that|support|make .* writable"
)
SAME_RUN, LATER_RUN, ASKS, JOURNAL = "=", "+", "?", "j"
LEGEND = {
    SAME_RUN: "the run that met the fault brought the image",
    LATER_RUN: "the next run brought it, for free if it was charged",
    ASKS: "the error says that the payment is unclear or the task failed, and that 'pay again' "
    "asks anew; with it the image came",
    JOURNAL: "the error says that the journal is not the one it was, and how to get it back or "
    "begin a new one; nothing is sent meanwhile",
}


@dataclass(frozen=True)
class Cell:
    """symbol: how the image came; charges: before 'pay again'; wrong: why it does not hold."""

    state: str
    fault: str
    symbol: str
    charges: int
    said: str = ""
    wrong: str = ""


def run_cell(fake: FakeGenvr, folder: Path, number: int, state: str, fault: str) -> Cell:
    bench = Bench(fake, folder, number)
    STATES[state](bench)
    bench.calm()
    symbol, said = SAME_RUN, ""
    try:
        FAULTS[fault](bench)
    except (DepthError, Stopped) as error:
        symbol, said = LATER_RUN, str(error)
    bench.calm()
    last: DepthError | None = None
    for _ in range(2):
        try:
            bench.obtain()
            last = None
        except DepthError as error:
            last = error
    charges = bench.charges
    wrong = f"{charges} charges" if charges > 1 else ""
    if last is not None:
        said = str(last)
        symbol = JOURNAL if isinstance(last, JournalError) else ASKS
        if not REMEDY.search(said):
            wrong = "no remedy"
        if symbol == ASKS:
            try:
                bench.obtain(pay_again=True)
            except DepthError as error:
                wrong = f"lost: {error}"
            if bench.charges > charges + 1:
                wrong = f"{bench.charges - charges} charges for one 'pay again'"
    elif charges != 1:
        wrong = f"an image for {charges} charges"
    return Cell(state, fault, symbol, charges, said, wrong)


@contextmanager
def small_disks(place: Path):
    """A file system of 1 MB for each cell that fills one; None where none can be mounted."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    able = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield place if able else None
    finally:
        if able:
            subprocess.run(["umount", "-l", str(place)], check=True)


def run_matrix(cells: list[tuple[str, str]] | None = None) -> list[Cell]:
    """The given cells (state, fault), or all."""
    wanted = cells or [(state, fault) for fault in FAULTS for state in STATES]
    found = []
    with (
        FakeGenvr(key=KEY, uid=UID) as fake,
        tempfile.TemporaryDirectory() as root,
        small_disks(Path(root) / "disk") as disk,
    ):
        for number, (state, fault) in enumerate(wanted):
            folder = Path(root) / str(number)
            if fault.startswith("disk full"):
                if disk is None:
                    continue
                folder = disk / str(number)
            folder.mkdir()
            found.append(run_cell(fake, folder, number, state, fault))
            shutil.rmtree(folder)
    return found


def page(cells: list[Cell]) -> str:
    """The matrix as a page of the documentation."""
    by_place = {(cell.state, cell.fault): cell for cell in cells}
    faults = list(dict.fromkeys(cell.fault for cell in cells))
    counts = Counter(cell.symbol for cell in cells)
    wrong = [cell for cell in cells if cell.wrong]
    lines = [
        "# Fault matrix",
        "",
        f"{len(faults)} faults x {len(STATES)} states of a request = {len(cells)} cells, made by",
        "`python tests/support/fault_matrix.py docs/fault_matrix.md` against the scripted",
        "stand-in; the SIGKILL rows end real processes, the disk rows fill a real file system of",
        "1 MB. Charges without 'pay again' were "
        + ", ".join(
            f"{count} in {cells_with} cells"
            for count, cells_with in sorted(Counter(cell.charges for cell in cells).items())
        )
        + f". Cells that do not hold: {len(wrong)}.",
        "",
        "| | meaning | cells |",
        "|---|---|---|",
        *(f"| `{symbol}` | {text} | {counts[symbol]} |" for symbol, text in LEGEND.items()),
        "",
        "| fault | " + " | ".join(STATES) + " |",
        "|---|" + "---|" * len(STATES),
    ]
    for fault in faults:
        row = [by_place.get((state, fault)) for state in STATES]
        marks = [
            "-" if cell is None else f"`{cell.symbol}`" + ("**!**" if cell.wrong else "")
            for cell in row
        ]
        lines.append(f"| {fault} | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    cells = run_matrix()
    Path(sys.argv[1]).write_text(page(cells))
    for cell in cells:
        if cell.wrong:
            sys.stdout.write(f"{cell.state} x {cell.fault}: {cell.wrong} ({cell.said[:300]})\n")
    sys.exit(any(cell.wrong for cell in cells))


if __name__ == "__main__":
    main()
