"""The nodes that sample workflows are put together from, and the columns they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .build import Node, Template
from .model_files import File
from .notes import NOTES

__all__ = [
    "BLURRED",
    "IN_PARTS",
    "camera_move",
    "checkpoint",
    "columns",
    "control_net",
    "entry",
    "film",
    "in_parts",
    "layers",
    "loader",
    "narrow",
    "note",
    "painter",
    "photo",
    "report",
    "save_image",
    "shown_clip",
    "two_eyes",
]

PHOTO = "Photo: a sample scene or your own"
COLUMNS = ((0, 300), (330, 340), (700, 380), (1110, 440))  # left edge, width
TITLE, GAP = 30, 28
NARROW = 330  # low in the last column: the minimap covers its right end
Stack = Mapping[str, tuple[int, Node]]  # key -> height and node, from the top down


def columns(*stacks: Stack) -> Template:
    placed: dict[str, Node] = {}
    for (x, width), stack in zip(COLUMNS, stacks, strict=True):
        y = 0
        for key, (height, node) in stack.items():
            placed[key] = replace(node, at=(x, y), size=(node.size[0] or width, height))
            y += height + TITLE + GAP
    return placed


def entry(
    kind: str,
    title: str = "",
    models: tuple[File, ...] = (),
    widgets: Mapping[str, Any] | None = None,
    collapsed: bool = False,
    **links: Any,
) -> Node:
    return Node(
        kind, widgets=widgets or {}, links=links, title=title, models=models, collapsed=collapsed
    )


def narrow(node: Node) -> Node:
    return replace(node, size=(NARROW, 0))


def note(number: str) -> Node:
    return Node("MarkdownNote", title="Read me", note=NOTES[number])


def photo(scene: str) -> Node:
    return entry("GenVRDepthSampleScene", PHOTO, widgets={"scene": scene})


def save_image(prefix: str, source: tuple[str, str], format: str = "png") -> Node:
    return entry("GenVRDepthSaveImage", "Save Image: drag the line to compare",
                 widgets={"filename_prefix": prefix, "format": format},
                 images=source, compare_with=("photo", "image"))  # fmt: skip


def loader(kind: str, widget: str, file: File) -> Node:
    return entry(kind, models=(file,), widgets={widget: file.name})


def checkpoint(file: File) -> tuple[int, Node]:
    return 134, loader("CheckpointLoaderSimple", "ckpt_name", file)


def control_net(file: File) -> tuple[int, Node]:
    return 84, loader("ControlNetLoader", "control_net_name", file)


def painter(words: str, seed: int, negative: str, more: Any = None, **links: Any) -> Node:
    given = {"prompt": words, "seed": seed, "negative_prompt": negative} | (more or {})
    base = {"depth": ("photo", "depth"), "model": ("checkpoint", "MODEL")}
    base |= {"vae": ("checkpoint", "VAE"), "clip": ("checkpoint", "CLIP")}
    base |= {"control_net": ("control", "CONTROL_NET")}
    joined = {name: link for name, link in (base | links).items() if link}
    return entry("GenVRDepthGenerateLocal", widgets=given, **joined)


def in_parts(unet: File, clip: File, kind: str, vae: File) -> Stack:
    """Model, text encoder and VAE from a file each."""
    return {
        "checkpoint": (98, loader("UNETLoader", "unet_name", unet)),
        "clip": (130, entry("CLIPLoader", models=(clip,),
                            widgets={"clip_name": clip.name, "type": kind})),
        "vae": (84, loader("VAELoader", "vae_name", vae)),
    }  # fmt: skip


IN_PARTS = {"vae": ("vae", "VAE"), "clip": ("clip", "CLIP")}


def camera_move(move: str, amount: float, frames: int) -> tuple[int, Node]:
    return 420, entry("GenVRDepthCameraMove",
                      widgets={"move": move, "amount": amount, "frames": frames},
                      depth=("photo", "depth"), image=("photo", "image"))  # fmt: skip


def film(words: str, seed: int, negative: str, **links: Any) -> tuple[int, Node]:
    base = {"model": ("checkpoint", "MODEL"), "depth": ("move", "depth")} | IN_PARTS
    return 940, entry("GenVRDepthGenerateVideo",
                      widgets={"prompt": words, "seed": seed, "negative_prompt": negative},
                      **(base | links))  # fmt: skip


def shown_clip(prefix: str) -> tuple[int, Node]:
    return 420, entry("SaveVideo", widgets={"filename_prefix": prefix}, video=("paint", "video"))


def report() -> tuple[int, Node]:
    return 340, narrow(entry("PreviewAny", "What was wired", source=("paint", "report")))


BLURRED = "blurry, distorted, flicker, text, watermark"


def layers(count: int) -> Node:
    return entry("GenVRDepthLayers", widgets={"layers": count, "feather": 0.05},
                 depth=("photo", "depth"), image=("photo", "image"))  # fmt: skip


def two_eyes(title: str, image: tuple[str, str]) -> Node:
    """Left and right, the left one unmoved: only the right one has holes."""
    return entry("GenVRDepthStereo", title,
                 widgets={"layout": "left and right", "source_eye": "left eye"},
                 depth=("photo", "depth"), image=image)  # fmt: skip
