"""A sheet made of a pandas DataFrame: every value becomes exact text by one rule."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heyx_bulk.errors import SheetError
from heyx_bulk.models.phrases import count, rows_named, shorten
from heyx_bulk.sheets.limits import ROW_NUMBER_BITS
from heyx_bulk.sheets.record import CellError
from heyx_bulk.sheets.sheet import RowStore, Sheet
from heyx_bulk.values.text import BLANKS

if TYPE_CHECKING:
    import pandas as pd

FRAME_FORMAT = "DataFrame"
"""The `format` of a sheet that is a DataFrame."""

_ROWS_IN_A_BLOCK = 1_000
_EXACT_BITS = {2: 11, 4: 24, 8: 53}
"""The bits of a whole number that a float of so many bytes holds exactly."""

_LONGEST_VALUE = 60
_ROUNDED = CellError(0, 0, "holds a float too large to be exact", "keep such numbers as text or as Int64")


def sheet_from_frame(
    frame: pd.DataFrame, join_list: Callable[[Iterable[str]], str], path: Path = Path(FRAME_FORMAT)
) -> Sheet:
    """The rows of `frame` as a sheet whose header is the column labels; `path` gives the run's files their names.

    Text stays as it is. None, NaN, NaT and pd.NA are blank. A bool becomes `true` or `false`, an int its digits. A
    float is written as its shortest exact text (`1.5`). Where every float of a column is whole, as in a column of
    ints with missing values, it is written without `.0`, as long as a float holds whole numbers exactly (up to
    2**53); a larger one keeps float notation, is warned about, and makes its row invalid if it is a contact id. A
    date, or a timestamp at midnight without a time zone, becomes `YYYY-MM-DD`; any other moment ISO 8601, with its
    offset if it has one. A Decimal becomes its own text, a category its value, and a list of texts one text, made
    by `join_list`. A scalar of NumPy is read as the value of Python or pandas that it stands for.

    Rows are numbered by the index if it consists of different whole numbers from 0 to 2**32 - 1, and stand in its
    order; otherwise by position from 0. Raises `SheetError` for a value of any other type, which it names by
    column and row, and for column labels that are not text or not unique.
    """
    header = _header(frame)
    frame, numbers, note = _numbered(frame)
    rounded: list[CellError] = []
    columns = [
        _Column(position, label, numbers, join_list).texts(frame.iloc[:, position], rounded)
        for position, label in enumerate(header)
    ]
    _warn_rounded(header, rounded)
    row_store = RowStore()
    for start in range(0, len(numbers), _ROWS_IN_A_BLOCK):
        part = slice(start, start + _ROWS_IN_A_BLOCK)
        inside = frozenset(numbers[part]) if rounded else frozenset()
        found = sorted(error for error in rounded if error.row in inside)
        row_store.add(numbers[part], [texts[part] for texts in columns], (), found)
    return Sheet(
        path=path,
        name=FRAME_FORMAT,
        format=FRAME_FORMAT,
        worksheet=None,
        header=header,
        header_row=0,
        row_count=len(numbers),
        uneven=0,
        notes=(note,) if note else (),
        blank=frozenset(at for at, texts in enumerate(columns) if not "".join(texts).strip(BLANKS)),
        row_store=row_store,
    )


def _header(frame: pd.DataFrame) -> tuple[str, ...]:
    labels: Sequence[object] = frame.columns.tolist()
    if frame.columns.nlevels > 1:
        raise SheetError(
            f"The DataFrame's columns have {frame.columns.nlevels} levels (a MultiIndex); a sheet has one header.",
            "Give each column one label, such as frame.columns = ['phone', 'email'].",
        )
    if not labels:
        raise SheetError("The DataFrame has no columns.", "Give one with a column for each field.")
    header = tuple(label if isinstance(label, str) else "" for label in labels)
    wrong = [repr(label) for label in labels if not isinstance(label, str)]
    if wrong:
        raise SheetError(
            f"The DataFrame has column labels that are not text: {', '.join(wrong[:5])}.",
            "Name the columns by text: frame.columns = frame.columns.astype(str).",
        )
    twice = [label for label in dict.fromkeys(header) if header.count(label) > 1]
    if twice:
        raise SheetError(
            f"The DataFrame has several columns with the same label: {', '.join(map(repr, twice[:5]))}.",
            "Give each column its own label, or drop those you do not need.",
        )
    return header


def _numbered(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[int], str]:
    """The rows in the order of their numbers, the numbers, and a note where they are not the index."""
    index = frame.index
    if index.nlevels == 1 and getattr(index.dtype, "kind", "O") in "iu" and index.is_unique and not index.hasnans:
        ordered = frame if index.is_monotonic_increasing else frame.sort_index()
        numbers = [int(number) for number in ordered.index.tolist()]
        if not numbers or (numbers[0] >= 0 and numbers[-1] < 1 << ROW_NUMBER_BITS):
            return ordered, numbers, ""
    return frame, list(range(len(frame))), "rows are numbered by position, from 0"


def _warn_rounded(header: Sequence[str], rounded: Sequence[CellError]) -> None:
    for position in dict.fromkeys(error.position for error in rounded):
        rows = [error.row for error in rounded if error.position == position]
        warnings.warn(
            f"Column {header[position]!r} holds {count(len(rows), 'float')} too large to be exact "
            f"({rows_named(len(rows), rows[:5])}): {_ROUNDED.remedy}.",
            stacklevel=2,
        )


class _Column:
    """One column on its way from values to texts."""

    def __init__(
        self, position: int, label: str, numbers: Sequence[int], join_list: Callable[[Iterable[str]], str]
    ) -> None:
        self._position, self._label, self._numbers, self._join_list = position, label, numbers, join_list

    def texts(self, values: pd.Series, rounded: list[CellError]) -> list[str]:
        """The text of each value; floats that may be rounded are added to `rounded`."""
        size = getattr(values.dtype, "itemsize", 8)
        is_short = getattr(values.dtype, "kind", "O") == "f" and size < 8
        found: Iterable[object] = values.astype(object).tolist()
        if is_short:  # `astype` makes long floats of them
            found = values.to_numpy(f"float{8 * size}", na_value=math.nan)
        given = [*found]
        plain = [*map(plain_value, given)]
        whole = all(value.is_integer() for value in plain if isinstance(value, float) and not math.isnan(value))
        texts = []
        for number, one, value in zip(self._numbers, given, plain, strict=True):
            if isinstance(value, str):
                texts.append(str.__str__(value))
            elif _is_missing(value):
                texts.append("")
            elif isinstance(value, float) and whole and abs(value) <= _largest_exact(one):
                texts.append(str(int(value)))
            else:
                texts.append(self._text(number, value))
                if isinstance(value, float) and whole:
                    rounded.append(_ROUNDED._replace(row=number, position=self._position))
        return texts

    def _text(self, number: int, value: object) -> str:
        text = text_of_value(value)
        if text is None and (items := _items(value)) is not None:
            kept = [item for item in items if not _is_missing(item)]
            if all(isinstance(item, str) for item in kept):
                return self._join_list(map(str, kept))
        if text is None:
            raise SheetError(
                f"Column {self._label!r}, row {number}: {shorten(repr(value), _LONGEST_VALUE)} is a "
                f"{type(value).__name__}, which has no exact text.",
                "Use text, numbers, booleans, dates or lists of texts: convert the column first.",
            )
        return text


def text_of_value(value: object) -> str | None:
    """The text of one value that is not missing; None where a value of its type has no exact text."""
    value = plain_value(value)
    match value:
        case str():
            return str.__str__(value)
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case Decimal() if value.is_finite():
            return str(value)
        case float() if math.isfinite(value):
            return repr(float(value))
        case datetime():
            if not MINYEAR <= value.year <= MAXYEAR:  # pandas has others, too
                return None
            midnight = value.tzinfo is None and value.time() == time() and not getattr(value, "nanosecond", 0)
            return value.date().isoformat() if midnight else value.isoformat()
        case date() | time():
            return value.isoformat()
    return None


def plain_value(value: Any) -> object:
    """A scalar of NumPy as a value of Python or pandas; any other value, or one that has no such, as it is."""
    if type(value).__module__ != "numpy" or getattr(value, "shape", None) != () or isinstance(value, float):
        return value
    match getattr(getattr(value, "dtype", None), "kind", ""):
        case "b" | "i" | "u":
            return value.item()
        case "f":
            number = float(str(value))  # the shortest text of a short float, not all digits of a long one
            return number if number == value or math.isnan(number) else value
        case "M" | "m":
            return _pandas_value(value)
    return value


def _pandas_value(value: Any) -> object:
    """A moment or a span of NumPy as pandas has it; as it is where pandas has none like it."""
    import pandas as pd  # noqa: PLC0415 - takes a third of a second, which only users of frames pay

    with suppress(ValueError, OverflowError):
        return pd.Timestamp(value) if value.dtype.kind == "M" else pd.Timedelta(value)
    return value


def _largest_exact(value: object) -> float:
    """Up to which size a float of the type of `value` holds every whole number."""
    return 2.0 ** _EXACT_BITS.get(getattr(value, "itemsize", 8), 53)


def _is_missing(value: object) -> bool:
    """Whether a value is None, NaN, NaT or pd.NA: the last two are no numbers, and equal nothing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return value.is_nan() if isinstance(value, Decimal) else isinstance(value, float) and math.isnan(value)


def _items(value: object) -> Iterator[object] | None:
    """The items of a list, a set (in alphabetical order) or an array; None for anything else."""
    match value:
        case list() | tuple():
            return iter(value)
        case set() | frozenset():
            return iter(sorted(value, key=str))
        case _:
            listed = getattr(value, "tolist", None)
            items = listed() if callable(listed) else None
            return iter(items) if isinstance(items, list) else None
