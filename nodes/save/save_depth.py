"""Save Depth: every depth format, one window for the batch, the record inside the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from torch import Tensor

from ..depthkit.conversions import to_disparity
from ..depthkit.depth_map import DepthMap
from ..depthkit.images import Images
from ..depthkit.ranges import Window, control_image, normalise
from ..depthkit.views.colour_map import COLORMAPS, colorize
from ..shared.declared import Boolean, Choice, Float, Inputs, Int
from ..shared.frame_images import frame_image, images_for
from ..shared.given_depth import given_depth
from ..shared.on_demand import formats
from ..shared.saving import HIDDEN, embedded_texts, prefix_widget, save_frames, shown
from ..shared.saving_clip import save_depth_clip
from ..shared.sockets import PassesDepthOn, depth_map_input, image_input

__all__ = ["GenVRDepthSaveDepth"]

NO_PREVIEW = "none"
UNCHANGED = "unchanged"  # the first of `formats.VALUES` in a plain word
_EXR = {"format": ("exr", "exr-half")}


def _format_names() -> tuple[str, ...]:
    return (*formats.FORMATS, *formats.VIDEO_FORMATS)


def _video_names() -> dict[str, tuple[str, ...]]:
    return {"format": tuple(formats.VIDEO_FORMATS)}


_FORMAT_TIP = (
    "png16: exact to 1/131070 of the window, every program reads it. exr: 32-bit float, exact. "
    "exr-half: half the bytes, 11 bits. tiff / tiff16: the same for TIFF. npz, npy: NumPy. pfm: "
    "portable float map. depth-photo: the photograph as JPEG with the depth inside. side-by-side, "
    "over-under: photo and depth in one image of 8 bits. ffv1: the clip as one lossless video of "
    "16 bits; h264: 8 bits, near values within 1 %; both also with the photo."
)
_VALUES_TIP = (
    "unchanged: the map's own numbers. metric: metres (relative depth needs near and far). "
    "disparity: 0..1, near = 1, what ControlNets and most viewers expect. Integer formats store "
    "values normalised to the window, and the window too, so that loading restores the numbers."
)


def _distance_input(tooltip: str) -> Float:
    text = f"{tooltip} In metres where the depth is metric."
    return Float(text, 0.0, -1e9, 1e9, step=0.001, round=False, auto=0.0, advanced=True)


class GenVRDepthSaveDepth(PassesDepthOn):
    CATEGORY = "GenVR Depth/save"
    DESCRIPTION = (
        "Save depth losslessly: 16-bit PNG, OpenEXR, TIFF, NumPy, PFM, depth photo, video."
    )
    SEARCH_ALIASES = [
        "save depth",
        "export depth",
        "exr",
        "z pass",
        "16 bit",
        "npz",
        "pfm",
        "tiff",
    ]
    FUNCTION = "save"

    INPUTS = Inputs(
        required={
            "depth": depth_map_input("The depth to save, one file per frame."),
            "filename_prefix": prefix_widget("depth/depth"),
            "format": Choice(_FORMAT_TIP, "png16", choices=_format_names),
            "values": Choice(
                _VALUES_TIP,
                UNCHANGED,
                choices=lambda: (UNCHANGED, *formats.VALUES[1:]),
                display_name="numbers",
            ),
        },
        optional={
            "image": image_input(
                "The photograph of the same view; a depth photo, side-by-side and over-under need "
                "it.",
                streamed=True,
            ),
            "near": _distance_input("Nearest value of the window; auto takes it from the map."),
            "far": _distance_input("Farthest value of the window; auto takes it from the map."),
            "exr_compression": Choice(
                "OpenEXR only; all of these are lossless.",
                "zip",
                choices=lambda: formats.COMPRESSIONS,
                shown_when=_EXR,
            ),
            "exr_channel": Choice(
                "OpenEXR only. Z is what compositors look for; RGB writes three "
                "equal channels for tools (and core Load Image) that read only colour.",
                "Z",
                choices=lambda: formats.EXR_CHANNELS,
                shown_when=_EXR,
            ),
            "quality": Int(
                "JPEG quality of the photograph in a depth photo.",
                95,
                1,
                100,
                shown_when={"format": ("depth-photo",)},
            ),
            "color_preview": Choice(
                "Also save a preview image next to each file; near takes the bright end of "
                "this colour map.",
                NO_PREVIEW,
                choices=(NO_PREVIEW, *COLORMAPS),
                advanced=True,
            ),
            "sidecar": Boolean(
                "Write <file>.json with the record and the workflow even where "
                "the file holds them itself.",
                advanced=True,
                display_name="JSON beside the file",
            ),
            "frame_rate": Float(
                "Frames a second of a video.",
                24.0,
                1.0,
                240.0,
                step=0.001,
                shown_when=_video_names,
            ),
        },
        hidden=HIDDEN,
    )

    def save(
        self,
        depth: DepthMap | Images,
        filename_prefix: str = "depth/depth",
        format: str = "png16",
        values: str = UNCHANGED,
        image: Images | None = None,
        near: float = 0.0,
        far: float = 0.0,
        exr_compression: str = "zip",
        exr_channel: str = "Z",
        quality: int = 95,
        color_preview: str = NO_PREVIEW,
        sidecar: bool = False,
        frame_rate: float = 24.0,
        prompt: object = None,
        extra_pnginfo: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        depth, note = given_depth(depth, image=image)
        texts = embedded_texts(prompt, extra_pnginfo)
        stored = formats.VALUES[0] if values == UNCHANGED else values
        options = formats.SaveOptions(
            stored, near or None, far or None, exr_compression, exr_channel, quality, texts
        )
        chosen, coding = formats.choose_coding(depth, options)
        photos = images_for(image, depth)
        if format in formats.VIDEO_FORMATS:
            row = formats.VIDEO_FORMATS[format]
            ui = save_depth_clip(
                chosen, coding, photos, row, filename_prefix, options, frame_rate,
                sidecar=sidecar, note=note,
            )  # fmt: skip
            return {"ui": ui, "result": (depth,)}
        beside = _companions(chosen, coding, format, texts, sidecar, color_preview)
        frames = _encoders(chosen, coding, photos, format, options, beside)
        row, size = formats.FORMATS[format], (depth.width, depth.height)
        files, saved = save_frames(
            filename_prefix, size, row.extension, frames, depth.batch, note=note
        )
        ui = shown(files, saved, row.shows, lambda some: control_image(depth, only=some))
        return {"ui": ui, "result": (depth,)}


Companions = Callable[[int], dict[str, bytes]]


def _encoders(
    depth: DepthMap,
    coding: formats.Coding,
    photos: Images | None,
    format: str,
    options: formats.SaveOptions,
    beside: Companions,
) -> Iterator[Callable[[], formats.Encoded]]:
    def one(index: int, photo: Tensor | None) -> formats.Encoded:
        array = None if photo is None else photo.numpy()
        data = formats.encode_frame(depth.frame(index), coding, array, format, options)
        return formats.Encoded(data, beside(index))

    for index in range(depth.batch):
        yield partial(one, index, frame_image(photos, index))


def _companions(
    depth: DepthMap,
    coding: formats.Coding,
    format: str,
    texts: dict[str, str],
    always: bool,
    colors: str,
) -> Companions:
    """What lies beside each file: a sidecar where it is needed or asked for, a colour preview."""
    row = formats.FORMATS[format]
    record = formats.record_of(depth.frame(0), coding, row.bits).to_json()
    text = (
        formats.embed.sidecar(texts, record).encode()
        if always or not formats.embed.fits(row.texts, texts)
        else None
    )
    shares = None if colors == NO_PREVIEW else normalise(to_disparity(depth), Window())

    def of(index: int) -> dict[str, bytes]:
        files = {} if text is None else {".json": text}
        if shares is not None:
            painted = colorize(shares[index], colors, depth.valid[index])
            files[".preview.png"] = formats.encode_image(painted, "png")
        return files

    return of
