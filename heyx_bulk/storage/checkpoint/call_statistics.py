"""What the calls of a checkpoint add up to, by minute, by time to the answer, by tag: read, never written."""

from __future__ import annotations

from typing import NamedTuple

from heyx_bulk.database import Database
from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.storage.checkpoint.call_table import NAMES_KEPT


class MinuteOfCalls(NamedTuple):
    """The calls that left in one minute (epoch minutes): those HeyX counted, and those it refused as too many."""

    minute: int
    counted: int
    throttled: int


class CallStatistics:
    """Questions about all calls of an open checkpoint at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_minute(self) -> list[MinuteOfCalls]:
        """The minutes in which calls left, in order."""
        query = (
            "SELECT CAST(at / 60 AS INTEGER) AS minute, sum(coalesce(happened, '') <> ?1), "
            "sum(coalesce(happened, '') = ?1) FROM call WHERE coalesce(happened, '') <> ?2 "
            "GROUP BY minute ORDER BY minute"
        )
        found = self._db.rows(query, CallOutcome.THROTTLED, CallOutcome.UNDELIVERED)
        return [MinuteOfCalls(*map(int, row)) for row in found]

    def answer_times(self) -> list[tuple[int, int]]:
        """After how many milliseconds how many calls were answered, soonest first."""
        query = (
            "SELECT CAST(round(seconds * 1000) AS INTEGER) AS ms, count(*) FROM call WHERE status IS NOT NULL "
            "GROUP BY ms ORDER BY ms"
        )
        return [(int(ms), int(count)) for ms, count in self._db.rows(query)]

    def tags(self, kind: str) -> list[tuple[str | None, int]]:
        """The tags of successful calls of this kind, most frequent first; None: those not known by name."""
        query = (
            "SELECT CASE WHEN key <= ?3 THEN value END AS tag, "
            "sum(CASE WHEN key <= ?3 THEN 1 ELSE CAST(substr(value, 5) AS INTEGER) END) AS number "
            "FROM call, json_each(asked) WHERE key > 0 AND kind = ?1 AND happened = ?2 "
            "GROUP BY tag ORDER BY number DESC, tag"
        )
        return [(tag, int(number)) for tag, number in self._db.rows(query, kind, CallOutcome.DONE, NAMES_KEPT)]
