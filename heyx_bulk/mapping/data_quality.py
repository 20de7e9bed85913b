"""Data quality: damage that only whole columns show, reported before anything is sent and never corrected.

The checks find letters that were read in the wrong encoding, phones that differ from the others of their column
by a lost `+` or zero, numbers and ids that a spreadsheet has rounded, dates with day and month in both orders.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from heyx_bulk.mapping.columns import Columns, Use
from heyx_bulk.sheets.frames import WARNING, SheetFrame, issues_of, numbers_of
from heyx_bulk.values.text import BLANKS, digits, is_damaged_number, trim

FIRST_ROWS = 5
MOST_OF = 0.8
"""The share of a column that makes its pattern."""

ROUNDED_IDS = 3
"""This many ids of 16 digits or more, all ending in 0, are no accident."""

_CONTINUED = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_MOJIBAKE = re.compile(f"[\u00c2-\u00f4][{_CONTINUED}]")
"""The first two bytes of a character in UTF-8, read in a Western encoding."""

_ROUNDED = "a long number, which the spreadsheet may have rounded"
_NO_DATE = "formatted as a date, but holds a number that is no date, such as 0"
_MOST_DIGITS = 15
"""A spreadsheet keeps this many digits of a number."""

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

    def add(self, rows: Iterable[int], count: int = 1) -> None:
        self.count += count
        self.first += islice(rows, FIRST_ROWS - len(self.first))

    def warning(self, column: str, what: str) -> DataWarning:
        return DataWarning(f"column {column}: {what}", self.count, tuple(self.first))


class DataQualityChecks:
    """Checks of the columns that are sent: they see a sheet frame by frame and give their warnings at the end."""

    def __init__(self, columns: Columns) -> None:
        fields = columns.used(Use.FIELD)
        checks = [
            *((column, _LETTERS) for column in fields),
            *((column, _PHONES if column.field == "phone" else _DATES) for column in fields),
            *((column, _IDS) for column in columns.used(Use.ID)),
        ]
        self._checks = [(column, check, defaultdict[str, _Rows](_Rows)) for column, check in checks]
        self._fields = {column.position: column for column in fields}
        self._doubtful = defaultdict[tuple[str, str], _Rows](_Rows)
        """Doubtful cells by column and by what is doubtful; ids among them make rows invalid."""

    def see(self, frame: SheetFrame) -> None:
        """Look at some rows of the sheet."""
        cells, numbers = frame.cells, numbers_of(frame.cells)
        for issue in issues_of(frame.issues):
            field = self._fields.get(issue.column) if issue.severity == WARNING else None
            if field is None:
                continue
            text = str(cells.at[issue.row, issue.column])
            is_damaged = is_damaged_number(text)
            # A phone that lost its digits makes its row invalid anyway.
            if not (field.field == "phone" and is_damaged):
                what = _ROUNDED if is_damaged or len(digits(text)) > _MOST_DIGITS else _NO_DATE
                self._doubtful[str(field), what].add([issue.row])
        texts = {column.position: cells[column.position].tolist() for column, _, _ in self._checks}
        joined = {position: "\n".join(column) for position, column in texts.items()}
        for column, check, found in self._checks:
            if check.concerns(joined[column.position]):
                labels = [*map(check.label, texts[column.position])]
                for label, count in Counter(labels).items():
                    if label is not None:
                        pairs = zip(numbers, labels, strict=True)
                        found[label].add((number for number, other in pairs if other == label), count)

    def warnings(self) -> list[DataWarning]:
        """What seems damaged, column by column."""
        return [
            *(rows.warning(column, what) for (column, what), rows in self._doubtful.items()),
            *(
                rows.warning(str(column), what)
                for column, check, found in self._checks
                for rows, what in check.findings(found)
            ),
        ]


@dataclass(frozen=True, slots=True)
class _Check:
    """A check of one column: `label` classifies a cell (None: irrelevant), `findings` judges the rows by label.

    `concerns` is given many cells, one per line, and says whether any of them can have a label.
    """

    label: Callable[[str], str | None]
    findings: Callable[[Mapping[str, _Rows]], Iterator[tuple[_Rows, str]]]
    concerns: Callable[[str], object] = bool


def _letters(text: str) -> str | None:
    return "garbled" if _MOJIBAKE.search(text) and repair_mojibake(text) is not None else None


def _garbled_letters(found: Mapping[str, _Rows]) -> Iterator[tuple[_Rows, str]]:
    """Text that was UTF-8 and was read as something else: `JosÃ©` for `José`."""
    for rows in found.values():
        yield rows, "letters look garbled (such as Ã© for é): was the file saved in another encoding?"


def _phone(text: str) -> str | None:
    """`+`, or a 9 for each digit with a 0 in front where the phone has one; None for a blank cell."""
    phone = text if text[:1] == "+" else trim(text)
    if not phone or phone[0] == "+":
        return phone[:1] or None
    nines = "9" * len(digits(phone))
    return "0" + nines[1:] if phone[0] == "0" else nines


def _odd_phones(found: Mapping[str, _Rows]) -> Iterator[tuple[_Rows, str]]:
    """Phones against the pattern of their own column: a lost `+`, a lost zero in front."""
    bare = _Rows()
    for label, rows in found.items():
        if label[:1] not in ("+", "0"):
            bare = _Rows(bare.count + rows.count, sorted(bare.first + rows.first)[:FIRST_ROWS])
    total = sum(rows.count for rows in found.values())
    if bare.count and found.get("+", _Rows()).count >= MOST_OF * total:
        yield bare, "no + in front, where most phones of the column have one"
    for label, zeros in found.items():
        short = found.get(label[1:]) if label[:1] == "0" else None
        if short is not None and zeros.count >= MOST_OF * (zeros.count + short.count):
            yield (
                short,
                "one digit short and no 0 in front, where most phones of the column have one: did a "
                "spreadsheet take it off?",
            )


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(trim(text))
    first, second = (int(found[1]), int(found[2])) if found else (0, 0)
    if first > 12 >= second:
        return "day before month"
    return "month before day" if second > 12 >= first else None


def _mixed_dates(found: Mapping[str, _Rows]) -> Iterator[tuple[_Rows, str]]:
    """Days and months in one order in some rows and in the other order elsewhere."""
    if len(found) == 2:
        order, rows = min(sorted(found.items()), key=lambda item: item[1].count)
        yield rows, f"dates have the {order} here, and the other order elsewhere"


def _id(text: str) -> str | None:
    text = trim(text)
    if len(text) < 16 or not (text.isascii() and text.isdigit()):
        return None
    return "round" if text.endswith("0") else "exact"


def _rounded_ids(found: Mapping[str, _Rows]) -> Iterator[tuple[_Rows, str]]:
    """Ids of 16 digits and more that all end in 0: a spreadsheet keeps 15 digits of a number."""
    if "exact" not in found and "round" in found and found["round"].count >= ROUNDED_IDS:
        yield found["round"], "every long id ends in 0, so a spreadsheet has probably rounded them all"


_LETTERS = _Check(_letters, _garbled_letters, lambda cells: not cells.isascii() and _MOJIBAKE.search(cells))
_PHONES = _Check(_phone, _odd_phones)
_DATES = _Check(
    _date, _mixed_dates, lambda cells: any(sign in cells for sign in "./-") and _MAYBE_DATE.search(cells)
)
_IDS = _Check(_id, _rounded_ids)


def repair_mojibake(text: str) -> str | None:
    """What `text` was before it was read in the wrong encoding; None if it was not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None
