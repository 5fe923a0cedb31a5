"""The sample workflows: which nodes, where, and how they are joined.

Each stands in four columns, 1550 wide and at most 960 high: the page fits it into 0.75 of the
window, and so opens it at a zoom that reads on a screen of 1440x900. Heights are those that Vue
nodes need, which are the taller ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .build import Node, Template
from .model_files import CLIP_L, FLUX, FLUX_VAE, SD15, SD15_DEPTH, SDXL, SDXL_UNION, T5, File
from .notes import NOTES

__all__ = ["TEMPLATES"]

PHOTO = "Photo: a sample scene or your own"
COLUMNS = ((0, 300), (330, 340), (700, 380), (1110, 440))  # left edge, width
TITLE, GAP = 30, 28
NARROW = 330  # low in the last column: the minimap covers its right end
Stack = Mapping[str, tuple[int, Node]]  # key -> height and node, from the top down


def _columns(*stacks: Stack) -> Template:
    placed: dict[str, Node] = {}
    for (x, width), stack in zip(COLUMNS, stacks, strict=True):
        y = 0
        for key, (height, node) in stack.items():
            placed[key] = replace(node, at=(x, y), size=(node.size[0] or width, height))
            y += height + TITLE + GAP
    return placed


def _node(
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


def _narrow(node: Node) -> Node:
    return replace(node, size=(NARROW, 0))


def _note(number: str) -> Node:
    return Node("MarkdownNote", title="Read me", note=NOTES[number])


def _photo(scene: str) -> Node:
    return _node("GenVRDepthSampleScene", PHOTO, widgets={"scene": scene})


def _save(prefix: str, source: tuple[str, str], format: str = "png") -> Node:
    return _node("GenVRDepthSaveImage", "Save Image: drag the line to compare",
                 widgets={"filename_prefix": prefix, "format": format},
                 images=source, compare_with=("photo", "image"))  # fmt: skip


def _loader(kind: str, widget: str, file: File) -> Node:
    return _node(kind, models=(file,), widgets={widget: file.name})


def _checkpoint(file: File) -> tuple[int, Node]:
    return 126, _loader("CheckpointLoaderSimple", "ckpt_name", file)


def _control_net(file: File) -> tuple[int, Node]:
    return 84, _loader("ControlNetLoader", "control_net_name", file)


def _painter(words: str, seed: int, negative: str, more: Any = None, **links: Any) -> Node:
    given = {"prompt": words, "seed": seed, "negative_prompt": negative} | (more or {})
    base = {"depth": ("photo", "depth"), "model": ("checkpoint", "MODEL")}
    base |= {"vae": ("checkpoint", "VAE"), "clip": ("checkpoint", "CLIP")}
    base |= {"control_net": ("control", "CONTROL_NET")}
    joined = {name: link for name, link in (base | links).items() if link}
    return _node("GenVRDepthGenerateLocal", widgets=given, **joined)


def _layers(count: int) -> Node:
    return _node("GenVRDepthLayers", widgets={"layers": count, "feather": 0.05},
                 depth=("photo", "depth"), image=("photo", "image"))  # fmt: skip


TEMPLATES: dict[str, Template] = {
    "01 Photo to Depth": _columns(
        {"note": (410, _note("01"))},
        {"photo": (460, _photo("street"))},
        {"depth": (620, _node("GenVRDepthEstimate", image=("photo", "image")))},
        {"save": (460, _node("GenVRDepthSaveDepth",
                             widgets={"filename_prefix": "depth/photo", "format": "exr"},
                             depth=("depth", "depth"), image=("photo", "image")))},
    ),
    "02 Paint with Depth SD 1.5": _columns(
        {"note": (410, _note("02")), "checkpoint": _checkpoint(SD15),
         "control": _control_net(SD15_DEPTH)},
        {"photo": (460, _photo("furnished_room"))},
        {"paint": (760, _painter(
            "a bright scandinavian living room, oak floor, linen curtains, soft morning light, "
            "interior photograph", 42, "blurry, distorted, text, watermark",
            {"size": "megapixels", "second_pass": 1.5, "second_denoise": 0.45}))},
        {"save": (580, _save("depth_sd15", ("paint", "image")))},
    ),
    "03 Paint with Depth SDXL": _columns(
        {"note": (430, _note("03")), "checkpoint": _checkpoint(SDXL),
         "control": _control_net(SDXL_UNION)},
        {"photo": (430, _photo("street")), "prompts": (460, _node(
            "GenVRDepthPromptVariations",
            widgets={"prompt": "a quiet street with houses and trees, photograph",
                     "styles": "seasons"}))},
        {"paint": (760, _painter("", 7, "blurry, distorted, text, watermark",
                                 {"size": "megapixels"}, prompt=("prompts", "prompt")))},
        {"save": (580, _save("depth_sdxl", ("paint", "image")))},
    ),
    "04 FLUX.1 Depth": _columns(
        {"note": (490, _note("04")),
         "checkpoint": (98, _loader("UNETLoader", "unet_name", FLUX)),
         "clip": (150, _node("DualCLIPLoader", models=(CLIP_L, T5), widgets={
             "clip_name1": CLIP_L.name, "clip_name2": T5.name, "type": "flux"})),
         "vae": (84, _loader("VAELoader", "vae_name", FLUX_VAE))},
        {"photo": (460, _photo("furnished_room"))},
        {"paint": (760, _painter(
            "A reading room in an old mountain lodge at dusk: dark timber, a stone fireplace, wool "
            "blankets, lamps with warm light, snow behind the window", 42, "",
            {"size": "megapixels"}, vae=("vae", "VAE"), clip=("clip", "CLIP"), control_net=None))},
        {"save": (580, _save("depth_flux", ("paint", "image")))},
    ),
    "05 Restyle a Room": _columns(
        {"note": (430, _note("05")), "checkpoint": _checkpoint(SDXL),
         "control": _control_net(SDXL_UNION)},
        {"photo": (460, _photo("furnished_room")), "layers": (242, _layers(2))},
        {"paint": (760, _painter(
            "deep green panelled wall, brass image lights, framed prints, evening light, "
            "interior photograph", 11, "people, text, watermark", {"denoise": 0.9},
            reference=("photo", "image"), mask=("layers", "background")))},
        {"save": (540, _save("restyled_room", ("paint", "image"))),
         "mask": (300, _narrow(_node("MaskPreview", "White is repainted",
                                     mask=("layers", "background"))))},
    ),
    "06 Generate with GenVR": _columns(
        {"note": (370, _note("06"))},
        {"photo": (460, _photo("street"))},
        {"paint": (600, _node(
            "GenVRDepthGenerateRemote", image=("photo", "image"),
            widgets={"prompt": "the same street on a rainy night in the 1930s, neon signs, wet "
                               "asphalt with reflections, film still", "seed": 1}))},
        {"save": (580, _save("genvr/street", ("paint", "image")))},
    ),
    "07 Twelve Styles, Best Structure": _columns(
        {"note": (325, _note("07")), "prompts": (450, _node(
            "GenVRDepthPromptVariations",
            widgets={"prompt": "a still life on a kitchen table", "styles": "looks"}))},
        {"photo": (460, _photo("product_table")),
         "all": (420, _node("PreviewImage", "All twelve", images=("paint", "image")))},
        {"paint": (500, _node(
            "GenVRDepthGenerateRemote", image=("photo", "image"), prompt=("prompts", "prompt"),
            widgets={"seed": 1, "layout": "control size", "concurrency": 4})),
         "best": (150, _node("GenVRDepthKeepBest", widgets={"keep": 3},
                             control=("photo", "depth"), images=("paint", "image"),
                             original=("photo", "image")))},
        {"save": (540, _save("genvr/best", ("best", "images"))),
         "scores": (340, _narrow(_node("PreviewAny", "Scores", source=("best", "report"))))},
    ),
    "08 Layers and Depth-aware Edit": _columns(
        {"note": (275, _note("08"))},
        {"photo": (460, _photo("figure_in_hall")),
         "cut": (380, _node("PreviewImage", "The layers, nearest first",
                            images=("layers", "layers")))},
        {"layers": (242, _layers(3)),
         "blur": (120, _node("ImageBlur", widgets={"blur_radius": 12, "sigma": 6.0},
                             image=("photo", "image"))),
         "edit": (210, _node("ImageCompositeMasked", "Sharp foreground over blur",
                             destination=("blur", "IMAGE"), source=("photo", "image"),
                             mask=("layers", "foreground")))},
        {"save": (600, _save("depth/lens", ("edit", "IMAGE"), "jpg"))},
    ),
    "09 Stereo, Point Cloud and GLB": _columns(
        {"note": (350, _note("09"))},
        {"photo": (460, _photo("furnished_room")),
         "stereo": (240, _node("GenVRDepthStereo", depth=("photo", "depth"),
                               image=("photo", "image")))},
        {"mesh": (620, _node("GenVRDepthSave3D",
                             widgets={"filename_prefix": "vr/room", "format": "glb"},
                             depth=("photo", "depth"), image=("photo", "image")))},
        {"save": (460, _node("GenVRDepthSaveImage",
                             widgets={"filename_prefix": "vr/side-by-side", "format": "jpg"},
                             images=("stereo", "images")))},
    ),
    "10 Clip to Consistent Depth": _columns(
        {"note": (350, _note("10")),
         "clip": (306, _node("LoadVideo", "Load Video: your own clip", collapsed=True)),
         "frames": (116, _node("GetVideoComponents", video=("clip", "VIDEO")))},
        {"photo": (460, _photo("street")),
         "move": (264, _node("GenVRDepthStereo", "A short camera move",
                             widgets={"layout": "parallax clip, sway", "strength": 3.0,
                                      "frames": 16},
                             depth=("photo", "depth"), image=("photo", "image")))},
        {"depth": (640, _node("GenVRDepthEstimate", widgets={"consistency": "clip"},
                              image=("move", "images"))),
         "video": (116, _node("CreateVideo", widgets={"fps": 12.0},
                              images=("depth", "control_image")))},
        {"show": (400, _node("SaveVideo", widgets={"filename_prefix": "depth/clip"},
                             video=("video", "VIDEO"))),
         "save": (470, _narrow(_node("GenVRDepthSaveDepth", "Every frame, lossless",
                             widgets={"filename_prefix": "depth/clip/frame", "format": "exr"},
                             depth=("depth", "depth"))))},
    ),
    "11 Move the Camera": _columns(
        {"note": (390, _note("11"))},
        {"photo": (460, _photo("furnished_room"))},
        {"move": (420, _node("GenVRDepthCameraMove",
                             widgets={"move": "orbit", "amount": 0.12, "frames": 25,
                                      "timing": "sway"},
                             depth=("photo", "depth"), image=("photo", "image"))),
         "holes": (300, _node("MaskPreview", "What the photo does not show",
                              mask=("move", "holes")))},
        {"video": (116, _node("CreateVideo", widgets={"fps": 12.0}, images=("move", "frames"))),
         "show": (420, _node("SaveVideo", widgets={"filename_prefix": "depth/move"},
                             video=("video", "VIDEO")))},
    ),
}  # fmt: skip
