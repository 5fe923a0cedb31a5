"""What the three save nodes share: names, embedded texts, the list of files, the image shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from ..depthkit.images import resize
from .declared import Text
from .given_depth import with_note
from .host import current
from .on_demand import formats

__all__ = [
    "HIDDEN",
    "embedded_texts",
    "listed",
    "prefix_widget",
    "preview_small",
    "save_frames",
    "shown",
]

HIDDEN = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
FILES_KEY = "files"
PREVIEW_PREFIX = "GenVRDepthSaved"
_PREVIEW_SIDE = 1024
_PREVIEW_FRAMES = 16


def prefix_widget(default: str) -> Text:
    return Text(
        "File name, a sub-folder before a slash: depth/room. #### becomes the number of the frame: "
        "shot/depth.####. %year% %month% %day% %hour% %minute% %second% %width% %height% "
        "%batch_num% are filled in.",
        default,
    )


def embedded_texts(prompt: object, extra_pnginfo: Mapping[str, object] | None) -> dict[str, str]:
    """Key -> JSON of what ComfyUI wants to find in a saved file; empty with --disable-metadata."""
    if not current().metadata_enabled():
        return {}
    texts = {} if prompt is None else {"prompt": json.dumps(prompt)}
    for key, value in (extra_pnginfo or {}).items():
        texts[str(key)] = json.dumps(value)
    return texts


def save_frames(
    prefix: str,
    size: tuple[int, int],
    extension: str,
    frames: Iterable[Callable[[], formats.Encoded]],
    total: int,
    workers: int | None = None,
    *,
    note: str = "",
) -> tuple[list[dict[str, str]], list[formats.Saved]]:
    """Save under the output folder with the node's progress bar and Stop.

    size: (width, height) for the tokens. frames: `total` jobs, each asked for when it is begun, in
    order; what a job needs of a video is read then. workers: most frames encoded at once, None for
    one on each core. note: a line above what was saved, in the node's status. Returns the files as
    /history lists them, and their paths.
    """
    host, plain = current(), formats.check_prefix(prefix)
    with formats.file_errors(host.output_folder()):
        target = host.save_target(plain, *size)
    with host.task(total) as task:
        saved = formats.save_batch(
            target.folder,
            target.stem,
            target.counter,
            extension,
            frames,
            total,
            on_progress=task.on_progress,
            should_stop=task.should_stop,
            workers=workers,
        )
        told = f"{len(saved)} saved, last {saved[-1].path.name}"
        task.say(with_note(note, told))
    paths = [path for item in saved for path in (item.path, *item.beside)]
    return [_output_entry(path, target.subfolder) for path in paths], saved


def _output_entry(path: Path, subfolder: str) -> dict[str, str]:
    return {"filename": path.name, "subfolder": subfolder, "type": "output"}


def shown(
    files: list[dict[str, str]],
    saved: list[formats.Saved],
    shows: bool,
    preview: Callable[[list[int]], Tensor],
) -> Mapping[str, Sequence[object]]:
    """The `ui` of a save node: the true files, and images a browser can draw.

    preview: (N, H, W, 3) of the frames it is asked for, called only where the browser cannot draw
    the format itself.
    """
    if shows:
        names = {item.path.name for item in saved}
        images = [file for file in files if file["filename"] in names]
    else:
        images = preview_small(preview(_spread_picks(len(saved))))
    return {"images": images, **listed(files)}


def listed(files: list[dict[str, str]]) -> Mapping[str, Sequence[object]]:
    """The files of a save node in its `ui`, as Load Depth takes them: `a_00001_.exr [output]`.

    ComfyUI counts every object of a `ui` as an output of the job, and no such text: what it counts
    are the images or the 3D files.
    """
    paths = [PurePosixPath(file["subfolder"], file["filename"]) for file in files]
    return {FILES_KEY: [f"{path} [output]" for path in paths]}


def _spread_picks(total: int) -> list[int]:
    return list(range(0, total, max(1, -(-total // _PREVIEW_FRAMES))))


def preview_small(images: Tensor) -> list[dict[str, str]]:
    """Previews of images (N, H, W, 3), at most 1024 pixels on the longer side."""
    chosen = images.to("cpu", torch.float32)
    height, width = chosen.shape[1:3]
    scale = min(1.0, _PREVIEW_SIDE / max(height, width))
    small = resize(chosen, max(1, round(height * scale)), max(1, round(width * scale)))
    return current().preview(small, PREVIEW_PREFIX)
