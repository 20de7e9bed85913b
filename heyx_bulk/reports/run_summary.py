"""The summary of a run: its totals, why rows failed, links to the rows that need a person, and its options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from heyx_bulk.mapping.columns import Use
from heyx_bulk.models.phrases import count
from heyx_bulk.reports.failure_causes import failure_causes
from heyx_bulk.reports.outcome_cells import reported_id
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, STATUS_COLORS, WORDS, totals_line
from heyx_bulk.sheets.summary_page import MOST_LINKS, SUMMARY_HEADING, SummaryCell, SummaryPage
from heyx_bulk.storage.checkpoint.run import Run

_BLANK: tuple[SummaryCell, ...] = ()
_Rows = Iterator[Sequence[SummaryCell]]


def summarize(run: Run, place: Callable[[int], str], *, opens: bool) -> SummaryPage:
    """The summary of a run as it stands; `place` says where the row with a number stands in the workbook."""
    return SummaryPage([*_totals(run), *_causes(run, place), *_attention(run, place), *_about(run)], opens=opens)


def _totals(run: Run) -> _Rows:
    totals = run.checkpoint.queries.totals()
    yield (SummaryCell(SUMMARY_HEADING, bold=True),)
    yield (SummaryCell(f"{run.checkpoint.info.sheet}: {totals_line(totals)}"),)
    yield _BLANK
    yield _titles("Status", "Rows")
    for word in WORDS:
        if number := totals.get(word):
            yield SummaryCell(word, STATUS_COLORS.get(word, "")), SummaryCell(number)


def _causes(run: Run, place: Callable[[int], str]) -> _Rows:
    """Why rows are invalid, failed or uncertain; each with a link to the first of them."""
    queries = run.checkpoint.queries
    causes = [("invalid", cause.what, cause.rows, cause.first[0]) for cause in queries.invalid_causes()]
    causes += [(one.status, one.message, one.rows, one.first[0]) for one in failure_causes(queries.failures())]
    if not causes:
        return
    yield _BLANK
    yield _titles("Cause", "Rows", "First", "")
    for word, what, rows, first in sorted(causes, key=lambda cause: -cause[2]):
        yield (
            SummaryCell(word, STATUS_COLORS.get(word, "")),
            SummaryCell(rows),
            SummaryCell(f"row {first}", link=place(first)),
            SummaryCell(what),
        )


def _attention(run: Run, place: Callable[[int], str]) -> _Rows:
    """The rows that need a person, each with a link to it; as many as a worksheet may have links."""
    ids, rows = run.columns.used(Use.ID), 0
    for record in run.checkpoint.queue.rows():
        if record.status not in NEEDS_ATTENTION:
            continue
        rows += 1
        if rows == 1:
            yield _BLANK
            yield _titles("Rows that need your attention", "Status", "heyx contact id", "heyx message")
        if rows <= MOST_LINKS:
            yield (
                SummaryCell(f"row {record.number}", link=place(record.number)),
                SummaryCell(record.status, STATUS_COLORS.get(record.status, "")),
                SummaryCell(reported_id(record, ids)),
                SummaryCell(record.message),
            )
    if rows > MOST_LINKS:
        yield (SummaryCell(f"and {count(rows - MOST_LINKS, 'row')} more: filter the column heyx status"),)


def _about(run: Run) -> _Rows:
    """The sheet, when the run began, the command and the options."""
    info = run.checkpoint.info
    yield _BLANK
    yield _titles("About the run", "")
    facts = [("sheet", info.sheet), ("begun", info.started_at), ("run", info.short_id)]
    facts += [("rows", str(info.rows)), ("command", run.checkpoint.facts.command)]
    facts += [(name, _shown(value)) for name, value in info.options.items() if value not in (None, False, [], "")]
    for name, value in facts:
        yield SummaryCell(name), SummaryCell(value)


def _titles(*titles: str) -> tuple[SummaryCell, ...]:
    return tuple(SummaryCell(title, bold=True) for title in titles)


def _shown(value: object) -> str:
    return "yes" if value is True else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
