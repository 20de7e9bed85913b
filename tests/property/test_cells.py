"""Cells mean the same read together or alone, and no text changes unless it is said."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.mapped_frame import RowProblem, map_frame, map_rows
from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.contacts import Field, Policy, Problem
from heyx_bulk.sheets.frames import SheetFrame, issue_frame, text_frame
from heyx_bulk.values.text import BLANKS, trim
from heyx_bulk.values.value_types import ValueKind, ValueType
from tests.support.cell_rows import columns_of, field, read_row, row_of, sent

quickly = settings(deadline=None, max_examples=60)


cell_texts = st.sampled_from(
    [
        *("", " ", "\u00a0", "<clear>", "yes", "no", "x", "1", "maybe", "a", "a,b", "b;a", "seg:a", '"a,b",c'),
        *("+44 20 7946 0958", "03001234567", "none", "ann@x.org", "ann", "14/03/1988", "03/04/1990", "2025-03-14"),
        *("3.5", "1,234", "https://x.org", "10:30", "\ud800", " two  words ", "é", "t" * 256),
    ]
) | st.text(max_size=8)


plain_steps = st.lists(
    st.sampled_from(
        [
            *(Transform(name) for name in ("trim", "lower", "upper", "title")),
            Transform("replace", ("a", "b")),
            Transform("split", (" ", 1)),
            Transform("join", (0, " ")),
        ]
    ),
    max_size=2,
)


@st.composite
def any_columns(draw: st.DrawFn) -> Columns:
    """Columns of any use, type, policy and transform, a few of one sheet."""
    columns = []
    for position in range(draw(st.integers(1, 5))):
        use = draw(st.sampled_from([Use.FIELD] * 4 + [*Use]))
        name = {Use.FIELD: f"f{position}", Use.TAG: "VIP", Use.SET_TAGS: f"s{position}:"}.get(use, "")
        if use is Use.FIELD and draw(st.booleans()):
            name = draw(st.sampled_from(["phone", "email"]))
        kind = draw(
            st.sampled_from(
                [kind for kind in ValueKind if kind is not ValueKind.LIST]
                if use is Use.FIELD
                else [ValueKind.TEXT]
            )
        )
        columns.append(
            Column(
                position,
                f"h{position}",
                use,
                name,
                value_type=ValueType(
                    ValueKind.BOOLEAN if use is Use.TAG else kind, draw(st.sampled_from([None, "PK"]))
                ),
                policy=draw(st.sampled_from([*Policy])),
                default=draw(st.sampled_from(["", "", "yes"])),
                transforms=tuple(draw(plain_steps)),
            )
        )
    return Columns(
        tuple(columns),
        ("phone", "email"),
        no_match=draw(st.booleans()),
        add_tags=draw(st.sampled_from([(), ("a",)])),
        remove_tags=draw(st.sampled_from([(), ("b",)])),
        constants=draw(st.sampled_from([(), (Field("source", "fair"),)])),
        lenient=draw(st.booleans()),
    )


@pytest.mark.slow
@given(st.data())
@quickly
def test_rows_read_together_are_what_each_is_alone(data: st.DataObject) -> None:
    columns = data.draw(any_columns())
    width = len(columns.columns)
    rows = data.draw(st.lists(st.lists(cell_texts, min_size=width, max_size=width), max_size=6))
    numbers = [number + 2 for number in range(len(rows))]
    problems = {number: (Problem("came", "with"),) for number in numbers if data.draw(st.booleans())}
    together = map_rows(columns, dict(zip(numbers, rows, strict=True)), problems)
    alone = [
        read_row(columns, number, row, problems.get(number, ())) for number, row in zip(numbers, rows, strict=True)
    ]
    assert [*together.rows()] == alone
    matched = [
        match
        for number, row in zip(numbers, rows, strict=True)
        for match in map_rows(
            columns, {number: row}, {key: problems[key] for key in problems if key == number}
        ).row_keys()
    ]
    assert [*together.row_keys()] == matched
    assert {number for number, *_ in matched}.isdisjoint(row.number for row in alone if row.problems)


@pytest.mark.slow
@given(st.data())
@quickly
def test_a_frame_is_mapped_to_frames_that_say_what_its_rows_say(data: st.DataObject) -> None:
    columns = data.draw(any_columns())
    width = len(columns.columns)
    rows = data.draw(st.lists(st.lists(cell_texts, min_size=width, max_size=width), max_size=6))
    numbers = [number + 2 for number in range(len(rows))]
    cells = {position: [row[position] for row in rows] for position in range(width)}
    mapped = map_frame(columns, SheetFrame(text_frame(cells, numbers), issue_frame(())))
    alone = [read_row(columns, number, row) for number, row in zip(numbers, rows, strict=True)]
    assert [*mapped.rows()] == alone
    problems = [(row.number, one) for row in alone for one in row.problems]
    lines = zip(*(mapped.problems[name].tolist() for name in RowProblem._fields), strict=True)
    assert Counter((row, Problem(cause, detail)) for row, cause, detail in lines) == Counter(problems)
    keys = {(row, name): text for name in mapped.keys for row, text in mapped.keys[name].items() if text}
    assert keys == {(key.row, key.field): key.value for key in mapped.row_keys()}
    fields = {column.field for column in columns.used(Use.FIELD)}
    for name in fields if len(fields) == len(columns.used(Use.FIELD)) else ():
        told = [next((one.value for one in row.fields if one.name == name), None) for row in alone]
        expected = {"": None, "<clear>": ""}
        assert [expected.get(text, text) for text in mapped.values[name].tolist()] == told


@given(st.lists(st.text(max_size=12) | cell_texts, min_size=1, max_size=6), st.sampled_from([*Policy]))
@quickly
def test_no_text_changes_unless_a_type_or_a_transform_says_so(cells: list[str], policy: Policy) -> None:
    columns = columns_of(
        *(Column(place, f"h{place}", Use.FIELD, f"f{place}", policy=policy) for place in range(1, 7))
    )
    row = row_of(columns, *cells, *[""] * (6 - len(cells)))
    if row.problems:
        return
    wanted = {f"f{place}": trim(cell) for place, cell in enumerate(cells, 1) if trim(cell).lower() != "<clear>"}
    got = {one.name: one.value for one in row.fields[1:] if one.value}
    assert got == {name: text for name, text in wanted.items() if text}


@given(st.text(alphabet="aB é\t\u00a0-ß", max_size=12))
@quickly
def test_blanks_within_a_text_stay_unless_they_are_to_be_trimmed(text: str) -> None:
    assert sent(field(), text) == ([("city", text.strip(BLANKS))] if text.strip(BLANKS) else [])
    trimmed = " ".join(text.split())
    assert sent(field(transforms=(Transform("trim"),)), text) == ([("city", trimmed)] if trimmed else [])
