"""Small videos, made with PyAV."""

from __future__ import annotations

import numpy as np


def make_film(path, frames):
    """A video 64 x 48, each frame a little brighter, its left half black."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for step in range(frames):
            pixels = np.full((48, 64, 3), 255 * (step + 1) // frames, dtype=np.uint8)
            pixels[:, :32] = 0
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path
