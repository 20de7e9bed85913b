"""A DataFrame as a sheet: each type's text, the numbers of rows, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
import pytest

from heyx_bulk.errors import SheetError
from heyx_bulk.mapping.tag_lists import join_list, split_list
from heyx_bulk.sheets.frames import WARNING, column_texts, issues_of, numbers_of
from heyx_bulk.sheets.from_frame import sheet_from_frame
from heyx_bulk.sheets.sheet import Sheet


def sheet(frame: pd.DataFrame) -> Sheet:
    return sheet_from_frame(frame, join_list)


def texts(values: object) -> list[str]:
    """The texts of one column."""
    ((cells, _),) = sheet(pd.DataFrame({"column": values})).frames()
    return column_texts(cells)[0]


def numbers(frame: pd.DataFrame) -> list[int]:
    return [number for cells, _ in sheet(frame).frames() for number in numbers_of(cells)]


def objects(*values: object) -> pd.Series[Any]:
    """A column in which scalars of NumPy stay what they are."""
    return pd.Series([None, *values], dtype=object)[1:]


class Color(int, Enum):
    """Its text is `Color.RED`."""

    RED = 1


HALF_PAST = pd.Timestamp("2026-03-14 09:30")

CASES: dict[str, tuple[object, list[str]]] = {
    "text stays as it is": (["007", " x ", ""], ["007", " x ", ""]),
    "what is missing is blank": ([None, np.nan, pd.NA, pd.NaT, Decimal("nan"), Decimal("sNaN")], [""] * 6),
    "booleans": ([True, False], ["true", "false"]),
    "booleans with a missing one": (pd.array([True, None], dtype="boolean"), ["true", ""]),
    "ints": ([1, 2**62], ["1", "4611686018427387904"]),
    "nullable ints": (pd.array([1, None, 2**62], dtype="Int64"), ["1", "", "4611686018427387904"]),
    "ints that pandas made floats": ([923001234567, None], ["923001234567", ""]),
    "whole floats whose missing rows were filtered away": ([923001234567.0], ["923001234567"]),
    "floats": ([1.0, 2.5, None], ["1.0", "2.5", ""]),
    "the largest exact float": ([2.0**53, -(2.0**53)], ["9007199254740992", "-9007199254740992"]),
    "short floats": (np.array([0.1, 2], dtype="float32"), ["0.1", "2.0"]),
    "nullable short floats": (pd.array([0.1, None], dtype="Float32"), ["0.1", ""]),
    "scalars of NumPy": (objects(np.int64(3), np.float64(2.5), np.bool_(True)), ["3", "2.5", "true"]),
    "moments of NumPy": (
        objects(np.datetime64("2026-03-14T09:30", "ns"), np.datetime64("2026-03-14"), np.datetime64("NaT")),
        ["2026-03-14T09:30:00", "2026-03-14", ""],
    ),
    "a span of NumPy that is missing": (objects(np.timedelta64("NaT")), [""]),
    "short floats among objects": (
        objects(np.float32(0.1), np.float16(0.1), np.float32("nan")),
        ["0.1", "0.1", ""],
    ),
    "long floats": (np.array([0.1, 2, "nan"], dtype="longdouble"), ["0.1", "2.0", ""]),
    "an int of an enumeration": (objects(Color.RED), ["1"]),
    "dates": ([dt.date(1988, 3, 14)], ["1988-03-14"]),
    "timestamps at midnight are dates": ([pd.Timestamp("1988-03-14"), None], ["1988-03-14", ""]),
    "other timestamps are ISO without zone": ([HALF_PAST], ["2026-03-14T09:30:00"]),
    "a zone is kept at midnight too": (
        [pd.Timestamp("2026-03-14", tz="Asia/Karachi")],
        ["2026-03-14T00:00:00+05:00"],
    ),
    "a nanosecond after midnight is no date": ([pd.Timestamp(1)], ["1970-01-01T00:00:00.000000001"]),
    "times": ([dt.time(9, 30)], ["09:30:00"]),
    "decimals": ([Decimal("1.50")], ["1.50"]),
    "categories": (pd.Categorical(["VIP", None]), ["VIP", ""]),
    "categories of numbers": (pd.Categorical([1.0, None]), ["1", ""]),
    "lists": (
        [["Spring fair", "VIP"], ("a",), {"b", "a"}, np.array(["x", None], dtype=object), []],
        ["Spring fair;VIP", "a", "a;b", "x", ""],
    ),
}


@pytest.mark.parametrize(("values", "expected"), CASES.values(), ids=CASES)
def test_values_become_exact_text(values: object, expected: list[str]) -> None:
    assert texts(values) == expected


def test_a_short_float_among_objects_is_exact_up_to_its_own_size() -> None:
    with pytest.warns(UserWarning, match="too large to be exact"):
        assert texts(objects(np.float32(2.0**24), np.float32(2.0**25))) == ["16777216", "33554432.0"]


def test_a_list_whose_items_hold_separators_is_read_back_as_it_was() -> None:
    tags = ["a;b", 'say "x"', "c, d", "plain"]
    (text,) = texts([tags])
    assert split_list(text, ";") == tags


def test_floats_that_may_be_rounded_are_warned_about_and_doubtful() -> None:
    frame = pd.DataFrame({"heyx contact id": [7535728846644153.0, None, 2.0**60]}, index=[4, 5, 9])
    with pytest.warns(UserWarning, match=r"Column 'heyx contact id' holds 1 float too large .*\(row 9\)"):
        made = sheet(frame)
    ((cells, issues),) = made.frames()
    assert column_texts(cells) == [["7535728846644153", "", repr(2.0**60)]]
    assert [(found.row, found.column, found.severity) for found in issues_of(issues)] == [(9, 0, WARNING)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (dt.timedelta(days=1), "timedelta"),
        ({"a": 1}, "dict"),
        (float("inf"), "float"),
        (Decimal("Infinity"), "Decimal"),
        (np.timedelta64(5, "ns"), "Timedelta"),
        (np.datetime64("20000-01-01"), "Timestamp"),
        (np.clongdouble(1), "clongdouble"),
        (np.longdouble(2**60) + 1, "longdouble"),
        (b"x", "bytes"),
        ([1], "list"),
        (1j, "complex"),
        (object, "type"),
    ],
)
def test_any_other_value_is_refused_by_column_and_row(value: object, kind: str) -> None:
    joined = pd.Series([None, value], dtype=object, index=[10, 12])
    frame = pd.DataFrame({"phone": ["1", "2"], "Joined": joined}, index=[10, 12])
    with pytest.raises(SheetError, match=rf"Column 'Joined', row 12: .* is a {kind}, which has no exact text"):
        sheet(frame)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([7, 3, 5], [3, 5, 7]),
        ([3, 3, 5], [0, 1, 2]),
        ([-1, 0, 1], [0, 1, 2]),
        ([0, 5, 2**32 - 1], [0, 5, 2**32 - 1]),
        ([0, 5, 2**32], [0, 1, 2]),
        (["a", "b", "c"], [0, 1, 2]),
        ([0.5, 1.0, 2.0], [0, 1, 2]),
        (pd.MultiIndex.from_tuples([(1, 1), (1, 2), (2, 1)]), [0, 1, 2]),
    ],
)
def test_rows_are_numbered_by_a_unique_index_of_whole_numbers_else_by_position(
    index: Sequence[Any] | pd.Index, expected: list[int]
) -> None:
    frame = pd.DataFrame({"phone": ["1", "2", "3"]})
    frame.index = pd.Index(index)
    assert numbers(frame) == expected


def test_rows_stand_in_the_order_of_their_numbers() -> None:
    frame = pd.DataFrame({"phone": ["seven", "three"]}, index=[7, 3])
    ((cells, _),) = sheet(frame).frames()
    assert (numbers_of(cells), column_texts(cells)) == ([3, 7], [["three", "seven"]])


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (pd.DataFrame([["1", "2"]], columns=["phone", "phone"]), "same label: 'phone'"),
        (pd.DataFrame({("a", "b"): ["1"]}), "have 2 levels"),
        (pd.DataFrame([["1", "2"]]), "not text: 0, 1"),
        (pd.DataFrame(), "has no columns"),
    ],
)
def test_column_labels_must_be_text_and_unique(frame: pd.DataFrame, what: str) -> None:
    with pytest.raises(SheetError, match=what):
        sheet(frame)


def test_a_frame_of_many_rows_comes_whole_and_knows_its_blank_columns() -> None:
    frame = pd.DataFrame({"phone": [f"+9230{n:07}" for n in range(2_500)], "City": None})
    made = sheet(frame)
    assert (made.row_count, made.blank, made.format) == (2_500, frozenset({1}), "DataFrame")
    assert [cells[0] for cells in made.cells([0])] == frame["phone"].tolist()
    assert numbers(frame) == list(range(2_500))
