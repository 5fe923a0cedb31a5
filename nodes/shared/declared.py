"""The inputs of a node as typed, immutable values, and the `INPUT_TYPES` that ComfyUI reads.

A default is readable at any time. What lies on disk, or in a part that is imported on demand, is
given as a function; only `INPUT_TYPES` calls it. Nothing compares or prints a declaration, and
ComfyUI would wait at its start while those methods are compiled: eq=False, repr=False.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar

__all__ = [
    "Boolean",
    "Choice",
    "Declared",
    "FileChoice",
    "Float",
    "FrameSocket",
    "Input",
    "Inputs",
    "Int",
    "Number",
    "ShownWhen",
    "Socket",
    "Text",
    "Widget",
]

Emitted = tuple[Any, dict[str, Any]]
ShownWhen = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Socket:
    """An input that is wired. type: one name, or several joined by commas."""

    type: str
    tooltip: str

    def emit(self) -> Emitted:
        # ComfyUI draws a text field for this one unless it is told not to.
        wired = {"forceInput": True} if self.type == "STRING" else {}
        return self.type, {"tooltip": self.tooltip, **wired}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FrameSocket(Socket):
    """An input of images that takes a VIDEO as well: the node gets its frames. streamed: read one
    at a time (`VideoFrames`), else (B, H, W, C)."""

    streamed: bool = field(default=False, kw_only=True)

    def emit(self) -> Emitted:
        return f"{self.type},VIDEO", {"tooltip": self.tooltip}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Widget:
    """An input with a value on the node; None leaves an option out.

    advanced: folded away until the user asks for it; shown_when: the values of another widget
    that this one matters for (`web/js/fold.js` follows both). display_name: what the canvas
    calls it where that is not its name.
    """

    TYPE: ClassVar[str]
    tooltip: str | Callable[[], str]
    default: Any = None
    advanced: bool = field(default=False, kw_only=True)
    shown_when: ShownWhen | Callable[[], ShownWhen] | None = field(default=None, kw_only=True)
    display_name: str | None = field(default=None, kw_only=True)

    def options(self) -> dict[str, Any]:
        """The options under ComfyUI's own names, which are those of the fields."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        given["advanced"] = self.advanced or None
        given["tooltip"] = self.tooltip() if callable(self.tooltip) else self.tooltip
        when = self.shown_when() if callable(self.shown_when) else self.shown_when
        given["shown_when"] = when and {name: list(values) for name, values in when.items()}
        return {name: value for name, value in given.items() if value is not None}

    def emit(self) -> Emitted:
        return self.TYPE, self.options()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(Widget):
    """A number. auto: the value that leaves the choice to the node; the canvas shows it as `word`
    (`web/js/auto_number.js`), a prompt holds the number."""

    auto: float | None = field(default=None, kw_only=True)
    word: str | None = field(default=None, kw_only=True)

    def options(self) -> dict[str, Any]:
        given = Widget.options(self)
        if self.auto is None:
            return given
        whole = {"precision": 0} if self.TYPE == "INT" else {}
        return {"word": "auto", **given, **whole, "widgetType": "GENVR_AUTO_NUMBER"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Int(Number):
    """A whole number. control_after_generate: what happens to a seed after each run."""

    TYPE: ClassVar[str] = "INT"
    default: int = 0
    min: int = 0
    max: int = 2**31 - 1
    control_after_generate: bool | str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Float(Number):
    """A number. round: False keeps every digit that is typed."""

    TYPE: ClassVar[str] = "FLOAT"
    default: float = 0.0
    min: float = 0.0
    max: float = 1.0
    step: float = field(default=0.01, kw_only=True)
    round: bool | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Boolean(Widget):
    """On or off."""

    TYPE: ClassVar[str] = "BOOLEAN"
    default: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Text(Widget):
    """A line of text, or several."""

    TYPE: ClassVar[str] = "STRING"
    default: str = ""
    multiline: bool | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Choice(Widget):
    """One of a list. choices: the list, or a function that gives it."""

    TYPE: ClassVar[str] = "COMBO"
    default: str | None = None
    choices: Iterable[str] | Callable[[], Iterable[str]] = field(default=(), kw_only=True)

    def emit(self) -> Emitted:
        listed = self.choices() if callable(self.choices) else self.choices
        options = self.options()
        del options["choices"]
        return list(listed), options


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FileChoice(Choice):
    """One of the files in a folder. upload_extensions: what `web/js/upload.js` lets in."""

    upload_extensions: Callable[[], Iterable[str]] = field(default=tuple, kw_only=True)

    def emit(self) -> Emitted:
        listed, options = Choice.emit(self)
        return listed, {**options, "upload_extensions": sorted(self.upload_extensions())}


Input = Socket | Widget


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Inputs:
    """All inputs of one node by name, in the order in which they are drawn and saved."""

    required: Mapping[str, Input]
    optional: Mapping[str, Input] = field(default_factory=dict[str, "Input"])
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, MappingProxyType(dict(getattr(self, item.name))))

    def emit(self) -> dict[str, Any]:
        """The dictionary of `INPUT_TYPES`."""
        groups = {"required": self.required, "optional": self.optional}
        emitted: dict[str, Any] = {
            group: {name: given.emit() for name, given in inputs.items()}
            for group, inputs in groups.items()
            if inputs
        }
        return {**emitted, **({"hidden": dict(self.hidden)} if self.hidden else {})}

    def sockets(self) -> dict[str, Socket]:
        """The inputs that are wired."""
        given = {**self.required, **self.optional}
        return {name: one for name, one in given.items() if isinstance(one, Socket)}

    def defaults(self) -> dict[str, Any]:
        """The default of every widget that has one."""
        return {
            name: given.default
            for name, given in {**self.required, **self.optional}.items()
            if isinstance(given, Widget) and given.default is not None
        }


def _given_frames(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; a VIDEO at an input that is a `FrameSocket` arrives as its frames."""

    @functools.wraps(run)
    def with_frames(self: Declared, *arguments: Any, **named: Any) -> Any:
        if not any(hasattr(one, "get_components") for one in _values(arguments, named)):
            return run(self, *arguments, **named)
        from .video_frames import frames_of

        given = {**inspect.signature(run).bind_partial(self, *arguments).arguments, **named}
        for name, wired in self.inputs().sockets().items():
            if isinstance(wired, FrameSocket) and name in given:
                given[name] = frames_of(given[name], name, streamed=wired.streamed)
        return run(**given)

    return with_frames


def _values(arguments: tuple[Any, ...], named: dict[str, Any]) -> Iterator[Any]:
    """Every value, those of lists one by one: nodes with INPUT_IS_LIST get lists."""
    for one in (*arguments, *named.values()):
        yield from one if isinstance(one, list) else (one,)  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]


class Declared:
    """A node whose inputs are declared once, in `INPUTS`."""

    INPUTS: ClassVar[Inputs]
    FUNCTION: ClassVar[str]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        run = cls.__dict__.get(getattr(cls, "FUNCTION", ""))
        # ComfyUI awaits coroutine functions; those nodes are paid by the image and take no video.
        if run is not None and not inspect.iscoroutinefunction(run):
            setattr(cls, cls.FUNCTION, _given_frames(run))

    @classmethod
    def inputs(cls) -> Inputs:
        """The declaration; a node whose inputs come from a table read on demand overrides this."""
        return cls.INPUTS

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return cls.inputs().emit()

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The default of every widget, without a look at the disk."""
        return cls.inputs().defaults()
