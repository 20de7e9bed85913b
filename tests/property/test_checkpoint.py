"""Rows written together are stored as each alone, and rows corrected stand as if they had been staged so."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.mapping.mapped_frame import RowKey
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.mapping.same_contact import group_rows
from heyx_bulk.planning.matching import Match, Matching
from heyx_bulk.storage.checkpoint.row_keys import RowKeys
from heyx_bulk.storage.checkpoint.row_record import rows_to_json, to_json
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import revalidate
from tests.support import runs


@pytest.mark.slow
@given(st.lists(st.lists(st.text(st.sampled_from('"],[\\a\ud800é\n')), min_size=1)))
def test_rows_written_at_once_are_written_as_each_alone(rows: list[list[str]]) -> None:
    assert rows_to_json(rows) == [to_json(row) for row in rows]
    assert [json.loads(text) for text in rows_to_json(rows)] == rows


emails = st.sampled_from(["", "a@x.org", "A@x.org", "b@x.org", "c@x.org"])


@pytest.mark.slow
@trying(max_examples=40, deadline=None)
@given(st.lists(st.tuples(emails, emails, st.booleans()), min_size=1, max_size=8))
def test_corrected_rows_follow_those_that_they_would_follow_had_they_been_staged_so(
    rows: list[tuple[str, str, bool]],
) -> None:
    def cells(emails: Sequence[str]) -> list[list[str]]:
        return [[f"44{place}", email] for place, email in enumerate(emails)]

    after = [new if changes else old for old, new, changes in rows]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        began = runs.written(Path(one), ["phone", "email"], cells([old for old, *_ in rows]))
        meant = runs.written(Path(other), ["phone", "email"], cells(after))
        with runs.resumed(runs.checkpoint(began)) as run, runs.resumed(runs.checkpoint(meant)) as fresh:
            changed = [number for number, (*_, changes) in enumerate(rows) if changes]
            corrected = [revalidate(run, number + 2, cells(after)[number], None, ()) for number in changed]
            run.checkpoint.reopening.apply_corrections(corrected)
            query = "SELECT number, field, earlier FROM blocked ORDER BY number, field"
            assert run.checkpoint._db.rows(query) == fresh.checkpoint._db.rows(query)


Texts = tuple[str, str, str, str]
HEADER = ["firstName", "phone", "email", "member"]
KEYS = MappingOptions(key=("phone", "email", "member"), custom_fields=True)
cells = st.tuples(
    st.just("Ana"),
    st.sampled_from(["", "+4477009001", "+4477009002", "+4477009003"]),
    st.sampled_from(["", "a@x.org", "A@x.org", "b@x.org"]),
    st.sampled_from(["", "1", "2"]),
)
NOBODY, BY_EMAIL, BY_MEMBER = ("Ana", "", "", ""), ("Ana", "", "a@x.org", ""), ("Ana", "", "", "1")
BY_PHONE, BY_BOTH, BY_ALL = (("Ana", "+4477009001", *rest) for rest in (("", ""), ("", "1"), ("a@x.org", "1")))
BY_OTHER, BY_OTHER_BOTH = (("Ana", "+4477009002", "", member) for member in ("", "1"))
corrections = st.lists(st.tuples(cells, cells, st.booleans()), min_size=1, max_size=6)
options = st.builds(
    UploadOptions,
    mapping=st.just(KEYS),
    duplicates=st.sampled_from([Duplicates.ERROR, Duplicates.MERGE]),
    matching=st.builds(Matching, match=st.sampled_from(Match)),
)


def corrected(folder: Path, rows: list[tuple[list[str], list[str] | None]], options: UploadOptions) -> Path:
    """The checkpoint of a sheet with the first texts of `rows`, to which the second ones were given back."""
    path = runs.checkpoint(runs.written(folder, HEADER, [old for old, _ in rows]), options)
    with runs.resumed(path) as run:
        run.checkpoint.reopening.apply_corrections(
            [revalidate(run, number, new, None, ()) for number, (_, new) in enumerate(rows, 2) if new is not None]
        )
    return path


def contact_keys(run: Run) -> list[RowKey]:
    """The keys of each contact that is to be sent, with the row that stands for it."""
    keys = RowKeys(run.checkpoint._db, run.columns)
    leaders = run.checkpoint._db.rows("SELECT number FROM row WHERE merged_into IS NULL ORDER BY number")
    return [key for (number,) in leaders for key in keys.of_contact(number)]


def in_chains(keys: list[RowKey]) -> list[tuple[int, str, int]]:
    """Each row with the nearest earlier one that has the same value of a key."""
    last: dict[tuple[str, str], int] = {}
    found = []
    for key in keys:
        if (key.field, key.value) in last:
            found.append((key.row, key.field, last[key.field, key.value]))
        last[key.field, key.value] = key.row
    return sorted(found)


def standing(run: Run) -> tuple[object, ...]:
    """Which rows are to be sent, which stand for which, which wait for which, and which values are shared."""
    return (
        run.checkpoint._db.rows("SELECT number, state, status, merged_into FROM row ORDER BY number"),
        chains(run),
        shared(run),
    )


def chains(run: Run) -> list[tuple[int, str, int]]:
    return [*run.checkpoint._db.rows("SELECT number, field, earlier FROM blocked ORDER BY number, field")]


def shared(run: Run) -> set[tuple[str, str]]:
    db = run.checkpoint._db
    if not db.value("SELECT count(*) FROM sqlite_master WHERE name = 'shared_key'"):
        return set()
    return {
        (str(name), str(text)) for name, text in run.checkpoint._db.rows("SELECT field, value FROM shared_key")
    }


@pytest.mark.slow
@trying(max_examples=100, deadline=None)
@given(corrections, options)
@example(
    [(NOBODY, BY_PHONE, True), (BY_MEMBER, NOBODY, False), (BY_BOTH, NOBODY, False)], UploadOptions(mapping=KEYS)
)
@example(
    [(BY_EMAIL, NOBODY, False), (BY_ALL, NOBODY, True), (BY_OTHER, NOBODY, False), (BY_OTHER_BOTH, NOBODY, True)],
    UploadOptions(mapping=KEYS),
)
def test_a_sheet_of_corrected_rows_stands_as_if_it_had_been_staged_so(
    rows: list[tuple[Texts, Texts, bool]], options: UploadOptions
) -> None:
    after = [[*(new if changes else old)] for old, new, changes in rows]
    given_back: list[tuple[list[str], list[str] | None]] = [
        ([*old], new) for (old, *_), new in zip(rows, after, strict=True)
    ]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        began = corrected(Path(one), given_back, options)
        meant = runs.checkpoint(runs.written(Path(other), HEADER, after), options)
        with runs.resumed(began) as run, runs.resumed(meant) as fresh:
            assert standing(run) == standing(fresh)


@pytest.mark.slow
@trying(max_examples=100, deadline=None)
@given(corrections, options)
@example([(NOBODY, BY_PHONE, True), (BY_PHONE, NOBODY, False)], UploadOptions(mapping=KEYS))
def test_a_corrected_row_is_never_sent_beside_another_row_of_its_contact(
    rows: list[tuple[Texts, Texts, bool]], options: UploadOptions
) -> None:
    given_back = [([*old], [*new] if changes else None) for old, new, changes in rows]
    with (
        tempfile.TemporaryDirectory() as folder,
        runs.resumed(corrected(Path(folder), given_back, options)) as run,
    ):
        first_only = options.matching.first_key_only
        cells = RowKeys(run.checkpoint._db, run.columns).own(range(2, 2 + len(rows)))
        in_cells = group_rows(cells, run.columns.keys, first_only=first_only)
        assert in_cells.unidentified == {}
        if "invalid" not in runs.statuses(run).values():
            assert {(one.field, one.value) for one in in_cells.shared} <= shared(run)
        keys = contact_keys(run)
        assert chains(run) == in_chains(keys)
        groups = group_rows(keys, run.columns.keys, first_only=first_only).groups
        assert [group for group in groups if any(rows[number - 2][2] for number in group)] == []
