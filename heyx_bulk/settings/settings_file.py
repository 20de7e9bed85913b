"""The settings files: the user's own, which has the channels, and `heyx-bulk.toml` in the current folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from heyx_bulk.errors import SettingsError, UsageError
from heyx_bulk.models.toml_reader import TomlLines, TomlTable
from heyx_bulk.settings.folders import settings_folder
from heyx_bulk.settings.rate import Rate, parse_share

FOLDER_FILE = Path("heyx-bulk.toml")
CHANNELS = "channels"

CONNECTION_KEYS = ("url", "account", "rate", "rate_share", "viber")
PHONE_KEYS = ("phone_format", "phone_lookup", "region")
TOKEN_KEYS = ("token_command", "token_file", "token")
PRIVATE_KEYS = frozenset((*TOKEN_KEYS, "url"))
"""Keys that only the user's own file may have: they decide who gets a token, and which."""

_CHANNEL_KEYS = frozenset((*CONNECTION_KEYS, *PHONE_KEYS, *TOKEN_KEYS))
_GENERAL_KEYS = _CHANNEL_KEYS | {"channel", "workers", "timeout", "reconcile_delay", "cache"}
_FLAGS = frozenset(("viber", "cache"))
_NUMBERS = frozenset(("workers", "timeout", "reconcile_delay"))
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Value(NamedTuple):
    """A setting, and the file and line, variable or option that it comes from."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file: its general settings, and those of each channel. One that does not exist is empty."""

    path: Path
    general: Mapping[str, Value] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


def user_file() -> Path:
    """Where the user's own settings are."""
    return settings_folder() / "settings.toml"


def read_user_file() -> SettingsFile:
    """The user's own settings; raises `SettingsError`."""
    return _read(user_file(), is_private=True)


def read_folder_file() -> SettingsFile:
    """The settings of the current folder; raises `SettingsError`, also where one could redirect a token."""
    return _read(FOLDER_FILE, is_private=False)


def token_variable(name: str) -> str:
    """The environment variable that can hold the token of a channel."""
    return f"HEYX_CHANNEL_{name.replace('-', '_').upper()}_TOKEN"


def check_names(names: Iterable[str]) -> None:
    """Raise `SettingsError` for a name that no channel can have, or for two with one environment variable."""
    taken: dict[str, str] = {}
    for name in names:
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"“{name}” cannot be the name of a channel.", "Use letters (A-Z), digits, - and _, such as main-2."
            )
        other = taken.setdefault(token_variable(name), name)
        if other != name:
            raise SettingsError(
                f"The channels “{other}” and “{name}” have the same environment variable, {token_variable(name)}.",
                "Choose another name for one of them.",
            )


def _read(path: Path, *, is_private: bool) -> SettingsFile:
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = TomlTable(tomllib.loads(text), TomlLines(text))
    except FileNotFoundError:
        return SettingsFile(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        raise SettingsError(
            f"The settings file {path} cannot be read: {reason}.", "Correct it and run the command again."
        ) from None
    tables = document.values.get(CHANNELS, {}) if is_private else {}
    general = {key: value for key, value in document.values.items() if not is_private or key != CHANNELS}
    file = SettingsFile(
        path,
        _values(TomlTable(general, document.lines, mistakes=document.mistakes), _GENERAL_KEYS, path, is_private),
        _channels(document, tables, path),
    )
    if document.mistakes:
        lines = [f"  line {line}: {what}" for line, what in sorted(document.mistakes)]
        raise SettingsError(
            f"{path} has mistakes:\n" + "\n".join(lines), "Correct them and run the command again."
        )
    check_names(file.channels)
    return file


def _channels(document: TomlTable, tables: object, path: Path) -> dict[str, dict[str, Value]]:
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        document.add_mistake("each channel is a table, such as [channels.main]", CHANNELS)
        return {}
    inner = document.subtable(CHANNELS, tables)
    return {
        name: _values(inner.subtable(name, table), _CHANNEL_KEYS, path, is_private=True)
        for name, table in tables.items()
    }


def _values(table: TomlTable, known: frozenset[str], path: Path, is_private: bool) -> dict[str, Value]:  # noqa: FBT001
    """The settings of a table, each with its line; mistakes are added to the table."""
    found = {}
    refused = frozenset() if is_private else PRIVATE_KEYS
    for key in sorted(refused & table.values.keys()):
        table.add_mistake(f"{key} counts only in your own settings file, {user_file()}", key)
    table.check_keys(known - refused | refused & table.values.keys())
    if len(tokens := [key for key in TOKEN_KEYS if key in table.values]) > 1:
        table.add_mistake(f"{' and '.join(tokens)} exclude each other", tokens[1])
    for key in known & table.values.keys():
        line = table.lines.line_of((*table.path, key))
        try:
            found[key] = Value(_parsed(key, table), f"{path}, line {line}")
        except UsageError as error:
            table.add_mistake(error.what.replace(f"--{key.replace('_', '-')}", key), key)
    return found


def _parsed(key: str, table: TomlTable) -> Any:
    value = table.values[key]
    if key in _FLAGS:
        return table.flag(key)
    if key in _NUMBERS or (key == "rate_share" and isinstance(value, float | int)):
        if isinstance(value, bool) or not isinstance(value, float | int):
            raise SettingsError(f"{key} must be a number, not {value!r}")
        return value
    return parse_setting(key, table.text(key))


def parse_setting(key: str, text: str) -> Any:
    """The value of a setting that is written as a text; raises `SettingsError`."""
    match key:
        case "rate":
            return Rate.parse(text)
        case "rate_share":
            return parse_share(text)
    return text.strip()
