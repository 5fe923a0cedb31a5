"""What the sample workflows say about themselves: short, for someone who sees ComfyUI the first
time."""

from __future__ import annotations

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
    File,
)

__all__ = ["NOTES"]

_OWN = "**Your photo:** press *Use my own photo* on the first node, or drop a photo on it."
_FREE = "**Cost:** nothing; it runs on this computer, with nothing to download."


def _needs(memory: str, *files: File) -> str:
    return "\n".join([f"**Needs** (about {memory} of video memory):", *(f.line() for f in files)])


_SD15 = _needs("4 GB", SD15, SD15_DEPTH)
_SDXL = _needs("10 GB", SDXL, SDXL_UNION)
_FLUX = _needs("24 GB", FLUX, CLIP_L, T5, FLUX_VAE)
_VACE = _needs("8 GB", VACE, UMT5, WAN_VAE)
_LTX = _needs("32 GB", LTX, LTX_DEPTH, GEMMA)
_Z_IMAGE = _needs("16 GB", Z_IMAGE, QWEN_3, FLUX_VAE, Z_IMAGE_UNION)
_ACCOUNT = "**Needs a GenVR account:** enter its key in *Settings > GenVR Depth*."
_LOCAL_COST = "**Cost:** nothing; it runs on this computer."

NOTES = {
    "01": f"""## Photo to depth

### Press **Run**. *Depth Estimation* then shows how far away everything is.

- Point at the depth: the number is the distance.
- **3D** turns it in space, **Compare** lays it over the photo.
- *Save Depth* keeps the numbers, with nothing lost.

{_OWN}

{_FREE}""",
    "02": f"""## Paint with depth, SD 1.5

### A new image with the shapes of the first one. Say what it shows in **prompt**.

{_OWN}

{_SD15}

{_LOCAL_COST}""",
    "03": f"""## One street, every season

### *Prompt Variations* gives one prompt for each season; houses and trees stay in their places.

{_OWN}

{_SDXL}

{_LOCAL_COST}""",
    "04": f"""## FLUX.1 Depth [dev]

### FLUX made for depth: no ControlNet is needed. Say what the image shows in **prompt**.

{_OWN}

{_FLUX}

{_LOCAL_COST}""",
    "05": f"""## Restyle a room

### *Split Depth Layers* finds the far wall; only what is white in its mask is painted anew.

{_OWN}

{_SDXL}

{_LOCAL_COST}""",
    "06": f"""## Generate with GenVR

### The photo goes to the GenVR service and comes back painted anew: no GPU, no download.

{_ACCOUNT}

**Cost:** 5 credits an image; the node says so before you run. What is paid for is kept: the same
settings again cost nothing.

{_OWN}""",
    "07": f"""## Twelve styles, best structure

### Twelve looks of one photo; *Keep Best Structure* finds those that kept everything in its place.

{_ACCOUNT}

**Cost:** 12 x 5 = 60 credits. To try it first, set **limit** in *Prompt Variations* to 2.

{_OWN}""",
    "08": f"""## Blur the background

### *Split Depth Layers* cuts the image into near, middle and far; here the near part stays sharp.

{_OWN}

{_FREE}""",
    "09": f"""## Stereo and 3D

### One photo becomes a side-by-side image for a headset and a 3D model.

The model (GLB) is for phones, Blender and game engines; for a point cloud choose **ply**.

{_OWN}

{_FREE}""",
    "10": f"""## Depth of a clip

### One scale for all frames, so that nothing flickers: **consistency** is *clip*.

The clip here is a small camera move around the photo.

**Your clip:** unfold *Load Video*, choose it, then draw a line from *images* to *Depth Estimation*.

{_FREE}""",
    "11": f"""## Move the camera

### A photo and its depth become a clip: **move** says which way, **amount** how far.

*sway* loops. What was hidden is continued from the background; the mask shows where.

**As a guide:** for Uni3C set **fill_holes** to *off*; for Wan VACE leave it on (template 15).

{_FREE}""",
    "12": f"""## Video from depth, Wan VACE

### The camera moves through the depth of one photo, and Wan paints what the **prompt** says.

To keep the photo's look, connect it to **first**.

{_OWN}

{_VACE}

{_LOCAL_COST}""",
    "13": f"""## Video from depth, LTX-2

### The camera moves through the depth of one photo; LTX-2 paints what the **prompt** says.

The clip is silent.

{_OWN}

{_LTX}

{_LOCAL_COST}""",
    "14": f"""## Paint with depth, Z-Image

### A new image with the shapes of the first one, in eight steps. Say what it shows in **prompt**.

{_OWN}

{_Z_IMAGE}

{_LOCAL_COST}""",
    "15": f"""## Move the camera, painted

### The camera moves; what the photo does not show is white in the mask, and Wan VACE paints it.

{_OWN}

{_VACE}

{_LOCAL_COST}""",
    "16": f"""## Stereo, painted

### The left eye is the photo; what it does not show of the right eye's view is painted.

The depth is moved along with the photo. **fill_holes** stays on, so that the model begins from
background.

{_OWN}

{_SD15}

{_LOCAL_COST}""",
}
