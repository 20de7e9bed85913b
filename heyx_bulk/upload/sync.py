"""A sheet sent again and again, as a scheduled job does: only what is new in it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from heyx_bulk.errors import CheckpointBusy, CheckpointMismatch
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.paths import RunPaths, dated_names
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import check_unchanged
from heyx_bulk.upload.sync_options import IfRunning

POLL_SECONDS = 1.0
"""How often it is asked whether another job has ended."""

_SENT = frozenset((Status.CREATED, Status.UPDATED, Status.UNCHANGED))


@contextmanager
def job_lock(
    path: Path,
    if_running: IfRunning,
    say: Callable[[str], None],
    *,
    check: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bool]:
    """Keep other runs from the checkpoint at `path`; False where another one has it, and this job is skipped.

    While it waits, `check` may raise what ends the waiting.
    """
    is_told = False
    while True:
        try:
            with lock(path):
                yield True
                return
        except CheckpointBusy:
            if if_running is IfRunning.SKIP:
                say("Another run of this sheet is working. Nothing was sent.")
                yield False
                return
        if not is_told:
            say("Another run of this sheet is working: waiting until it has ended.")
            is_told = True
        check()
        sleep(POLL_SECONDS)


def is_unchanged(checkpoint: Checkpoint, sheet: Sheet, options: UploadOptions, *, viber: bool) -> bool:
    """Whether a run is of the sheet as it is now, with the same options."""
    try:
        check_unchanged(checkpoint, sheet, options, viber=viber)
    except CheckpointMismatch:
        return False
    return True


def carry_over(before: Checkpoint, new: Checkpoint) -> int:
    """Mark the rows of a new run that were sent alike by the run before; how many they are.

    With other options, or another meaning of the columns, all rows are sent.
    """
    then, now = before.info, new.info
    if (then.header, then.columns, then.options) != (now.header, now.columns, now.options):
        return 0
    sent = before.queries.sent_rows(_SENT)
    carried = 0
    with new.transaction():
        for number, cells in [*new.queries.plain_open_rows()]:
            if (contact_id := sent.get(cells)) is not None:
                new.queue.finish(Outcome(number, Status.UNCHANGED, contact_id, ""))
                carried += 1
    return carried


def prune(paths: RunPaths, keep: int) -> list[Path]:
    """Delete the files of all earlier runs but the newest `keep`; their checkpoints."""
    pruned = dated_names(paths.checkpoint)[keep:]
    for checkpoint in pruned:
        moment = checkpoint.name.removeprefix(f"{paths.checkpoint.stem}.").removesuffix(paths.checkpoint.suffix)
        for path in (paths.results, paths.failed, paths.report):
            path.with_name(f"{path.stem}.{moment}{path.suffix}").unlink(missing_ok=True)
        checkpoint.unlink(missing_ok=True)
    return pruned
