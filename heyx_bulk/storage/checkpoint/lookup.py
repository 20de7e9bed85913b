"""The checkpoint that a person means."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.paths import run_paths, state_checkpoints

CHECKPOINT = ".checkpoint"


def checkpoint_of(named: Path) -> Path:
    """The checkpoint that a person names: itself, or the sheet it belongs to."""
    if named.suffix == CHECKPOINT:
        return named
    beside = run_paths(named, None, None, excel=False).checkpoint
    if beside.exists():
        return beside
    raise CheckpointMismatch(
        f"{named} has no run yet: there is no {beside.name} beside it.",
        "Upload it first, or name the file that ends in .checkpoint.",
    )


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
        f"{file.name} holds rows of the run {run}, and no checkpoint of that run lies beside it.",
        "Put the file into the folder of the checkpoint, which ends in .checkpoint.",
    )
