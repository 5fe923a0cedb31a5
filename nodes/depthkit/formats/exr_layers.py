"""Which channel of an OpenEXR file is depth, by what its layer is called.

A channel has a path: the words of its part's name and of its own name, without repetition. The last
word is the component (`Z`, `V`, `R`), the word before it the layer, what comes before that the view
layer. A stereo view is named by a word of the path or by the part's `view` attribute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import FormatError, MissingInformation

__all__ = ["Channel", "Reading", "channels_of", "choose", "nothing_named", "ranked"]

# Distance along z as programs call it. Blender: Depth. Arnold, Redshift, RenderMan: Z. V-Ray:
# VRayZDepth. Octane, Corona: ZDepth. Karma, Mantra: hitPz, Pz, depth. Nuke: depth.
_DEPTH_WORDS = (
    "z depth zdepth depthz zbuffer zpass depthpass depthmap lineardepth depthlinear cameradepth "
    "camdepth pz hitpz vrayzdepth"
)
_DEPTH = frozenset(_DEPTH_WORDS.split())
_UNREAL = ("worlddepth", "scenedepth", "scenedepthworldunits")
_MIST = "mist"
# A word of these in a layer's name says that its Z is something else.
_OTHER_WORDS = (
    "mist fog ao occlusion ambient uv uvw st vector motion motionvector velocity speed normal "
    "normals n ng ns nn bump position pos p pref point points rest index indexob indexma id object "
    "material crypto cryptomatte denoising denoise noise variance diffuse diff glossy gloss "
    "specular spec reflection refraction trans transmission emission emit env environment shadow "
    "shadows albedo alpha mask matte coverage samples sample debug subsurface sss volume light "
    "lights zback field dof blur tangent barycentric wireframe freestyle curvature thickness "
    "sheen coat flow"
)
_OTHER = frozenset(_OTHER_WORDS.split())
_COMPONENTS = ("z", "v", "y", "r", "x")
_COLOURS = frozenset("rgb")
_RECORDED, _LAYER, _CHANNEL, _MAIN, _ASKED, _MIST_RANK, _UNKNOWN = range(7)
_MAX_NAMES = 24


@dataclass(frozen=True, slots=True)
class Reading:
    """What a name says: rank (smaller is surer), metres, relative with white far, or neither.

    hint: what the user must know where the name says depth, but not in which unit.
    """

    rank: int = _UNKNOWN
    metric: bool = False
    white_is_far: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """part: its place in the file; name: as it is shown and typed; key: its name in the part.

    view: place of its stereo view, 0 for the default one; recorded: the part has our record.
    """

    part: int
    name: str
    key: str
    path: tuple[str, ...]
    view: int = 0
    view_name: str = ""
    recorded: bool = False

    @property
    def component(self) -> str:
        return self.path[-1].lower()

    @property
    def group(self) -> tuple[int, tuple[str, ...], int]:
        """Equal for the components of one layer."""
        return self.part, self.path[:-1], self.view


def channels_of(headers: Sequence[Mapping[str, Any]], record_key: str) -> list[Channel]:
    """Every channel of the parts with these headers, in file order."""
    views = _views(headers)
    found: list[Channel] = []
    for index, header in enumerate(headers):
        label = str(header.get("name", ""))
        for channel in header["channels"]:
            key = str(channel.name)
            path, view = _layer_path(label, key, views)
            view = view or str(header.get("view", "")) or (views[0] if views else "")
            found.append(
                Channel(
                    index,
                    f"{label}:{key}" if label else key,
                    key,
                    path,
                    views.index(view) if view in views else 0,
                    view,
                    record_key in header,
                )
            )
    return found


def _views(headers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the stereo views, the default one first."""
    for header in headers:
        if header.get("multiView"):
            return [str(view) for view in header["multiView"]]
    views = dict.fromkeys(str(h["view"]) for h in headers if h.get("view"))
    # Parts have no default view; the left eye is the default of the same frame in a single part.
    return sorted(views, key=lambda view: view.lower() != "left")


def _layer_path(label: str, key: str, views: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The words without the view's, and the view."""
    own, part = _words(key), _words(label) if label else []
    for length in range(min(len(part), len(own) - 1), 0, -1):
        if _lower(part[-length:]) == _lower(own[:length]):
            part = part[:-length]
            break
    outer = [*part, *own[:-1]]
    view = next((word for word in reversed(outer) if word in views), "")
    return (*(word for word in outer if not view or word != view), *own[-1:]), view


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[.:/]", name) if word] or [name]


def _lower(words: Sequence[str]) -> list[str]:
    return [word.lower() for word in words]


def ranked(file: Sequence[Channel]) -> list[tuple[Channel, Reading]]:
    """Every channel with what its name says, the surest depth of the default view first."""
    beside: dict[tuple[int, tuple[str, ...], int], set[str]] = {}
    for channel in file:
        beside.setdefault(channel.group, set()).add(channel.component)
    pairs = [(channel, _reading_of_channel(channel, beside[channel.group])) for channel in file]
    return sorted(pairs, key=lambda pair: (pair[1].rank, pair[0].view, _component_place(*pair)))


def _component_place(channel: Channel, reading: Reading) -> int:
    known = reading.rank < _UNKNOWN and channel.component in _COMPONENTS
    return _COMPONENTS.index(channel.component) if known else len(_COMPONENTS)


def _reading_of_channel(channel: Channel, beside: set[str]) -> Reading:
    """beside: components of the same layer; the Z of a normal or a position has an X there."""
    component, layer = channel.path[-1], channel.path[-2] if len(channel.path) > 1 else ""
    if channel.recorded:
        return Reading(_RECORDED, metric=True)
    if component.lower() == "z" and "x" in beside:
        return Reading()
    if layer and component.lower() in _COMPONENTS:
        named = _reading_of_word(layer, _LAYER, colours=len(beside & _COLOURS) > 1)
        if named is not None:
            return named
        if component.lower() == "z" and not set(_tokens(layer)) & _OTHER:
            return Reading(_MAIN, metric=True)
        return Reading()
    return _reading_of_word(component, _CHANNEL, colours=False) or Reading()


def _reading_of_word(word: str, rank: int, *, colours: bool) -> Reading | None:
    plain = _plain(word)
    if plain == _MIST:
        return Reading(_MIST_RANK, white_is_far=True)
    if plain.endswith(_UNREAL):
        return Reading(_ASKED, hint="Unreal writes centimetres: metres with a unit scale of 0.01.")
    if not _names_depth(word):
        return None
    if colours:
        return Reading(_ASKED, hint="Depth painted into colours is mostly normalised to 0..1.")
    return Reading(rank, metric=True)


def _names_depth(word: str) -> bool:
    """`Depth`, `CGeometry_ZDepth`; not `Denoising Depth`, `Depth of Field`, `Velocity_Z`."""
    tokens = _tokens(word)
    return _plain(word) in _DEPTH or (tokens[-1] in _DEPTH and not set(tokens) & _OTHER)


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _tokens(word: str) -> list[str]:
    """Lower-case pieces, cut at separators, digits and the humps of camel case; then the whole."""
    humps = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", word)
    tokens = [token.lower() for token in re.split(r"[^A-Za-z]+", humps) if token]
    return [re.sub(r"[^a-z]", "", word.lower()), *tokens]


def choose(file: Sequence[Channel], wanted: str) -> tuple[list[Channel], Reading]:
    """The channel to read: the one asked for, else the one whose name says depth best.

    Where no name says anything, several channels: they are depth if all are equal. Raises
    FormatError where nothing has the wanted name, MissingInformation where several layers do, or
    are equally good.
    """
    pool = ranked(file)
    if wanted:
        pool = _asked_for(pool, wanted)
    best = [pair for pair in pool if pair[1].rank == pool[0][1].rank]
    best = [pair for pair in best if pair[0].view == best[0][0].view]
    channels, reading = [channel for channel, _ in best], best[0][1]
    if len({channel.group for channel in channels}) == 1:
        return (channels if reading.rank == _UNKNOWN else channels[:1]), reading
    if reading.rank == _UNKNOWN and not wanted:
        raise nothing_named(file)
    raise MissingInformation(
        f"This EXR has several layers that could be meant: {_channel_list(channels)}. Type one "
        "of them into 'channel'."
    )


def nothing_named(channels: Sequence[Channel]) -> FormatError:
    """The error for channels of which no name says depth."""
    return FormatError(
        f"No channel of this EXR is depth by its name. It has: {_channel_list(channels)}. Type the "
        "right one into 'channel'."
    )


def _asked_for(pool: list[tuple[Channel, Reading]], wanted: str) -> list[tuple[Channel, Reading]]:
    """The whole name, else whole words of it, one after the other, in upper or lower case."""
    exact = [pair for pair in pool if wanted in (pair[0].name, pair[0].key)]
    words = _lower(_words(wanted))
    found = exact or [pair for pair in pool if _is_named(pair[0], words)]
    if not found:
        raise FormatError(
            f"This EXR has no layer or channel {wanted!r}. It has: "
            f"{_channel_list([channel for channel, _ in pool])}. Type one of them into 'channel'."
        )
    return found


def _is_named(channel: Channel, words: Sequence[str]) -> bool:
    paths = (_lower(_words(channel.name)), _lower((*channel.path, channel.view_name)))
    count = len(words)
    return any(path[i : i + count] == words for path in paths for i in range(len(path)))


def _channel_list(channels: Sequence[Channel]) -> str:
    """Their names, the first ones of many."""
    names = list(dict.fromkeys(channel.name for channel in channels))
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more
