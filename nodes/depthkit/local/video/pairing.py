"""Whether what is connected can make a clip; every refusal names a way out."""

from __future__ import annotations

from ...errors import PlanError
from ..sampling_size import same_ratio
from .facts import ClipConnected
from .families import VIDEO_FAMILIES, video_family_of
from .video_family import VideoFamily

__all__ = ["check_clip", "known_family"]


def known_family(connected: ClipConnected) -> VideoFamily:
    """The family of the model, or PlanError naming those that take a depth clip."""
    family = video_family_of(connected.model)
    if family is not None:
        return family
    listed = ", ".join(row.title for row in VIDEO_FAMILIES)
    raise PlanError(
        f"The model ({connected.model.name}) takes no clip of depth. Models that do: {listed}. For "
        "single images use Generate from Depth (Local)."
    )


def check_clip(family: VideoFamily, connected: ClipConnected) -> None:
    """Raise PlanError for the first thing that cannot work."""
    if connected.nodes is not None and family.node not in connected.nodes:
        raise PlanError(
            f"This ComfyUI has no {family.node} node, which {family.title} needs. Update ComfyUI."
        )
    _check_clip_vae(family, connected)
    _check_clip_texts(family, connected)
    _check_experts(family, connected)
    _check_clip_patch(family, connected)
    _check_frame_images(family, connected)
    _check_source(family, connected)


def _check_clip_vae(family: VideoFamily, connected: ClipConnected) -> None:
    if connected.vae is None:
        raise PlanError(
            f"The VAE is missing. Add a Load VAE node with the VAE of {family.title} and connect "
            "it to vae."
        )
    channels = (connected.vae.latent_channels, connected.model.latent_channels)
    if 0 not in channels and channels[0] != channels[1]:
        raise PlanError(
            f"The VAE makes latents of {channels[0]} channels, the model ({family.title}) works on "
            f"{channels[1]}. Connect the VAE that belongs to this model."
        )


def _check_clip_texts(family: VideoFamily, connected: ClipConnected) -> None:
    if connected.clip or (connected.positive and family.route != "h3"):
        return
    raise PlanError(
        "There is nothing to turn the prompt into conditioning: connect clip, or connect ready "
        "conditioning to positive."
    )


def _check_experts(family: VideoFamily, connected: ClipConnected) -> None:
    low = connected.low_noise
    least, most = family.experts
    if low is None and least > 1:
        raise PlanError(
            f"{family.title} samples with two experts: model is the high-noise one, and the "
            "low-noise one is missing. Connect it to model_low_noise."
        )
    if low is None:
        return
    if most < 2:
        raise PlanError(
            f"{family.title} is one model; nothing belongs to model_low_noise. Disconnect it."
        )
    if video_family_of(low) is not family:
        raise PlanError(
            f"model_low_noise ({low.name}) is of another family than model ({family.title}). "
            "Connect the low-noise file of the same pair."
        )


def _check_clip_patch(family: VideoFamily, connected: ClipConnected) -> None:
    patch = connected.patch
    if family.patch and patch is None:
        raise PlanError(
            f"Nothing brings the depth to {family.title}. Connect a Load Model Patch node with its "
            "Fun ControlNet to model_patch."
        )
    if patch is not None and patch.kind != family.patch:
        raise PlanError(
            f"The model patch ({patch.name}) does not fit the model ({family.title}). "
            + ("Connect its Fun ControlNet." if family.patch else "Disconnect it.")
        )
    if family.lora and not connected.model.loras:
        raise PlanError(
            f"{family.title}: the model carries no LoRA, and without the depth IC-LoRA it would "
            "show the depth clip itself. Add a Load LoRA (Model) node with the IC-LoRA for depth "
            "(or the union one) in front of model."
        )


def _check_source(family: VideoFamily, connected: ClipConnected) -> None:
    source, mask, depth = connected.source, connected.mask, connected.depth
    if source is None and mask is None:
        return
    if not family.inpaint:
        able = ", ".join(row.title for row in VIDEO_FAMILIES if row.inpaint)
        raise PlanError(
            f"{family.title} cannot keep part of a clip. Disconnect source_video and mask, or use "
            f"one of: {able}."
        )
    if source is None or mask is None:
        there, missing = ("source_video", "mask") if mask is None else ("mask", "source_video")
        raise PlanError(
            f"{there} is connected and {missing} is not. The mask says where the source video is "
            "painted anew; connect both."
        )
    for name, extent, counts in (
        ("source_video", source, (depth.frames,)),
        ("mask", mask, (1, depth.frames)),
    ):
        if not same_ratio(extent, depth):
            raise PlanError(
                f"The {name} is {extent.width}x{extent.height}, the depth {depth.width}x"
                f"{depth.height}: not the same frame. Crop one of them."
            )
        if extent.frames not in counts:
            raise PlanError(
                f"The {name} has {extent.frames} frames, the depth {depth.frames}. Make both of "
                "the same clip."
            )


def _check_frame_images(family: VideoFamily, connected: ClipConnected) -> None:
    takes = {
        "first": family.first_frame,
        "last": family.last_frame,
        "reference": family.reference,
    }
    for name, taken in takes.items():
        extent = getattr(connected, name)
        if extent is None:
            continue
        if not taken:
            offered = " and ".join(other for other, yes in takes.items() if yes)
            raise PlanError(
                f"{family.title} takes no {name} image. Disconnect it"
                + (f"; it takes: {offered}." if offered else ".")
            )
        # A reference shows what, not where; the others are frames of this clip.
        if name != "reference" and not same_ratio(extent, connected.depth):
            raise PlanError(
                f"The {name} image is {extent}, the depth {connected.depth.width}x"
                f"{connected.depth.height}: not the same frame. Crop one of them."
            )
