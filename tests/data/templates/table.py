"""The sample workflows: which nodes, where, and how they are joined.

Each stands in four columns, 1550 wide and at most 1010 high: the page fits it into 0.75 of the
window, and so opens it at a zoom that reads on a screen of 1440x900. Heights are those that Vue
nodes need, which are the taller ones.
"""

from __future__ import annotations

from .build import Template
from .model_files import (
    CLIP_L,
    FLUX,
    FLUX_VAE,
    GEMMA,
    LTX,
    LTX_DEPTH,
    QWEN_3,
    SD15,
    SD15_DEPTH,
    SDXL,
    SDXL_UNION,
    T5,
    UMT5,
    VACE,
    WAN_VAE,
    Z_IMAGE,
    Z_IMAGE_UNION,
)
from .parts import (
    BLURRED,
    IN_PARTS,
    camera_move,
    checkpoint,
    columns,
    control_net,
    entry,
    film,
    in_parts,
    layers,
    loader,
    narrow,
    note,
    painter,
    photo,
    report,
    save_image,
    shown_clip,
    two_eyes,
)

__all__ = ["TEMPLATES"]

TEMPLATES: dict[str, Template] = {
    "01 Photo to Depth": columns(
        {"note": (410, note("01"))},
        {"photo": (460, photo("street"))},
        {"depth": (620, entry("GenVRDepthEstimate", image=("photo", "image")))},
        {"save": (460, entry("GenVRDepthSaveDepth",
                             widgets={"filename_prefix": "depth/photo", "format": "exr"},
                             depth=("depth", "depth"), image=("photo", "image")))},
    ),
    "02 Paint with Depth SD 1.5": columns(
        {"note": (410, note("02")), "checkpoint": checkpoint(SD15),
         "control": control_net(SD15_DEPTH)},
        {"photo": (460, photo("furnished_room"))},
        {"paint": (760, painter(
            "a bright scandinavian living room, oak floor, linen curtains, soft morning light, "
            "interior photograph", 42, "blurry, distorted, text, watermark",
            {"size": "megapixels", "second_pass": 1.5, "second_denoise": 0.45}))},
        {"save": (580, save_image("depth_sd15", ("paint", "image")))},
    ),
    "03 Paint with Depth SDXL": columns(
        {"note": (430, note("03")), "checkpoint": checkpoint(SDXL),
         "control": control_net(SDXL_UNION)},
        {"photo": (430, photo("street")), "prompts": (460, entry(
            "GenVRDepthPromptVariations",
            widgets={"prompt": "a quiet street with houses and trees, photograph",
                     "styles": "seasons"}))},
        {"paint": (760, painter("", 7, "blurry, distorted, text, watermark",
                                 {"size": "megapixels"}, prompt=("prompts", "prompt")))},
        {"save": (580, save_image("depth_sdxl", ("paint", "image")))},
    ),
    "04 FLUX.1 Depth": columns(
        {"note": (490, note("04")),
         "checkpoint": (98, loader("UNETLoader", "unet_name", FLUX)),
         "clip": (150, entry("DualCLIPLoader", models=(CLIP_L, T5), widgets={
             "clip_name1": CLIP_L.name, "clip_name2": T5.name, "type": "flux"})),
         "vae": (84, loader("VAELoader", "vae_name", FLUX_VAE))},
        {"photo": (460, photo("furnished_room"))},
        {"paint": (760, painter(
            "A reading room in an old mountain lodge at dusk: dark timber, a stone fireplace, wool "
            "blankets, lamps with warm light, snow behind the window", 42, "",
            {"size": "megapixels"}, vae=("vae", "VAE"), clip=("clip", "CLIP"), control_net=None))},
        {"save": (580, save_image("depth_flux", ("paint", "image")))},
    ),
    "05 Restyle a Room": columns(
        {"note": (430, note("05")), "checkpoint": checkpoint(SDXL),
         "control": control_net(SDXL_UNION)},
        {"photo": (460, photo("furnished_room")), "layers": (242, layers(2))},
        {"paint": (760, painter(
            "deep green panelled wall, brass image lights, framed prints, evening light, "
            "interior photograph", 11, "people, text, watermark", {"denoise": 0.9},
            reference=("photo", "image"), mask=("layers", "background")))},
        {"save": (540, save_image("restyled_room", ("paint", "image"))),
         "mask": (300, narrow(entry("MaskPreview", "White is repainted",
                                     mask=("layers", "background"))))},
    ),
    "06 Generate with GenVR": columns(
        {"note": (370, note("06"))},
        {"photo": (460, photo("street"))},
        {"paint": (600, entry(
            "GenVRDepthGenerateRemote", image=("photo", "image"),
            widgets={"prompt": "the same street on a rainy night in the 1930s, neon signs, wet "
                               "asphalt with reflections, film still", "seed": 1}))},
        {"save": (580, save_image("genvr/street", ("paint", "image")))},
    ),
    "07 Twelve Styles, Best Structure": columns(
        {"note": (325, note("07")), "prompts": (450, entry(
            "GenVRDepthPromptVariations",
            widgets={"prompt": "a still life on a kitchen table", "styles": "looks"}))},
        {"photo": (460, photo("product_table")),
         "all": (420, entry("PreviewImage", "All twelve", images=("paint", "image")))},
        {"paint": (580, entry(
            "GenVRDepthGenerateRemote", image=("photo", "image"), prompt=("prompts", "prompt"),
            widgets={"seed": 1, "layout": "control size", "concurrency": 4})),
         "best": (150, entry("GenVRDepthKeepBest", widgets={"keep": 3},
                             control=("photo", "depth"), images=("paint", "image"),
                             original=("photo", "image")))},
        {"save": (540, save_image("genvr/best", ("best", "images"))),
         "scores": (340, narrow(entry("PreviewAny", "Scores", source=("best", "report"))))},
    ),
    "08 Layers and Depth-aware Edit": columns(
        {"note": (275, note("08"))},
        {"photo": (460, photo("figure_in_hall")),
         "cut": (380, entry("PreviewImage", "The layers, nearest first",
                            images=("layers", "layers")))},
        {"layers": (292, layers(3)),
         "blur": (120, entry("ImageBlur", widgets={"blur_radius": 12, "sigma": 6.0},
                             image=("photo", "image"))),
         "edit": (210, entry("ImageCompositeMasked", "Sharp foreground over blur",
                             destination=("blur", "IMAGE"), source=("photo", "image"),
                             mask=("layers", "foreground")))},
        {"save": (600, save_image("depth/lens", ("edit", "IMAGE"), "jpg"))},
    ),
    "09 Stereo, Point Cloud and GLB": columns(
        {"note": (350, note("09"))},
        {"photo": (460, photo("furnished_room")),
         "stereo": (240, entry("GenVRDepthStereo", depth=("photo", "depth"),
                               image=("photo", "image")))},
        {"mesh": (620, entry("GenVRDepthSave3D",
                             widgets={"filename_prefix": "vr/room", "format": "glb"},
                             depth=("photo", "depth"), image=("photo", "image")))},
        {"save": (460, entry("GenVRDepthSaveImage",
                             widgets={"filename_prefix": "vr/side-by-side", "format": "jpg"},
                             images=("stereo", "images")))},
    ),
    "10 Clip to Consistent Depth": columns(
        {"note": (350, note("10")),
         "clip": (306, entry("LoadVideo", "Load Video: your own clip", collapsed=True)),
         "frames": (116, entry("GetVideoComponents", video=("clip", "VIDEO")))},
        {"photo": (460, photo("street")),
         "move": (264, entry("GenVRDepthStereo", "A short camera move",
                             widgets={"layout": "parallax clip, sway", "strength": 3.0,
                                      "frames": 16},
                             depth=("photo", "depth"), image=("photo", "image")))},
        {"depth": (640, entry("GenVRDepthEstimate", widgets={"consistency": "clip"},
                              image=("move", "images"))),
         "video": (116, entry("CreateVideo", widgets={"fps": 12.0},
                              images=("depth", "control_image")))},
        {"show": (400, entry("SaveVideo", widgets={"filename_prefix": "depth/clip"},
                             video=("video", "VIDEO"))),
         "save": (470, narrow(entry("GenVRDepthSaveDepth", "Every frame, lossless",
                             widgets={"filename_prefix": "depth/clip/frame", "format": "exr"},
                             depth=("depth", "depth"))))},
    ),
    "11 Move the Camera": columns(
        {"note": (390, note("11"))},
        {"photo": (460, photo("furnished_room"))},
        {"move": (420, entry("GenVRDepthCameraMove",
                             widgets={"move": "orbit", "amount": 0.12, "frames": 25,
                                      "timing": "sway"},
                             depth=("photo", "depth"), image=("photo", "image"))),
         "holes": (300, entry("MaskPreview", "What the photo does not show",
                              mask=("move", "holes")))},
        {"video": (116, entry("CreateVideo", widgets={"fps": 12.0}, images=("move", "frames"))),
         "show": (420, entry("SaveVideo", widgets={"filename_prefix": "depth/move"},
                             video=("video", "VIDEO")))},
    ),
    "12 Video from Depth VACE": columns(
        {"note": (530, note("12")), **in_parts(VACE, UMT5, "wan", WAN_VAE)},
        {"photo": (460, photo("street")), "move": camera_move("push in", 0.25, 81)},
        {"paint": film(
            "a quiet street in deep snow at dusk, warm light in the windows, snow falling, slow "
            "camera, film still", 12, BLURRED)},
        {"show": shown_clip("depth/vace"), "report": report()},
    ),
    "13 Video from Depth LTX-2": columns(
        {"note": (500, note("13")),
         "checkpoint": checkpoint(LTX),
         "lora": (118, entry("LoraLoaderModelOnly", models=(LTX_DEPTH,),
                             widgets={"lora_name": LTX_DEPTH.name},
                             model=("checkpoint", "MODEL"))),
         "clip": (130, entry("LTXAVTextEncoderLoader", models=(GEMMA,), widgets={
             "text_encoder": GEMMA.name, "ckpt_name": LTX.name}))},
        {"photo": (460, photo("furnished_room")), "move": camera_move("orbit", 0.15, 97)},
        {"paint": film(
            "a living room in a forest cabin in the morning, timber walls, wool blankets, sun "
            "through the window, the camera glides around the room", 13, BLURRED,
            model=("lora", "MODEL"), vae=("checkpoint", "VAE"))},
        {"show": shown_clip("depth/ltx"), "report": report()},
    ),
    "14 Paint with Depth Z-Image": columns(
        {"note": (500, note("14")), **in_parts(Z_IMAGE, QWEN_3, "lumina2", FLUX_VAE)},
        {"photo": (460, photo("product_table")),
         "patch": (84, loader("ModelPatchLoader", "name", Z_IMAGE_UNION))},
        {"paint": (760, painter(
            "a still life on a marble kitchen table in low evening sun, deep shadows, photograph",
            14, "", {"size": "megapixels"}, control_net=None, model_patch=("patch", "MODEL_PATCH"),
            **IN_PARTS))},
        {"save": (580, save_image("depth_z_image", ("paint", "image")))},
    ),
    "15 Move the Camera, Painted": columns(
        {"note": (500, note("15")), **in_parts(VACE, UMT5, "wan", WAN_VAE)},
        {"photo": (460, photo("furnished_room")), "move": camera_move("truck", 0.2, 81)},
        {"paint": film("a furnished living room in daylight, interior photograph", 15,
                          BLURRED, source_video=("move", "frames"), mask=("grow", "MASK"))},
        {"show": shown_clip("depth/painted"),
         "grow": (110, entry("GrowMask", widgets={"expand": 6}, mask=("move", "holes"))),
         "holes": (300, narrow(entry("MaskPreview", "White is painted", mask=("grow", "MASK"))))},
    ),
    "16 Stereo, Painted": columns(
        {"note": (505, note("16")), "checkpoint": checkpoint(SD15),
         "control": control_net(SD15_DEPTH),
         "grow": (110, entry("GrowMask", "White is painted, with a border",
                             widgets={"expand": 2}, mask=("eyes", "holes")))},
        {"photo": (430, photo("furnished_room")),
         "eyes": (318, two_eyes("The photo for two eyes", ("photo", "image"))),
         "grey": (60, entry("GenVRDepthToImage", collapsed=True, depth=("photo", "depth")))},
        {"paint": (760, painter(
            "a furnished living room in daylight, interior photograph", 16,
            "blurry, distorted, text, watermark", {"size": "megapixels", "megapixels": 0.75},
            depth=("depths", "images"), reference=("eyes", "images"), mask=("grow", "MASK"))),
         "right": (110, entry("ImageFromBatch", "The right eye, painted",
                              widgets={"batch_index": 1}, image=("paint", "image")))},
        {"depths": (318, two_eyes("Its depth for two eyes", ("grey", "image"))),
         "join": (190, entry("ImageStitch", "Left and right, side by side",
                             image1=("photo", "image"), image2=("right", "IMAGE"))),
         "save": (380, entry("GenVRDepthSaveImage",
                             widgets={"filename_prefix": "vr/painted", "format": "png"},
                             images=("join", "IMAGE")))},
    ),
}  # fmt: skip
