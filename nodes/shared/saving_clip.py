"""Save Depth's video formats: the whole clip in one file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..depthkit.ranges import control_image
from .frame_images import frame_image
from .given_depth import with_note
from .host import current
from .on_demand import formats
from .saving import listed, shown

__all__ = ["save_depth_clip"]


def save_depth_clip(
    depth: DepthMap,
    coding: formats.Coding,
    photos: Images | None,
    row: formats.VideoFormat,
    prefix: str,
    options: formats.SaveOptions,
    frame_rate: float,
    *,
    sidecar: bool,
    note: str,
) -> dict[str, object]:
    """Write the file with the node's bar and Stop; the `ui` of the node. note: for its status."""
    host, plain = current(), formats.check_prefix(prefix)

    def photo(index: int) -> NDArray[np.float32] | None:
        image = frame_image(photos, index)
        return None if image is None else image.numpy()

    with formats.file_errors(host.output_folder()):
        target = host.save_target(plain, depth.width, depth.height)
    with host.task(depth.batch) as task:
        temporary = formats.write_video(
            target.folder,
            row,
            depth,
            coding,
            photo,
            frame_rate=frame_rate,
            texts=options.texts,
            on_progress=task.on_progress,
            should_stop=task.should_stop,
        )
        path, _ = formats.place(temporary, target.stem, target.counter, row.extension)
        task.say(with_note(note, f"{depth.batch} frames saved, {path.name}"))
    saved = formats.Saved(path)
    if sidecar:
        record = formats.record_of(depth.frame(0), coding, 16).to_json()
        beside = path.with_name(path.name + ".json")
        formats.write_atomic(beside, formats.embed.sidecar(options.texts, record).encode())
        saved = formats.Saved(path, (beside,))
    files = [
        {"filename": one.name, "subfolder": target.subfolder, "type": "output"}
        for one in (path, *saved.beside)
    ]
    if row.extension == "mp4":  # browsers play it; Matroska they do not
        return {"images": files[:1], "animated": (True,), **listed(files)}
    frames = range(0, depth.batch, max(1, depth.batch // 16))
    return {**shown(files, [saved] * len(frames), False, lambda some: control_image(
        depth, only=[frames[index] for index in some]
    ))}  # fmt: skip
