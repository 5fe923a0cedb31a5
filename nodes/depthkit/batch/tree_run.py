"""Whole folders and videos: the same work in this process or spread over Ray actors.

The unit of work is a row: one image, or a segment of a video. A worker holds one model and turns
rows into files. What is finished is on disk, complete (files appear whole or not at all), so that a
run that was cut short goes on where it stopped.

The frames of a video keep the scale the model gave each of them: segments are done in any order,
on any worker, and after a resume only some of them, so there is no frame before to tie them to.
Estimate Depth with consistency "clip" does that for a clip that fits into memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DepthError, InvalidInput, MissingInformation, ModelError, Stopped
from ..formats import FORMATS, decode_image, encode_depth, encode_image
from ..formats.depth_files import write_atomic
from ..progress import Progress
from .videos import Clip, frame_count

if TYPE_CHECKING:
    from torch import Tensor

    from ..depth_map import DepthMap

__all__ = [
    "ENGINES",
    "IMAGE_TYPES",
    "PREVIEW",
    "VIDEO_TYPES",
    "Setup",
    "TreeReport",
    "encode_output",
    "estimate_tree",
]

IMAGE_TYPES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp"})
VIDEO_TYPES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})
PREVIEW = "preview"
_SEGMENT = 48


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker needs to start: plain values only, they travel to other processes.

    model: a name of `estimators.table`; folders: where models lie; device: see `find_device`.
    """

    model: str = "builtin"
    folders: tuple[str, ...] = ()
    device: str = "auto"
    inner_size: int = 0
    detail: str = "off"
    formats: tuple[str, ...] = ("png16",)


@dataclass(frozen=True, slots=True)
class TreeReport:
    """done, skipped: counts of rows; failed: (source, reason) in words."""

    done: int
    skipped: int
    failed: tuple[tuple[str, str], ...] = field(default=())


def estimate_tree(
    inputs: Sequence[Path],
    out: Path,
    setup: Setup,
    *,
    engine: str = "local",
    actors: int = 2,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TreeReport:
    """Estimate every image and video under `inputs`, mirrored under `out`.

    inputs: files and folders, searched in depth. An image a/b.jpg of the folder a becomes
    out/b_depth.png (or the chosen formats), a video c.mp4 out/c/000000_depth.png and so on.
    Finished files are skipped. A file that fails is listed and the rest goes on. Raises
    InvalidInput on unknown names and where nothing was found, MissingInformation where engine
    "ray" is asked for without Ray, Stopped when `should_stop` says so.
    """
    if engine not in ENGINES:
        raise InvalidInput(f"Unknown engine {engine!r}; use one of {', '.join(ENGINES)}.")
    unknown = [name for name in setup.formats if name not in FORMATS and name != PREVIEW]
    if unknown or not setup.formats:
        raise InvalidInput(f"Unknown format {unknown}; use {', '.join([*FORMATS, PREVIEW])}.")
    rows, failed = _rows(inputs, out)
    rows = _without_results(rows)
    waiting = [row for row in rows if not _finished(row, setup.formats)]
    done = 0
    for index, (source, reason) in enumerate(ENGINES[engine](waiting, setup, actors)):
        if should_stop is not None and should_stop():
            raise Stopped
        if reason:
            failed.append((source, reason))
        else:
            done += 1
        if on_progress is not None:
            on_progress(index + 1, len(waiting))
    return TreeReport(done, len(rows) - len(waiting), tuple(failed))


Row = dict[str, Any]
"""source: path; first, count: frames of a video, 0 for an image; stem: path without suffix."""


def _rows(inputs: Sequence[Path], out: Path) -> tuple[list[Row], list[tuple[str, str]]]:
    rows: list[Row] = []
    failed: list[tuple[str, str]] = []
    stems: set[Path] = set()
    for path, inside in _files(inputs, out):
        stem = _free_stem(out / inside, stems)
        stems.add(stem)
        if path.suffix.lower() in IMAGE_TYPES:
            rows.append({"source": str(path), "first": 0, "count": 0, "stem": str(stem)})
            continue
        try:
            frames = frame_count(path)
        except DepthError as error:
            failed.append((str(path), str(error)))
            continue
        for first in range(0, frames, _SEGMENT):
            count = min(_SEGMENT, frames - first)
            rows.append({"source": str(path), "first": first, "count": count, "stem": str(stem)})
    if not rows and not failed:
        known = ", ".join(sorted(IMAGE_TYPES | VIDEO_TYPES))
        raise InvalidInput(f"There are no images or videos in what was given ({known}).")
    return rows, failed


def _free_stem(wanted: Path, taken: set[Path]) -> Path:
    """The name without its suffix; where that is taken with it, then with a number behind it."""
    stem = wanted.with_suffix("")
    if stem in taken:
        stem = wanted.with_name(wanted.name.replace(".", "_"))
    plain, number = stem, 2
    while stem in taken:
        stem, number = plain.with_name(f"{plain.name}_{number}"), number + 1
    return stem


def _files(inputs: Sequence[Path], out: Path) -> Iterator[tuple[Path, Path]]:
    """(path, path relative to the input folder), in an order that never changes.

    What lies under `out` is what earlier runs made, and left out.
    """
    for given in inputs:
        if given.is_file():
            yield given, Path(given.name)
        elif given.is_dir():
            known, made = IMAGE_TYPES | VIDEO_TYPES, _inside(out, given)
            for path in sorted(given.rglob("*")):
                inside = path.relative_to(given)
                if made is not None and inside.is_relative_to(made):
                    continue
                if path.suffix.lower() in known and path.is_file():
                    yield path, inside
        else:
            raise InvalidInput(f"There is no file or folder {given}.")


def _inside(out: Path, given: Path) -> Path | None:
    """Where in a given folder the output goes; None where it goes elsewhere, or over all of it."""
    there, here = out.resolve(), given.resolve()
    return there.relative_to(here) if there != here and there.is_relative_to(here) else None


def _without_results(rows: list[Row]) -> list[Row]:
    """Where images and results share a folder, a result is no image to work on.

    A run may write other formats than the one before it: every name that any of them gives counts.
    """
    real = cache(Path.resolve)
    pictures, clips = set(), set()
    for row in rows:
        stem = Path(row["stem"])
        (clips if row["count"] else pictures).add(real(stem.parent) / stem.name)

    def is_result(source: Path) -> bool:
        name, _, word = source.stem.rpartition("_")
        if (word, source.suffix) not in _RESULTS:
            return False
        folder = real(source.parent)
        return folder / name in pictures or (folder in clips and name.isdecimal())

    return [row for row in rows if not is_result(Path(row["source"]))]


def _targets(row: Row, formats: Sequence[str]) -> list[list[Path]]:
    """For each frame of the row the files to write."""
    stem = Path(row["stem"])
    names = [stem / f"{row['first'] + n:06}" for n in range(row["count"])] or [stem]
    return [
        [name.with_name(f"{name.name}_{_word(f, formats)}.{_extension(f)}") for f in formats]
        for name in names
    ]


def _word(name: str, formats: Sequence[str]) -> str:
    if name == PREVIEW:
        return name
    alike = [f for f in formats if f != PREVIEW and _extension(f) == _extension(name)]
    return "depth" if len(alike) == 1 else name


def _extension(name: str) -> str:
    return "png" if name == PREVIEW else FORMATS[name].extension


# How the names of results end, see `_targets`.
_RESULTS = {(word, f".{_extension(name)}") for name in FORMATS for word in ("depth", name)}
_RESULTS.add((PREVIEW, f".{_extension(PREVIEW)}"))


def encode_output(depth: DepthMap, image: Tensor, name: str) -> bytes:
    """The file `name` (a format of Save Depth, or "preview": the control image) of one frame.

    image: (1, H, W, C) the depth was made from.
    """
    from ..images import rgb
    from ..ranges import control_image

    if name == PREVIEW:
        return encode_image(control_image(depth)[0], "png")
    return encode_depth(depth, rgb(image)[0].numpy(), name)


def _finished(row: Row, formats: Sequence[str]) -> bool:
    return all(path.is_file() for path in _all_targets(row, formats))


def _all_targets(row: Row, formats: Sequence[str]) -> list[Path]:
    return [path for files in _targets(row, formats) for path in files]


class Worker:
    """One model; called with rows."""

    def __init__(self, setup: Setup) -> None:
        from ..estimators import EstimateOptions, find_device, load_estimator, resident

        self._setup = setup
        self._options = EstimateOptions(setup.inner_size, setup.detail)
        self._clip: Clip | None = None
        self._estimator = load_estimator(
            setup.model,
            [Path(folder) for folder in setup.folders],
            download_policy="never",
            place=resident(find_device(setup.device)),
        )

    def __call__(self, row: Row) -> tuple[str, str]:
        """(source, "") when the row's files are written, (source, reason) when they are not."""
        from ..estimators import estimate

        try:
            for number, files in enumerate(_targets(row, self._setup.formats)):
                if all(path.is_file() for path in files):
                    continue
                image = self._image(row, number)
                found = estimate(self._estimator, image, self._options).depth
                for name, path in zip(self._setup.formats, files, strict=True):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_atomic(path, encode_output(found, image, name))
        except (DepthError, OSError, MemoryError, RuntimeError) as error:
            # RuntimeError is how torch says that an image does not fit into memory.
            return row["source"], str(error) or type(error).__name__
        return row["source"], ""

    def _image(self, row: Row, number: int) -> Tensor:
        """(1, H, W, C): the image of the row, or its frame `number`."""
        path = Path(row["source"])
        if row["count"] == 0:
            return decode_image(path.read_bytes())
        wanted = row["first"] + number
        clip = self._clip
        # A segment goes on where the last one ended: a long video is decoded once.
        if clip is None or clip.path != path or clip.position > wanted:
            clip = self._clip = Clip(path)
        return clip.frame(wanted)


Engine = Callable[[list[Row], Setup, int], Iterable[tuple[str, str]]]


def _local(rows: list[Row], setup: Setup, actors: int) -> Iterator[tuple[str, str]]:
    if rows:
        yield from map(Worker(setup), rows)


def _ray(rows: list[Row], setup: Setup, actors: int) -> Iterator[tuple[str, str]]:
    """Ray Data over `actors` processes with one model each; a running cluster is joined."""
    try:
        import ray
        import ray.data
    except ModuleNotFoundError:
        raise MissingInformation(
            'The engine "ray" needs Ray, an extra of this pack: python -m pip install -e ".[ray]" '
            'in its folder. Or use the engine "local".'
        ) from None
    if not rows:
        return
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    # The caller shows progress; of Ray's own words only what may be wrong is left. To it,
    # that its bars are off is a warning, too.
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)
    gpus = 1 if setup.device != "cpu" and ray.cluster_resources().get("GPU", 0) >= actors else 0
    root = Path(__file__).resolve().parents[3]
    worker = _ray_worker(__name__.split(".nodes.", 1)[0], str(root), asdict(setup))
    answers = ray.data.from_items(rows, override_num_blocks=min(len(rows), 8 * actors)).map(
        worker,
        compute=ray.data.ActorPoolStrategy(size=min(actors, len(rows))),
        num_gpus=gpus,
    )
    for answer in answers.iter_rows():
        if answer["unfit"]:
            raise ModelError(answer["unfit"])
        yield answer["source"], answer["reason"]


def _ray_worker(package: str, root: str, setup: dict[str, Any]) -> type:
    """A class that travels by value: the other process may know the pack by no name yet."""

    class RayWorker:
        def __init__(self) -> None:
            import importlib
            import importlib.util
            import sys

            if importlib.util.find_spec(package) is None:
                spec = importlib.util.spec_from_file_location(
                    package, f"{root}/__init__.py", submodule_search_locations=[root]
                )
                if spec is None or spec.loader is None:
                    raise ImportError(f"no pack at {root}")
                sys.modules[package] = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(sys.modules[package])
            module = importlib.import_module(f"{package}.nodes.depthkit.scale_out")
            errors = importlib.import_module(f"{package}.nodes.depthkit.errors")
            self._work, self._unfit = None, ""
            try:
                self._work = module.Worker(module.Setup(**setup))
            except errors.DepthError as error:
                # Raised here, Ray would start the actor again and again.
                self._unfit = str(error)

        def __call__(self, row: Row) -> Row:
            source, reason = self._work(row) if self._work else (row["source"], self._unfit)
            return {"source": source, "reason": reason, "unfit": self._unfit}

    return RayWorker


ENGINES: dict[str, Engine] = {"local": _local, "ray": _ray}
