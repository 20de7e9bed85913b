"""Damage that a sheet carries and that no single cell shows: told before anything is sent, never mended by guess.

Each watch looks at one column as a whole: letters that were read in the wrong encoding, phones that differ from
the others of their column by a lost `+` or zero, ids that a spreadsheet has rounded, dates whose days and months
stand in both orders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.sheets.chunk import Chunk
from heyx_bulk.values.text import BLANKS, digits, is_damaged_number, trim

FIRST_ROWS = 5
MOST_OF = 0.8
"""The share of a column that makes its pattern."""

ROUNDED_IDS = 3
"""So many ids of 16 digits or more, all ending in 0, are no accident."""

_CONTINUED = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_MOJIBAKE = re.compile(f"[\u00c2-\u00f4][{_CONTINUED}]")
"""How the two first bytes of a character in UTF-8 look in a Western encoding."""

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
        """One more."""
        self.count += 1
        if len(self.first) < FIRST_ROWS:
            self.first.append(row)

    def warning(self, what: str) -> DataWarning:
        """These rows as a finding."""
        return DataWarning(what, self.count, tuple(self.first))


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
                what = f"column {column}: a long number, which the spreadsheet may have rounded"
                self._rows.setdefault(what, _Rows()).add(error.row)

    def warnings(self) -> list[DataWarning]:
        """What seems damaged."""
        return [rows.warning(what) for what, rows in self._rows.items()]


class _ColumnCheck(Protocol):
    """Looks at one column."""

    column: Column

    def see(self, rows: Sequence[int], texts: Sequence[str], whole: str) -> None:
        """Look at its cells in some rows; `whole` are they all, a line each."""

    def findings(self) -> Iterator[DataWarning]:
        """What seems damaged."""


class DataQualityChecks:
    """Looks at the columns that are sent, some rows at a time, and says at the end what seems damaged."""

    def __init__(self, columns: Columns) -> None:
        fields = columns.used(Use.FIELD)
        self._watches: list[_ColumnCheck] = [
            *(_Letters(column) for column in fields),
            *(_Phones(column) if column.field == "phone" else _Dates(column) for column in fields),
            *(_Ids(column) for column in columns.used(Use.ID)),
        ]

    def see(self, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Look at rows with these numbers and cells."""
        columns = list(zip(*rows, strict=True))
        watched = {watch.column.position for watch in self._watches}
        wholes = {position: "\n".join(columns[position]) for position in watched}
        for watch in self._watches:
            position = watch.column.position
            watch.see(numbers, columns[position], wholes[position])

    def warnings(self) -> list[DataWarning]:
        """What seems damaged, column by column."""
        return [finding for watch in self._watches for finding in watch.findings()]


@dataclass(slots=True)
class _Letters:
    """Text that was UTF-8 and was read as something else: `JosÃ©` for `José`."""

    column: Column
    rows: _Rows = field(default_factory=_Rows)

    def see(self, rows: Sequence[int], texts: Sequence[str], whole: str) -> None:
        if whole.isascii() or not _MOJIBAKE.search(whole):
            return
        for row, text in zip(rows, texts, strict=True):
            if _MOJIBAKE.search(text) and repair_mojibake(text) is not None:
                self.rows.add(row)

    def findings(self) -> Iterator[DataWarning]:
        if self.rows.count:
            yield self.rows.warning(
                f"column {self.column}: letters look garbled (such as Ã© for é): was the file saved in another "
                "encoding?"
            )


@dataclass(slots=True)
class _Phones:
    """Phones against the pattern of their own column: a lost `+`, a lost zero in front."""

    column: Column
    seen: int = 0
    plus: int = 0
    zero: dict[int, int] = field(default_factory=dict)
    without_plus: _Rows = field(default_factory=_Rows)
    short: dict[int, _Rows] = field(default_factory=dict)

    def see(self, rows: Sequence[int], texts: Sequence[str], _: str) -> None:
        others = [(row, text) for row, text in zip(rows, texts, strict=True) if text[:1] != "+"]
        self.seen += len(texts) - len(others)
        self.plus += len(texts) - len(others)
        for row, text in others:
            self._look(row, trim(text))

    def _look(self, row: int, text: str) -> None:
        if not text:
            return
        self.seen += 1
        if text.startswith("+"):
            self.plus += 1
            return
        length = len(digits(text))
        if text.startswith("0"):
            self.zero[length] = self.zero.get(length, 0) + 1
        else:
            self.without_plus.add(row)
            self.short.setdefault(length, _Rows()).add(row)

    def findings(self) -> Iterator[DataWarning]:
        lacking = self.without_plus
        if lacking.count and self.plus >= MOST_OF * self.seen:
            yield lacking.warning(f"column {self.column}: no + in front, where most phones of the column have one")
        for length, count in self.zero.items():
            rows = self.short.get(length - 1)
            if rows is not None and count >= MOST_OF * (count + rows.count):
                yield rows.warning(
                    f"column {self.column}: one digit short and no 0 in front, where most phones of the column "
                    "have one: did a spreadsheet take it off?"
                )


@dataclass(slots=True)
class _Dates:
    """Days and months in one order in some rows and in the other order elsewhere."""

    column: Column
    day_first: _Rows = field(default_factory=_Rows)
    month_first: _Rows = field(default_factory=_Rows)

    def see(self, rows: Sequence[int], texts: Sequence[str], whole: str) -> None:
        if any(sign in whole for sign in "./-") and _MAYBE_DATE.search(whole):
            for row, text in zip(rows, texts, strict=True):
                self._look(row, trim(text))

    def _look(self, row: int, text: str) -> None:
        if found := _DATE.fullmatch(text):
            first, second = int(found[1]), int(found[2])
            if first > 12 >= second:
                self.day_first.add(row)
            elif second > 12 >= first:
                self.month_first.add(row)

    def findings(self) -> Iterator[DataWarning]:
        if self.day_first.count and self.month_first.count:
            rarer = min(self.day_first, self.month_first, key=lambda rows: rows.count)
            order = "day before month" if rarer is self.day_first else "month before day"
            yield rarer.warning(
                f"column {self.column}: dates have the {order} here, and the other order elsewhere"
            )


@dataclass(slots=True)
class _Ids:
    """Ids of 16 digits and more that all end in 0: a spreadsheet keeps 15 digits of a number."""

    column: Column
    round: _Rows = field(default_factory=_Rows)
    exact: int = 0

    def see(self, rows: Sequence[int], texts: Sequence[str], _: str) -> None:
        for row, text in zip(rows, texts, strict=True):
            self._look(row, trim(text))

    def _look(self, row: int, text: str) -> None:
        if len(text) >= 16 and text.isascii() and text.isdigit():
            if text.endswith("0"):
                self.round.add(row)
            else:
                self.exact += 1

    def findings(self) -> Iterator[DataWarning]:
        if self.round.count >= ROUNDED_IDS and not self.exact:
            yield self.round.warning(
                f"column {self.column}: every long id ends in 0, so a spreadsheet has probably rounded them all"
            )


def repair_mojibake(text: str) -> str | None:
    """What `text` was before it was read in the wrong encoding; None if it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None
