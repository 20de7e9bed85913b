"""`heyx-bulk report`: the results of a run as it stands, or what can still be read of a damaged checkpoint."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, PlainConsole
from heyx_bulk.cli.console import Console, short_path
from heyx_bulk.values.phrases import count


def report(
    checkpoint: CheckpointPath,
    console: PlainConsole,
    *,
    recover: Annotated[
        bool, typer.Option("--recover", help="Save what can be read of a checkpoint that the disk has damaged.")
    ] = False,
) -> int:
    """Write the results file of a run as it stands, also while the run goes on.

    \b
    heyx-bulk report contacts.xlsx.checkpoint
    heyx-bulk report contacts.xlsx.checkpoint --recover
    """
    from heyx_bulk.cli.checkpoints import checkpoint_of
    from heyx_bulk.cli.summary import finish
    from heyx_bulk.cli.upload_view import tell_invalid
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
    from heyx_bulk.storage.checkpoint.run import Run
    from heyx_bulk.upload.runs import stored_paths
    from heyx_bulk.upload.upload_result import report as write_report

    path = checkpoint_of(checkpoint)
    if recover:
        return _recover(path, console)
    with Checkpoint.open(path) as opened:
        tell_invalid(console, opened.queries.invalid_causes())
        result = write_report(Run.from_checkpoint(opened), stored_paths(opened))
    if result.write_error is not None:
        raise result.write_error
    return finish(console, result)


def _recover(path: Path, console: Console) -> int:
    """Write every row that can be read into a sheet of its own, and say what is lost; the exit code."""
    from heyx_bulk.reports import results
    from heyx_bulk.storage.checkpoint.recovery import recover

    found = recover(path)
    totals = dict(Counter(results.status_word(record) for record in found.rows))
    written = results.write_recovered(found, path.with_name(f"{path.stem}.recovered.csv"))
    lost = f"{count(found.lost, 'row')} cannot be read." if found.lost > 0 else "No row is lost."
    console.say(f"{path.name}: {count(len(found.rows), 'row')} can be read. {lost}")
    console.say(f"Saved: {short_path(written)}")
    if found.command:
        console.say("To go on; it looks for every row in HeyX first, so nobody is created twice:")
        console.say(f"  {found.command} --restart")
    document: dict[str, object] = {"read": len(found.rows), "lost": found.lost, "saved": str(written)}
    console.result(results.totals_line(totals), {**document, "totals": totals, "exit": results.exit_code(totals)})
    return 3 if found.lost > 0 else results.exit_code(totals)
