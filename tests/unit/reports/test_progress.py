from __future__ import annotations

import io
from dataclasses import dataclass

import pytest

from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.reports.progress import JsonLines, Lines, Progress, ProgressLine, RowLogger
from heyx_bulk.reports.progress_bar import Bar
from heyx_bulk.settings.rate import Rate
from tests.support.json_schema import read_line
from tests.support.runs import RecordingProgress


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def done(number: int, status: Status = Status.CREATED) -> Outcome:
    return Outcome(number, status)


def lines(total: int, finished: int = 0) -> tuple[Lines, io.StringIO, Clock]:
    file, clock = io.StringIO(), Clock()
    return Lines(file, total, finished, clock=clock), file, clock


def test_a_line_is_written_every_thirty_seconds_and_not_more_often() -> None:
    progress, file, clock = lines(1200)
    for second in range(100):
        clock.now = 1000.0 + second
        progress.tick(0)
    assert len(file.getvalue().splitlines()) == 3


def test_a_line_says_how_far_the_run_is_and_what_became_of_rows() -> None:
    progress, file, clock = lines(12_000, 1000)
    for number in range(5):
        progress.report(done(number))
    progress.report(done(6, Status.FAILED))
    clock.now += 31
    progress.tick(48.4)
    assert file.getvalue() == "1,006 of 12,000 rows, 5 created, 1 failed, next call in 48 s\n"


def test_a_line_before_the_number_of_calls_is_known_counts_none() -> None:
    file, clock = io.StringIO(), Clock()
    progress = Lines(file, unit="call", clock=clock)
    clock.now += 31
    progress.tick(25)
    assert file.getvalue() == "Waiting for HeyX, next call in 25 s\n"


def test_a_short_wait_is_not_worth_a_word() -> None:
    progress, file, clock = lines(10)
    clock.now += 31
    progress.tick(1.9)
    assert file.getvalue() == "0 of 10 rows\n"


def test_a_line_says_why_calls_are_tried_again() -> None:
    progress, file, clock = lines(10)
    clock.now += 31
    progress.tick(0, "HeyX answered 503")
    assert "HeyX answered 503" in file.getvalue()


def test_an_outcome_is_a_moment_to_say_a_line_too() -> None:
    progress, file, clock = lines(10)
    clock.now += 31
    progress.report(done(2))
    progress.close()
    assert file.getvalue() == "1 of 10 rows, 1 created\n"


def bar(total: int, finished: int = 0) -> tuple[Bar, io.StringIO]:
    file = io.StringIO()
    return Bar(file, total, finished), file


def test_a_bar_begins_where_the_run_stood_and_counts_rows() -> None:
    progress, file = bar(20, 5)
    for number in range(15):
        progress.report(done(number))
    progress.close()
    last = file.getvalue().rpartition("\r")[2]
    assert ("20 of 20 rows" in last, "5 of 20 rows" in file.getvalue()) == (True, True)


def test_a_bar_tells_how_long_the_next_call_waits_and_forgets_it_at_the_end() -> None:
    progress, file = bar(20)
    progress.tick(48)
    assert "next call in 48 s" in file.getvalue()
    progress.tick(0.5)
    assert "next call" not in file.getvalue().rpartition("\r")[2]
    progress.tick(48)
    progress.close()
    assert "next call" not in file.getvalue().rpartition("\r")[2]


def test_a_bar_counts_the_rows_that_need_a_person() -> None:
    progress, file = bar(20)
    for status in (Status.FAILED, Status.UNCERTAIN, Status.FAILED, Status.CREATED):
        progress.report(done(2, status))
    progress.close()
    assert "2 failed, 1 uncertain" in file.getvalue().rpartition("\r")[2]


def test_a_bar_tells_what_troubles_the_calls() -> None:
    progress, file = bar(20)
    progress.tick(0, "HeyX answered 503")
    progress.close()
    assert "HeyX answered 503" in file.getvalue()


def test_every_row_is_named_as_it_ends() -> None:
    file, shown = io.StringIO(), RecordingProgress()
    progress = RowLogger(shown, file)
    progress.report(Outcome(17, Status.FAILED, "7", "HeyX answered 403: no"))
    progress.report(Outcome(18, Status.CREATED, "8"))
    progress.tick(5, "trouble")
    progress.close()
    assert file.getvalue() == "row 17: failed 7 HeyX answered 403: no\nrow 18: created 8\n"
    assert ([o.number for o in shown.outcomes], shown.waits, shown.troubles, shown.closed) == (
        *([17, 18], [5], ["trouble"]),
        1,
    )


@pytest.mark.parametrize("outcomes", [0, 3])
def test_silence_is_silent(outcomes: int, capfd: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for number in range(outcomes):
        progress.report(done(number))
        progress.tick(100)
    progress.close()
    assert "".join(capfd.readouterr()) == ""


def test_an_export_is_counted_in_calls_with_the_contacts_it_met() -> None:
    progress, file, clock = lines(0)
    progress = Lines(file, unit="call", clock=clock)
    clock.now += 31
    progress.advance(12, 340, 118)
    assert file.getvalue() == "12 of 340 calls, 118 contacts\n"


def test_the_bar_of_an_export_begins_where_its_first_answer_stands() -> None:
    file = io.StringIO()
    progress = Bar(file, unit="call")
    progress.advance(12, 340, 118)
    progress.advance(13, 340, 120)
    progress.close()
    assert "13 of 340 calls" in file.getvalue().rpartition("\r")[2]
    assert "120 contacts" in file.getvalue().rpartition("\r")[2]


def test_new_trouble_is_a_line_at_once() -> None:
    progress, file, clock = lines(10)
    clock.now += 3
    progress.tick(0, "HeyX answered 503")
    clock.now += 3
    progress.tick(0, "HeyX answered 503")
    assert file.getvalue() == "0 of 10 rows, retrying: HeyX answered 503\n"


def test_the_time_left_comes_from_the_calls_left_and_the_rate_limit() -> None:
    file, clock = io.StringIO(), Clock()
    progress = Lines(file, 303, budget=CallBudget(900, Rate()), clock=clock)
    for number in range(63):
        progress.report(done(number))
    clock.now += 31
    progress.tick(48, "", 200)
    # 240 rows left, at most 713 calls: 200 of them when the wait is over, and three more minutes.
    assert file.getvalue() == "63 of 303 rows, 63 created, about 3 min 48 s left, next call in 48 s\n"


def test_before_enough_rows_are_done_the_time_left_is_that_of_the_estimate() -> None:
    progress = Progress(1000, budget=CallBudget(3000, Rate()))
    progress.report(done(1))
    progress.tick(0, "", 150)
    assert progress.seconds_left() == 2997 / 200 * 60


def test_rows_of_earlier_sessions_say_nothing_about_the_time_left() -> None:
    progress = Progress(1000, 900, budget=CallBudget(400, Rate()))
    for number in range(50):
        progress.report(done(number))
    progress.tick(0, "", 100)
    assert progress.seconds_left() == 100 / 200 * 60


def test_the_time_left_of_an_export_is_that_of_its_calls() -> None:
    progress = Progress(unit="call", budget=CallBudget(0, Rate()))
    assert progress.seconds_left() is None
    progress.advance(200, 1000, 9)
    progress.tick(40, "", 200)
    assert progress.seconds_left() == 40 + 3 * 60


def test_a_line_is_written_above_a_bar_and_never_behind_it() -> None:
    progress, file = bar(20)
    with progress.aside():
        file.write("Stopping.\n")
    progress.close()
    with progress.aside():
        file.write("Stopped.\n")
    for text in ("Stopping.", "Stopped."):
        before = file.getvalue().partition(text)[0]
        assert before.endswith(("\r", "\n"))
        assert before.rstrip("\r\n").rpartition("\r")[2].strip() == "" or before.endswith("\n")


def test_a_bar_without_a_total_is_not_shown_yet() -> None:
    file = io.StringIO()
    progress = Bar(file, unit="call")
    progress.tick(3)
    assert file.getvalue() == ""
    progress.close()


# Lines of JSON


def json_lines(
    total: int, finished: int = 0, *, unit: str = "row", budget: CallBudget | None = None
) -> tuple[JsonLines, io.StringIO, Clock]:
    file, clock = io.StringIO(), Clock()
    return JsonLines(file, total, finished, unit=unit, budget=budget, clock=clock), file, clock


def written(file: io.StringIO) -> list[dict[str, object]]:
    return [read_line(line, ProgressLine) for line in file.getvalue().splitlines()]


def test_a_line_of_json_is_written_every_second_and_at_the_end() -> None:
    progress, file, clock = json_lines(1200)
    for tick in range(21):
        clock.now = 1000.0 + tick / 4
        progress.tick(0)
        progress.report(done(tick + 2))
    assert len(written(file)) == 5
    progress.close()
    assert [line["done"] for line in written(file)][-2:] == [20, 21]


def test_a_line_of_json_has_everything_that_is_known() -> None:
    progress, file, clock = json_lines(100, 10, budget=CallBudget(180, Rate(60, 60)))
    progress.report(done(11))
    progress.report(done(12, Status.FAILED))
    clock.now += 1
    progress.tick(0.25, "HeyX answered 503", 5)
    (line,) = written(file)
    assert (line["unit"], line["done"], line["total"], line["contacts"]) == ("row", 12, 100, None)
    ended = {Status.CREATED: 1, Status.FAILED: 1}
    assert line["statuses"] == {status: ended.get(status, 0) for status in Status}
    assert (line["calls"], line["calls_left"], line["seconds_left"]) == (5, 176, 176.0)
    assert (line["wait_seconds"], line["trouble"]) == (0.2, "HeyX answered 503")
    progress.close()
    assert (written(file)[-1]["wait_seconds"], written(file)[-1]["trouble"]) == (0.0, None)


def test_a_line_of_json_counts_the_calls_and_contacts_of_an_export() -> None:
    progress, file, clock = json_lines(0, unit="call", budget=CallBudget(0, Rate(60, 60)))
    clock.now += 1
    progress.tick(0)
    clock.now += 1
    progress.advance(2, 12, 25)
    first, second = written(file)
    assert (first["total"], first["calls_left"], first["seconds_left"]) == (0, None, None)
    assert (second["unit"], second["calls_left"], second["contacts"]) == ("call", 10, 25)
