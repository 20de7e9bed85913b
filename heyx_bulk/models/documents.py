"""Dataclasses from their plain data, as `dataclasses.asdict` and JSON write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from itertools import repeat
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)


def restore(kind: type[T], document: Mapping[str, Any]) -> T:
    """The dataclass of this type whose plain data is `document`; fields that are not in it have their defaults."""
    return _restored(kind, document)  # type: ignore[no-any-return]


def _restored(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _restored(hints[name], one) for name, one in value.items()})
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return tuple(map(_restored, repeat(kinds[0]) if kinds[-1] is ... else kinds, value))
    if NoneType in get_args(kind):
        return None if value is None else _restored(get_args(kind)[0], value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value
