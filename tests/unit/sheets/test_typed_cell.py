"""Which texts stand in a workbook as numbers, dates and booleans, and which stay texts."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from heyx_bulk.sheets.typed_cell import TypedValue, typed_value
from heyx_bulk.values.value_types import ValueKind

NUMBER, DATE, DATETIME, BOOLEAN = ValueKind.NUMBER, ValueKind.DATE, ValueKind.DATETIME, ValueKind.BOOLEAN


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        *[(NUMBER, "42", 42), (NUMBER, "-0.5", -0.5), (NUMBER, "-1234567890", -1234567890)],
        (DATE, "1988-03-14", date(1988, 3, 14)),
        (DATE, "1900-03-01", date(1900, 3, 1)),
        (DATETIME, "1988-03-14T09:30:00", datetime(1988, 3, 14, 9, 30)),
        *[(BOOLEAN, "true", True), (BOOLEAN, "false", False)],
    ],
)
def test_a_text_of_its_column_s_kind_is_typed(kind: ValueKind, text: str, value: TypedValue) -> None:
    found = typed_value(text, kind)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *[
            (NUMBER, text)
            for text in ("", "007", "1.0", "0.10", "1e5", "-0", "+1", "12345678901", "1234567890.5", "٤")
        ],
        *[
            (DATE, text)
            for text in ("1900-02-28", "1900-02-29", "2021-02-29", "14.03.1988", "1988-03-14T00:00:00")
        ],
        *[(DATETIME, text) for text in ("1988-03-14", "1988-03-14T09:30:00Z", "1988-03-14T24:30:00")],
        *[(BOOLEAN, text) for text in ("TRUE", "yes", "1", "")],
        *[(kind, "42") for kind in (None, ValueKind.TEXT, ValueKind.PHONE, DATE, BOOLEAN)],
    ],
)
def test_any_other_text_stays_a_text(kind: ValueKind | None, text: str) -> None:
    assert typed_value(text, kind) is None
