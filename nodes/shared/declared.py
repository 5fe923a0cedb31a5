"""The inputs of a node as typed, immutable values, and the `INPUT_TYPES` that ComfyUI reads.

A default is readable at any time. What lies on disk, or in a part that is imported on demand, is
given as a function; only `INPUT_TYPES` calls it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from .declaration import Declaration

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

Emitted = tuple[object, dict[str, object]]
ShownWhen = Mapping[str, Iterable[str]]


class Socket(Declaration):
    """An input that is wired. type: one name, or several joined by commas."""

    type: str
    tooltip: str

    def emit(self) -> Emitted:
        # ComfyUI draws a text field for this one unless it is told not to.
        wired = {"forceInput": True} if self.type == "STRING" else {}
        return self.type, {"tooltip": self.tooltip, **wired}


class FrameSocket(Socket):
    """An input of images that takes a VIDEO as well: the node gets its frames. streamed: read one
    at a time (`VideoFrames`), else (B, H, W, C)."""

    _: KW_ONLY
    streamed: bool = False

    def emit(self) -> Emitted:
        return f"{self.type},VIDEO", {"tooltip": self.tooltip}


class Widget(Declaration):
    """An input with a value on the node; None leaves an option out.

    advanced: folded away until the user asks for it; shown_when: the values of another widget
    that this one matters for (`web/js/fold.js` follows both). display_name: what the canvas
    calls it where that is not its name.
    """

    TYPE: ClassVar[str]
    tooltip: str | Callable[[], str]
    default: Any = None
    _: KW_ONLY
    advanced: bool = False
    shown_when: ShownWhen | Callable[[], ShownWhen] | None = None
    display_name: str | None = None

    def options(self) -> dict[str, object]:
        """The options under ComfyUI's own names, which are those of the fields."""
        given = self.given()
        given["advanced"] = self.advanced or None
        given["tooltip"] = self.tooltip() if callable(self.tooltip) else self.tooltip
        when = self.shown_when() if callable(self.shown_when) else self.shown_when
        given["shown_when"] = when and {name: list(values) for name, values in when.items()}
        return {name: value for name, value in given.items() if value is not None}

    def emit(self) -> Emitted:
        return self.TYPE, self.options()


class Number(Widget):
    """A number. auto: the value that leaves the choice to the node; the canvas shows it as `word`
    (`web/js/auto_number.js`), a prompt holds the number."""

    _: KW_ONLY
    auto: float | None = None
    word: str | None = None

    def options(self) -> dict[str, object]:
        given = Widget.options(self)
        if self.auto is None:
            return given
        whole = {"precision": 0} if self.TYPE == "INT" else {}
        return {"word": "auto", **given, **whole, "widgetType": "GENVR_AUTO_NUMBER"}


class Int(Number):
    """A whole number. control_after_generate: what happens to a seed after each run."""

    TYPE: ClassVar[str] = "INT"
    default: int = 0
    min: int = 0
    max: int = 2**31 - 1
    _: KW_ONLY
    control_after_generate: bool | str | None = None


class Float(Number):
    """A number. round: False keeps every digit that is typed."""

    TYPE: ClassVar[str] = "FLOAT"
    default: float = 0.0
    min: float = 0.0
    max: float = 1.0
    _: KW_ONLY
    step: float = 0.01
    round: bool | None = None


class Boolean(Widget):
    """On or off."""

    TYPE: ClassVar[str] = "BOOLEAN"
    default: bool = False


class Text(Widget):
    """A line of text, or several."""

    TYPE: ClassVar[str] = "STRING"
    default: str = ""
    _: KW_ONLY
    multiline: bool | None = None


class Choice(Widget):
    """One of a list. choices: the list, or a function that gives it."""

    TYPE: ClassVar[str] = "COMBO"
    default: str | None = None
    _: KW_ONLY
    choices: Iterable[str] | Callable[[], Iterable[str]] = ()

    def emit(self) -> Emitted:
        listed = self.choices() if callable(self.choices) else self.choices
        options = self.options()
        del options["choices"]
        return list(listed), options


class FileChoice(Choice):
    """One of the files in a folder. upload_extensions: what `web/js/upload.js` lets in."""

    _: KW_ONLY
    upload_extensions: Callable[[], Iterable[str]] = tuple

    def emit(self) -> Emitted:
        listed, options = Choice.emit(self)
        return listed, {**options, "upload_extensions": sorted(self.upload_extensions())}


Input = Socket | Widget


class Inputs(Declaration):
    """All inputs of one node by name, in the order in which they are drawn and saved."""

    required: Mapping[str, Input]
    optional: Mapping[str, Input] = MappingProxyType({})
    hidden: Mapping[str, str] = MappingProxyType({})

    if not TYPE_CHECKING:

        def __init__(self, *placed: object, **named: object) -> None:
            super().__init__(*placed, **named)
            self.__dict__.update(
                {name: MappingProxyType(dict(group)) for name, group in self.given().items()}
            )

    def emit(self) -> dict[str, object]:
        """The dictionary of `INPUT_TYPES`."""
        groups = {"required": self.required, "optional": self.optional}
        emitted: dict[str, object] = {
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

    def __init_subclass__(cls, **keywords: object) -> None:
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
    def INPUT_TYPES(cls) -> dict[str, object]:
        return cls.inputs().emit()

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The default of every widget, without a look at the disk."""
        return cls.inputs().defaults()
