"""The table of video model families: how depth goes in, which lengths and sizes each can sample,
and what an expert would set. Rows are tried from the top."""

from __future__ import annotations

from ..facts import ModelFacts
from .video_family import VideoFamily

__all__ = ["VIDEO_FAMILIES", "video_family_of"]

_WAN = frozenset({"WAN21_T2V"})

VIDEO_FAMILIES: tuple[VideoFamily, ...] = (
    VideoFamily(
        "wan_vace",
        "Wan VACE",
        route="vace",
        node="WanVaceToVideo",
        classes=frozenset({"WAN21_Vace"}),
        latent_channels=16,
        step=4,
        first=1,
        multiple=16,
        megapixels=0.4,
        frame_rate=16.0,
        experts=(1, 2),
        reference=True,
        first_frame=True,
        last_frame=True,
        inpaint=True,
        shift=8.0,
    ),
    VideoFamily(
        "wan22_fun",
        "Wan 2.2 Fun Control",
        route="fun22",
        node="Wan22FunControlToVideo",
        classes=_WAN,
        latent_channels=16,
        concat=36,
        step=4,
        first=1,
        multiple=16,
        megapixels=0.4,
        frame_rate=16.0,
        experts=(2, 2),
        reference=True,
        guidance=3.5,
        sampler="euler",
        shift=8.0,
    ),
    VideoFamily(
        "wan22_fun_5b",
        "Wan 2.2 Fun Control 5B",
        route="fun22",
        node="Wan22FunControlToVideo",
        classes=_WAN,
        latent_channels=48,
        concat=100,
        step=4,
        first=1,
        multiple=32,
        megapixels=0.86,
        frame_rate=24.0,
        reference=True,
        guidance=5.0,
        shift=8.0,
    ),
    VideoFamily(
        "wan21_fun",
        "Wan 2.1 Fun Control",
        route="fun21",
        node="WanFunControlToVideo",
        classes=_WAN,
        latent_channels=16,
        concat=32,
        step=4,
        first=1,
        multiple=16,
        megapixels=0.4,
        frame_rate=16.0,
        first_frame=True,
        shift=8.0,
    ),
    VideoFamily(
        "ltx",
        "LTX-2 with IC-LoRA",
        route="ltx",
        node="LTXVAddGuide",
        classes=frozenset({"LTXV"}),
        latent_channels=128,
        step=8,
        first=1,
        multiple=32,
        megapixels=0.86,
        frame_rate=24.0,
        lora=True,
        first_frame=True,
        last_frame=True,
        guidance=4.0,
        sampler="euler",
        scheduler="LTXVScheduler",
        notes=(
            "Settings are those of the dev model; a distilled one wants guidance 1 and 8 steps.",
        ),
    ),
    VideoFamily(
        "minimax_h3",
        "MiniMax H3 with Fun ControlNet",
        route="h3",
        node="MiniMaxH3FunControlNetApply",
        classes=frozenset({"MiniMaxH3"}),
        latent_channels=0,
        step=17,
        first=5,
        multiple=32,
        megapixels=0.4,
        frame_rate=24.0,
        patch="minimax-h3",
        start_end=True,
        first_frame=True,
        last_frame=True,
        inpaint=True,
        guidance=1.0,
        sampler="res_multistep",  # and 20 steps: video_minimax_h3_fun_controlnet_union
        notes=(
            "This route is planned from ComfyUI's documentation (0.35 and newer; read, not run). "
            "20 steps of res_multistep, guidance 1: those of ComfyUI's own template "
            "video_minimax_h3_fun_controlnet_union. A Turbo LoRA wants 4 to 8.",
            "MiniMax H3 makes sound too: it is in the latent, and its audio VAE decodes it.",
        ),
    ),
)


def video_family_of(model: ModelFacts) -> VideoFamily | None:
    """The row of the table, or None for a model that takes no depth clip."""
    return next((row for row in VIDEO_FAMILIES if row.matches(model)), None)
