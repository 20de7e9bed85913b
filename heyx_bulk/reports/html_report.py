"""The report of a run as one HTML page: without a script, a network, or a value of a contact."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from heyx_bulk.mapping.columns import Columns, Use
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.contacts import Status, common_cause
from heyx_bulk.models.phrases import clock_of, count, first_of, minute_of, shorten
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.reports.audit import audit_errors
from heyx_bulk.reports.call_charts import answer_times, calls_by_kind, calls_by_minute, tags_set
from heyx_bulk.reports.charts import STYLE, Part, stacked_bar
from heyx_bulk.reports.failure_causes import FIRST_ROWS, failure_causes
from heyx_bulk.reports.next_steps import next_steps
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION, TO_DO, WORDS, count_open
from heyx_bulk.reports.written_files import write_file
from heyx_bulk.settings.rate import Rate
from heyx_bulk.sheets.writer import write_text
from heyx_bulk.storage.checkpoint.call_table import Session
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths

CAUSES_SHOWN = 40
SESSIONS_SHOWN = 12
FIELDS_SHOWN = 40
LONGEST_NAME = 60
LONGEST_REASON = 200

_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|‘[^’]*’|«[^»]*»")
_HEYX_MESSAGE = re.compile(
    r"(HeyX answered \d{3}|HeyX does not accept the token|the response of HeyX cannot be read): .*", re.DOTALL
)
_TONES = {TO_DO: "open"}


class Attention(NamedTuple):
    """Rows that need a person for one reason."""

    status: Status
    reason: str
    rows: int
    first: str
    remedy: str


def write_report(run: Run, paths: RunPaths, *, failed: Path | None, command: str = "") -> Path:
    """Write the report of `run` where `paths` say, or beside it if the file there was changed by hand.

    `failed` is the file with the rows that need attention, `command` carries the run on. Returns the path of the
    report.
    """
    page = render_report(run, paths, failed=failed, command=command or run.checkpoint.facts.command)
    return write_file(run.checkpoint, paths.report, lambda place: write_text(place, page))


def render_report(
    run: Run,
    paths: RunPaths,
    *,
    failed: Path | None = None,
    command: str = "",
    clock: Callable[[], float] = time.time,
) -> str:
    """The report as HTML: see `write_report`."""
    checkpoint, info = run.checkpoint, run.checkpoint.info
    totals, sessions = checkpoint.queries.totals(), checkpoint.calls.sessions()
    attention = list(_attention(run, failed))
    steps = next_steps(
        totals,
        checkpoint=_beside(checkpoint.path, paths),
        failed=None if failed is None else _beside(failed, paths),
        command=command,
        can_look_again=any(map(run.can_be_looked_for, checkpoint.queue.uncertain_rows())),
    )
    environment = Environment(
        loader=PackageLoader("heyx_bulk.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        style=STYLE,
        version=version("heyx-bulk"),
        sheet=info.sheet,
        run=info.short_id,
        when=_when(sessions, clock()),
        headline=headline(totals),
        rows=stacked_bar([Part(word, totals.get(word, 0), _TONES.get(word, word)) for word in WORDS]),
        attention=attention[:CAUSES_SHOWN],
        causes_left=_more(len(attention) - CAUSES_SHOWN, "more reason"),
        steps=list(steps),
        calls=calls_by_minute(checkpoint, _rate(run)),
        answers=answer_times(checkpoint),
        kinds=calls_by_kind(checkpoint, sum(totals.values()) - totals.get(Status.INVALID, 0) - count_open(totals)),
        audit_errors=audit_errors(checkpoint),
        tags=tags_set(checkpoint),
        how=list(_how(run, paths, sessions, failed)),
    )


def headline(totals: dict[str, int]) -> str:
    """The sentence that sums a run up: `11,927 of 12,480 rows are in HeyX. 553 rows need your attention.`"""
    rows = sum(totals.values())
    there = sum(totals.get(word, 0) for word in (Status.CREATED, Status.UPDATED, Status.UNCHANGED))
    attention = sum(totals.get(word, 0) for word in NEEDS_ATTENTION)
    skipped, still_open = totals.get(Status.SKIPPED, 0), count_open(totals)
    parts = [
        f"{there:,} of {count(rows, 'row')} {'is' if there == 1 else 'are'} in HeyX.",
        f"{count(attention, 'row')} {'needs' if attention == 1 else 'need'} your attention." if attention else "",
        f"{count(skipped, 'row')} {'was' if skipped == 1 else 'were'} skipped." if skipped else "",
        f"{count(still_open, 'row')} {'is' if still_open == 1 else 'are'} still to do." if still_open else "",
    ]
    return " ".join(filter(None, parts))


# What needs a person


def _attention(run: Run, failed: Path | None) -> Iterator[Attention]:
    """Why rows need attention, most frequent first."""
    queries = run.checkpoint.queries
    names = frozenset(_names(run.columns))
    where = failed.name if failed is not None else "the sheet"
    remedies = {
        Status.INVALID: f"Correct these rows in {where} and send that file again.",
        Status.FAILED: f"Send them again, or correct them in {where} first.",
        Status.UNCERTAIN: "Look for these contacts in HeyX before you send them again.",
    }
    found = [(Status.INVALID, one.what, one.rows, one.first) for one in queries.invalid_causes()]
    found += [(one.status, one.message, one.rows, one.first) for one in failure_causes(queries.failures())]
    together: dict[tuple[Status, str], tuple[int, list[int]]] = {}
    for status, reason, rows, first in found:
        alike = status, shorten(without_values(reason, names), LONGEST_REASON)
        others, earlier = together.get(alike, (0, []))
        together[alike] = rows + others, sorted(earlier + first)[:FIRST_ROWS]
    for (status, text), (rows, first) in sorted(together.items(), key=lambda one: -one[1][0]):
        yield Attention(status, text, rows, first_of(rows, first), remedies[status])


def without_values(message: str, names: frozenset[str] = frozenset()) -> str:
    """A message without what may be a contact's.

    That is what HeyX says, addresses, numbers, and quoted texts that are not in `names`.
    """
    ours = common_cause(_HEYX_MESSAGE.sub(r"\1", message))
    return _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in names else "“…”", ours)


def _names(columns: Columns) -> Iterator[str]:
    """The names of columns and fields."""
    for column in columns.columns:
        yield from (column.header, column.name, column.field)


# How it was run


def _how(
    run: Run, paths: RunPaths, sessions: Sequence[Session], failed: Path | None
) -> Iterator[tuple[str, list[str]]]:
    info, facts, columns = run.checkpoint.info, run.checkpoint.facts, run.columns
    fields = list(dict.fromkeys(column.field for column in columns.used(Use.FIELD)))
    more = [_more(len(fields) - FIELDS_SHOWN, "more field")] if len(fields) > FIELDS_SHOWN else []
    ignored = len(columns.used(Use.IGNORED))
    if facts.command:
        yield "Command", [facts.command]
    yield "Sheet", [f"{info.sheet}, {count(info.rows, 'row')}"]
    yield "Fields", [", ".join([*(shorten(name, LONGEST_NAME) for name in fields[:FIELDS_SHOWN]), *more])]
    if ignored:
        yield "Not sent", [count(ignored, "column")]
    yield "Contacts", [_matching(run.matching, columns)]
    yield "Duplicates", [_DUPLICATES[run.duplicates]]
    yield "Limit", [_limit(run)]
    if sessions:
        shown = [_session(one) for one in sessions[:SESSIONS_SHOWN]]
        yield (
            "Sessions",
            shown + [_more(len(sessions) - SESSIONS_SHOWN, "more session")] * (len(sessions) > SESSIONS_SHOWN),
        )
    files = [paths.results, *([failed] if failed is not None else []), run.checkpoint.path]
    yield "Files", [", ".join(_beside(file, paths) for file in files)]


_DUPLICATES = {
    Duplicates.ERROR: "Of rows with the same key only the first is sent.",
    Duplicates.LAST: "Of rows with the same key only the last is sent.",
    Duplicates.MERGE: "Rows with the same key are merged into one contact.",
}
_MODES = {
    Mode.UPSERT: "created, or updated if they exist",
    Mode.CREATE: "only created",
    Mode.UPDATE: "only updated",
}


def _matching(matching: Matching, columns: Columns) -> str:
    if matching.no_match or columns.no_match:
        return "created for each row without looking for existing ones"
    ways = [*(["contact id"] if columns.used(Use.ID) else []), *columns.keys]
    return f"{_MODES[matching.mode]}; found by {', then '.join(ways)}"


def _rate(run: Run) -> Rate:
    text = run.checkpoint.facts.connection.get("rate")
    return Rate() if text is None else Rate.parse(str(text))


def _limit(run: Run) -> str:
    share = run.checkpoint.facts.connection.get("rate_share")
    part = f", of which {100 * float(share):g} % are used" if share is not None else ""
    return f"{_rate(run)}{part}"


def _session(session: Session) -> str:
    """`2026-11-24 09:04 – 10:40: stopped …`."""
    if session.ended_at is None:
        return f"{minute_of(session.started_at)} – not ended yet, or killed"
    end = without_values(session.stop_reason).rstrip(".") if session.stop_reason else "finished"
    return f"{minute_of(session.started_at)} – {clock_of(session.ended_at)}: {end}"


def _when(sessions: Sequence[Session], now: float) -> str:
    began = f"started {minute_of(sessions[0].started_at)}, " if sessions else ""
    return f"{began}as of {minute_of(now)}"


def _beside(path: Path, paths: RunPaths) -> str:
    """A file as it is typed in the folder of the results."""
    return path.name if path.absolute().parent == paths.results.absolute().parent else str(path)


def _more(number: int, noun: str) -> str:
    return count(number, noun) if number > 0 else ""
