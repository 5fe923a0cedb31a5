"""One model that turns rows into files; every engine and every command uses this one.

The frames of a video keep the scale the model gave each of them: segments are done in any order,
on any worker, and after a resume only some of them, so there is no frame before to tie them to.
Depth Estimation with consistency "clip" does that for a clip that fits into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ..errors import DepthError
from ..formats import decode_image, encode_depth, encode_image
from ..formats.depth_files import write_atomic
from ..progress import Progress
from .input_files import read_file
from .output_names import PREVIEW, targets
from .rows import Row
from .videos import Clip

if TYPE_CHECKING:
    from torch import Tensor

    from ..depth_map import DepthMap

__all__ = ["Answer", "Setup", "Worker", "encode_output"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker needs to start: plain values only, they travel to other processes.

    model: a name of `estimators.model_table`; folders: where models lie; device: see `find_device`;
    inner_size, detail: see `EstimateOptions`; formats: names of FORMATS, or PREVIEW.
    """

    model: str = "builtin"
    folders: tuple[str, ...] = ()
    device: str = "auto"
    inner_size: int = 0
    detail: str = "off"
    formats: tuple[str, ...] = ("png16",)


class Facts(TypedDict):
    """What a frame became. files: path per format."""

    width: int
    height: int
    kind: str
    model: str
    notes: list[str]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a row, in plain values. frames: how many images the row had; reason: why it
    failed, "" where it did not.

    facts: of its last frame; None where nothing was left to do.
    """

    source: str
    frames: int
    reason: str = ""
    facts: Facts | None = None


class Worker:
    """One model; called with rows. Raises DepthError where the model cannot be loaded."""

    def __init__(self, setup: Setup) -> None:
        from .. import estimators

        self._setup = setup
        self._options = estimators.EstimateOptions(setup.inner_size, setup.detail)
        self._clip: Clip | None = None
        self._estimator = estimators.load_estimator(
            setup.model,
            [Path(folder) for folder in setup.folders],
            download_policy="never",
            place=estimators.resident(estimators.find_device(setup.device)),
        )

    def __call__(
        self,
        row: Row,
        on_progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Answer:
        """Write the row's files; what fails becomes the answer's reason.

        on_progress: frames of a video, steps inside the model of an image. Raises Stopped.
        """
        facts: Facts | None = None
        frames = targets(row, self._setup.formats)
        try:
            for number, files in enumerate(frames):
                if row["anew"] or not all(path.is_file() for path in files.values()):
                    inner = None if row["count"] else on_progress
                    facts = self._frame(row, number, files, inner, should_stop)
                if row["count"] and on_progress is not None:
                    on_progress(number + 1, len(frames))
        except (DepthError, OSError, MemoryError, RuntimeError) as error:
            # RuntimeError is how torch says that an image does not fit into memory.
            return Answer(row["source"], len(frames), str(error) or type(error).__name__)
        return Answer(row["source"], len(frames), facts=facts)

    def _frame(
        self,
        row: Row,
        number: int,
        files: Mapping[str, Path],
        on_progress: Progress | None,
        should_stop: Callable[[], bool] | None,
    ) -> Facts:
        from .. import estimators

        image = self._image(row, number)
        found = estimators.estimate(
            self._estimator,
            image,
            self._options,
            on_progress=on_progress,
            should_stop=should_stop,
        )
        for name, path in files.items():
            write_atomic(path, encode_output(found.depth, image, name))
        return {
            "width": found.depth.width,
            "height": found.depth.height,
            "kind": found.depth.kind,
            "model": self._estimator.name,
            "notes": list(found.notes),
            "files": {name: str(path) for name, path in files.items()},
        }

    def _image(self, row: Row, number: int) -> Tensor:
        """(1, H, W, C): the image of the row, or its frame `number`."""
        path = Path(row["source"])
        if row["count"] == 0:
            return decode_image(read_file(path))
        wanted = row["first"] + number
        clip = self._clip
        # A segment goes on where the last one ended: a long video is decoded once.
        if clip is None or clip.path != path or clip.position > wanted:
            clip = self._clip = Clip(path)
        return clip.frame(wanted)


def encode_output(depth: DepthMap, image: Tensor, name: str) -> bytes:
    """The file `name` (a format of Save Depth, or "preview": the control image) of one frame.

    image: (1, H, W, C) the depth was made from.
    """
    from ..images import rgb
    from ..ranges import control_image

    if name == PREVIEW:
        return encode_image(control_image(depth)[0], "png")
    return encode_depth(depth, rgb(image)[0].numpy(), name)
