"""Whether what is connected can work together; every refusal names both sides and a way out."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import PlanError
from .facts import Connected, ControlFacts, Extent
from .families import FAMILIES, GENERIC
from .family import CONTROL_KINDS, UNION_DEPTH, Family
from .model_files import suggestion
from .sampling_size import same_ratio

__all__ = ["check_pairing"]


def check_pairing(family: Family, connected: Connected, *, strength: float | None) -> None:
    """Raise PlanError for the first thing that cannot work. strength 0 needs no control at all."""
    _check_vae(family, connected)
    _check_texts(connected)
    _check_images(connected)
    if family.encoder or strength != 0:
        _check_nodes(family, connected)
    if connected.control is not None and connected.patch is not None:
        raise PlanError(
            "control_net and model_patch are both connected: the depth would act twice. Keep one."
        )
    if connected.patch is not None:
        _check_patch(family, connected)
    elif connected.control is not None:
        _check_control(family, connected, connected.control)
    elif family.lora and strength != 0:
        _check_lora(family, connected)
    elif not family.concat and strength != 0 and not (family.editor and connected.by_prompt):
        raise PlanError(
            f"Nothing brings the depth to this model ({_model(family, connected)}). "
            f"{suggestion(family)}"
        )


def _check_nodes(family: Family, connected: Connected) -> None:
    missing = [name for name in family.needs if name not in (connected.nodes or family.needs)]
    if missing:
        remedy = f"Install the node pack {family.pack}." if family.pack else "Update ComfyUI."
        raise PlanError(
            f"Depth goes to {family.title} through {' and '.join(missing)}, which this ComfyUI "
            f"does not have. {remedy}"
        )


def _check_lora(family: Family, connected: Connected) -> None:
    if not connected.model.loras:
        raise PlanError(
            f"Nothing brings the depth to {family.title}: the model carries no LoRA. "
            f"{suggestion(family)}"
        )


def _model(family: Family, connected: Connected) -> str:
    name = connected.model.name
    return family.title if family is not GENERIC else f"{name}, which this node does not know"


def _check_vae(family: Family, connected: Connected) -> None:
    model, vae = connected.model, connected.vae
    if vae is None:
        raise PlanError(
            "The VAE is missing: the checkpoint has none. Add a Load VAE node with the VAE of "
            f"{_model(family, connected)} and connect it to vae."
        )
    channels = (vae.latent_channels, model.latent_channels)
    if 0 not in channels and channels[0] != channels[1]:
        raise PlanError(
            f"The VAE makes latents of {vae.latent_channels} channels, the model "
            f"({_model(family, connected)}) works on {model.latent_channels}. Connect the VAE that "
            "belongs to this model."
        )


def _check_texts(connected: Connected) -> None:
    if not connected.positive and not connected.clip:
        raise PlanError(
            "There is nothing to turn the prompt into conditioning: connect clip (the checkpoint "
            "may have none; use Load CLIP), or connect ready conditioning to positive."
        )


def _check_images(connected: Connected) -> None:
    depth, reference, mask = connected.depth, connected.reference, connected.mask
    if mask is not None and reference is None:
        raise PlanError(
            "A mask says what to repaint, but there is no image to keep the rest of. Connect the "
            "original image to reference."
        )
    others = {"reference": reference, "mask": mask, "color_map": connected.color_map}
    for name, extent in others.items():
        if extent is None:
            continue
        if not same_ratio(extent, depth):
            raise PlanError(
                f"The {name} is {extent}, the depth {depth}: not the same frame. Make both from "
                "the same image, or crop one of them."
            )
    _check_frames(connected)


def _check_frames(connected: Connected) -> None:
    extents: dict[str, Extent | None] = {
        "depth": connected.depth,
        "reference": connected.reference,
        "mask": connected.mask,
    }
    counts = {name: e.frames for name, e in extents.items() if e is not None and e.frames > 1}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise PlanError(
            f"The batches do not fit together: {listed} images. Give each one image, or "
            "the same number."
        )


def _check_patch(family: Family, connected: Connected) -> None:
    patch = connected.patch
    if patch is not None and (patch.guessed or (family is GENERIC and patch.node)):
        return
    if patch is not None and patch.kind not in family.patches:
        home = _home(lambda row: patch.kind in row.patches)
        raise PlanError(
            f"The model patch ({patch.name}{home}) does not fit the model "
            f"({_model(family, connected)}). {suggestion(family)}"
        )


def _check_control(family: Family, connected: Connected, control: ControlFacts) -> None:
    title = _kind_and_home(control)
    if control.kind not in family.controls:
        raise PlanError(
            f"The control net ({title}) does not fit the model ({_model(family, connected)}). "
            f"{suggestion(family)}"
        )
    widths = (connected.model.width, control.width)
    if None not in widths and widths[0] != widths[1]:
        raise PlanError(
            f"The control net ({title}) works with features {widths[1]} wide, the model "
            f"({_model(family, connected)}) with {widths[0]}. {suggestion(family)}"
        )
    index, _ = UNION_DEPTH.get(control.kind, (0, ""))
    if 0 < control.union_types <= index:
        raise PlanError(
            f"The union control net ({title}) knows only {control.union_types} control types, and "
            f"depth would be number {index}. {suggestion(family)}"
        )


def _kind_and_home(control: ControlFacts) -> str:
    """Its kind, and the family it belongs to where its width tells."""
    home = _home(lambda row: control.kind in row.controls and control.width == row.width)
    return f"{CONTROL_KINDS.get(control.kind, control.name)}{home}"


def _home(belongs: Callable[[Family], bool]) -> str:
    titles = [row.title for row in FAMILIES if belongs(row)]
    return f", made for {titles[-1]}" if titles else ""
