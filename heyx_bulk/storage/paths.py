"""Where a run's files lie: the checkpoint, the results, and their names when a new run takes their place."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from filelock import UnixFileLock, WindowsFileLock

from heyx_bulk.errors import WriteError
from heyx_bulk.settings.folders import state_folder

NETWORK_FILE_SYSTEMS = frozenset(
    (
        *("9p", "afpfs", "afs", "ceph", "cifs", "davfs", "drvfs", "fuse.davfs", "fuse.glusterfs", "fuse.rclone"),
        *("fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "vboxsf"),
        *("virtiofs", "webdav"),
    )
)
STANDARD_INPUT = "standard-input.csv"
"""What a sheet from standard input is called where a file needs a name."""

LONGEST_NAME_BYTES = 205
"""Of a sheet's name in the names of its run's files; with what is added they stay below a disk's usual 255."""

_CANNOT_LOCK = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one run. `note` says why the checkpoint does not lie where one would look for it.

    Without `written`, results are written only on request.
    """

    checkpoint: Path
    results: Path
    failed: Path
    note: str = ""
    written: bool = True

    @property
    def report(self) -> Path:
        """The report with pictures, beside the results: `contacts.report.html`."""
        return self.results.with_name(f"{self.results.stem.removesuffix('.results')}.report.html")


def run_paths(sheet: Path, worksheet: str | None, out: Path | None, *, excel: bool) -> RunPaths:
    """Where the files of a run of `sheet` lie: beside it, or in `out`.

    A checkpoint in a folder that cannot lock, or lies on a network, would not be safe: it lies in the user's
    state folder instead.
    """
    folder = out if out is not None else sheet.absolute().parent
    sheet = Path(STANDARD_INPUT) if sheet.name == "-" else sheet
    chosen = f".{_plain(worksheet)}" if worksheet else ""
    suffix = ".xlsx" if excel else ".csv"
    stem, name = _bounded(f"{sheet.stem}{chosen}"), _bounded(f"{sheet.name}{chosen}")
    results = folder / f"{stem}.results{suffix}"
    failed = folder / f"{stem}.failed{suffix}"
    safe, note = _safe(folder / f"{name}.checkpoint")
    return RunPaths(safe, results, failed, note)


def export_checkpoint_path(out: Path) -> tuple[Path, str]:
    """Where the checkpoint of an export to `out` lies, and why not beside it, if it does not."""
    return _safe(out.absolute().parent / f"{_bounded(out.name)}.export")


def state_checkpoint_path(name: str) -> Path:
    """Where a checkpoint lies that belongs beside no file."""
    place = _checkpoints() / name
    _made(place.parent, "HEYX_BULK_STATE in the environment")
    return place


def _safe(checkpoint: Path) -> tuple[Path, str]:
    """The place of a checkpoint, and why it is not the one that was meant."""
    folder = checkpoint.parent
    if not (reason := unsafe_reason(folder)):
        return checkpoint, ""
    elsewhere = _checkpoints() / f"{_short_hash(checkpoint)}-{checkpoint.name}"
    _made(elsewhere.parent, "--out FOLDER, or HEYX_BULK_STATE in the environment", f"{folder} {reason}, and ")
    return elsewhere, f"{folder} {reason}, so the checkpoint is in {elsewhere}"


def _made(folder: Path, named_by: str, because: str = "") -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        instead = " instead" if because else ""
        raise WriteError(
            f"{because}{folder} cannot be created{instead}: {error.strerror}.",
            f"Name a folder that you may write to: {named_by}.",
        ) from None


def state_checkpoints() -> list[Path]:
    """The checkpoints in the user's state folder."""
    return sorted(_checkpoints().glob("*.checkpoint"))


def dated_name(path: Path, moment: datetime) -> Path:
    """A free name for `path` that tells when it was set aside, such as `contacts.results.2026-11-23-0915.xlsx`."""
    stamp = moment.strftime("%Y-%m-%d-%H%M")
    for number in range(1, 1000):
        again = "" if number == 1 else f"-{number}"
        name = path.with_name(f"{path.stem}.{stamp}{again}{path.suffix}")
        if not name.exists():
            return name
    raise FileExistsError(errno.EEXIST, "no dated name is free", str(path))


def dated_names(path: Path) -> list[Path]:
    """The files that `path` was when it was set aside, newest first."""
    dated = re.compile(rf"{re.escape(path.stem)}\.\d{{4}}-\d\d-\d\d-\d{{4}}(?:-\d+)?{re.escape(path.suffix)}")
    found = [one for one in path.parent.iterdir() if dated.fullmatch(one.name)]
    return sorted(found, key=_moment, reverse=True)


def _moment(path: Path) -> tuple[str, int]:
    """When a file was set aside, and which one of that minute it is."""
    found = re.search(r"\.(\d{4}-\d\d-\d\d-\d{4})(?:-(\d+))?\.[^.]+$", path.name)
    return ("", 0) if found is None else (found[1], int(found[2] or 1))


def unsafe_reason(folder: Path) -> str:
    """Why a checkpoint in `folder` would not be safe (`is on a network`, `cannot lock files`); blank if it is."""
    if _is_on_network(folder):
        return "is on a network"
    return "" if _can_lock(folder) else "cannot lock files"


def _checkpoints() -> Path:
    return state_folder() / "checkpoints"


def _is_on_network(folder: Path) -> bool:
    place = folder.resolve()
    if os.name == "nt" and str(place).startswith("\\\\"):
        return True
    mounts = [part for part in psutil.disk_partitions(all=True) if place.is_relative_to(part.mountpoint)]
    if not mounts:
        return False
    mount = max(mounts, key=lambda part: len(part.mountpoint))
    return mount.fstype.casefold() in NETWORK_FILE_SYSTEMS or "remote" in mount.opts.split(",")


def _can_lock(folder: Path) -> bool:
    trial = folder / f".heyx-bulk-{os.getpid()}.lock"
    lock = (WindowsFileLock if os.name == "nt" else UnixFileLock)(trial, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except OSError as error:
        return error.errno not in _CANNOT_LOCK
    lock.release()
    trial.unlink(missing_ok=True)
    return True


def _bounded(name: str) -> str:
    """`name`, shortened where the names that are made of it would be longer than file systems take."""
    if len(os.fsencode(name)) <= LONGEST_NAME_BYTES:
        return name
    mark = f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"
    kept = name.encode(errors="surrogateescape")[: LONGEST_NAME_BYTES - len(mark)]
    return kept.decode(errors="ignore") + mark


def _plain(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_ ()" else "_" for sign in name)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


def short_path(path: Path) -> str:
    """The shortest form of a path that works in this folder."""
    try:
        short = str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
    return f".{os.sep}{short}" if short.startswith("-") else short
