"""What the calls of a checkpoint add up to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heyx_bulk.models.call_records import CallAttempt, CallDescription, CallOutcome, CallResult
from heyx_bulk.storage.checkpoint.call_statistics import MinuteOfCalls
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from tests.support import runs


@pytest.fixture
def checkpoint(tmp_path: Path) -> Iterator[Checkpoint]:
    with runs.staged(tmp_path, "phone\n+4412345678\n") as run:
        yield run.checkpoint


def record(
    checkpoint: Checkpoint,
    outcome: CallOutcome | None = CallOutcome.DONE,
    *,
    at: float = 0.0,
    seconds: float = 0.2,
    kind: str = "find",
    names: tuple[str, ...] = (),
) -> None:
    """Record a call; without an `outcome` it is on its way."""
    described = CallDescription(kind, "7", tuple((name, "") for name in names))
    number = checkpoint.calls.record_send(1, CallAttempt(described, 2, 1, 0.0), at)
    if outcome is not None:
        answered = outcome in (CallOutcome.DONE, CallOutcome.REJECTED, CallOutcome.THROTTLED)
        checkpoint.calls.record_result(number, CallResult(outcome, 200 if answered else None, seconds))


def test_calls_are_counted_by_the_minute_in_which_they_left(checkpoint: Checkpoint) -> None:
    for at, outcome in (
        (59.9, CallOutcome.DONE),
        (60.0, CallOutcome.REJECTED),
        (61.0, CallOutcome.UNANSWERED),
        (62.0, None),
        (63.0, CallOutcome.THROTTLED),
        (64.0, CallOutcome.UNDELIVERED),
        (3600.0, CallOutcome.UNDELIVERED),
    ):
        record(checkpoint, outcome, at=at)
    assert checkpoint.call_statistics.by_minute() == [MinuteOfCalls(0, 1, 0), MinuteOfCalls(1, 3, 1)]


def test_answer_times_are_those_of_the_calls_that_were_answered(checkpoint: Checkpoint) -> None:
    for seconds in (0.2, 1.5, 0.2):
        record(checkpoint, seconds=seconds)
    record(checkpoint, CallOutcome.UNANSWERED, seconds=30.0)
    assert checkpoint.call_statistics.answer_times() == [(200, 2), (1500, 1)]


def test_tags_are_counted_by_name_and_those_beyond_the_names_kept_without(checkpoint: Checkpoint) -> None:
    record(checkpoint, kind="add tags", names=tuple(f"tag {number}" for number in range(10)))
    record(checkpoint, kind="add tags", names=("tag 1", "and 3 more"))
    record(checkpoint, CallOutcome.REJECTED, kind="add tags", names=("refused",))
    record(checkpoint, kind="remove tags", names=("old",))
    found = dict(checkpoint.call_statistics.tags("add tags"))
    expected: dict[str | None, int] = {f"tag {number}": 1 for number in range(8)}
    assert found == {**expected, "tag 1": 2, "and 3 more": 1, None: 2}
    assert checkpoint.call_statistics.tags("remove tags") == [("old", 1)]
