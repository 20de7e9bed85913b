"""Data quality: damage that only whole columns show, reported before anything is sent and never corrected.

The checks of texts are in `text_checks.py`: letters read in the wrong encoding, dates with day and month in both
orders, invisible marks, words of programs, values that belong into another column. Those of phones are in
`phone_checks.py`. Here are those of numbers and ids that a spreadsheet has rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from heyx_bulk.mapping.column_check import ColumnCheck, DataWarning, Finding, LabelledRows, Rows
from heyx_bulk.mapping.columns import DATES as DATE_KINDS
from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.phone_checks import PhoneCheck, PhoneCountry, phone_check, phone_countries
from heyx_bulk.mapping.text_checks import (
    ALPHABETS,
    DATES,
    GARBLED,
    kind_check,
    marks_check,
    program_word_check,
)
from heyx_bulk.models.calls import STANDARD_FIELDS
from heyx_bulk.sheets.frames import WARNING, SheetFrame, issues_of, numbers_of
from heyx_bulk.values.text import digits, is_damaged_number, trim
from heyx_bulk.values.value_types import ValueKind

ROUNDED_IDS = 3
"""This many ids of 16 digits or more, all ending in 0, are no accident."""

_ROUNDED = "a long number, which the spreadsheet may have rounded"
_NO_DATE = "formatted as a date, but holds a number that is not a date, such as 0"
_MOST_DIGITS = 15
"""A spreadsheet keeps this many digits of a number."""


class DataQualityChecks:
    """Checks of the columns that are sent: they see a sheet frame by frame and give their warnings at the end."""

    def __init__(self, columns: Columns) -> None:
        self._checks = [
            (column, check, LabelledRows())
            for column in columns.sent
            for check in _checks_of(column, is_key=column.field in columns.keys)
        ]
        self._positions = sorted({column.position for column, _, _ in self._checks})
        self._fields = {column.position: column for column in columns.used(Use.FIELD)}
        self._doubtful = defaultdict[tuple[str, str], Rows](Rows)
        """Doubtful cells by column and by what is doubtful; ids among them make rows invalid."""

    def see(self, frame: SheetFrame, cells: Sequence[Sequence[str]]) -> None:
        """Look at some rows of the sheet; `cells` are their texts, a list for each column."""
        numbers = numbers_of(frame.cells)
        for issue in issues_of(frame.issues):
            field = self._fields.get(issue.column) if issue.severity == WARNING else None
            if field is None:
                continue
            text = str(frame.cells.at[issue.row, issue.column])
            is_damaged = is_damaged_number(text)
            # A phone that lost its digits makes its row invalid anyway.
            if not (field.field == "phone" and is_damaged):
                what = _ROUNDED if is_damaged or len(digits(text)) > _MOST_DIGITS else _NO_DATE
                self._doubtful[str(field), what].add([issue.row])
        joined = {position: "\n".join(cells[position]) for position in self._positions}
        for column, check, found in self._checks:
            texts = cells[column.position]
            if check.concerns(joined[column.position], texts):
                found.add(numbers, [*map(check.label, texts)])

    def warnings(self) -> list[DataWarning]:
        """What seems damaged, column by column; once for a column that is sent as several fields."""
        found = (
            *(rows.warning(column, what) for (column, what), rows in self._doubtful.items()),
            *(
                rows.warning(str(column), what)
                for column, check, found in self._checks
                for rows, what in check.findings(found)
            ),
        )
        return [*dict.fromkeys(found)]

    def phones(self) -> list[PhoneCountry]:
        """The phones of the sheet by country."""
        for column, check, found in self._checks:
            if isinstance(check, PhoneCheck):
                return phone_countries(found, column.value_type.region)
        return []


def _checks_of(column: Column, *, is_key: bool) -> Iterator[ColumnCheck]:
    """The checks of a column, in the order of their warnings."""
    if column.use is Use.FIELD:
        kind = column.value_type.kind
        yield GARBLED
        if column.field == "phone":
            yield phone_check(column.value_type)
        elif kind in (ValueKind.TEXT, *DATE_KINDS):
            yield DATES
        yield marks_check(inside=is_key or kind in (ValueKind.PHONE, ValueKind.EMAIL))
        if kind is ValueKind.EMAIL:
            yield ALPHABETS
        if (others := kind_check(column.field)) is not None:
            yield others
    elif column.use is Use.ID:
        yield _IDS
        yield marks_check(inside=True)
    elif column.use is not Use.TAG:
        yield marks_check(inside=False, tags=True)
    yield program_word_check(free_text=column.use is Use.FIELD and column.field not in STANDARD_FIELDS)


def _id(text: str) -> str | None:
    text = trim(text)
    if len(text) < 16 or not (text.isascii() and text.isdigit()):
        return None
    return "round" if text.endswith("0") else "exact"


def _rounded_ids(found: Mapping[str, Rows]) -> Iterator[Finding]:
    """Ids of 16 digits and more that all end in 0: a spreadsheet keeps 15 digits of a number."""
    if "exact" not in found and "round" in found and found["round"].count >= ROUNDED_IDS:
        yield found["round"], "every long id ends in 0, so a spreadsheet has probably rounded them all"


_IDS = ColumnCheck(_id, _rounded_ids)
