"""Rows that failed or are uncertain, grouped by what their messages have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from heyx_bulk.models.contacts import Status, common_cause

FIRST_ROWS = 5


@dataclass(slots=True)
class FailureCause:
    """Rows that failed alike: how many, the first of them, and one message as it stands."""

    status: Annotated[Status, "`failed` or `uncertain`."]
    message: Annotated[str, "What the messages of the rows have in common."]
    rows: Annotated[int, "The number of rows."] = 0
    first: Annotated[list[int], "The numbers of the first rows, at most 5."] = field(default_factory=list)


def failure_causes(failures: Iterable[tuple[int, Status, str]]) -> list[FailureCause]:
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
