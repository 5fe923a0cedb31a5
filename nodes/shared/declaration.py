"""What the inputs of a node are built of: immutable values with the fields of their class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: bool) -> Callable[[type], type]:
        return lambda declaration: declaration


__all__ = ["Declaration"]


@dataclass_transform(frozen_default=True, eq_default=False)
class Declaration:
    """A frozen dataclass to a type checker and in use.

    `dataclass` compiles half a dozen methods for each class, and ComfyUI waits for them at its
    start; here one constructor reads the fields of all classes.
    """

    _positional: ClassVar[tuple[str, ...]] = ()
    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        kinds = inspect.get_annotations(cls).items()
        names = [name for name, kind in kinds if not kind.startswith("ClassVar")]
        placed = names[: names.index("_")] if "_" in names else names
        cls._positional = tuple(dict.fromkeys([*cls._positional, *placed]))
        cls._fields = tuple(dict.fromkeys([*cls._fields, *(name for name in names if name != "_")]))

    if not TYPE_CHECKING:

        def __init__(self, *placed: object, **named: object) -> None:
            given = {**dict(zip(self._positional, placed, strict=False)), **named}
            unknown = given.keys() - set(self._fields)
            missing = [one for one in self._fields if one not in given and not hasattr(self, one)]
            if len(placed) + len(named) != len(given) or unknown or missing:
                raise TypeError(
                    f"{type(self).__name__}: unknown {sorted(unknown)}, missing {missing}, "
                    f"at most {len(self._positional)} values without a name."
                )
            self.__dict__.update(given)

        def __setattr__(self, name: str, _: object) -> None:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> None:
            raise FrozenInstanceError(f"cannot delete field {name!r}")

    def given(self) -> dict[str, object]:
        """Every field by name."""
        return {name: getattr(self, name) for name in self._fields}

    def but(self, **changes: Any) -> Self:
        """The same declaration with other values."""
        return type(self)(**{**self.given(), **changes})
