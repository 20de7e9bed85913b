"""DataFrames of exact text: what passes from stage to stage. They are made here and nowhere else.

Columns are labelled by their position, never by their header: headers occur twice. The index holds the row numbers
that a spreadsheet shows. Work on the texts of a column as a list (`column_texts`): iterating over a Series costs
fifty times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from heyx_bulk.sheets.record import CellError

if TYPE_CHECKING:
    import pandas as pd

Frame: TypeAlias = "pd.DataFrame"

ERROR, WARNING = "error", "warning"


class CellIssue(NamedTuple):
    """A line of a DataFrame of issues.

    `severity` is `error` for a cell without a readable text, `warning` for one whose text may not be the intended
    one. `row` is the number that a spreadsheet shows, `column` a position from 0. `cause` says what is wrong with
    the cell ("shows the error #N/A"), `detail` how to correct it.
    """

    row: int
    column: int
    cause: str
    detail: str
    severity: str = ERROR


class SheetFrame(NamedTuple):
    """Some rows of a sheet: DataFrames of their `cells` ('' for blank), and of the `issues` of these cells.

    A cell with an error is blank in `cells`, or has U+FFFD for what is no character. An issue may be of a column
    beyond the last one.
    """

    cells: Frame
    issues: Frame


@cache
def text_type() -> pd.StringDtype[Any]:
    """Python's own strings: no text changes by standing in a DataFrame, whatever else is installed."""
    import pandas as pd  # noqa: PLC0415 - takes a third of a second, which `--help` does not pay

    return pd.StringDtype("python", na_value=float("nan"))


def text_frame(columns: Mapping[Any, Sequence[str]], numbers: Sequence[int]) -> Frame:
    """A DataFrame of texts: its columns by their labels, the rows' numbers as index."""
    import pandas as pd  # noqa: PLC0415 - see `text_type`

    return pd.DataFrame(dict(columns), index=pd.Index([*numbers], dtype="int64"), dtype=text_type())


def label_columns(frame: Frame, header: Sequence[str]) -> Frame:
    """The frame with headers, which may occur twice, as its labels: for people, not for a further step."""
    import pandas as pd  # noqa: PLC0415 - see `text_type`

    return frame.set_axis(pd.Index([*header], dtype=object), axis="columns")


def line_frame(line: type[tuple[Any, ...]], lines: Sequence[tuple[Any, ...]]) -> Frame:
    """A DataFrame with the columns of a named tuple `line`, and these lines."""
    import pandas as pd  # noqa: PLC0415 - see `text_type`

    return pd.DataFrame(lines, columns=list(line._fields)) if lines else _no_lines(line)  # type: ignore[attr-defined]


@cache
def _no_lines(line: type[tuple[Any, ...]]) -> Frame:
    """One for all frames without issues, since most are."""
    import pandas as pd  # noqa: PLC0415 - see `text_type`

    return pd.DataFrame([], columns=list(line._fields))  # type: ignore[attr-defined]


def issue_frame(errors: Iterable[CellError], warnings: Iterable[CellError] = ()) -> Frame:
    """A DataFrame with a line for each issue, and the columns of `CellIssue`."""
    issues = [CellIssue(*error, ERROR) for error in errors] + [CellIssue(*one, WARNING) for one in warnings]
    return line_frame(CellIssue, issues)


def issues_of(frame: Frame) -> Iterator[CellIssue]:
    """The lines of a DataFrame of issues."""
    if not len(frame):
        return iter(())
    return map(CellIssue._make, zip(*(frame[name].tolist() for name in CellIssue._fields), strict=True))


def numbers_of(frame: Frame) -> list[int]:
    """The rows' numbers."""
    numbers: list[int] = frame.index.tolist()
    return numbers


def column_texts(frame: Frame) -> list[list[str]]:
    """The texts of each column."""
    return [column.tolist() for _, column in frame.items()]


def row_texts(frame: Frame) -> list[tuple[str, ...]]:
    """The texts of each row."""
    return [*zip(*column_texts(frame), strict=True)]


def join_frames(frames: Iterable[Frame]) -> Frame:
    """One DataFrame of the rows of several, at least one, whose columns are the same."""
    import pandas as pd  # noqa: PLC0415 - see `text_type`

    return pd.concat([*frames])


def with_texts(frame: Frame, label: str, texts: Sequence[str]) -> Frame:
    """The frame with these texts in the column `label`, of which there is one."""
    import pandas as pd  # noqa: PLC0415 - see `text_type`

    return frame.assign(**{label: pd.Series([*texts], frame.index, text_type())})
