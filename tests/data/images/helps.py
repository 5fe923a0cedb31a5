"""The image on each node's help page: the node on the canvas, after a run where it can run.

Every row of RECIPES says what is wired to the node and what shows its result. Nodes at (x, y) are
in the image; those without a place feed it from outside. The GenVR nodes are answered by the
stand-in, whose images say so; nodes that need weights of others are shown before their run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

from .stage import ROOT, Stage, save

__all__ = ["helps"]

IMAGES = ROOT / "web" / "docs" / "img"
MOST = 22_000
SCENE_EXR = "room.exr"
Spec = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """One image: the nodes on the canvas, what has a place is seen."""

    nodes: tuple[Spec, ...]
    runs: bool = True
    in_3d: str = ""  # the node whose depth viewer is turned to 3D
    only: str = ""  # the output node that runs alone, where the node itself needs weights


def node(
    name: str, kind: str, at: tuple[int, int] | None = None, size: tuple[int, int] | None = None,
    links: dict[str, str] | None = None, **widgets: Any,
) -> Spec:  # fmt: skip
    spec: Spec = {"name": name, "kind": kind, "links": links or {}, "widgets": widgets}
    return spec | ({"at": list(at)} if at else {}) | ({"size": list(size)} if size else {})


def own(kind: str, links: dict[str, str] | None = None, width: int = 400, **widgets: Any) -> Spec:
    """The node that the page is about."""
    return node("own", f"GenVRDepth{kind}", (0, 0), (width, 100), links, **widgets)


def beside(
    source: str, kind: str = "PreviewImage", size: tuple[int, int] = (440, 420),
    x: int = 460, name: str = "shown",
) -> Spec:  # fmt: skip
    """What shows an output of the node, to its right."""
    entry = {
        "PreviewImage": "images", "PreviewAny": "source", "SaveGLB": "mesh",
        "GenVRDepthPreview": "depth",
    }[kind]  # fmt: skip
    return node(name, kind, (x, 0), size, {entry: source})


SCENE = node("scene", "GenVRDepthSampleScene", scene="furnished_room")
HALL = node("scene", "GenVRDepthSampleScene", scene="figure_in_hall")
TABLE = node("scene", "GenVRDepthSampleScene", scene="product_table")
STREET = node("scene", "GenVRDepthSampleScene", scene="street")
ESTIMATE = node("rough", "GenVRDepthEstimate", links={"image": "scene.image"})
GREY = node("grey", "GenVRDepthToImage", links={"depth": "scene.depth"}, colormap="grey")
SINK = node("sink", "GenVRDepthPreview", links={"depth": "own.depth"})
BOTH = {"depth": "scene.depth", "image": "scene.image"}
TAPE = (  # of the bundled table
    "100, 700 = 0.87\n512, 600 = 1.03\n900, 700 = 0.87\n512, 420 = 1.25\n150, 120 = 3.00\n"
    "850, 130 = 2.94\n330, 330 = 1.51\n700, 480 = 1.34"
)
PROMPT = "the same place at dusk, warm lamps"


def painted(**widgets: Any) -> Spec:
    """Answers of the stand-in."""
    links = {"image": "scene.image"}
    return node("paint", "GenVRDepthGenerateRemote", None, None, links, prompt=PROMPT, **widgets)


def remote(kind: str, prompt: str) -> Recipe:
    return Recipe((own(kind, {"image": "scene.image"}, prompt=prompt), beside("own.image"), STREET))


RECIPES: dict[str, Recipe] = {
    "ModelLoader": Recipe((own("ModelLoader"),), runs=False),
    "Estimate": Recipe((own("Estimate", {"image": "scene.image"}, 480), TABLE, SINK)),
    "SampleScene": Recipe((own("SampleScene", width=480), SINK)),
    "EstimateRemote": Recipe((own("EstimateRemote", {"image": "scene.image"}, 460), STREET, SINK)),
    "FromGeometry": Recipe(
        (
            own("FromGeometry", {"geometry": "moge.moge_geometry"}, 420),
            node("load", "LoadMoGeModel", (-760, 0), (320, 60)),
            node(
                "moge", "MoGeInference", (-400, 0), (360, 200),
                {"moge_model": "load.MOGE_MODEL", "image": "scene.image"},
            ),
            SCENE,
        ),
        runs=False,
    ),
    "FromImage": Recipe(
        (
            node("first", "PreviewImage", (-420, 0), (380, 400), {"images": "grey.image"}),
            own("FromImage", {"image": "grey.image"}, 460),
            SCENE, GREY, SINK,
        )
    ),
    "Load": Recipe((own("Load", width=460, file=SCENE_EXR), SINK)),
    "Preview": Recipe((own("Preview", BOTH, 560), SCENE), in_3d="own"),
    "Adjust": Recipe(
        (
            node("first", "GenVRDepthPreview", (-440, 0), (400, 360), {"depth": "scene.depth"}),
            own("Adjust", {"depth": "scene.depth"}, 420, gamma=2.5, smooth=6), SCENE, SINK,
        )
    ),
    "Refine": Recipe(
        (
            node("first", "GenVRDepthPreview", (-440, 0), (400, 360), {"depth": "coarse.depth"}),
            own("Refine", {"depth": "coarse.depth", "guide": "scene.image"}, 340),
            beside("own.depth", "GenVRDepthPreview", (400, 360), 380), TABLE, GREY,
            node(
                "small", "ImageScale", links={"image": "grey.image"},
                upscale_method="area", width=128, height=96,
            ),
            node("coarse", "GenVRDepthFromImage", links={"image": "small.IMAGE"}),
        )
    ),
    "Complete": Recipe(
        (
            own("Complete", {"image": "scene.image"}, 460, points=TAPE), TABLE, SINK,
            beside("own.report", "PreviewAny", (460, 360), 500),
        )
    ),
    "ThroughGlass": Recipe(
        (
            node(
                "load", "UNETLoader", (-460, 0), (420, 90),
                unet_name="qwen_image_edit_2509_int8_convrot.safetensors",
            ),
            own("ThroughGlass", {"image": "scene.image", "model": "load.MODEL"}, 440),
            SCENE,
        ),
        runs=False,
    ),
    "Merge": Recipe(
        (
            node("first", "GenVRDepthPreview", (-440, 0), (400, 360), {"depth": "scene.depth"}),
            own(
                "Merge", {"first": "scene.depth", "second": "rough.depth"}, 380,
                rule="near from first, far from second", nearness=0.3,
            ),
            beside("own.depth", "GenVRDepthPreview", (400, 360), 420), STREET, ESTIMATE,
        )
    ),
    "Layers": Recipe((own("Layers", BOTH, 340), beside("own.layers", x=380), HALL)),
    "Check": Recipe(
        (
            own("Check", {"depth": "wrong.depth", "image": "scene.image"}, 340),
            beside("own.report", "PreviewAny", (460, 360), 380),
            SCENE, GREY,
            node(
                "wrong", "GenVRDepthFromImage", links={"image": "grey.image"},
                white_means="white is far (distance)",
            ),
        )
    ),
    "ToImage": Recipe((own("ToImage", {"depth": "scene.depth"}, 340, colormap="turbo"),
                       beside("own.image", x=380), STREET)),
    "Normals": Recipe((own("Normals", {"depth": "scene.depth"}, 320),
                       beside("own.normals", x=360), TABLE)),
    "Stereo": Recipe((own("Stereo", BOTH, 340), beside("own.images", x=380, size=(640, 330)),
                      SCENE)),
    "CameraMove": Recipe((own("CameraMove", BOTH, 360, move="orbit", amount=0.25, frames=4),
                          beside("own.frames", x=400, size=(560, 460)), SCENE)),
    "GenerateVideo": Recipe(
        (
            own("GenerateVideo", {"depth": "move.depth"}, 400, prompt="the room fills with water"),
            beside("grey.image", x=440, size=(560, 460)), SCENE,
            node("move", "GenVRDepthCameraMove", links=BOTH, amount=0.25, frames=4),
            node("grey", "GenVRDepthToImage", links={"depth": "move.depth"}),
        ),
        only="shown",
    ),
    "ToMesh": Recipe((own("ToMesh", BOTH, 340, step=3), beside("own.mesh", "SaveGLB", x=380),
                      SCENE)),
    "GenerateLocal": Recipe((own("GenerateLocal", {"depth": "scene.depth"}, 420, prompt=PROMPT),
                             SCENE), runs=False),
    "GenerateRemote": remote("GenerateRemote", "the same street in thick morning fog"),
    "GenerateCanny": remote("GenerateCanny", "the same street in autumn rain, film still"),
    "GenerateScribble": remote("GenerateScribble", "the same street in winter, blue hour"),
    "PromptVariations": Recipe(
        (
            own("PromptVariations", width=400, prompt="a still life on a kitchen table",
                styles="looks"),
            beside("own.prompt", "PreviewAny", (520, 420), 440),
        )
    ),
    "StructureScore": Recipe(
        (
            own("StructureScore", {"control": "rough.depth", "image": "paint.image"}, 340),
            beside("own.heat_map", x=380), STREET, ESTIMATE, painted(),
            node("first", "PreviewImage", (-440, 0), (400, 400), {"images": "paint.image"}),
        )
    ),
    "KeepBest": Recipe(
        (
            own("KeepBest", {"control": "rough.depth", "images": "paint.image"}, 340, keep=2),
            node("first", "PreviewImage", (-480, 0), (440, 420), {"images": "paint.image"}),
            beside("own.images", x=380), STREET, ESTIMATE, painted(count=4),
        )
    ),
    "SaveDepth": Recipe((own("SaveDepth", {"depth": "scene.depth"}, 400, format="exr"), SCENE)),
    "SaveImage": Recipe((own("SaveImage", {"images": "scene.image"}, 400, format="webp"), TABLE)),
    "Save3D": Recipe((own("Save3D", BOTH, 400), SCENE)),
}  # fmt: skip


def helps(stage: Stage, wanted: set[str]) -> None:
    """Write the image of every (wanted) node; `wanted` has ids without GenVRDepth."""
    _write_exr(stage)
    for name, recipe in RECIPES.items():
        if wanted and name not in wanted:
            continue
        save(image(stage, recipe), IMAGES / f"GenVRDepth{name}.webp", MOST)


def image(stage: Stage, recipe: Recipe) -> Any:
    ids = stage.build(list(recipe.nodes))
    seen = [ids[spec["name"]] for spec in recipe.nodes if "at" in spec]
    if recipe.runs:
        stage.frame(seen)  # viewers paint at the size they are seen in
        stage.run([ids[recipe.only]] if recipe.only else None)
    for spec in recipe.nodes:
        if spec["kind"] == "SaveGLB":
            stage.turn_mesh(ids[spec["name"]])
    if recipe.in_3d:
        stage.press_3d(ids[recipe.in_3d])
    return stage.shot(seen)


def _write_exr(stage: Stage) -> None:
    """A depth file for Load Depth, written by Save Depth."""
    inputs = {"depth": ["scene", 1], "filename_prefix": "room", "format": "exr"}
    prompt = {
        "scene": {"class_type": "GenVRDepthSampleScene", "inputs": {"scene": "furnished_room"}},
        "save": {"class_type": "GenVRDepthSaveDepth", "inputs": {**inputs, "values": "unchanged"}},
    }
    stage.outputs(prompt)
    written = max((stage.server.base / "output").glob("room*.exr"))
    shutil.copy(written, stage.server.base / "input" / SCENE_EXR)
    stage.page.evaluate("() => app.refreshComboInNodes()")
