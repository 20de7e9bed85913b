"""`heyx-bulk explain`: what became of one row, from its cells to its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from heyx_bulk.cli.console import Voice
from heyx_bulk.cli.rerun import checkpoint_of
from heyx_bulk.models.call_records import FIND, Asked, Happened
from heyx_bulk.reports.results import IN_DOUBT, TO_DO
from heyx_bulk.reports.row_history import Explained, explain
from heyx_bulk.storage.checkpoint.call_table import Recorded
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.locking import is_held
from heyx_bulk.storage.checkpoint.row_record import State
from heyx_bulk.storage.checkpoint.run import Run

WAIT_WORTH_SAYING_SECONDS = 0.05


def explain_row(named: Path, number: int, voice: Voice) -> int:
    """Say what became of the row `number`; the exit code."""
    with Journal.open(checkpoint_of(named)) as journal:
        found = explain(Run.of(journal), number)
        goes_on = is_held(journal.path)
    for line in _lines(found, goes_on=goes_on):
        voice.say(line)
    voice.total(_outcome(found), _document(found))
    return 0


def _lines(found: Explained, *, goes_on: bool) -> Iterator[str]:
    yield "Cells:"
    yield from _table([(place, header, text) for place, header, text in found.cells])
    row = found.row
    yield "What the row asks for:"
    for problem in row.problems:
        yield f"  invalid: {problem.detail}"
    yield from _table([*((("contact", row.id),) if row.id else ()), *((f.name, f.value) for f in row.fields)])
    for label, tags in (("add tags", row.add_tags), ("remove tags", row.remove_tags)):
        if tags:
            yield f"  {label}: {', '.join(tags)}"
    yield "Calls:" if found.calls else "Calls: none recorded."
    start = found.calls[0].start if found.calls else 0
    for recorded in found.calls:
        if recorded.start != start:
            yield "  the run was stopped, and carried on:"
        start = recorded.start
        yield f"  {_call(recorded, goes_on=goes_on)}"


def _table(lines: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]) - 1)] if lines else []
    for *names, text in lines:
        yield "  " + "  ".join([*(name.ljust(width) for name, width in zip(names, widths, strict=True)), text])


def _call(recorded: Recorded, *, goes_on: bool) -> str:
    attempt, came = recorded.attempt, recorded.came
    when = datetime.fromtimestamp(recorded.at).strftime("%Y-%m-%d %H:%M:%S")
    parts = [f"{when}  {_asked(attempt.asked)}"]
    if attempt.number > 1:
        parts.append(f"attempt {attempt.number}")
    if attempt.waited_seconds >= WAIT_WORTH_SAYING_SECONDS:
        parts.append(f"after a wait of {attempt.waited_seconds:.1f} s")
    if came is None:
        gone = "on its way" if goes_on else "unknown: the program was cut off before the answer"
        return f"{', '.join(parts)} → {gone}"
    answer = str(came.status) if came.status is not None else ""
    words = f": {came.said}" if came.said else ""
    told = " ".join(part for part in (answer, str(came.happened)) if part)
    return f"{', '.join(parts)} → {told}{words} ({came.seconds:.2f} s)"


def _asked(asked: Asked) -> str:
    names = ", ".join(f"{name} {value}" if asked.kind == FIND else name for name, value in asked.items)
    return " ".join(part for part in (asked.kind, asked.contact_id or "", f"({names})" if names else "") if part)


def _outcome(found: Explained) -> str:
    entry = found.entry
    word = entry.status or (IN_DOUBT if entry.state is State.CREATING else TO_DO)
    contact = f", contact {entry.contact_id}" if entry.contact_id else ""
    message = f": {entry.message}" if entry.message else ""
    return f"row {entry.number}: {word}{contact}{message}"


def _document(found: Explained) -> dict[str, object]:
    entry, row = found.entry, found.row
    return {
        "row": entry.number,
        "status": entry.status,
        "state": entry.state,
        "contact": entry.contact_id,
        "message": entry.message,
        "cells": [{"column": place, "header": header, "text": text} for place, header, text in found.cells],
        "fields": {field.name: field.value for field in row.fields},
        "add_tags": list(row.add_tags),
        "remove_tags": list(row.remove_tags),
        "calls": [
            {
                "start": recorded.start,
                "at": datetime.fromtimestamp(recorded.at).astimezone().isoformat(timespec="milliseconds"),
                "call": recorded.attempt.asked.kind,
                "contact": recorded.attempt.asked.contact_id,
                "attempt": recorded.attempt.number,
                "waited": recorded.attempt.waited_seconds,
                "happened": recorded.came.happened if recorded.came else Happened.UNKNOWN,
                "status": recorded.came.status if recorded.came else None,
                "seconds": recorded.came.seconds if recorded.came else None,
                "said": recorded.came.said if recorded.came else None,
            }
            for recorded in found.calls
        ],
    }
