"""`heyx-bulk report --salvage`: what can still be read of a checkpoint that the disk has damaged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from heyx_bulk.cli.console import Voice, count, shown
from heyx_bulk.cli.rerun import checkpoint_of
from heyx_bulk.reports import results
from heyx_bulk.storage.checkpoint.recovery import salvage


def save(named: Path, voice: Voice) -> int:
    """Write every row that can be read into a sheet of its own, and say what is lost; the exit code."""
    path = checkpoint_of(named)
    found = salvage(path)
    totals = dict(Counter(results.word(entry) for entry in found.rows))
    written = results.write_salvaged(found, path.with_name(f"{path.stem}.salvaged.csv"))
    lost = f"{count(found.lost, 'row')} cannot be read." if found.lost > 0 else "No row is lost."
    voice.say(f"{path.name}: {count(len(found.rows), 'row')} can be read. {lost}")
    voice.say(f"Saved: {shown(written)}")
    if found.command:
        voice.say("To go on; it looks for every row in HeyX first, so nobody is created twice:")
        voice.say(f"  {found.command} --again")
    document: dict[str, object] = {"read": len(found.rows), "lost": found.lost, "saved": str(written)}
    voice.total(results.line(totals), {**document, "totals": totals, "exit": results.exit_code(totals)})
    return 3 if found.lost > 0 else results.exit_code(totals)
