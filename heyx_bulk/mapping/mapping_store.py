"""Mapping files on disk: reading them, finding the one for a sheet, writing one."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from heyx_bulk.errors import MappingError, WriteError
from heyx_bulk.mapping.column import normalize_name
from heyx_bulk.mapping.mapping_file import MappingFile, parse_mapping
from heyx_bulk.settings.folders import state_folder

SUFFIX = ".toml"


def read_mapping(path: Path) -> MappingFile:
    """Read the mapping file at `path`; raise `MappingError` if it cannot be read or has mistakes."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise MappingError(
            f"The mapping file {path} cannot be read: {reason}.", "Name another with --mapping."
        ) from None
    return replace(parse_mapping(text, path.name), path=path)


def find_mapping(sheet: Path, header: Sequence[str]) -> Path | None:
    """Find the mapping file for a sheet: the one beside it with its name, else one for the same headers, beside it
    or written on this machine before.
    """
    beside = sheet.with_suffix(SUFFIX)
    if isinstance(_document(beside).get("columns"), dict):
        return beside
    names = _normalized(header)
    return next((path for path in _candidates(sheet, names) if _headers(path) == names), None)


def write_mapping(path: Path, text: str, header: Sequence[str]) -> None:
    """Write a mapping file to a new path, and remember it for sheets with this header."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WriteError(
            f"{path} is there already and is not written over.", "Change it as you like, or name another file."
        ) from None
    except OSError as error:
        raise WriteError(
            f"{path} cannot be written: {error.strerror}.", "Name a file in another folder."
        ) from None
    place = _place(_normalized(header))
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_text(str(path.absolute()), encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"{path} is written, but cannot be remembered for sheets elsewhere: {error.strerror}.",
            "It is found beside the sheet all the same; HEYX_BULK_STATE names another folder to remember it in.",
        ) from None


def _candidates(sheet: Path, names: frozenset[str]) -> Iterator[Path]:
    yield from sorted(sheet.absolute().parent.glob(f"*{SUFFIX}"))
    place = _place(names)
    if place.is_file():
        yield Path(place.read_text(encoding="utf-8"))


def _place(names: frozenset[str]) -> Path:
    """The file that remembers the path of the mapping file for these headers."""
    text = json.dumps(sorted(names), ensure_ascii=False)
    return state_folder() / "mappings" / hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _normalized(header: Iterable[str]) -> frozenset[str]:
    return frozenset(name for text in header if (name := normalize_name(text)))


def _headers(path: Path) -> frozenset[str]:
    """The headers that a mapping file was written for; none if it is not a mapping file."""
    headers = _document(path).get("headers")
    return (
        _normalized(text for text in headers if isinstance(text, str))
        if isinstance(headers, list)
        else frozenset()
    )


def _document(path: Path) -> dict[str, object]:
    """A TOML file as plain data; empty if it is not TOML. A broken file with tables of columns still has some."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {"columns": {}} if "[columns." in text else {}
