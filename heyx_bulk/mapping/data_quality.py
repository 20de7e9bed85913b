"""Damage that a sheet carries and that no single cell shows: reported before anything is sent, never corrected.

Each check looks at one column as a whole: letters that were read in the wrong encoding, phones that differ from
the others of their column by a lost `+` or zero, ids that a spreadsheet has rounded, dates with day and month in
both orders.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.sheets.chunk import Chunk
from heyx_bulk.values.text import BLANKS, digits, is_damaged_number, trim

FIRST_ROWS = 5
MOST_OF = 0.8
"""The share of a column that makes its pattern."""

ROUNDED_IDS = 3
"""This many ids of 16 digits or more, all ending in 0, are no accident."""

_CONTINUED = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_MOJIBAKE = re.compile(f"[\u00c2-\u00f4][{_CONTINUED}]")
"""The first two bytes of a character in UTF-8, read in a Western encoding."""

_MAYBE_DATE = re.compile(rf"^[{BLANKS}]*\d{{1,2}}[./-]\d{{1,2}}[./-]\d", re.MULTILINE)
_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](?:\d{4}|\d{2})")


@dataclass(frozen=True, slots=True)
class DataWarning:
    """What seems wrong with a column: a sentence, in how many rows, and the first of them."""

    what: str
    rows: int
    first: tuple[int, ...]


@dataclass(slots=True)
class _Rows:
    """Rows counted, and the first of them kept."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        self.count += 1
        if len(self.first) < FIRST_ROWS:
            self.first.append(row)

    def warning(self, column: str, what: str) -> DataWarning:
        return DataWarning(f"column {column}: {what}", self.count, tuple(self.first))


class RoundedNumbers:
    """Numbers that a spreadsheet may have rounded, in columns that are sent; ids among them make rows invalid."""

    def __init__(self) -> None:
        self._rows: dict[str, _Rows] = {}

    def see(self, columns: Columns, chunk: Chunk) -> None:
        """Look at cells whose text may not be what was meant; a phone that lost its digits is invalid anyway."""
        fields = {column.position: column for column in columns.used(Use.FIELD)}
        for error in chunk.warnings:
            column = fields.get(error.position)
            lost = is_damaged_number(chunk.text(error))
            if column is not None and not (lost and column.field == "phone"):
                self._rows.setdefault(str(column), _Rows()).add(error.row)

    def warnings(self) -> list[DataWarning]:
        """One warning per column with such numbers."""
        what = "a long number, which the spreadsheet may have rounded"
        return [rows.warning(column, what) for column, rows in self._rows.items()]


class DataQualityChecks:
    """Checks of the columns that are sent: they see some rows at a time and give their warnings at the end."""

    def __init__(self, columns: Columns) -> None:
        fields = columns.used(Use.FIELD)
        self._checks: list[_ColumnCheck] = [
            *(_Letters(column) for column in fields),
            *(_Phones(column) if column.field == "phone" else _Dates(column) for column in fields),
            *(_Ids(column) for column in columns.used(Use.ID)),
        ]

    def see(self, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Look at rows with these numbers and cells."""
        columns = list(zip(*rows, strict=True))
        positions = {check.column.position for check in self._checks}
        joined = {position: "\n".join(columns[position]) for position in positions}
        for check in self._checks:
            position = check.column.position
            check.see(numbers, columns[position], joined[position])

    def warnings(self) -> list[DataWarning]:
        """What seems damaged, column by column."""
        return [rows.warning(str(check.column), what) for check in self._checks for rows, what in check.findings()]


@dataclass(slots=True)
class _ColumnCheck:
    """Looks at one column."""

    column: Column

    def see(self, rows: Sequence[int], texts: Sequence[str], joined: str) -> None:
        """Look at its cells in some rows; `joined` are all of them, one per line."""
        raise NotImplementedError

    def findings(self) -> Iterator[tuple[_Rows, str]]:
        """The rows that seem damaged, and what seems wrong with them."""
        raise NotImplementedError


@dataclass(slots=True)
class _Letters(_ColumnCheck):
    """Text that was UTF-8 and was read as something else: `JosÃ©` for `José`."""

    garbled: _Rows = field(default_factory=_Rows)

    def see(self, rows: Sequence[int], texts: Sequence[str], joined: str) -> None:
        if not joined.isascii() and _MOJIBAKE.search(joined):
            for row, text in zip(rows, texts, strict=True):
                if _MOJIBAKE.search(text) and repair_mojibake(text) is not None:
                    self.garbled.add(row)

    def findings(self) -> Iterator[tuple[_Rows, str]]:
        if self.garbled.count:
            yield self.garbled, "letters look garbled (such as Ã© for é): was the file saved in another encoding?"


@dataclass(slots=True)
class _Phones(_ColumnCheck):
    """Phones against the pattern of their own column: a lost `+`, a lost zero in front."""

    plus: int = 0
    zero: Counter[int] = field(default_factory=Counter)
    """How many begin with 0, by their number of digits."""
    bare: _Rows = field(default_factory=_Rows)
    bare_by_length: dict[int, _Rows] = field(default_factory=dict)

    def see(self, rows: Sequence[int], texts: Sequence[str], _: str) -> None:
        others = [(row, text) for row, text in zip(rows, texts, strict=True) if text[:1] != "+"]
        self.plus += len(texts) - len(others)
        for row, text in others:
            phone = trim(text)
            if phone.startswith("+"):
                self.plus += 1
            elif phone.startswith("0"):
                self.zero[len(digits(phone))] += 1
            elif phone:
                self.bare.add(row)
                self.bare_by_length.setdefault(len(digits(phone)), _Rows()).add(row)

    def findings(self) -> Iterator[tuple[_Rows, str]]:
        if self.bare.count and self.plus >= MOST_OF * (self.plus + self.zero.total() + self.bare.count):
            yield self.bare, "no + in front, where most phones of the column have one"
        for length, count in self.zero.items():
            rows = self.bare_by_length.get(length - 1)
            if rows is not None and count >= MOST_OF * (count + rows.count):
                yield (
                    rows,
                    "one digit short and no 0 in front, where most phones of the column have one: did a "
                    "spreadsheet take it off?",
                )


@dataclass(slots=True)
class _Dates(_ColumnCheck):
    """Days and months in one order in some rows and in the other order elsewhere."""

    day_first: _Rows = field(default_factory=_Rows)
    month_first: _Rows = field(default_factory=_Rows)

    def see(self, rows: Sequence[int], texts: Sequence[str], joined: str) -> None:
        if not (any(sign in joined for sign in "./-") and _MAYBE_DATE.search(joined)):
            return
        for row, text in zip(rows, texts, strict=True):
            if found := _DATE.fullmatch(trim(text)):
                first, second = int(found[1]), int(found[2])
                if first > 12 >= second:
                    self.day_first.add(row)
                elif second > 12 >= first:
                    self.month_first.add(row)

    def findings(self) -> Iterator[tuple[_Rows, str]]:
        if self.day_first.count and self.month_first.count:
            rarer = min(self.day_first, self.month_first, key=lambda rows: rows.count)
            order = "day before month" if rarer is self.day_first else "month before day"
            yield rarer, f"dates have the {order} here, and the other order elsewhere"


@dataclass(slots=True)
class _Ids(_ColumnCheck):
    """Ids of 16 digits and more that all end in 0: a spreadsheet keeps 15 digits of a number."""

    round: _Rows = field(default_factory=_Rows)
    exact: int = 0

    def see(self, rows: Sequence[int], texts: Sequence[str], _: str) -> None:
        for row, cell in zip(rows, texts, strict=True):
            text = trim(cell)
            if len(text) >= 16 and text.isascii() and text.isdigit():
                if text.endswith("0"):
                    self.round.add(row)
                else:
                    self.exact += 1

    def findings(self) -> Iterator[tuple[_Rows, str]]:
        if self.round.count >= ROUNDED_IDS and not self.exact:
            yield self.round, "every long id ends in 0, so a spreadsheet has probably rounded them all"


def repair_mojibake(text: str) -> str | None:
    """What `text` was before it was read in the wrong encoding; None if it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None
