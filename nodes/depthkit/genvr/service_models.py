"""The service's models that this pack knows: one row each, the only place that names their fields.

Ranges and defaults are those of the service's own schemas (`GET /api/schema/<category>/<sub>`); a
range the service does not give is ours and marked so. `probe.py` reports when the live ones drift.
Prices live in `prices.json`: the API has no price field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .service_errors import BadParameter

__all__ = ["MODELS", "Model", "Parameter", "Price", "model_named"]

SEED_MAX = 4294967295
PROMPT_MAX = 5000

Type = Literal["text", "integer", "number", "choice", "flag", "switch"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument, in our words (`name`) and in the service's (`wire`).

    A `switch` chooses which one of the service's boolean fields is true. `own_range` marks limits
    that are ours because the service publishes none. `omit` is a value that is not sent at all.
    """

    name: str
    wire: str
    type: Type
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    own_range: bool = False
    omit: Any = None
    tooltip: str = ""

    def clean(self, value: object) -> object:
        """The value in canonical form; raises BadParameter naming the parameter and its range."""
        checks = {"text": self._text, "choice": self._choice, "switch": self._choice}
        if self.type in checks:
            return checks[self.type](value)
        if self.type == "flag":
            return bool(value)
        return self._number(value)

    def _text(self, value: object) -> str:
        text = str(value).strip()
        if not _is_text(text):
            raise BadParameter(
                f"'{self.name}' holds half a character (a lone surrogate). Type it anew."
            )
        if self.low and len(text) < self.low:
            raise BadParameter(f"'{self.name}' is empty. Write what the image should show.")
        if self.high and len(text) > self.high:
            raise BadParameter(
                f"'{self.name}' has {len(text)} characters; at most {self.high:.0f} are sent. "
                "Shorten it."
            )
        return text

    def _choice(self, value: object) -> str:
        if str(value) not in self.choices:
            raise BadParameter(f"'{self.name}' is {value!r}; use one of {', '.join(self.choices)}.")
        return str(value)

    def _number(self, value: Any) -> int | float:
        try:
            number = float(value)
            whole = int(number)
        except (TypeError, ValueError, OverflowError):
            raise BadParameter(f"'{self.name}' is {value!r}, which is not a number.") from None
        low, high = self.low or 0, self.high or SEED_MAX
        if not low <= number <= high or (self.type == "integer" and number != whole):
            kind = "whole number" if self.type == "integer" else "number"
            raise BadParameter(
                f"'{self.name}' is {value}; use a {kind} from {low:g} to {high:.10g}."
            )
        # 15 and 15.0 are one request, whoever writes it.
        return whole if number == whole else number


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Price:
    """Credits of one image; `published` is False where the service says nothing and we assume."""

    credits: float
    published: bool


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the service. most_results: image addresses that are followed in one answer."""

    name: str
    label: str
    category: str
    subcategory: str
    image_field: str
    parameters: tuple[Parameter, ...]
    fixed: tuple[tuple[str, Any], ...] = ()
    most_results: int = 1

    @property
    def path(self) -> str:
        return f"{self.category}/{self.subcategory}"

    @property
    def price(self) -> Price:
        row = _price_table()[self.path]
        return Price(float(row["credits"]), bool(row["published"]))

    def parameter(self, name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.name == name), None)

    def clean(self, values: Mapping[str, object]) -> dict[str, object]:
        """Every parameter of the model, defaults filled in, validated.

        Raises BadParameter on an unknown name or a value out of range, before anything is sent.
        """
        unknown = set(values) - {p.name for p in self.parameters}
        if unknown:
            raise BadParameter(
                f"{self.label} has no parameter {', '.join(sorted(unknown))}; it takes "
                f"{', '.join(p.name for p in self.parameters)}."
            )
        chosen = {p.name: values.get(p.name, p.default) for p in self.parameters}
        return {p.name: p.clean(chosen[p.name]) for p in self.parameters}

    def body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The service's fields of a cleaned set of parameters, without the image."""
        fields: dict[str, Any] = dict(self.fixed)
        for parameter in self.parameters:
            value = values[parameter.name]
            if parameter.type == "switch":
                fields[value] = True
            elif parameter.omit is None or value != parameter.omit:
                fields[parameter.wire] = value
        return fields


@cache
def _price_table() -> Mapping[str, Mapping[str, Any]]:
    return json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))


def _prompt() -> Parameter:
    return Parameter("prompt", "prompt", "text", "", 1, PROMPT_MAX, own_range=True)


def _seed() -> Parameter:
    return Parameter("seed", "seed", "integer", 0, 0, SEED_MAX, own_range=True)


def _flux_control(name: str, label: str, subcategory: str, guidance: float) -> Model:
    """Depth and Canny share one contract and differ in the default guidance only."""
    parameters = (
        _prompt(),
        _seed(),
        Parameter(
            "steps", "steps", "integer", 50, 15, 50,
            tooltip="More steps give finer detail and take longer; the price is the same.",
        ),
        Parameter(
            "guidance", "guidance", "number", guidance, 1, 100,
            tooltip="How strictly prompt and structure are followed. Lower is freer and often "
            "looks more natural.",
        ),
        Parameter(
            "output_format", "output_format", "choice", "jpg", choices=("jpg", "png"),
            tooltip="The file the service makes: jpg is small, png has no compression marks.",
        ),
        Parameter(
            "safety_tolerance", "safety_tolerance", "integer", 2, 1, 6,
            tooltip="1 refuses the most, 6 the least.",
        ),
        Parameter(
            "prompt_upsampling", "prompt_upsampling", "flag", False, omit=False,
            tooltip="Let the service rewrite the prompt. The same seed then no longer gives the "
            "same image.",
        ),
    )  # fmt: skip
    return Model(name, label, "imgutils_control", subcategory, "control_image", parameters)


_SCRIBBLE = Model(
    "scribble",
    "Scribble",
    "imgutils_control",
    "scribble2img",
    "image",
    (
        _prompt(),
        _seed(),
        Parameter(
            "steps", "ddim_steps", "integer", 20, 1, 100, own_range=True,
            tooltip="More steps give finer detail and take longer.",
        ),
        Parameter(
            "guidance", "scale", "number", 9, 0.1, 30,
            tooltip="How strictly the prompt is followed.",
        ),
        Parameter(
            "negative_prompt", "n_prompt", "text",
            "longbody, lowres, bad anatomy, bad hands, missing fingers, extra digit, fewer digits, "
            "cropped, worst quality, low quality",
            0, PROMPT_MAX, own_range=True,
            tooltip="What the image should not show.",
        ),
        Parameter(
            "added_prompt", "a_prompt", "text", "best quality, extremely detailed",
            0, PROMPT_MAX, own_range=True,
            tooltip="Words the service adds to the prompt.",
        ),
        Parameter(
            "resolution", "image_resolution", "choice", "512", choices=("256", "512", "768"),
            tooltip="Size in pixels of the image the service makes.",
        ),
    ),
    fixed=(("num_samples", "1"),),
    most_results=2,  # ControlNets of this family give their map beside the image
)  # fmt: skip

_DETECTORS = (
    "hed", "sam", "mlsd", "pidi", "canny", "leres", "midas", "content", "lineart", "open_pose",
    "normal_bae", "face_detector", "lineart_anime",
)  # fmt: skip

_DETECT = Model(
    "detect",
    "Depth detector",
    "imgutils_control",
    "controlnet_preprocessors",
    "image",
    (
        Parameter(
            "detector", "", "switch", "midas", choices=("midas", "leres"),
            tooltip="midas is robust on everyday photos; leres keeps more of the far background.",
        ),
    ),
    # The service runs every detector that is not switched off.
    fixed=tuple((name, False) for name in _DETECTORS),
    most_results=2,
)  # fmt: skip

MODELS: tuple[Model, ...] = (
    _flux_control("depth", "Depth", "depth", 15),
    _flux_control("canny", "Canny", "canny", 30),
    _SCRIBBLE,
    _DETECT,
)


def model_named(name: str) -> Model:
    """The row of that name; raises BadParameter listing the names there are."""
    for model in MODELS:
        if model.name == name:
            return model
    names = ", ".join(model.name for model in MODELS)
    raise BadParameter(f"There is no GenVR model {name!r} here; use one of {names}.")
