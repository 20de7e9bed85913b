from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import pytest

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Match, Matching
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings.rate import Rate
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.upload_session import ANSWER_SECONDS, TOKEN, send
from tests.support import runs
from tests.support.runs import RecordingProgress, settings


class Watching(UploadEvents):
    """Remembers every outcome."""

    def __init__(self) -> None:
        self.shown = RecordingProgress()

    def progress(self, total: int, done: int) -> Progress:  # noqa: ARG002
        return self.shown


class Came(NamedTuple):
    """What a simulation came to."""

    totals: dict[str, int]
    sent: SessionSummary


def rehearsed(folder: Path, text: str, wanted: UploadOptions | None = None, **options: object) -> Came:
    with runs.staged(folder, text, wanted) as run:
        sent = send(run, settings(token=TOKEN, **options), RunOptions(), UploadEvents(), simulated=True)
        return Came(run.checkpoint.queries.totals(), sent)


@pytest.mark.slow
def test_half_an_hour_at_heyx_pace_is_told_and_not_waited_for(tmp_path: Path) -> None:
    text = "phone,tags\n" + "".join(f"+44123{number:06},a\n" for number in range(1500))
    began = time.monotonic()
    came = rehearsed(tmp_path, text)
    assert came.totals == {"created": 1500}
    assert (came.sent.calls, came.sent.throttled, came.sent.stopped) == (6000, 0, None)
    assert came.sent.seconds == pytest.approx(29 * (60 + ANSWER_SECONDS), rel=0.02)
    assert time.monotonic() - began < came.sent.seconds / 10


def test_there_is_a_contact_for_each_id_in_the_sheet(tmp_path: Path) -> None:
    text = "heyx contact id,phone,first name\n7,,Ann\na/b+c=@,+4412345678,Bob\n,+4412345679,Cyd\n8,none,Dan\n"
    came = rehearsed(tmp_path, text)
    assert came.totals == {"updated": 2, "created": 1, "invalid": 1}
    assert came.sent.stopped is None


def test_a_rehearsal_comes_to_what_the_sheet_says(tmp_path: Path) -> None:
    header = "phone,email,first name,tags\n"
    text = header + "+4412345678,a@x.org,Ann,a\n,,Bob,b\n+44 12345678,,Cyd,\n,A@x.org,Dan,\n,b@x.org,,c;d\n"
    options = UploadOptions(matching=Matching(match=Match.FIRST))
    with runs.staged(tmp_path, text, options) as run:
        watching = Watching()
        due = estimate(run.open_rows(), run.matching)
        sent = send(run, settings(token=TOKEN), RunOptions(), watching, simulated=True)
        assert runs.statuses(run) == {2: "created", 3: "invalid", 4: "invalid", 5: "updated", 6: "created"}
        assert sorted(outcome.number for outcome in watching.shown.outcomes) == [2, 5, 6]
        assert sent.calls <= due.calls
        assert run.checkpoint.queries.totals() == {"created": 2, "invalid": 2, "updated": 1}


def test_a_rehearsal_keeps_to_the_rate_it_is_given(tmp_path: Path) -> None:
    text = "email\n" + "".join(f"p{number}@x.org\n" for number in range(30))
    came = rehearsed(tmp_path, text, rate=Rate(10, 60.0))
    assert (came.sent.calls, came.sent.throttled) == (60, 0)
    assert came.sent.seconds == pytest.approx(5 * 60, rel=0.05)


def test_a_rehearsal_without_matching_makes_everybody(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(), matching=Matching(no_match=True))
    assert rehearsed(tmp_path, "first name\nAnn\nBob\n", options).totals == {"created": 2}


def test_a_viber_channel_can_be_rehearsed_too(tmp_path: Path) -> None:
    text = "heyx contact id,first name,tags\n7,Ann,a\na/b+c=@,Bob,\n"
    assert rehearsed(tmp_path, text, viber=True).totals == {"updated": 2}


def test_a_rehearsal_leaves_nothing_behind_but_the_checkpoint_it_was_given(tmp_path: Path) -> None:
    rehearsed(tmp_path, "phone\n+4412345678\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv", "people.csv.checkpoint"]


def test_two_rehearsals_of_one_sheet_come_to_the_same(tmp_path: Path) -> None:
    text = "phone,tags\n" + "".join(f"+44123{number:06},a\n" for number in range(20))
    assert rehearsed(tmp_path, text) == rehearsed(tmp_path, text)
