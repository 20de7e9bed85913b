"""`heyx-bulk report --recover`: what can still be read of a checkpoint that the disk has damaged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from heyx_bulk.cli.console import Console, count, short_path
from heyx_bulk.cli.rerun import checkpoint_of
from heyx_bulk.reports import results
from heyx_bulk.storage.checkpoint.recovery import recover


def save(named: Path, console: Console) -> int:
    """Write every row that can be read into a sheet of its own, and say what is lost; the exit code."""
    path = checkpoint_of(named)
    found = recover(path)
    totals = dict(Counter(results.status_word(record) for record in found.rows))
    written = results.write_recovered(found, path.with_name(f"{path.stem}.salvaged.csv"))
    lost = f"{count(found.lost, 'row')} cannot be read." if found.lost > 0 else "No row is lost."
    console.say(f"{path.name}: {count(len(found.rows), 'row')} can be read. {lost}")
    console.say(f"Saved: {short_path(written)}")
    if found.command:
        console.say("To go on; it looks for every row in HeyX first, so nobody is created twice:")
        console.say(f"  {found.command} --restart")
    document: dict[str, object] = {"read": len(found.rows), "lost": found.lost, "saved": str(written)}
    console.result(results.totals_line(totals), {**document, "totals": totals, "exit": results.exit_code(totals)})
    return 3 if found.lost > 0 else results.exit_code(totals)
