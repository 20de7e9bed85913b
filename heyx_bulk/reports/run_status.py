"""How a run stands, read from its checkpoint alone, also while it goes on elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from heyx_bulk.models.call_records import Happened
from heyx_bulk.models.contacts import Status, cause_of
from heyx_bulk.planning.estimate import bill
from heyx_bulk.reports.audit import out_of_balance
from heyx_bulk.reports.results import IN_DOUBT, TO_DO
from heyx_bulk.settings import Rate
from heyx_bulk.storage.checkpoint.call_table import Start
from heyx_bulk.storage.checkpoint.locking import is_held
from heyx_bulk.storage.checkpoint.run import Run

LATELY_SECONDS = 300.0
"""How far back the pace of a run is measured."""

ENOUGH_ROWS = 20
"""How many rows tell what the others will take."""

FIRST_ROWS = 5


@dataclass(slots=True)
class Cause:
    """Rows that failed alike: how many, the first of them, and one message as it stands."""

    status: Status
    message: str
    rows: int = 0
    first: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands.

    `calls` are counted by kind, and `came` by what came of them; `at_most` so many are left, `expected` by what
    the rows so far took. `per_minute` is the pace of the last minutes where the run goes on, no more than its
    limit. `wrong` is what does not add up.
    """

    totals: dict[str, int]
    goes_on: bool
    starts: tuple[Start, ...]
    calls: dict[str, int]
    came: dict[Happened, int]
    causes: tuple[Cause, ...]
    at_most: int
    expected: int
    per_minute: float | None
    wrong: tuple[str, ...]

    @property
    def seconds_left(self) -> float | None:
        """How long the calls expected take at the pace of the last minutes; None where that is not known."""
        return None if not self.per_minute else self.expected / self.per_minute * 60

    @property
    def killed(self) -> int:
        """How many starts ended without a word: killed, or cut off by a power cut."""
        return sum(start.ended is None for start in self.starts) - self.goes_on


def standing(run: Run, *, clock: Callable[[], float] = time.time) -> Standing:
    """How `run` stands; nothing is written, no lock is needed."""
    journal = run.journal
    goes_on = is_held(journal.path)
    totals = journal.totals()
    calls: Counter[str] = Counter()
    came: Counter[Happened] = Counter()
    for (_, kind, what), count in journal.calls.counts().items():
        came[what] += count
        if what is not Happened.UNDELIVERED:
            calls[kind] += count
    to_do = totals.get(TO_DO, 0) + totals.get(IN_DOUBT, 0)
    worked = sum(totals.values()) - to_do - totals.get(Status.INVALID, 0)
    at_most = bill(run.open_rows(), run.matching).calls if to_do else 0
    return Standing(
        totals=totals,
        goes_on=goes_on,
        starts=tuple(journal.calls.starts()),
        calls=dict(calls.most_common()),
        came=dict(came),
        causes=tuple(causes(journal.account.failures())),
        at_most=at_most,
        expected=min(at_most, round(calls.total() / worked * to_do)) if worked >= ENOUGH_ROWS else at_most,
        per_minute=_per_minute(run, clock()) if goes_on else None,
        wrong=tuple(out_of_balance(journal)),
    )


def causes(failures: Iterable[tuple[int, Status, str]]) -> list[Cause]:
    """Rows that failed or are uncertain, by what their messages have in common; most frequent first."""
    found: dict[tuple[Status, str], Cause] = {}
    for number, status, message in failures:
        cause = found.setdefault((status, cause_of(message)), Cause(status, message))
        cause.rows += 1
        if cause.rows > 1:
            cause.message = cause_of(message)
        if len(cause.first) < FIRST_ROWS:
            cause.first.append(number)
    return sorted(found.values(), key=lambda cause: -cause.rows)


def _per_minute(run: Run, now: float) -> float | None:
    """The pace of the start that goes on; clocks may be set, so it is told by the times of calls alone."""
    last = run.journal.calls.last_at()
    starts = run.journal.calls.starts()
    if last is None or not starts:
        return None
    count, first = run.journal.calls.since(max(last - LATELY_SECONDS, starts[-1].began))
    if first is None or count < 2:
        return None
    return min(count / max(last - first, min(now - first, LATELY_SECONDS), 1.0) * 60, _limit_per_minute(run))


def _limit_per_minute(run: Run) -> float:
    said = run.journal.meta("speaking")
    text = said.get("rate") if isinstance(said, dict) else None
    rate = Rate() if text is None else Rate.parse(str(text))
    return rate.calls / rate.window_seconds * 60
