"""The keys of the documents that `--json` prints: what each command adds to the keys of every document.

The JSON Schema of docs/reference is written from these types: what a key means stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

from heyx_bulk.cli.channel_documents import CHANNEL_DOCUMENTS
from heyx_bulk.mapping.column_check import DataWarning
from heyx_bulk.mapping.phone_checks import PhoneCountry
from heyx_bulk.mapping.tag_counts import TagCount
from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.models.contacts import Status
from heyx_bulk.reports.failure_causes import FailureCause
from heyx_bulk.reports.read_back import Difference
from heyx_bulk.reports.run_totals import WORDS
from heyx_bulk.storage.cache.field_mismatches import FieldMismatch
from heyx_bulk.storage.cache.known_contacts import KnownExport
from heyx_bulk.storage.checkpoint.row_record import InvalidCause
from heyx_bulk.storage.export_checkpoint.searches import SearchCoverage, ValueCoverage
from heyx_bulk.upload.events import PlanDocument
from heyx_bulk.upload.inspection import ColumnDocument
from heyx_bulk.values.value_types import ValueKind

CAUSES_LISTED = 30


class Keys(tuple[str, ...]):
    """Stands in an annotation of a mapping: the keys that it always has."""

    __slots__ = ()


Totals = Annotated[dict[str, int], "Rows by status. Every status is there.", Keys(map(str, WORDS))]
Rows = Annotated[int, "The number of rows."]
Causes = Annotated[int, f"How many causes there are. At most {CAUSES_LISTED} of them are listed."]
CallsByKind = Annotated[
    dict[str, int], "Calls by kind, such as `find` or `create`; kinds without a call are left out."
]
Sheet = Annotated[str, "The file name of the sheet."]
Checkpoint = Annotated[Path, "The checkpoint of the run."]


class InvalidRows(TypedDict):
    """Rows that are invalid for the same reason."""

    cause: Annotated[str, "What is wrong with the rows."]
    rows: Rows
    first: Annotated[list[int], "The numbers of the first rows, at most 5."]
    example: Annotated[str, "The message of the first row."]


class FailureKeys(TypedDict):
    """Failed and uncertain rows by cause, most frequent first."""

    failures: Annotated[list[FailureCause], "Failed and uncertain rows by cause, most frequent first."]
    failure_causes: Causes


class ProblemKeys(TypedDict):
    """Invalid rows by cause, most frequent first."""

    problems: Annotated[list[InvalidRows], "Invalid rows by cause, most frequent first."]
    problem_causes: Causes


def failure_keys(causes: Sequence[FailureCause]) -> FailureKeys:
    """Failed and uncertain rows by cause, and how many causes there are."""
    return {"failures": [*causes[:CAUSES_LISTED]], "failure_causes": len(causes)}


def problem_keys(causes: Iterable[InvalidCause]) -> ProblemKeys:
    """Invalid rows by cause, and how many causes there are."""
    found = [*causes]
    listed: list[InvalidRows] = [
        {"cause": one.what, "rows": one.rows, "first": one.first, "example": one.example}
        for one in islice(found, CAUSES_LISTED)
    ]
    return {"problems": listed, "problem_causes": len(found)}


class KeptCellsDocument(TypedDict):
    """Cells that keep their known values, because only a spreadsheet program changed them."""

    cells: Annotated[int, "The number of cells."]
    first: Annotated[list[str], "The first of them, as text."]


class ViewKeys(TypedDict, total=False):
    """What an upload shows before it sends anything."""

    estimate: Annotated[PlanDocument, "What the run costs, as estimated before the first call."]
    spreadsheet_changes: Annotated[KeptCellsDocument, "Cells that only a spreadsheet program changed."]


class PlannedRow(TypedDict):
    """The planned changes of one row."""

    row: Annotated[int, "The number of the row."]
    plan: Annotated[Sequence[str], "The changes as lines of text."]


class PlanKeys(TypedDict, total=False):
    """What a plan or a dry run would write."""

    writes: Annotated[int, "The calls that write."]
    changes: Annotated[
        dict[str, int], "What they write: `field written`, `tag added`, `tag removed`. Those with 0 are left out."
    ]
    phones: Annotated[list[PhoneCountry], "Phones by country."]
    plans: Annotated[list[PlannedRow], "The changes of the first rows."]


class RunDocument(FailureKeys, ProblemKeys, ViewKeys, PlanKeys):
    """What a run came to."""

    sheet: Sheet
    rows: Rows
    totals: Totals
    contacts: Annotated[int | None, "How many contacts the rows stand for, if several rows are merged into one."]
    calls: Annotated[int, "The calls that this command sent."]
    calls_by_kind: Annotated[dict[str, int] | None, "Calls by kind. Null in simulations, dry runs and plans."]
    throttled_calls: Annotated[int, "How many of the calls the rate limit rejected (HTTP 429)."]
    seconds: Annotated[float, "The time that sending took, in seconds; in a simulation, what HeyX would take."]
    checkpoint: Annotated[Path | None, "The checkpoint of the run. Null if nothing was written."]
    results: Annotated[Path | None, "The file of results."]
    results_note: Annotated[str | None, "Why the results are a new workbook instead of a copy of yours."]
    failed: Annotated[Path | None, "The file of the rows that need attention."]
    failed_note: Annotated[str | None, "Why this file is a new workbook instead of a copy of yours."]
    report: Annotated[Path | None, "The report with charts."]
    plan: Annotated[Path | None, "The file of the plan."]
    next: Annotated[Sequence[str], "The commands to run next, the most urgent one first."]
    audit_errors: Annotated[Sequence[str], "Contradictions in the record of the run: a bug."]


class IdleDocument(TypedDict):
    """What a `sync` that had nothing to send came to."""

    sheet: Sheet
    rows: Rows
    totals: Totals
    calls: Annotated[int, "The calls that this command sent: 0."]
    skipped: Annotated[bool, "Whether another run of the sheet was working."]


class ChartsDocument(TypedDict):
    """What `report --html` wrote."""

    totals: Totals
    report: Annotated[Path, "The report with charts."]


class RecoveredDocument(TypedDict):
    """What `report --recover` saved."""

    read: Annotated[int, "The rows that can be read."]
    lost: Annotated[int, "The rows that cannot be read."]
    saved: Annotated[Path, "The file with the rows that can be read."]
    totals: Totals


class RunStatusDocument(FailureKeys, ProblemKeys):
    """The status of a run."""

    sheet: Sheet
    checkpoint: Checkpoint
    rows: Rows
    totals: Totals
    is_running: Annotated[bool, "Whether the run is in progress."]
    run_started_at: Annotated[str | None, "When the first session started. Null if nothing was sent."]
    run_ended_at: Annotated[str | None, "When the last session ended. Null if it is in progress or was killed."]
    stop_reason: Annotated[str | None, "Why the last session stopped early."]
    sessions: Annotated[int, "How often the run was started or resumed."]
    killed_sessions: Annotated[int, "How many sessions were killed or ended by a power cut."]
    calls: Annotated[int, "The calls of all sessions."]
    calls_by_kind: CallsByKind
    throttled_calls: Annotated[int, "How many calls the rate limit rejected (HTTP 429)."]
    calls_by_answer: Annotated[dict[str, int], "Calls by outcome, as in the call log. Those with 0 are left out."]
    calls_left_max: Annotated[int, "The most calls that the open rows take."]
    calls_left: Annotated[int, "The calls left, as estimated from finished rows."]
    calls_a_minute: Annotated[float | None, "The rate of the last minutes. Null if the run is not in progress."]
    seconds_left: Annotated[int | None, "The estimated time left, in seconds."]
    audit_errors: Annotated[Sequence[str], "Contradictions in the record of the run: a bug."]


class RunBrief(TypedDict):
    """One of several runs."""

    checkpoint: Checkpoint
    error: NotRequired[Annotated[str, "Why the checkpoint cannot be read."]]
    state: NotRequired[Annotated[str, "`running`, `stopped` or `finished`."]]
    totals: NotRequired[Totals]


class RunsDocument(TypedDict):
    """The runs of a folder."""

    runs: Annotated[list[RunBrief], "The runs in this folder and in the state folder."]


class DifferentRow(TypedDict):
    """A row whose contact is not as it was sent."""

    row: Annotated[int, "The number of the row."]
    contact: Annotated[str, "The id of its contact."]
    unread: Annotated[str | None, "Why the contact cannot be read."]
    differences: Annotated[Sequence[Difference], "The values that differ."]


class ComparisonDocument(TypedDict):
    """What `verify` found."""

    rows: Annotated[int, "The rows that were read back."]
    matches: Annotated[int, "How many of them HeyX holds as they were sent."]
    different: Annotated[list[DifferentRow], "The others."]


class HistoryCell(TypedDict):
    """A cell of a row."""

    column: Annotated[str, "The letter of the column."]
    header: Annotated[str, "The header of the column."]
    text: Annotated[str, "The text of the cell."]


class HistoryCall(TypedDict):
    """A call of a row."""

    session: Annotated[int, "The number of the session that sent it."]
    at: Annotated[str, "When it was sent."]
    call: Annotated[str, "The kind of call."]
    contact: Annotated[str | None, "The id of the contact that it names."]
    attempt: Annotated[int, "Which attempt it was."]
    waited: Annotated[float, "How long it waited before it was sent, in seconds."]
    outcome: Annotated[CallOutcome, "Its outcome."]
    status: Annotated[int | None, "The HTTP status of the response."]
    seconds: Annotated[float | None, "How long HeyX took, in seconds."]
    message: Annotated[str | None, "The message of the response."]


class HistoryDocument(TypedDict):
    """The history of one row."""

    row: Annotated[int, "The number of the row."]
    row_status: Annotated[Status | None, "The status of the row. Null if it is not finished."]
    state: Annotated[str, "The state of the row in the checkpoint."]
    contact: Annotated[str | None, "The id of its contact."]
    message: Annotated[str, "The message of the row."]
    cells: Annotated[list[HistoryCell], "The cells that are not blank."]
    fields: Annotated[dict[str, str], "The fields to send."]
    add_tags: Annotated[Sequence[str], "The tags to add."]
    remove_tags: Annotated[Sequence[str], "The tags to remove."]
    calls: Annotated[list[HistoryCall], "Its calls, in order."]


class SearchedValue(TypedDict):
    """The result of the search for one value."""

    field: Annotated[str, "The field."]
    value: Annotated[str, "Its value."]
    found: Annotated[int, "The contacts that have the value."]
    total: Annotated[int | None, "The contacts that HeyX counts. Null if it does not say."]
    complete: Annotated[bool, "Whether all were read, and none changed meanwhile."]
    passes: Annotated[int, "How often all pages were read."]
    partly: Annotated[int, "The contacts that were not in all passes. They are included."]


def searched_value(covered: SearchCoverage) -> SearchedValue:
    """The result of a search as a document has it."""
    return {
        "field": covered.wanted.name,
        "value": covered.wanted.value,
        "found": covered.found,
        "total": covered.total,
        "complete": covered.complete,
        "passes": covered.passes,
        "partly": covered.partly,
    }


class CoverageKeys(TypedDict):
    """What an export covers."""

    read: Annotated[int, "The contacts that were read, before filters."]
    where: Annotated[list[SearchedValue], "The searches of `--where`."]
    where_in: Annotated[ValueCoverage | None, "The searches of `--where-in`."]
    missing_ids: Annotated[list[str], "The ids of `--ids` that were not found."]


class ExportDocument(CoverageKeys):
    """What an export came to. A stopped export has read only some of the contacts."""

    contacts: Annotated[int | None, "The contacts that were written. Null if no file was written."]
    calls: Annotated[int | None, "The calls that this command sent. Null if it was stopped."]
    throttled_calls: Annotated[int | None, "How many of the calls the rate limit rejected (HTTP 429)."]
    seconds: Annotated[float | None, "The time that reading took, in seconds."]
    out: Annotated[Path | None, "The file with the contacts."]


class InspectedColumn(ColumnDocument):
    """A column, and some of its values."""

    values: Annotated[Sequence[str], "Some values of the column."]


class InspectionDocument(ProblemKeys):
    """How a sheet is read, and what is wrong with it."""

    sheet: Sheet
    format: Annotated[str, "The format of the file."]
    worksheet: Annotated[str | None, "The worksheet."]
    header_row: Annotated[int, "The number of the row with the headers."]
    notes: Annotated[Sequence[str], "What is special about the file."]
    columns: Annotated[list[InspectedColumn], "The columns."]
    mistakes: Annotated[Sequence[str], "What must be corrected before the sheet can be sent."]
    warnings: Annotated[Sequence[DataWarning], "Values that seem damaged. These rows can be sent."]
    phones: Annotated[Sequence[PhoneCountry], "Phones by country."]
    tags: Annotated[Sequence[TagCount], "The tags that the rows add and remove."]
    unknown_custom_fields: Annotated[list[str], "Custom fields that were not seen in the channel yet."]
    rows: Rows
    totals: Totals


class MappedColumn(ColumnDocument):
    """A column, and the field that it may be."""

    suggestion: Annotated[str | None, "The field that a column may be, if it was not recognized."]


class ColumnsDocument(TypedDict):
    """Which field each column is."""

    columns: Annotated[list[MappedColumn], "The columns."]
    mistakes: Annotated[Sequence[str], "What must be corrected before the sheet can be sent."]
    mapping: Annotated[Path | None, "The mapping file that was written."]


class FieldDocument(TypedDict):
    """A custom field of the channel."""

    name: Annotated[str, "The name of the field."]
    kind: Annotated[ValueKind, "What its values are."]
    first_seen: Annotated[str | None, "The date on which a contact first showed it."]
    last_seen: Annotated[str | None, "The date on which a contact last showed it."]
    new: Annotated[bool, "Whether it was not known before."]
    values: Annotated[list[str], "Some of its values, if contacts were read."]


class FieldsDocument(TypedDict):
    """The custom fields of a channel."""

    fields: Annotated[list[FieldDocument], "The known custom fields."]
    field_mismatches: Annotated[Sequence[FieldMismatch], "Fields that HeyX does not show as they were written."]


class CacheDocument(TypedDict):
    """What is remembered of a channel."""

    contacts: Annotated[int, "The contacts that are remembered."]
    first_seen: Annotated[float | None, "When the first of them was seen, in seconds since 1970 (UTC)."]
    last_seen: Annotated[float | None, "When the last of them was seen, in seconds since 1970 (UTC)."]
    exports: Annotated[list[KnownExport], "The exports that are remembered."]
    fields: Annotated[list[str], "The known custom fields."]
    path: Annotated[Path, "The file of the cache."]
    bytes: Annotated[int, "The size of the file."]


class ForgottenDocument(TypedDict):
    """What was forgotten of a channel."""

    contacts: Annotated[int, "The contacts that were forgotten."]
    exports: Annotated[int, "The exports that were forgotten."]


DOCUMENTS: Mapping[str, tuple[type, ...]] = {
    "inspect": (InspectionDocument,),
    "columns": (ColumnsDocument,),
    "upload": (RunDocument,),
    "rerun": (RunDocument,),
    "plan": (RunDocument,),
    "apply": (RunDocument,),
    "undo": (RunDocument,),
    "sync": (RunDocument, IdleDocument),
    "status": (RunStatusDocument, RunsDocument),
    "report": (RunDocument, ChartsDocument, RecoveredDocument),
    "explain": (HistoryDocument,),
    "verify": (ComparisonDocument,),
    "export": (ExportDocument,),
    "fields": (FieldsDocument,),
    "cache show": (CacheDocument,),
    "cache forget": (ForgottenDocument,),
    **CHANNEL_DOCUMENTS,
}
"""What each command adds to the keys of every document, unless an error ended it before it came to anything."""
