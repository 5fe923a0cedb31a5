"""Files as programs and devices write them, what they are read as, and who else reads them.

Every row makes its own small file with the names, types and numbers of its source, and says with
which independent reader the numbers are compared. `docs/depth_files.md` is made from this table.
"""

from __future__ import annotations

import io
import os
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import OpenEXR
import tifffile
from genvr_depth.nodes.depthkit.formats import LoadOptions, xmp
from genvr_depth.nodes.depthkit.formats.options import (
    AS_FILE_SAYS,
    INVERSE_METRES,
    MEANINGS,
    METRES,
)
from genvr_depth.nodes.depthkit.formats.packed import Packed
from heic_file import depth_of, exif, heic, picture
from mutations import phone_xmp, png_of
from PIL import Image, PngImagePlugin

NEAR_DISPARITY = MEANINGS[3]
HEIGHT, WIDTH = 48, 64
METRES_OF = np.linspace(0.6, 9.5, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
MILLIMETRES = np.rint(METRES_OF * 1000).astype(np.uint16)
GREY = np.rint(METRES_OF / METRES_OF.max() * 254 + 1).astype(np.uint8)
Array = np.ndarray
Reader = Callable[[bytes], Array]


@dataclass(frozen=True)
class Source:
    """reader: the independent one, by name; expected: its numbers from the bytes, in what the map
    holds (metres or relative values); options: what a user chooses beside the file."""

    program: str
    file: str
    layer: str
    make: Callable[[], bytes]
    reads: str
    reader: str
    expected: Reader
    options: LoadOptions = field(default_factory=LoadOptions)
    atol: float = 1e-6

    def row(self) -> str:
        chosen = [] if self.options.meaning == AS_FILE_SAYS else [f"`{self.options.meaning}`"]
        if self.options.unit_scale != 1:
            chosen.append(f"unit_scale {self.options.unit_scale:g}")
        chosen += [f"channel `{self.options.channel}`"] if self.options.channel else []
        chosen += ["no_data " + self.options.no_data] if self.options.no_data != "auto" else []
        chosen += [f"field_of_view {self.options.fov_deg:g}"] if self.options.fov_deg else []
        cells = (self.program, self.file, self.layer or "-", ", ".join(chosen) or "nothing")
        return f"| {' | '.join(cells)} | {self.reads} | {self.reader} |"


def exr(channels: dict[str, Array], compression: str = "ZIP", **header) -> bytes:
    head = {"type": OpenEXR.scanlineimage, **header}
    head["compression"] = getattr(OpenEXR, f"{compression}_COMPRESSION")
    stream = io.BytesIO()
    OpenEXR.File(head, channels).write(stream)
    return stream.getvalue()


def with_colours(name: str, plane: Array = METRES_OF) -> Callable[[], bytes]:
    colours = {f"ViewLayer.Combined.{c}": METRES_OF * i for i, c in enumerate("RGBA")}
    return lambda: exr({**colours, name: plane})


def by_openexr(name: str) -> Reader:
    return lambda data: (
        OpenEXR.File(io.BytesIO(data), separate_channels=True).channels()[name].pixels
    )


def by_oiio(name: str) -> Reader:
    def read(data: bytes) -> Array:
        import OpenImageIO

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.exr")
            with open(path, "wb") as file:
                file.write(data)
            image = OpenImageIO.ImageInput.open(path)
            index = image.spec().channelnames.index(name)
            return image.read_image("float")[..., index]

    return read


def by_tifffile(data: bytes) -> Array:
    return tifffile.imread(io.BytesIO(data))


def by_pillow(data: bytes) -> Array:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def tiff(pixels: Array, **options) -> Callable[[], bytes]:
    def make() -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, pixels, photometric="minisblack", **options)
        return stream.getvalue()

    return make


def npz(**members: Array) -> Callable[[], bytes]:
    def make() -> bytes:
        stream = io.BytesIO()
        np.savez_compressed(stream, **members)
        return stream.getvalue()

    return make


def by_numpy(name: str) -> Reader:
    return lambda data: np.load(io.BytesIO(data))[name]


def hdf5(**sets: Array) -> Callable[[], bytes]:
    def make() -> bytes:
        import h5py

        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            for name, array in sets.items():
                file.create_dataset(name, data=array, compression="gzip")
        return stream.getvalue()

    return make


def by_h5py(name: str) -> Reader:
    def read(data: bytes) -> Array:
        import h5py

        with h5py.File(io.BytesIO(data), "r") as file:
            return file[name][()]

    return read


def moge() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("near", "0.6")
    info.add_text("far", "9.5")
    share = np.log(METRES_OF / 0.6) / np.log(9.5 / 0.6)
    stream = io.BytesIO()
    Image.fromarray(np.rint(1 + share * 65533).astype(np.uint16)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def carla() -> bytes:
    number = np.rint(METRES_OF.astype(np.float64) / 1000 * (2**24 - 1)).astype(np.uint32)
    return png_of(np.stack([number & 255, number >> 8 & 255, number >> 16], -1).astype(np.uint8))


def carla_metres(data: bytes) -> Array:
    red, green, blue = np.moveaxis(by_pillow(data).astype(np.float64), -1, 0)
    return (red + green * 256 + blue * 65536) / (2**24 - 1) * 1000


def tartanair() -> bytes:
    return png_of(METRES_OF.view(np.uint8).reshape(HEIGHT, WIDTH, 4)[..., (2, 1, 0, 3)])


def tartanair_metres(data: bytes) -> Array:
    return np.ascontiguousarray(by_pillow(data)[..., (2, 1, 0, 3)]).view("<f4")[..., 0]


def jpeg() -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(noise).save(stream, "JPEG")
    return stream.getvalue()


def android() -> bytes:
    return xmp.insert(jpeg(), phone_xmp(len(png_of(GREY)))[1], "<a/>") + png_of(GREY) + b"SEFT" * 20


def android_metres(data: bytes) -> Array:
    share = by_pillow(data[data.index(b"\x89PNG") :]) / 255
    return 8 * 0.5 / (8 - share * (8 - 0.5))


def iphone_jpeg() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, "JPEG", quality=95)
    return jpeg() + xmp.insert(stream.getvalue(), phone_xmp(0)[0], "<a/>")


def iphone_jpeg_values(data: bytes) -> Array:
    return 0.2 + by_pillow(data[data.rindex(b"\xff\xd8\xff") :]) / 255 * (2.5 - 0.2)


def iphone_heic() -> bytes:
    photo = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    return heic([picture(photo), exif(1), *depth_of(GREY, 3, phone_xmp(0)[0])])


def iphone_heic_values(data: bytes) -> Array:
    import pi_heif

    return 0.2 + np.array(pi_heif.open_heif(data).info["depth_images"][0]) / 255 * (2.5 - 0.2)


def along_axis(reader: Reader, fov: float) -> Reader:
    """Hypersim's distances to depth, by the formula of its authors."""

    def read(data: bytes) -> Array:
        focal = WIDTH / 2 / np.tan(np.radians(fov) / 2)
        x, y = np.meshgrid(np.arange(WIDTH) + 0.5 - WIDTH / 2, np.arange(HEIGHT) + 0.5 - HEIGHT / 2)
        return reader(data) * focal / np.sqrt(x**2 + y**2 + focal**2)

    return read


_DPT = struct.pack("<f2i", 202021.25, WIDTH, HEIGHT)
_PFM = f"Pf\n{WIDTH} {HEIGHT}\n-0.003922\n".encode()
_HALF = METRES_OF.astype(np.float16)
_MM = LoadOptions(METRES, unit_scale=0.001)
_M = LoadOptions(METRES)
_SKY = np.where(METRES_OF > 9, np.float32(1e10), METRES_OF)

SOURCES: tuple[Source, ...] = (
    Source("Blender 4", "EXR", "`ViewLayer.Depth.Z`", with_colours("ViewLayer.Depth.Z", _SKY),
           "metres, sky unknown", "OpenEXR", by_openexr("ViewLayer.Depth.Z")),
    Source("Blender 5", "EXR", "`View Layer.Depth.V`", with_colours("View Layer.Depth.V"),
           "metres", "OpenImageIO", by_oiio("View Layer.Depth.V")),
    Source("Blender", "EXR", "`ViewLayer.Mist.Z`", with_colours("ViewLayer.Mist.Z", METRES_OF / 10),
           "relative depth, white is far", "OpenEXR", by_openexr("ViewLayer.Mist.Z")),
    Source("Arnold, Redshift", "EXR", "`Z`", lambda: exr({"Z": METRES_OF}, "PIZ"), "metres",
           "OpenImageIO", by_oiio("Z")),
    Source("V-Ray", "EXR", "`VRayZDepth.Z`", with_colours("VRayZDepth.Z"), "metres", "OpenEXR",
           by_openexr("VRayZDepth.Z")),
    Source("Karma", "EXR, half", "`hitPz.Z`", lambda: exr({"hitPz.Z": _HALF}), "metres", "OpenEXR",
           by_openexr("hitPz.Z")),
    Source("Nuke ScanlineRender", "EXR", "`depth.Z`", lambda: exr({"depth.Z": 1 / METRES_OF}),
           "metres", "OpenEXR", lambda d: 1 / by_openexr("depth.Z")(d),
           LoadOptions(INVERSE_METRES), 1e-5),
    Source("Unreal", "EXR", "`FinalImage_WorldDepth.R`",
           lambda: exr({f"FinalImage_WorldDepth.{c}": METRES_OF * 100 for c in "RGB"}), "metres",
           "OpenEXR", lambda d: by_openexr("FinalImage_WorldDepth.R")(d) / 100,
           LoadOptions(METRES, unit_scale=0.01), 1e-5),
    Source("stereo render", "EXR", "`left` of two views",
           lambda: exr({"Z": METRES_OF * 2, "left.Z": METRES_OF}, multiView=["right", "left"]),
           "metres", "OpenEXR", by_openexr("left.Z"), LoadOptions(channel="left")),
    Source("GDAL", "TIFF, float", "", tiff(METRES_OF, extratags=[(42113, "s", 0, "-9999", True)]),
           "metres, no-data unknown", "tifffile", by_tifffile, _M),
    Source("SciPy, scikit-image", "TIFF, double", "", tiff(METRES_OF.astype("f8")), "metres",
           "tifffile", by_tifffile, _M),
    Source("Houdini", "TIFF, half, tiles", "", tiff(_HALF, tile=(16, 16)), "metres", "tifffile",
           by_tifffile, _M),
    Source("stereo matching", "TIFF, int32", "", tiff(MILLIMETRES.astype("i4")), "metres",
           "tifffile", lambda d: by_tifffile(d) / 1000, _MM),
    Source("microscopy", "BigTIFF, 3 pages", "page 1",
           tiff(np.stack([METRES_OF] * 3), bigtiff=True), "metres", "tifffile",
           lambda d: by_tifffile(d)[0], _M),
    Source("Kinect, ARKit, RealSense", "PNG, 16 bits", "", lambda: png_of(MILLIMETRES), "metres",
           "Pillow", lambda d: by_pillow(d) / 1000, _MM),
    Source("MoGe", "PNG, 16 bits, logarithmic", "", moge, "metres", "Pillow and NumPy",
           lambda d: 0.6 * (9.5 / 0.6) ** ((by_pillow(d).astype("f8") - 1) / 65533), atol=1e-5),
    Source("CARLA", "PNG, packed colours", "", carla, "metres, sky unknown", "Pillow and NumPy",
           carla_metres, LoadOptions(Packed.CARLA.value)),
    Source("TartanAir, AirSim", "PNG, float in RGBA", "", tartanair, "metres", "Pillow and NumPy",
           tartanair_metres, LoadOptions(Packed.FLOAT.value)),
    Source("MiDaS, ControlNet", "PNG, 8 bits, grey", "", lambda: png_of(GREY),
           "relative disparity", "Pillow", by_pillow, LoadOptions(NEAR_DISPARITY)),
    Source("DepthCrafter", "NPZ", "`depth` (N, H, W)", npz(depth=np.stack([METRES_OF, _HALF])),
           "clip", "NumPy", by_numpy("depth"), LoadOptions(NEAR_DISPARITY)),
    Source("Video Depth Anything", "NPZ", "`depths` (N, H, W)", npz(depths=np.stack([_HALF] * 2)),
           "clip", "NumPy", by_numpy("depths"), LoadOptions(NEAR_DISPARITY)),
    Source("MASt3R, DA3", "NPZ", "`depth`, `intrinsics`",
           npz(depth=METRES_OF, intrinsics=np.array([[50.0, 0, 32], [0, 50, 24], [0, 0, 1]])),
           "metres, camera", "NumPy", by_numpy("depth"), _M),
    Source("BlenderProc", "HDF5", "`depth`", hdf5(depth=METRES_OF, colors=GREY), "metres", "h5py",
           by_h5py("depth")),
    Source("Hypersim", "HDF5", "`dataset`", hdf5(dataset=METRES_OF),
           "metres, from distance along the ray", "h5py", along_axis(by_h5py("dataset"), 60),
           LoadOptions(fov_deg=60.0), 1e-5),
    Source("MPI Sintel", "DPT", "", lambda: _DPT + METRES_OF.tobytes(), "metres", "NumPy",
           lambda d: np.frombuffer(d, "<f4", offset=12).reshape(HEIGHT, WIDTH)),
    Source("Middlebury 2014", "PFM, scale 1/255", "", lambda: _PFM + METRES_OF[::-1].tobytes(),
           "metres, scale ignored", "NumPy",
           lambda d: 1 / np.frombuffer(d, "<f4", offset=len(_PFM)).reshape(HEIGHT, WIDTH)[::-1],
           LoadOptions(INVERSE_METRES)),
    Source("Android (Dynamic Depth)", "JPEG", "item `depthmap`, trailer behind it", android,
           "metres", "Pillow and NumPy", android_metres),
    Source("iPhone portrait", "JPEG (MPO)", "auxiliary image", iphone_jpeg, "relative disparity",
           "Pillow", iphone_jpeg_values),
    Source("iPhone portrait", "HEIC", "auxiliary image", iphone_heic, "relative disparity",
           "pi-heif", iphone_heic_values),
)  # fmt: skip

HEAD = """# Depth files and where they come from

Made by `python tests/data/refresh_sources.py`; a test keeps it true. Each row is a file with the
layout, names, types and numbers that the source writes, made by the test itself. It is read by Load
Depth with what the fourth column says, and its numbers are compared with those of another reader.

| Source | File | Layer | The user chooses | Read as | Compared with |
|---|---|---|---|---|---|
"""


LIMITS = """
## Limits

- A map has at most 134 million pixels (16384 x 8192), a file 768 MB. Such a map takes 0.67 GB;
  while it is read, the process needs 0.7 GB (floats) to 1 GB (codes of 16 bits) in all, 1.3 GB for
  whole numbers of 32 bits. Damaged files are refused below 1 GB.
- A clip is held whole as one batch, 5 bytes a pixel; its files are read one at a time.
- Not supported, and said so: TIFF with LZW, of packed bits (2 to 31) or of more than 8 bits except
  float and 16-bit grey.
- Metres along the line of sight in a phone photo (MeasureType OpticRay) are refused where it does
  not name its camera. Lens distortion is not read.
- Videos of 8 bits: as many steps as greys. H.264 of Save Depth: values within about 1 % of the
  window, where depth meets its photo within 3 %. FFV1: 16 bits.
"""


def table() -> str:
    return HEAD + "\n".join(source.row() for source in SOURCES) + "\n" + LIMITS
