"""The files that a run writes for a person: one that was changed by hand is never replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import chain, takewhile
from pathlib import Path

from heyx_bulk.errors import WriteError, translate_full_disk
from heyx_bulk.models.option import command_line
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint

MOST_NAMES = 1000


def write_file(checkpoint: Checkpoint, path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` write the file at `path`, or at a free name beside it where a person changed the one there.

    The checkpoint remembers the digest of the file. Returns its path; raises `WriteError` or `DiskFull`.
    """
    for place in places(path):
        if place.exists() and not is_unchanged(checkpoint, place):
            continue
        try:
            with translate_full_disk(
                f"The disk of {place.parent} is full: {place.name} could not be written.",
                f"Nothing is lost. Free some space, then run: {command_line('report', str(checkpoint.path))}",
            ):
                write(place)
        except WriteError:
            if place.exists():
                continue
            raise
        checkpoint.facts.written_files = {**checkpoint.facts.written_files, place.name: _digest(place)}
        return place
    raise WriteError(
        f"No name beside {path} is free for the results.",
        "Delete old results from the folder, or name another with --out FOLDER.",
    )


def is_unchanged(checkpoint: Checkpoint, path: Path) -> bool:
    """Whether the file is as the run wrote it."""
    return path.is_file() and checkpoint.facts.written_files.get(path.name) == _digest(path)


def places(path: Path) -> Iterator[Path]:
    """The names that a file may have, best first: `contacts.results.csv`, `contacts.results-2.csv`."""
    others = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, MOST_NAMES))
    return chain([path], others)


def free_name(path: Path) -> Path:
    """The first of the names that `places` gives `path` that no file has."""
    return next(place for place in places(path) if not place.exists())


def newest(path: Path) -> Path | None:
    """The last written of the files that `places` names; None if there is none."""
    found = None
    for place in takewhile(Path.exists, places(path)):
        found = place
    return found


def kept_beside(path: Path) -> Path | None:
    """The file that kept the name that `path` should have; None if `path` has that name itself."""
    stem, _, number = path.stem.rpartition("-")
    is_other = number.isdecimal() and stem.endswith((".results", ".failed", ".report"))
    return path.with_name(f"{stem}{path.suffix}") if is_other else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
