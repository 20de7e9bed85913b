"""How a session ends: results, totals, and the next command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.cli.console import Console, duration, error_text, short_path
from heyx_bulk.errors import DiskFull, HeyxBulkError
from heyx_bulk.models.calls import AddTags, Call, CreateContact, RemoveTags, UpdateContact
from heyx_bulk.models.contacts import Contact, ContactRow, Status
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count, shorten
from heyx_bulk.planning.lookup import NotFound
from heyx_bulk.planning.reconcile import sent_values
from heyx_bulk.reports import results
from heyx_bulk.reports.results import count_open
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.upload.upload_result import UNCERTAIN_SHOWN, UploadResult
from heyx_bulk.values.equality import text_of

LONGEST_VALUE = 60
NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})


class PlanView:
    """Takes the plan of every row, keeps the first rows' as text, and counts the writes of all."""

    def __init__(self, first: int) -> None:
        self.writes = 0
        self.counts: Counter[str] = Counter()
        self._first = first
        self._plans: dict[int, tuple[str, ...]] = {}

    def add(self, row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> None:
        """Take the plan of one row, in whatever order rows come."""
        self.writes += len(calls)
        for call in calls:
            match call:
                case CreateContact() | UpdateContact():
                    self.counts["field written"] += len(call.fields)
                case AddTags():
                    self.counts["tag added"] += len(call.tags)
                case RemoveTags():
                    self.counts["tag removed"] += len(call.tags)
        self._plans[row.number] = tuple(_lines(row, known, calls))
        if len(self._plans) > self._first:
            del self._plans[max(self._plans)]

    def total(self) -> str:
        """What all rows' plans come to: calls, fields, tags."""
        fields, added, removed = (self.counts[name] for name in ("field written", "tag added", "tag removed"))
        tags = f"{count(added, 'tag')} added and {removed:,} removed"
        return f"{count(self.writes, 'call')}: {count(fields, 'field')} written, {tags}"

    def plans(self) -> list[tuple[int, tuple[str, ...]]]:
        """The first rows' plans, each a number and its lines."""
        return sorted(self._plans.items())


def _lines(row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> Iterator[str]:
    match known:
        case NotFound():
            yield f"+ create, {count(len(row.fields), 'field')}, {count(len(calls), 'call')}"
        case Contact() if calls:
            yield f"~ update {known.id}, {count(len(calls), 'call')}"
        case Contact():
            yield f"= {known.id} is as wanted"
    for call in calls:
        match call:
            case CreateContact() | UpdateContact():
                for field in call.fields:
                    yield f"    {field.name}: {_change(row, known, field.name, field.value)}"
            case AddTags():
                yield from (f"    + tag {tag}" for tag in call.tags)
            case RemoveTags():
                yield from (f"    - tag {tag}" for tag in call.tags)


def _change(row: ContactRow, known: NotFound | Contact, name: str, new: str) -> str:
    if not isinstance(known, Contact):
        return shorten(new, LONGEST_VALUE)
    shown = {edit.name: edit.exported for edit in row.edits or ()}
    if not known.complete and name not in shown:
        return f"→ {shorten(new, LONGEST_VALUE) or '(blank)'}"
    old = text_of(known.fields.get(name)) if known.complete else shown[name]
    return f"{shorten(old, LONGEST_VALUE) or '(blank)'} → {shorten(new, LONGEST_VALUE) or '(blank)'}"


def finish(console: Console, result: UploadResult, document: Mapping[str, Any] = NOTHING_MORE) -> int:
    """Say where the results are, the totals and the next steps; the exit code.

    Totals and next steps are said whatever becomes of the files. The `document` is added to that of the result.
    """
    code, stopped = results.exit_code(result.totals), result.sent.stopped if result.sent else None
    later = command_line("report", short_path(result.checkpoint))
    if result.results is not None:
        console.say(f"Results: {short_path(result.results)}")
        if result.failed is not None:
            console.say(f"Rows that need you: {short_path(result.failed)}")
    elif result.write_error is not None:
        console.error(error_text(result.write_error))
        console.say(f"To write the results later: {later}")
        code = DiskFull.exit_code
    else:
        console.say(f"The results are left for later: {later}")
    if stopped is not None:
        console.error(error_text(stopped))
        code = stopped.exit_code
    tell_uncertain(console, result.uncertain)
    steps = tell_next(console, result)
    if result.audit_errors:
        tell_audit_errors(console, result.checkpoint, result.audit_errors)
        code = HeyxBulkError.exit_code
    _conclude(console, result, code, next=steps, audit_errors=[*result.audit_errors], **document)
    return code


def finish_simulation(console: Console, result: UploadResult) -> int:
    """Say what a run against the sandbox came to, and how long HeyX would take; the exit code."""
    sent, code = result.sent, results.exit_code(result.totals)
    if sent is not None and sent.stopped is not None:
        console.error(f"The run would not end in one session. {sent.stopped.what}")
        console.say("In earnest nothing would be lost, and the same command would carry on.")
        code = sent.stopped.exit_code
    if sent is not None:
        console.say(
            "Simulated with a sandbox; nothing was sent to HeyX, which would have taken "
            f"{duration(sent.seconds)} for these {count(sent.calls, 'call')}."
        )
    _conclude(console, result, code, checkpoint=None, next=[])
    return code


def finish_dry_run(
    console: Console, result: UploadResult, plans: PlanView, document: Mapping[str, Any] = NOTHING_MORE
) -> int:
    """Show the first rows' plans, and what all would write; the exit code.

    The `document` is added to that of the result.
    """
    for number, lines in plans.plans():
        for line in (f"row {number}  {lines[0]}", *lines[1:]):
            console.say(line)
    code = results.exit_code(result.totals)
    console.say(f"Nothing was written. The run would write with {plans.total()}.")
    shown = [{"row": number, "plan": lines} for number, lines in plans.plans()]
    changes = {"writes": plans.writes, "changes": dict(plans.counts), "plans": shown}
    _conclude(console, result, code, "would be ", checkpoint=None, next=[], **changes, **document)
    return code


def tell_uncertain(console: Console, records: Sequence[RowRecord]) -> None:
    """List the rows whose contact may have been created, with what a person looks for in HeyX."""
    if records:
        console.say("Uncertain: HeyX did not say whether these contacts were created. Look for them there:")
    for record in records[:UNCERTAIN_SHOWN]:
        console.say(f"  row {record.number}: {sent_values(record.create_payload or ())}")
    if len(records) > UNCERTAIN_SHOWN:
        console.say("  and others: see heyx message in the results")


def tell_audit_errors(console: Console, checkpoint: Path, errors: Sequence[str]) -> None:
    """Say that the audit failed, and what to do."""
    console.error(f"The audit failed: {'; '.join(errors)}.")
    console.error(
        "That is a mistake of ours or a file changed by somebody else; do not trust the totals. Nothing is sent "
        f"again by itself. To compare HeyX with what was sent:\n  {command_line('verify', short_path(checkpoint))}"
    )


def tell_sent(console: Console, sent: SessionSummary) -> None:
    """Say what a session sent, and in what time."""
    throttled = f", {sent.throttled:,} of them refused as too many" if sent.throttled else ""
    console.say(f"{count(sent.calls, 'call')} in {duration(sent.seconds)}{throttled}.")


def tell_next(console: Console, result: UploadResult) -> list[str]:
    """Say the next steps, most urgent first, each with its command to copy; the commands."""
    steps = list(_next_steps(result))
    for purpose, command in steps:
        console.say(f"{purpose}:\n  {command}")
    return [command for _, command in steps]


def _next_steps(result: UploadResult) -> Iterator[tuple[str, str]]:
    rerun = command_line("rerun", short_path(result.checkpoint))
    if count_open(result.totals):
        if result.command:
            yield "To carry on", result.command
        return
    if again := result.totals.get(Status.FAILED, 0):
        yield f"To send the {count(again, 'failed row')} again", rerun
    elif result.can_look_again:
        yield "To look again for the uncertain rows", rerun
    if result.totals.get(Status.UNCERTAIN, 0):
        purpose = "To send the uncertain rows, once you have looked and they are not in HeyX"
        yield purpose, f"{rerun} --uncertain"
    if result.failed is not None:
        purpose = f"To send rows corrected, change them in {result.failed.name} and give it back"
        yield purpose, command_line("rerun", short_path(result.failed))


def _conclude(console: Console, result: UploadResult, code: int, prefix: str = "", **more: object) -> None:
    """The totals, on standard output; `more` goes into the document."""
    sent = result.sent
    document = {
        "sheet": result.sheet,
        "rows": sum(result.totals.values()),
        "totals": result.totals,
        "contacts": result.contacts,
        "calls": sent.calls if sent else 0,
        "throttled_calls": sent.throttled if sent else 0,
        "seconds": round(sent.seconds, 1) if sent else 0,
        "checkpoint": str(result.checkpoint),
        "results": str(result.results) if result.results else None,
        "exit": code,
    }
    console.result(f"{prefix}{results.totals_line(result.totals, result.contacts)}", {**document, **more})
