"""`heyx-bulk explain`: the history of one row, from its cells to its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

from heyx_bulk.cli.command import CheckpointPath, PlainConsole
from heyx_bulk.models.phrases import list_item

if TYPE_CHECKING:
    from heyx_bulk.cli.documents import HistoryDocument
    from heyx_bulk.models.call_records import CallDescription
    from heyx_bulk.reports.run_status import RowHistory
    from heyx_bulk.storage.checkpoint.call_table import CallRecord
    from heyx_bulk.storage.checkpoint.row_record import RowRecord

WAIT_WORTH_SAYING_SECONDS = 0.05


def explain(
    checkpoint: CheckpointPath,
    row: Annotated[int, typer.Argument(metavar="ROW", help="The number of the row in the spreadsheet.", min=1)],
    console: PlainConsole,
) -> int:
    """Show the history of one row: its cells, the values to send, every call with its response, the outcome.

    \b
    heyx-bulk explain contacts.xlsx 12

    Needs no token; sends nothing.
    """
    from heyx_bulk.reports.run_status import row_history
    from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
    from heyx_bulk.storage.checkpoint.locking import is_locked
    from heyx_bulk.storage.checkpoint.lookup import checkpoint_of
    from heyx_bulk.storage.checkpoint.run import Run

    with Checkpoint.open(checkpoint_of(checkpoint)) as opened:
        found = row_history(Run.from_checkpoint(opened), row)
        is_running = is_locked(opened.path)
        console.use_channel(opened.facts.channel)
    for line in _lines(found, is_running=is_running):
        console.say(line)
    console.result(_outcome(found.record), _document(found))
    return 0


def _lines(found: RowHistory, *, is_running: bool) -> Iterator[str]:
    yield "Cells:"
    yield from _table([(place, header, text) for place, header, text in found.cells])
    row = found.row
    yield "Values, not sent because the row is invalid:" if row.problems else "Values to send:"
    fields = [(field.name, field.value or "(cleared)") for field in row.fields]
    yield from _table([*((("contact", row.id),) if row.id else ()), *fields])
    for label, tags in (("add tags", row.add_tags), ("remove tags", row.remove_tags)):
        if tags:
            yield f"  {label}: {', '.join(map(list_item, tags))}"
    yield "Calls:" if found.calls else "Calls: none recorded."
    for before, recorded in pairwise([*found.calls[:1], *found.calls]):
        if recorded.session != before.session:
            yield "  in a later session:"
        yield f"  {_call(recorded, is_running=is_running)}"


def _table(lines: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]) - 1)] if lines else []
    for *names, text in lines:
        yield "  " + "  ".join([*(name.ljust(width) for name, width in zip(names, widths, strict=True)), text])


def _call(recorded: CallRecord, *, is_running: bool) -> str:
    attempt, result = recorded.attempt, recorded.result
    when = datetime.fromtimestamp(recorded.at).strftime("%Y-%m-%d %H:%M:%S")
    parts = [f"{when}  {_describe(attempt.call)}"]
    if attempt.number > 1:
        parts.append(f"attempt {attempt.number}")
    if attempt.waited_seconds >= WAIT_WORTH_SAYING_SECONDS:
        parts.append(f"after a wait of {attempt.waited_seconds:.1f} s")
    if result is None:
        unknown = "in flight" if is_running else "unknown: the program was killed before the response"
        return f"{', '.join(parts)} → {unknown}"
    status = f"{result.status} " if result.status is not None else ""
    message = f": {result.message}" if result.message else ""
    return f"{', '.join(parts)} → {status}{result.outcome}{message} ({result.seconds:.2f} s)"


def _describe(call: CallDescription) -> str:
    from heyx_bulk.models.call_records import FIND

    names = ", ".join(f"{name} {value}" if call.kind == FIND else list_item(name) for name, value in call.items)
    return " ".join(part for part in (call.kind, call.contact_id or "", f"({names})" if names else "") if part)


def _outcome(record: RowRecord) -> str:
    from heyx_bulk.reports.run_totals import status_word

    contact = f", contact {record.contact_id}" if record.contact_id else ""
    message = f": {record.message}" if record.message else ""
    return f"row {record.number}: {status_word(record)}{contact}{message}"


def _document(found: RowHistory) -> HistoryDocument:
    from heyx_bulk.models.call_records import CallOutcome

    record, row = found.record, found.row
    return {
        "row": record.number,
        "row_status": record.status,
        "state": record.state,
        "contact": record.contact_id,
        "message": record.message,
        "cells": [{"column": place, "header": header, "text": text} for place, header, text in found.cells],
        "fields": {field.name: field.value for field in row.fields},
        "add_tags": list(row.add_tags),
        "remove_tags": list(row.remove_tags),
        "calls": [
            {
                "session": recorded.session,
                "at": datetime.fromtimestamp(recorded.at).astimezone().isoformat(timespec="milliseconds"),
                "call": recorded.attempt.call.kind,
                "contact": recorded.attempt.call.contact_id,
                "attempt": recorded.attempt.number,
                "waited": recorded.attempt.waited_seconds,
                "outcome": recorded.result.outcome if recorded.result else CallOutcome.UNKNOWN,
                "status": recorded.result.status if recorded.result else None,
                "seconds": recorded.result.seconds if recorded.result else None,
                "message": recorded.result.message if recorded.result else None,
            }
            for recorded in found.calls
        ],
    }
