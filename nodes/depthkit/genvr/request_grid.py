"""From what the user connects and types to requests, and from results to images of one size."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import InvalidInput
from ..images import resize
from .control_images import ControlImage
from .request import Request
from .service_errors import BadParameter
from .service_models import SEED_MAX, Model

__all__ = ["COMBINE", "LAYOUTS", "fitted", "layout", "requests_for", "seeds_from", "split_prompts"]

COMBINE = ("every combination", "pair up")
LAYOUTS = ("as returned", "control size", "one batch")
MOST_REQUESTS = 1000


def split_prompts(texts: Sequence[str], per_line: bool) -> list[str]:
    """The prompts of one or more text fields; per line, empty lines and # lines are left out."""
    if not per_line:
        return [text.strip() for text in texts]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise BadParameter("'prompt' has no line with text. Write one prompt per line.")
    return found


def seeds_from(first: Sequence[int], count: int) -> list[int]:
    """`count` consecutive seeds from each given one, back to 0 beyond the largest."""
    if not 1 <= count <= MOST_REQUESTS:
        raise BadParameter(f"'count' is {count}; use 1 to {MOST_REQUESTS}.")
    # A seed out of range stays so: the model table names its range.
    return [
        (seed + step) % (SEED_MAX + 1) if step else seed for seed in first for step in range(count)
    ]


def requests_for(
    model: Model,
    controls: Sequence[ControlImage],
    axes: Mapping[str, Sequence[Any]],
    *,
    takes: Sequence[int] = (0,),
    combine: str = COMBINE[0],
) -> list[Request]:
    """One request per combination of image and parameters, validated before anything is sent.

    axes: parameter name -> its values, in the order in which results vary from slow to fast.
    "pair up" takes the first of each, then the second, ...; shorter lists repeat their last value.
    Raises BadParameter or InvalidInput.
    """
    if not controls:
        raise InvalidInput("Nothing to work from: connect 'image' (the photo) or 'depth'.")
    columns: list[list[Any]] = [
        list(controls),
        *(list(values) for values in axes.values()),
        list(takes),
    ]
    if combine == "pair up":
        rows = list(_paired(columns))
    else:
        size = 1
        for column in columns:
            size *= len(column)
        if size > MOST_REQUESTS:
            raise BadParameter(f"{size} images in one run are too many; the most is 1000.")
        rows = list(itertools.product(*columns))
    made: list[Request] = []
    for control, *values, take in rows:
        made.append(Request.make(model, dict(zip(axes, values, strict=True)), control, take))
    return made


def _paired(columns: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    longest = max(len(column) for column in columns)
    return [tuple(column[min(i, len(column) - 1)] for column in columns) for i in range(longest)]


def fitted(image: Tensor, height: int, width: int) -> Tensor:
    """(H, W, 3) brought to (height, width): scaled with its ratio kept, the overhang cut evenly."""
    rows, columns = image.shape[:2]
    scale = max(height / rows, width / columns)
    tall, wide = max(height, round(rows * scale)), max(width, round(columns * scale))
    scaled = resize(image[None], tall, wide)[0]
    top, left = (tall - height) // 2, (wide - width) // 2
    return scaled[top : top + height, left : left + width].contiguous()


def layout(
    images: Sequence[Tensor], controls: Sequence[ControlImage], how: str
) -> tuple[list[Tensor], list[str]]:
    """(IMAGE tensors (B, H, W, 3), notes): a list as returned, at the control's size, or one batch.

    images: (H, W, 3) each; controls: the control image of each.
    """
    if how == "as returned":
        return [image[None] for image in images], []
    first = controls[0]
    sizes = [
        (first.height, first.width) if how == "one batch" else (c.height, c.width) for c in controls
    ]
    notes = []
    for image, size in zip(images, sizes, strict=True):
        if _ratio_differs(image.shape, size):
            rows, columns = image.shape[:2]
            notes.append(
                f"A {columns} x {rows} image was cut at its edges to fit {size[1]} x {size[0]}."
            )
    fit = [fitted(image, *size) for image, size in zip(images, sizes, strict=True)]
    if how == "one batch":
        return [torch.stack(fit)], list(dict.fromkeys(notes))
    return [image[None] for image in fit], list(dict.fromkeys(notes))


def _ratio_differs(shape: Sequence[int], size: tuple[int, int]) -> bool:
    return abs(shape[1] / shape[0] * size[0] / size[1] - 1) > 0.02
