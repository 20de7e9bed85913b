from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports import outcome_frames as module
from heyx_bulk.reports import results
from heyx_bulk.reports.outcome_frames import outcome_frames
from heyx_bulk.sheets.frames import row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs

SHEET = "phone,note,note,heyx status\n+44123401,a,b,old\n+44123402,,,\n,c,d,\n+44123404,e,f,\n"
OPTIONS = UploadOptions(mapping=MappingOptions(ignore_unknown=True))
OURS = ["heyx status", "heyx contact id", "heyx message", "heyx row"]


def test_the_outcomes_of_all_rows_stand_beside_their_own_columns(tmp_path: Path) -> None:
    with runs.staged(tmp_path, SHEET, OPTIONS) as run:
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "7"))
        run.checkpoint.queue.finish(Outcome(5, Status.FAILED, None, "HeyX said no"))
        (frame,) = outcome_frames(run)
    assert [*frame.columns] == ["phone", "note", "note", *OURS]
    assert frame.index.tolist() == [2, 3, 4, 5]
    assert row_texts(frame) == [
        ("+44123401", "a", "b", "created", "7", "", "2"),
        ("+44123402", "", "", "to do", "", "not sent yet", "3"),
        ("", "c", "d", "invalid", "", "the row has no phone, so the contact cannot be identified", "4"),
        ("+44123404", "e", "f", "failed", "", "HeyX said no", "5"),
    ]
    assert {str(kind) for kind in frame.dtypes} == {"str"}
    assert {type(text) for row in row_texts(frame) for text in row} == {str}


def test_rows_that_need_attention_name_their_run(tmp_path: Path) -> None:
    with runs.staged(tmp_path, SHEET, OPTIONS) as run:
        run.checkpoint.queue.finish(Outcome(2, Status.CREATED, "7"))
        (frame,) = outcome_frames(run, attention_only=True)
        assert frame["heyx row"].tolist() == [f"row 4 of run {run.checkpoint.info.short_id}"]
        assert frame.index.tolist() == [4]


def test_there_is_a_frame_with_the_columns_where_no_row_needs_attention(tmp_path: Path) -> None:
    with runs.staged(tmp_path, "phone\n+44123401\n") as run:
        (frame,) = outcome_frames(run, attention_only=True)
    assert (len(frame), [*frame.columns]) == (0, ["phone", *OURS])


def test_the_files_of_results_hold_what_the_frames_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS_IN_A_FRAME", 3)
    with runs.staged(tmp_path, SHEET, OPTIONS) as run:
        run.checkpoint.queue.finish(Outcome(3, Status.UNCERTAIN, None, "who knows"))
        frames = [*outcome_frames(run)]
        assert [len(frame) for frame in frames] == [3, 1]
        shown = [row for frame in frames for row in row_texts(frame)]
        failed = [row for frame in outcome_frames(run, attention_only=True) for row in row_texts(frame)]
        written = open_sheet(results.write_results(run, tmp_path / "results.csv").path)
        place = results.write_failed(run, tmp_path / "failed.csv")
    assert place is not None
    assert [row for frame in written.frames() for row in row_texts(frame.cells)] == shown
    assert [row for frame in open_sheet(place.path).frames() for row in row_texts(frame.cells)] == failed
    assert len(failed) == 2
