"""Python arguments read as the options that they stand for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import EnumType
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from heyx_bulk.errors import SettingsError, UsageError
from heyx_bulk.models.option import Declared, assemble, declared
from heyx_bulk.models.phrases import closest
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, from_environment
from heyx_bulk.settings.resolution import Resolved, resolve
from heyx_bulk.sheets.from_frame import plain_value, text_of_value
from heyx_bulk.upload.options import UploadOptions

T = TypeVar("T")

_WANTED = {bool: "True or False", int: "a whole number", float: "a number", Path: "a path"}
"""What an option takes, in words; any other takes a text."""


class ArgumentReader:
    """Reads Python arguments; all mistakes in them are raised together by `finish`."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = dict(given)
        self._names = {"token", "url"}
        self._mistakes: list[UsageError] = []

    def take(self, name: str, default: object = None) -> Any:
        """The value of an argument that stands for no option."""
        self._names.add(name)
        return self._given.get(name, default)

    def read(self, options: type[T], *, only: Collection[str] = (), without: Collection[str] = ()) -> T:
        """A dataclass of options with what is given of them, or of `only` these; None stands for the default."""
        values: dict[tuple[str, ...], Any] = {}
        for one in declared(options):
            if one.argument in without or (only and one.argument not in only):
                continue
            if (value := self.take(one.argument)) is not None:
                try:
                    values[one.path] = read_value(one, value)
                except UsageError as mistake:
                    self._mistakes.append(mistake)
        read: T = assemble(options, values)
        return read

    def upload_options(self, without: Collection[str] = ()) -> UploadOptions:
        """The options of an upload, with what the settings of the channel say of phones."""
        return self.read(UploadOptions, without=without).with_settings(self.resolved())

    def settings(self, before: Mapping[str, Any] | None = None, known: Settings | None = None) -> Settings:
        """The settings: token, address or channel as given, else of the channel `known`, else as `resolve` finds.

        `before` is how the run of a checkpoint was connected. Raises `SettingsError` for the other mistakes too.
        """
        connection = self.read(ConnectionOptions)
        return self.channel(connection.given(before or {}), known)

    def channel(self, connection: Mapping[str, object], known: Settings | None = None) -> Settings:
        """The settings with these values for the connection."""
        token, url = self._given.get("token"), self._given.get("url")
        self.finish()
        if not isinstance(token, str | None):
            raise SettingsError(f"token must be a text, not a {type(token).__name__}.", "Copy it from HeyX.")
        self.check_channel()
        if known is not None and not {"channel", "token_file"} & connection.keys():
            token = token or known.token.get_secret_value()
            connection = {"account": known.account or None, **connection}
            url = url or known.url
        return from_environment(os.environ, token=token, url=url, **connection)

    def resolved(self) -> Resolved:
        """What the environment and the settings files say; the token is not looked for."""
        channel, token = self._given.get("channel"), self._given.get("token")
        return resolve(os.environ, channel=None if channel is None else str(channel), token=token)

    def check_channel(self) -> None:
        """Raise `SettingsError` where a channel and a token are given."""
        if self._given.get("token") is not None and self._given.get("channel") is not None:
            raise SettingsError("token and channel exclude each other.", "Leave out one of them.")

    def finish(self) -> None:
        """Raise `TypeError` for an argument that nobody took, and `SettingsError` for the mistakes in others."""
        for name in self._given:
            if name not in self._names:
                near = closest(name, self._names)
                hint = f". Did you mean {near!r}?" if near else ""
                raise TypeError(f"unexpected keyword argument {name!r}{hint}")
        if len(self._mistakes) == 1:
            raise self._mistakes[0]
        if self._mistakes:
            raise SettingsError("\n".join(" ".join(filter(None, (it.what, it.remedy))) for it in self._mistakes))


def read_value(one: Declared, value: object) -> Any:
    """The value of an option as its dataclass has it, checked as on a command line; raises `SettingsError`."""
    if get_origin(one.type) is tuple:
        return _read_several(one, value)
    kinds = [kind for kind in get_args(one.type) or (one.type,) if kind is not type(None)]
    if isinstance(kinds[0], EnumType):
        return _member(one.argument, kinds[0], value)
    value = plain_value(value)
    if float in kinds and isinstance(value, datetime | timedelta):
        value = value.timestamp() if isinstance(value, datetime) else value.total_seconds()
    if isinstance(value, bool) or bool in kinds:
        if isinstance(value, bool) and bool in kinds:
            return value
    elif one.option.parse is not None and isinstance(value, str | int | float | os.PathLike):
        is_number = float in kinds and isinstance(value, int | float)
        return one.option.parse(one.option.word(value) if is_number else str(value))
    elif Path in kinds and isinstance(value, str | os.PathLike):
        return Path(value)
    elif isinstance(value, (*kinds, int) if float in kinds else tuple(kinds)):
        return _within_bounds(one, value)
    elif str in kinds and isinstance(value, date):
        return value.isoformat()
    raise _wrong(one.argument, value, _WANTED.get(kinds[0], "a text"))


def _read_several(one: Declared, value: object) -> Any:
    if one.option.parse is not None and isinstance(value, str):
        return one.option.parse(value)
    texts = texts_of(one.argument, value)
    return tuple(texts if one.option.item is None else map(one.option.item, texts))


def texts_of(name: str, value: object) -> Iterator[str]:
    """The texts of one text, of several, or of a dict, each of whose values may be several: `KEY=VALUE`."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, one in value.items():
                several = isinstance(one, Iterable) and not isinstance(one, str)
                for item in one if several else [one]:
                    yield f"{key}={_text(name, item)}"
        case Iterable():
            for item in value:
                if not isinstance(item, str):
                    raise _wrong(name, item, "a text")
                yield item
        case _:
            raise _wrong(name, value, "a text or several")


def _text(name: str, value: object) -> str:
    text = text_of_value(value)
    if text is None:
        raise _wrong(name, value, "a text")
    return text


def _member(name: str, kind: EnumType, value: object) -> Any:
    try:
        return kind(value)
    except ValueError:
        members: list[object] = [*kind]
        words = ", ".join(repr(str(member)) for member in members)
        raise SettingsError(f"{name}={value!r} is not one of {words}.", "Pass one of them.") from None


def _within_bounds(one: Declared, value: Any) -> Any:
    least, most = one.option.least, one.option.most
    if least is not None and value < least:
        raise SettingsError(f"{one.argument} must be {least:g} or more, not {value}.")
    if most is not None and value > most:
        raise SettingsError(f"{one.argument} must be {most:g} or less, not {value}.")
    return value


def _wrong(name: str, value: object, wanted: str) -> SettingsError:
    return SettingsError(f"{name} must be {wanted}, not {value!r}.")
