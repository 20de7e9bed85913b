"""Every stop: it comes when it should, says so, and a run that it stopped ends as if it had never stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.errors import LimitReached, Stopped, TooManyFailures, Unauthorized
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports.audit import CallRecorder, audit_errors
from heyx_bulk.reports.stop_conditions import FailureLimit, StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.checkpoint.run import Run
from tests.support import runs
from tests.support.runs import PLAIN, Channel, settings

HEADER = "phone,first name,tags,remove tags\n"
ROWS = HEADER + "".join(f"+44123456{number:03},Name {number},a;b,old\n" for number in range(60))
MIDNIGHT = 1_795_000_000.0
FAILED = "HeyX answered 403: The contact could not be created."


def recorder(
    channel: Channel, run: Run, stops: StopConditions, clock: Callable[[], float] | None = None
) -> CallRecorder:
    tells = clock or (lambda: MIDNIGHT + channel.now)
    watch = StopMonitor(stops, open_between=run.checkpoint.queries.open_between, clock=tells)
    return CallRecorder(watch, checkpoint=run.checkpoint, clock=tells)


def start(
    channel: Channel, path: Path, stops: StopConditions, clock: Callable[[], float] | None = None
) -> SessionSummary:
    with runs.resumed(path) as run:
        return channel.send(run, settings(), recorder=recorder(channel, run, stops, clock))


def held(channel: Channel) -> list[tuple[dict[str, object], frozenset[str]]]:
    """What HeyX holds, but for ids and times."""
    return sorted(((dict(c.fields), c.tags) for c in channel.sandbox.contacts), key=str)


def seeded(faults: Faults = PLAIN) -> Channel:
    channel = Channel(faults)
    for number in range(0, 60, 3):
        channel.sandbox.add({"phone": f"44123456{number:03}", "firstName": "Before"}, ["old"])
    return channel


def undisturbed(folder: Path) -> tuple[list[tuple[dict[str, object], frozenset[str]]], dict[str, int], int]:
    folder.mkdir()
    with seeded() as channel, runs.staged(folder, ROWS) as run:
        sent = channel.send(run)
        return held(channel), run.checkpoint.queries.totals(), sent.calls


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stops", "says"),
    [
        (StopConditions(max_calls=50), "Stopped after 50 calls (--max-calls)."),
        (StopConditions(max_creates=9), "Stopped after 9 new contacts (--max-creates)."),
        (StopConditions(until=MIDNIGHT + 2.5), " (--until)."),
        (StopConditions(max_seconds=3.0), "Stopped after 3 seconds (--max-duration)."),
    ],
    ids=["calls", "creates", "until", "duration"],
)
def test_a_run_stopped_by_a_limit_and_started_again_ends_as_if_it_had_never_stopped(
    tmp_path: Path, stops: StopConditions, says: str
) -> None:
    whole, totals, _ = undisturbed(tmp_path / "whole")
    with seeded() as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
        stopped = start(channel, path, stops).stopped
        assert isinstance(stopped, LimitReached)
        assert says in stopped.what
        assert "run the same command to resume" in stopped.remedy.casefold()
        assert 0 < len(channel.transport.creates) < 40
        starts = 2
        until = None if stops.until is None else 2.5
        while start(channel, path, replace(stops, until=until and MIDNIGHT + channel.now + until)).stopped:
            starts += 1
        assert starts > 2
        with runs.resumed(path) as run:
            assert (held(channel), run.checkpoint.queries.totals()) == (whole, totals)
            assert audit_errors(run.checkpoint) == []
            assert len(channel.transport.creates) == 40


def test_no_call_more_than_allowed_leaves_however_many_workers_wait(tmp_path: Path) -> None:
    with seeded() as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
        with runs.resumed(path) as run:
            sent = channel.send(
                run, settings(workers=50), recorder=recorder(channel, run, StopConditions(max_calls=33))
            )
        assert (sent.calls, len(channel.transport.seen), channel.sandbox.calls["accepted"]) == (33, 33, 33)


@pytest.mark.slow
def test_a_refused_token_stops_at_once_and_another_token_carries_on(tmp_path: Path) -> None:
    whole, totals, _ = undisturbed(tmp_path / "whole")
    with seeded(Faults(revoke_after=70)) as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
        assert isinstance(start(channel, path, StopConditions()).stopped, Unauthorized)
        assert channel.sandbox.calls["refused_401"] <= 10
        channel.sandbox.tokens = ("another",)
        with runs.resumed(path) as run:
            while channel.send(run, settings(token="another")).stopped is not None:
                channel.sandbox.tokens = (*channel.sandbox.tokens, "sandbox")
                channel.sandbox._admitted.clear()
        with runs.resumed(path) as run:
            assert (held(channel), run.checkpoint.queries.totals()) == (whole, totals)


@pytest.mark.slow
def test_twenty_rows_refused_alike_stop_the_run_and_when_mended_it_ends_as_if_it_had_never_stopped(
    tmp_path: Path,
) -> None:
    text = HEADER + "".join(f"+44123456{number:03},Name {number},a;b,\n" for number in range(60))
    with Channel(Faults(refuse_creates=25)) as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, text))
        stopped = start(channel, path, StopConditions()).stopped
        assert isinstance(stopped, TooManyFailures)
        assert FAILED.rstrip(".") in stopped.what
        assert "20 rows in succession" in stopped.what
        assert len(channel.transport.creates) < 40
        assert start(channel, path, StopConditions()).stopped is None
        with runs.resumed(path) as run:
            failed = run.checkpoint.queries.totals()["failed"]
            assert run.checkpoint.reopening.reopen_failed() == failed == 25
            channel.send(run)
            assert run.checkpoint.queries.totals() == {"created": 60}
            assert len(channel.sandbox.contacts) == 60


def outcomes(watch: StopMonitor, *told: Outcome) -> list[Stopped]:
    stopped: list[Stopped] = []
    watch.begin(stopped.append, lambda: 0.0)
    for outcome in told:
        watch.on_outcome(outcome)
    return stopped


def failed(number: int, message: str = FAILED) -> Outcome:
    return Outcome(number, Status.FAILED, None, message)


def test_rows_fail_alike_whatever_number_each_message_names() -> None:
    told = (failed(n, f"HeyX answered 422: +9230012345{n:02} is taken") for n in range(20))
    assert [type(stop) for stop in outcomes(StopMonitor(StopConditions()), *told)] == [TooManyFailures]


def test_nineteen_rows_alike_are_no_reason_and_neither_are_twenty_with_one_between() -> None:
    assert outcomes(StopMonitor(StopConditions()), *map(failed, range(19))) == []
    between = [failed(n) if n != 10 else Outcome(n, Status.CREATED, "7") for n in range(21)]
    assert outcomes(StopMonitor(StopConditions()), *between) == []
    unlike = [failed(n, FAILED if n % 2 else "HeyX answered 500") for n in range(40)]
    assert outcomes(StopMonitor(StopConditions()), *unlike) == []


def test_the_order_is_the_sheet_s_and_a_row_between_that_is_still_on_its_way_is_waited_for() -> None:
    on_its_way = {7}
    watch = StopMonitor(
        StopConditions(), open_between=lambda first, last: any(first < n < last for n in on_its_way)
    )
    assert outcomes(watch, *(failed(n) for n in reversed(range(21)) if n != 7)) == []
    on_its_way.clear()
    stopped: list[Stopped] = []
    watch.begin(stopped.append, lambda: 0.0)
    watch.on_outcome(failed(7))
    assert len(stopped) == 1


def test_more_than_half_of_the_first_hundred_failed_for_any_reason() -> None:
    mixed = [failed(n, f"HeyX answered {n % 7}") if n % 2 else Outcome(n, Status.CREATED) for n in range(101)]
    assert outcomes(StopMonitor(StopConditions()), *mixed) == []
    assert len(outcomes(StopMonitor(StopConditions()), *mixed[:98], failed(98), failed(99))) == 1


@pytest.mark.parametrize(
    ("allowed", "rows", "fails", "stops"),
    [
        (FailureLimit(number=3), 10, 3, False),
        (FailureLimit(number=3), 10, 4, True),
        (FailureLimit(number=0), 1, 1, True),
        (FailureLimit(share=0.1), 99, 99, False),
        (FailureLimit(share=0.1), 100, 10, False),
        (FailureLimit(share=0.1), 100, 11, True),
        (FailureLimit(share=1.0), 500, 500, False),
    ],
)
def test_failures_are_counted_where_a_person_said_how_many(
    allowed: FailureLimit, rows: int, fails: int, stops: bool
) -> None:
    told = [Outcome(n, Status.CREATED) for n in range(fails, rows)] + [failed(n) for n in range(fails)]
    assert bool(outcomes(StopMonitor(StopConditions(max_failures=allowed)), *told)) == stops


# Clocks


@pytest.mark.slow
@pytest.mark.parametrize(
    "stops",
    [StopConditions(until=MIDNIGHT + 6 * 3600), StopConditions(max_seconds=3600)],
    ids=["until", "duration"],
)
def test_a_laptop_that_slept_past_the_time_sends_nothing_more_and_then_carries_on(
    tmp_path: Path, stops: StopConditions
) -> None:
    slept = [0.0]

    with seeded() as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, ROWS))

        def clock() -> float:
            return MIDNIGHT + channel.now + slept[0]

        def fall_asleep(number: int, _: object) -> None:
            if number == 40:
                slept[0] = 8 * 3600.0

        channel.transport.after = fall_asleep
        sent = start(channel, path, stops, clock)
        assert isinstance(sent.stopped, LimitReached)
        assert sent.calls <= 50
        sent = start(channel, path, StopConditions(max_seconds=3600), clock)
        assert sent.stopped is None
        assert len(channel.sandbox.contacts) == 60


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-9, 9])
def test_a_clock_that_is_set_changes_nothing_but_the_time_of_day_that_was_asked_for(
    tmp_path: Path, hours: int
) -> None:
    whole, totals, calls = undisturbed(tmp_path / "whole")
    with seeded() as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, ROWS))

        def clock() -> float:
            return MIDNIGHT + channel.now + (hours * 3600 if channel.now > 3 else 0)

        sent = start(channel, path, StopConditions(max_seconds=12 * 3600), clock=clock)
        assert (sent.stopped, sent.calls) == (None, calls)
        with runs.resumed(path) as run:
            assert (held(channel), run.checkpoint.queries.totals()) == (whole, totals)
            assert audit_errors(run.checkpoint) == []


def test_a_duration_ends_though_the_clock_was_set_back(tmp_path: Path) -> None:
    with seeded() as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
        clock = lambda: MIDNIGHT + channel.now - (3600 if channel.now > 1 else 0)  # noqa: E731
        sent = start(channel, path, StopConditions(max_seconds=3), clock=clock)
        assert isinstance(sent.stopped, LimitReached)
        assert sent.seconds < 4.5
