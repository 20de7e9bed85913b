"""How a run stands, read from its checkpoint alone, also while it goes on elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.models.contacts import Status, common_cause
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.reports.audit import audit_errors
from heyx_bulk.reports.results import TO_DO, UNCONFIRMED
from heyx_bulk.settings.rate import Rate
from heyx_bulk.storage.checkpoint.call_table import Session
from heyx_bulk.storage.checkpoint.locking import is_locked
from heyx_bulk.storage.checkpoint.run import Run

LATELY_SECONDS = 300.0
"""How far back the pace of a run is measured."""

ENOUGH_ROWS = 20
"""How many rows tell what the others will take."""

FIRST_ROWS = 5


@dataclass(slots=True)
class FailureCause:
    """Rows that failed alike: how many, the first of them, and one message as it stands."""

    status: Status
    message: str
    rows: int = 0
    first: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How a run stands.

    `calls` are counted by kind, and `came` by what came of them; `calls_left_max` so many are left, `expected` by
    what the rows so far took. `per_minute` is the pace of the last minutes where the run goes on, no more than its
    limit. `wrong` is what does not add up.
    """

    totals: dict[str, int]
    is_running: bool
    sessions: tuple[Session, ...]
    calls: dict[str, int]
    outcomes: dict[CallOutcome, int]
    causes: tuple[FailureCause, ...]
    calls_left_max: int
    calls_left: int
    per_minute: float | None
    audit_errors: tuple[str, ...]

    @property
    def seconds_left(self) -> float | None:
        """How long the calls expected take at the pace of the last minutes; None where that is not known."""
        return None if not self.per_minute else self.calls_left / self.per_minute * 60

    @property
    def killed_sessions(self) -> int:
        """How many starts ended without a word: killed, or cut off by a power cut."""
        return sum(start.ended_at is None for start in self.sessions) - self.is_running


def run_status(run: Run, *, clock: Callable[[], float] = time.time) -> RunStatus:
    """How `run` stands; nothing is written, no lock is needed."""
    checkpoint = run.checkpoint
    goes_on = is_locked(checkpoint.path)
    totals = checkpoint.queries.totals()
    calls: Counter[str] = Counter()
    came: Counter[CallOutcome] = Counter()
    for (_, kind, what), count in checkpoint.calls.counts().items():
        came[what] += count
        if what is not CallOutcome.UNDELIVERED:
            calls[kind] += count
    to_do = totals.get(TO_DO, 0) + totals.get(UNCONFIRMED, 0)
    worked = sum(totals.values()) - to_do - totals.get(Status.INVALID, 0)
    at_most = estimate(run.open_rows(), run.matching).calls if to_do else 0
    return RunStatus(
        totals=totals,
        is_running=goes_on,
        sessions=tuple(checkpoint.calls.sessions()),
        calls=dict(calls.most_common()),
        outcomes=dict(came),
        causes=tuple(causes(checkpoint.queries.failures())),
        calls_left_max=at_most,
        calls_left=min(at_most, round(calls.total() / worked * to_do)) if worked >= ENOUGH_ROWS else at_most,
        per_minute=_per_minute(run, clock()) if goes_on else None,
        audit_errors=tuple(audit_errors(checkpoint)),
    )


def causes(failures: Iterable[tuple[int, Status, str]]) -> list[FailureCause]:
    """Rows that failed or are uncertain, by what their messages have in common; most frequent first."""
    found: dict[tuple[Status, str], FailureCause] = {}
    for number, status, message in failures:
        cause = found.setdefault((status, common_cause(message)), FailureCause(status, message))
        cause.rows += 1
        if cause.rows > 1:
            cause.message = common_cause(message)
        if len(cause.first) < FIRST_ROWS:
            cause.first.append(number)
    return sorted(found.values(), key=lambda cause: -cause.rows)


def _per_minute(run: Run, now: float) -> float | None:
    """The pace of the start that goes on; clocks may be set, so it is told by the times of calls alone."""
    last = run.checkpoint.calls.last_at()
    starts = run.checkpoint.calls.sessions()
    if last is None or not starts:
        return None
    count, first = run.checkpoint.calls.since(max(last - LATELY_SECONDS, starts[-1].started_at))
    if first is None or count < 2:
        return None
    return min(count / max(last - first, min(now - first, LATELY_SECONDS), 1.0) * 60, _limit_per_minute(run))


def _limit_per_minute(run: Run) -> float:
    text = run.checkpoint.facts.connection.get("rate")
    rate = Rate() if text is None else Rate.parse(str(text))
    return rate.calls / rate.window_seconds * 60
