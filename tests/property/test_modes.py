"""No mode makes more calls than the estimate, and a second run changes nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.rows_of_every_kind import CELLS, MAPPING
from tests.support.runs import Channel, settings


def writes(channel: Channel) -> list[str]:
    return [seen.method for seen in channel.transport.seen if seen.writes]


@pytest.mark.slow
@trying(max_examples=25, deadline=None)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=5),
    mode=st.sampled_from(Mode),
    duplicates=st.sampled_from(Duplicates),
    no_match=st.booleans(),
)
def test_no_run_of_any_mode_makes_more_calls_than_its_bill_says_and_a_second_one_changes_nothing(
    *, rows: list[dict[str, str]], mode: Mode, duplicates: Duplicates, no_match: bool
) -> None:
    no_match = no_match and mode is not Mode.UPDATE
    mapping_options = MappingOptions(file=parse_mapping(MAPPING, "m.toml"), constants=("source=fair",))
    options = UploadOptions(
        mapping=mapping_options, matching=Matching(no_match=no_match, mode=mode), duplicates=duplicates
    )
    with tempfile.TemporaryDirectory() as folder, Channel() as channel:
        held = [f"seg:h{number}" for number in range(8)]
        channel.sandbox.add({"phone": "4412345670", "email": "a@x.org", "city": "Bonn"}, ["z", *held], id="7")
        channel.sandbox.add({"phone": "+4412345671", "email": "c@x.org", "shoe": "40"}, ["a"], id="8")
        sheet = runs.written(Path(folder), list(rows[0]), [list(row.values()) for row in rows])
        with runs.resumed(runs.checkpoint(sheet, options)) as run:
            due = estimate(run.open_rows(), run.matching, blocked=run.checkpoint.queries.count_blocked())
            sent = channel.send(run)
            assert sent.calls <= due.calls
            totals = run.checkpoint.queries.totals()
            assert set(totals) <= {"created", "updated", "unchanged", "skipped", "failed", "invalid"}
            assert sum(totals.values()) == sum(any(row.values()) for row in rows)
        if no_match or any(row["heyx contact id"] for row in rows):
            return
        before = len(writes(channel))
        again = runs.written(Path(folder), list(rows[0]), [list(row.values()) for row in rows], "again.csv")
        with runs.resumed(runs.checkpoint(again, options)) as run:
            channel.send(run, settings(workers=1))
        keys = [row["phone"].replace(" ", "") for row in rows if row["phone"]] + [row["email"] for row in rows]
        if len(set(keys)) == len(keys):
            assert len(writes(channel)) == before
