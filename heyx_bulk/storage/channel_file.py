"""Channels written to the user's settings file, whose comments stay; tokens in files, without a keyring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from heyx_bulk.errors import WriteError
from heyx_bulk.settings.folders import state_folder
from heyx_bulk.settings.settings_file import CHANNELS, user_file
from heyx_bulk.sheets.atomic_file import atomic_write


def write_channel(name: str, values: Mapping[str, Any]) -> None:
    """Write the table of a channel; what is not among the values is removed from it."""
    document = _read()
    table = document.setdefault(CHANNELS, tomlkit.table(is_super_table=True)).setdefault(name, tomlkit.table())
    for key in [key for key in table if key not in values]:
        table.remove(key)
    table.update(values)
    _write(document)


def rename_channel(old: str, new: str, values: Mapping[str, Any]) -> None:
    """Give the table of a channel another name, and these values."""
    remove_channel(old)
    write_channel(new, values)


def remove_channel(name: str) -> None:
    """Remove the table of a channel."""
    document = _read()
    document[CHANNELS].remove(name)
    if not document[CHANNELS]:
        document.remove(CHANNELS)
    _write(document)


def token_path(name: str) -> Path:
    """The file of a channel's token where there is no keyring."""
    return state_folder() / "tokens" / name


def write_token(name: str, token: str) -> Path:
    """Write the token of a channel to a file that only the user can read."""
    path = token_path(name)
    _write_text(path, f"{token}\n")
    return path


def _read() -> tomlkit.TOMLDocument:
    path = user_file()
    return tomlkit.parse(path.read_text(encoding="utf-8-sig")) if path.exists() else tomlkit.document()


def _write(document: tomlkit.TOMLDocument) -> None:
    _write_text(user_file(), tomlkit.dumps(document))


def _write_text(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"The folder {path.parent} cannot be made: {error.strerror}.",
            "Set the environment variables HEYX_BULK_CONFIG and HEYX_BULK_STATE to folders that you may write to.",
        ) from None
    with atomic_write(path) as written:
        written.write_text(text, encoding="utf-8")
