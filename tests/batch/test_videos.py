"""Frames of a video file."""

from __future__ import annotations

import struct

import pytest
import torch
from film import make_film
from genvr_depth.nodes.depthkit.batch import videos
from genvr_depth.nodes.depthkit.errors import FormatError


def test_a_resumed_video_goes_on_at_the_right_frame(tmp_path):
    path = make_film(tmp_path / "clip.mp4", 6)
    whole = videos.Clip(path)
    frames = [whole.frame(index) for index in range(6)]
    assert torch.equal(videos.Clip(path).frame(4), frames[4])
    with pytest.raises(FormatError, match="ends after 6 frames"):
        whole.frame(6)


@pytest.mark.parametrize(
    ("matrix", "dark"),
    [("0 1 -1 0", "top"), ("-1 0 0 -1", "right"), ("0 -1 1 0", "bottom")],
)
def test_a_video_filmed_sideways_is_turned_upright(tmp_path, matrix, dark):
    path = make_film(tmp_path / "clip.mp4", 2)
    data = bytearray(path.read_bytes())
    # Width, height and the identity matrix end the track header; the matrix is turned by hand.
    start = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (int(number) << 16 for number in matrix.split())
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    image = videos.Clip(path).frame(1)[0, ..., 0]
    tall, wide = image.shape
    assert (tall > wide) == (dark != "right")
    parts = {
        "top": image[: tall // 3],
        "bottom": image[-tall // 3 :],
        "right": image[:, -wide // 3 :],
    }
    assert min(parts, key=lambda side: parts[side].mean().item()) == dark
    assert parts[dark].mean() < 0.2
