"""The checkpoint of a run, found by its sheet or by a file of its failed rows."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import did_you_mean_file
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.paths import run_paths, short_path, state_checkpoints

CHECKPOINT = ".checkpoint"


def checkpoint_of(named: Path) -> Path:
    """The checkpoint that `named` stands for: itself, or the sheet it belongs to.

    Raises `CheckpointMismatch` if the sheet has no run, or a run for each of several worksheets.
    """
    if named.suffix == CHECKPOINT:
        return named
    beside = run_paths(named, None, None, excel=False).checkpoint
    if beside.exists():
        return beside
    found = _of_worksheets(named)
    if len(found) == 1:
        return found[0]
    if found:
        commands = "\n".join(f"  {command_line('status', short_path(path))}" for path in found)
        raise CheckpointMismatch(
            f"{named} has {len(found)} runs, one for each worksheet.",
            f"Give the checkpoint of one of them, such as:\n{commands}",
        )
    near = "" if named.exists() else did_you_mean_file(named)
    raise CheckpointMismatch(
        f"{named} has no run: there is no {short_path(beside)}.{near}",
        "Upload it first, or give the file that ends in .checkpoint.",
    )


def _of_worksheets(sheet: Path) -> list[Path]:
    """The checkpoints of the worksheets of a sheet, which have the worksheet's name behind the sheet's."""
    folder = sheet.absolute().parent
    beside = sorted(folder.glob(f"*{CHECKPOINT}")) if folder.is_dir() else []
    return [path for path in (*beside, *state_checkpoints()) if _is_of(path, sheet.absolute())]


def _is_of(path: Path, sheet: Path) -> bool:
    if f"{sheet.name}." not in path.name:
        return False
    try:
        with Checkpoint.open(path) as checkpoint:
            return Path(checkpoint.info.path) == sheet and checkpoint.info.sheet_options["worksheet"] is not None
    except (CheckpointMismatch, CheckpointDamaged):
        return False


def checkpoint_of_run(run: str, file: Path) -> Path:
    """The checkpoint of the run whose rows a file gives back: beside the file, or in the user's state folder."""
    for path in (*sorted(file.absolute().parent.glob(f"*{CHECKPOINT}")), *state_checkpoints()):
        try:
            with Checkpoint.open(path) as checkpoint:
                if checkpoint.info.short_id == run:
                    return path
        except (CheckpointMismatch, CheckpointDamaged):
            continue
    raise CheckpointMismatch(
        f"{file.name} contains rows of run {run}, but there is no checkpoint of that run beside it.",
        "Move the file to the folder of its checkpoint, whose name ends in .checkpoint.",
    )
