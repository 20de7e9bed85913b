"""The estimate of a run, against the calls and the time that it takes, while some calls fail."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from heyx_bulk.models.contacts import Outcome
from heyx_bulk.planning.estimate import CallBudget, estimate
from heyx_bulk.reports.progress import Progress
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.upload.plan import complete_plan, keep_lookups, open_approved
from tests.support import runs
from tests.support.runs import Channel

ROWS = 2_400
LIMIT = 200
FAULTS = Faults(errors_before=0.03, seed=5)


@pytest.fixture(autouse=True)
def _same_waits() -> None:
    random.seed(3)  # the jitter of waits


class WatchedProgress(Progress):
    """Notes, whenever a row is done, when the run is expected to end."""

    def __init__(self, channel: Channel, budget: CallBudget) -> None:
        super().__init__(ROWS, budget=budget)
        self._channel = channel
        self.expected: list[tuple[int, float]] = []

    def report(self, outcome: Outcome) -> None:
        super().report(outcome)
        if (left := self.seconds_left()) is not None:
            self.expected.append((len(self._channel.transport.seen), self._channel.now + left))


@contextmanager
def filled(channel: Channel, folder: Path) -> Iterator[Run]:
    """The run of a sheet: a third of its contacts is new, another has changed; half have tags."""
    chance = Random(7)  # noqa: S311  chance in a test guards nothing
    rows = []
    for number in range(ROWS):
        phone, kind, tag = f"+4479{number:08d}", chance.randrange(3), chance.choice(("", "Fair"))
        if kind:
            channel.sandbox.add({"phone": phone, "firstName": "Ann"}, ["Fair"] if chance.random() < 0.3 else [])
        rows.append([phone, "Ann" if kind == 1 else "Bea", tag])
    sheet = runs.written(folder, ["phone", "First name", "Tags"], rows)
    with runs.resumed(runs.checkpoint(sheet)) as run:
        yield run


@pytest.mark.slow
def test_the_time_left_is_within_a_tenth_from_the_first_window_on(tmp_path: Path) -> None:
    with Channel(FAULTS, limit=LIMIT) as channel, filled(channel, tmp_path) as run:
        due = estimate(run.open_rows(), run.matching)
        settings = runs.settings()
        progress = WatchedProgress(channel, CallBudget(due.calls, settings.rate, settings.workers))
        channel.send(run, progress=progress)
        ended, sent = channel.now, len(channel.transport.seen)
    assert due.calls_low <= sent <= due.calls * 1.05
    late = [at for calls, at in progress.expected if calls > LIMIT + settings.workers]
    assert len(late) > ROWS / 2
    worst = max(abs(at - ended) / ended for at in late)
    assert worst < 0.1


@pytest.mark.slow
def test_a_plan_knows_the_calls_and_the_time_of_its_run_within_a_tenth(tmp_path: Path) -> None:
    with Channel(FAULTS, limit=LIMIT) as channel, filled(channel, tmp_path) as run:
        run.checkpoint.facts.plan_info = PlanInfo(made_at=0)
        channel.send(run, on_planned=keep_lookups(run))
        complete_plan(run)
        open_approved(run.checkpoint, [])
        planned = Run.from_checkpoint(run.checkpoint)
        due = estimate(planned.open_rows(), planned.matching)
        assert due.calls_low == due.calls
        began, before = channel.now, len(channel.transport.seen)
        channel.send(planned)
        sent, took = len(channel.transport.seen) - before, channel.now - began
    assert abs(sent - due.calls) / sent < 0.1
    assert abs(took - due.calls / LIMIT * 60) / took < 0.1
