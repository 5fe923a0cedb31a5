"""The thumbnails of the sample workflows: what each one computes, at a glance.

Images come from runs of the templates themselves. Templates 02 to 05 and 12 to 16 need weights that
are not there, so their cards show the scene and what goes in, never a generated image. The
cards of 06 and 07 show the stand-in's answers and say so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from .stage import ROOT, Stage, save

__all__ = ["cards"]

SIDE = 560
MOST = 40_000
GAP = 4
DARK = (24, 26, 30)
OF_STAND_IN = "simulated - needs a GenVR account"
WORKFLOWS = ROOT / "workflows"
Prompt = dict[str, dict[str, Any]]


def fit(image: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of the image, filling (width, height)."""
    scale = max(width / image.width, height / image.height)
    size = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
    resized = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return resized.crop((left, top, left + width, top + height))


def split(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two images of one view on either side of a slanting line."""
    seam = [(round(SIDE * 0.62), 0), (round(SIDE * 0.38), SIDE)]
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).polygon([seam[0], (SIDE, 0), (SIDE, SIDE), seam[1]], fill=255)
    card = Image.composite(fit(right, SIDE, SIDE), fit(left, SIDE, SIDE), mask)
    ImageDraw.Draw(card).line(seam, fill="white", width=GAP)
    return card


def stacked(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """Two images one above the other."""
    half = SIDE // 2
    card = Image.new("RGB", (SIDE, SIDE), "white")
    for top, image in ((0, upper), (half + GAP // 2, lower)):
        card.paste(fit(image, SIDE, half - GAP // 2), (0, top))
    return card


def grid(images: list[Image.Image], columns: int) -> Image.Image:
    """A card full of images, row by row."""
    rows = -(-len(images) // columns)
    width, height = (SIDE + GAP) // columns - GAP, (SIDE + GAP) // rows - GAP
    card = Image.new("RGB", (SIDE, SIDE), DARK)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        card.paste(fit(image, width, height), (column * (width + GAP), row * (height + GAP)))
    return card


def labelled(card: Image.Image, words: str) -> Image.Image:
    """The card with a line of text on a dark strip at its foot."""
    font = ImageFont.load_default(20)
    strip = Image.new("RGB", (SIDE, 34), DARK)
    ImageDraw.Draw(strip).text((SIDE // 2, 17), words, "white", font, "mm")
    card.paste(strip, (0, SIDE - strip.height))
    return card


def on_dark(layer: Image.Image) -> Image.Image:
    backdrop = Image.new("RGBA", layer.size, (40, 44, 52, 255))
    backdrop.alpha_composite(layer.convert("RGBA"))
    return backdrop.convert("RGB")


def node_of(prompt: Prompt, kind: str, title: str | None = None) -> str:
    """The id of the first node of a class (and title)."""
    return next(
        key
        for key, node in prompt.items()
        if node["class_type"] == kind and title in (None, node.get("_meta", {}).get("title"))
    )


def shown(prompt: Prompt, source: list[Any]) -> str:
    """Add a Preview Image to the prompt; returns its id."""
    key = f"shown {source[0]} {source[1]}"
    prompt[key] = {"class_type": "PreviewImage", "inputs": {"images": source}}
    return key


def images(stage: Stage, prompt: Prompt, *keys: str) -> list[list[Image.Image]]:
    """What the Preview Image nodes `keys` show after a run of what they need alone."""
    outputs = stage.outputs(_needed(prompt, keys))
    return [[stage.image(entry) for entry in outputs[key]["images"]] for key in keys]


def _needed(prompt: Prompt, keys: tuple[str, ...]) -> Prompt:
    """The part of the prompt that the nodes `keys` hang on."""
    kept: Prompt = {}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        kept[key] = prompt[key]
        links = [value[0] for value in prompt[key]["inputs"].values() if isinstance(value, list)]
        waiting += [link for link in links if link not in kept]
    return kept


# -- one function a kind of card -------------------------------------------------------------------


def _drawn(prompt: Prompt, depth: list[Any], colormap: str) -> str:
    """The key of a new node that draws the depth; shown as a card would show it."""
    inputs = {"depth": depth, "colormap": colormap, "near_is": "white"}
    prompt["drawn"] = {"class_type": "GenVRDepthToImage", "inputs": inputs}
    return shown(prompt, ["drawn", 0])


def photo_and_depth(stage: Stage, prompt: Prompt) -> Image.Image:
    depth = _drawn(prompt, [node_of(prompt, "GenVRDepthEstimate"), 0], "turbo")
    (photo,), (coloured,) = images(stage, prompt, _scene(prompt), depth)
    return split(photo, coloured)


def photo_and_control(stage: Stage, prompt: Prompt) -> Image.Image:
    (photo,), (grey,) = images(stage, prompt, _scene(prompt), _control(prompt))
    return split(photo, grey)


def control_and_photo(stage: Stage, prompt: Prompt) -> Image.Image:
    (photo,), (grey,) = images(stage, prompt, _scene(prompt), _control(prompt))
    return split(grey, photo)


def what_is_repainted(stage: Stage, prompt: Prompt) -> Image.Image:
    """The photo where it stays, its depth where the mask says that new things are painted."""
    scene, control = _scene(prompt), _control(prompt)
    mask = prompt[node_of(prompt, "MaskPreview")]["inputs"]["mask"]
    prompt["white"] = {"class_type": "MaskToImage", "inputs": {"mask": mask}}
    (photo,), (grey,), (white,) = images(stage, prompt, scene, control, shown(prompt, ["white", 0]))
    whole = Image.composite(grey.convert("RGB"), photo.convert("RGB"), white.convert("L"))
    return stacked(photo, whole)


def photo_and_answer(stage: Stage, prompt: Prompt) -> Image.Image:
    painted = [node_of(prompt, "GenVRDepthGenerateRemote"), 0]
    (photo,), (answer,) = images(stage, prompt, _scene(prompt), shown(prompt, painted))
    return labelled(split(photo, answer), f"right: {OF_STAND_IN}")


def twelve_answers(stage: Stage, prompt: Prompt) -> Image.Image:
    (answers,) = images(stage, prompt, node_of(prompt, "PreviewImage", "All twelve"))
    return labelled(grid(answers, 3), OF_STAND_IN)


def edit_and_layers(stage: Stage, prompt: Prompt) -> Image.Image:
    edit = shown(prompt, prompt[node_of(prompt, "GenVRDepthSaveImage")]["inputs"]["images"])
    (blurred,), layers = images(stage, prompt, edit, node_of(prompt, "PreviewImage"))
    card, frame = fit(blurred, SIDE, SIDE), 176
    for index, layer in enumerate(layers[:3]):
        place = (SIDE - frame - 8, 8 + index * (frame + 6))
        card.paste(Image.new("RGB", (frame, frame), "white"), place)
        inside = fit(on_dark(layer), frame - 6, frame - 6)
        card.paste(inside, (place[0] + 3, place[1] + 3))
    return card


def cloud_and_stereo(stage: Stage, prompt: Prompt) -> Image.Image:
    pair = shown(prompt, [node_of(prompt, "GenVRDepthStereo"), 0])
    scene = prompt[node_of(prompt, "GenVRDepthSampleScene")]["inputs"]["scene"]
    ((side_by_side,),) = images(stage, prompt, pair)
    low = round(SIDE * side_by_side.height / side_by_side.width)
    card = Image.new("RGB", (SIDE, SIDE), DARK)
    card.paste(fit(cloud(stage, scene), SIDE, SIDE - low - GAP), (0, 0))
    card.paste(fit(side_by_side, SIDE, low), (0, SIDE - low))
    return card


def frames_and_depth(stage: Stage, prompt: Prompt) -> Image.Image:
    coloured = _drawn(prompt, [node_of(prompt, "GenVRDepthEstimate"), 0], "turbo")
    clip = shown(prompt, [node_of(prompt, "GenVRDepthStereo"), 0])
    frames, depths = images(stage, prompt, clip, coloured)
    chosen = [round(share * (len(frames) - 1)) for share in (0, 0.33, 0.67)]
    return grid([side[index] for index in chosen for side in (frames, depths)], 2)


def _short(prompt: Prompt) -> str:
    """The id of Depth to Camera Move, told to make a few frames of the same path."""
    key = node_of(prompt, "GenVRDepthCameraMove")
    prompt[key]["inputs"]["frames"] = 9
    return key


def both_ends(stage: Stage, prompt: Prompt) -> Image.Image:
    """The clip where it is farthest to either side."""
    (frames,) = images(stage, prompt, shown(prompt, [_short(prompt), 0]))
    return stacked(frames[2], frames[7])


def photo_and_depth_clip(stage: Stage, prompt: Prompt) -> Image.Image:
    """The photo, and what the video model is given: the depth of frames along the path."""
    depth = _drawn(prompt, [_short(prompt), 2], "grey")
    (photo,), frames = images(stage, prompt, _scene(prompt), depth)
    return grid([photo, frames[0], frames[4], frames[8]], 2)


def frame_and_what_is_painted(stage: Stage, prompt: Prompt) -> Image.Image:
    """The last frame of the move, and below it with depth where Wan is to paint."""
    move = _short(prompt)
    depth = _drawn(prompt, [move, 2], "grey")
    mask = prompt[node_of(prompt, "MaskPreview")]["inputs"]["mask"]
    prompt["white"] = {"class_type": "MaskToImage", "inputs": {"mask": mask}}
    given = shown(prompt, [move, 0]), depth, shown(prompt, ["white", 0])
    frame, grey, white = (clip[-1] for clip in images(stage, prompt, *given))
    whole = Image.composite(grey.convert("RGB"), frame.convert("RGB"), white.convert("L"))
    return stacked(frame, whole)


def eye_and_what_is_painted(stage: Stage, prompt: Prompt) -> Image.Image:
    """The photo, which is the left eye, and below it the right eye with depth in its holes."""
    given = prompt[node_of(prompt, "GenVRDepthGenerateLocal")]["inputs"]
    prompt["white"] = {"class_type": "MaskToImage", "inputs": {"mask": given["mask"]}}
    sources = given["reference"], given["depth"], ["white", 0]
    wanted = images(stage, prompt, *(shown(prompt, source) for source in sources))
    (left, right), (_, grey), (_, white) = wanted
    whole = Image.composite(grey.convert("RGB"), right.convert("RGB"), white.convert("L"))
    return stacked(left, whole)


def cloud(stage: Stage, scene: str) -> Image.Image:
    """The 3D look of Preview Depth at a sample scene."""
    nodes = [
        {"name": "scene", "kind": "GenVRDepthSampleScene", "widgets": {"scene": scene}},
        {
            "name": "look",
            "kind": "GenVRDepthPreview",
            "links": {"depth": "scene.depth", "image": "scene.image"},
            "at": [0, 0],
            "size": [900, 820],
        },
    ]
    ids = stage.build(nodes)
    stage.frame([ids["look"]])
    stage.run()
    stage.press_3d(ids["look"])
    return stage.canvas_of(ids["look"])


def _scene(prompt: Prompt) -> str:
    return shown(prompt, [node_of(prompt, "GenVRDepthSampleScene"), 0])


def _control(prompt: Prompt) -> str:
    """The depth of the scene as a model is given it."""
    return _drawn(prompt, [node_of(prompt, "GenVRDepthSampleScene"), 1], "grey")


CARDS: dict[str, Callable[[Stage, Prompt], Image.Image]] = {
    "01": photo_and_depth,
    "02": photo_and_control,
    "03": photo_and_control,
    "04": control_and_photo,
    "05": what_is_repainted,
    "06": photo_and_answer,
    "07": twelve_answers,
    "08": edit_and_layers,
    "09": cloud_and_stereo,
    "10": frames_and_depth,
    "11": both_ends,
    "12": photo_and_depth_clip,
    "13": photo_and_depth_clip,
    "14": photo_and_control,
    "15": frame_and_what_is_painted,
    "16": eye_and_what_is_painted,
}


def cards(stage: Stage, wanted: set[str]) -> None:
    """Write the thumbnail of every (wanted) template."""
    for path in sorted(WORKFLOWS.glob("*.json")):
        if wanted and path.stem[:2] not in wanted:
            continue
        prompt = json.loads((WORKFLOWS / "api" / path.name).read_text(encoding="utf-8"))
        save(CARDS[path.stem[:2]](stage, prompt), path.with_suffix(".jpg"), MOST)
