"""The file of failed rows, corrected, sorted and shortened as people like, taken back into its run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from heyx_bulk.errors import SheetError
from heyx_bulk.mapping.cells import cell_problems, is_cell_problem, is_of_columns
from heyx_bulk.mapping.columns import ID_COLUMN, OUR_COLUMNS, Column, Use, normalize_name
from heyx_bulk.models.contacts import Problem
from heyx_bulk.reports.outcome_cells import parse_row_label, reported_id, sheet_positions
from heyx_bulk.reports.run_totals import NEEDS_ATTENTION
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.frames import ERROR, issues_of, numbers_of, row_texts
from heyx_bulk.sheets.record import ROW_COLUMN
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.checkpoint.row_record import CorrectedRow, RowRecord
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.kept_cells import KeptCells
from heyx_bulk.upload.staging import revalidate
from heyx_bulk.values.text import trim

MISTAKES_SHOWN = 10


@dataclass(slots=True)
class ImportedCorrections:
    """What a file of failed rows brought: rows opened again, and others, which need nothing and are left alone.

    `corrected` are those opened whose cells were changed, `edited` those of the others whose cells were changed
    all the same. `kept` are cells that a spreadsheet changed by itself.
    """

    name: str
    opened: list[int] = field(default_factory=list)
    corrected: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)
    kept: KeptCells = field(default_factory=KeptCells)


def run_of_file(sheet: Sheet) -> str | None:
    """The run (its first letters) whose rows a file of failed rows holds; None where it is no such file."""
    position = _position(sheet.header, ROW_COLUMN)
    if position is None:
        return None
    for cells, _ in sheet.frames():
        for text in cells[position].tolist():
            if found := parse_row_label(trim(text)):
                return found[1]
    return None


def import_corrections(
    run: Run, sheet: Sheet, *, uncertain: bool = False, accept_spreadsheet_changes: bool = False
) -> ImportedCorrections:
    """Take the rows of `sheet` back into their run; all of them or, where one is not known, none.

    With `uncertain`, rows whose create went unanswered are sent as if it never was. A cell that differs from the
    run's only as a spreadsheet changes it keeps its value, unless `accept_spreadsheet_changes`.

    Raises `SheetError` that names every row that is unknown, of another run, or there twice.
    """
    reader = _Reader(run, sheet, KeptCells(accept_spreadsheet_changes))
    rows = list(reader.rows())
    reader.refuse_mistakes()
    run.checkpoint.reopening.apply_corrections(rows, uncertain=uncertain)
    return reader.given


class _GivenRow(NamedTuple):
    """A row given back: its texts now, the contact id that a person named for it, and what is wrong with cells."""

    cells: list[str]
    named_id: str | None
    problems: Sequence[Problem]


class _Reader:
    """Reads a file of failed rows against the run it came from."""

    def __init__(self, run: Run, sheet: Sheet, kept: KeptCells) -> None:
        self.given = ImportedCorrections(sheet.path.name, kept=kept)
        self._run = run
        self._sheet = sheet
        self._ids = run.columns.used(Use.ID)
        self._name = run.checkpoint.info.short_id
        self._mistakes: list[str] = []
        self._seen: dict[int, int] = {}
        self._sources = self._match_columns(sheet.header)
        self._row_position = _position(sheet.header, ROW_COLUMN)
        self._id_position = _position(sheet.header, ID_COLUMN)

    def rows(self) -> Iterator[CorrectedRow]:
        """The rows that are to be opened again."""
        for frame in self._sheet.frames():
            problems = cell_problems(self._run.columns, frame, target=self._sources.get)
            unreadable: dict[int, set[int]] = {}
            for issue in issues_of(frame.issues):
                if issue.severity == ERROR:
                    unreadable.setdefault(issue.row, set()).add(issue.column)
            for row, cells in zip(numbers_of(frame.cells), row_texts(frame.cells), strict=True):
                if (record := self._record(row, cells)) is None:
                    continue
                given = self._given_row(record, cells, problems.get(row, ()), unreadable.get(row, set()))
                is_changed = (tuple(given.cells), given.named_id) != (record.cells, record.assigned_id)
                if record.status in NEEDS_ATTENTION:
                    self.given.opened.append(record.number)
                    if is_changed:
                        self.given.corrected.append(record.number)
                    yield revalidate(self._run, record.number, *given)
                    continue
                self.given.done.append(record.number)
                if is_changed:
                    self.given.edited.append(record.number)

    def refuse_mistakes(self) -> None:
        """Raise what is wrong with the file, if anything is."""
        if not self._mistakes:
            return
        shown = self._mistakes[:MISTAKES_SHOWN]
        if len(self._mistakes) > len(shown):
            shown.append(f"and {len(self._mistakes) - len(shown)} more")
        raise SheetError(
            f"{self._sheet.path.name} cannot be taken back:\n  " + "\n  ".join(shown),
            f"Correct the cells of the rows; leave {ROW_COLUMN} and the headers as they are. "
            "You may sort rows and leave some out.",
        )

    def _record(self, row: int, cells: Sequence[str]) -> RowRecord | None:
        named = parse_row_label(trim(cells[self._row_position])) if self._row_position is not None else None
        if named is None:
            self._mistakes.append(f"row {row}: {ROW_COLUMN} does not name a row")
            return None
        number, run = named
        if run != self._name:
            self._mistakes.append(f"row {row}: it is of another run, {run} (this one is {self._name})")
        elif number in self._seen:
            self._mistakes.append(f"row {row}: row {number} of the sheet is already in row {self._seen[number]}")
        elif (record := self._run.checkpoint.queue.find_row(number)) is None:
            self._mistakes.append(f"row {row}: the run has no row {number}")
        else:
            self._seen[number] = row
            return record
        return None

    def _given_row(
        self, record: RowRecord, cells: Sequence[str], problems: Sequence[Problem], unreadable: Set[int]
    ) -> _GivenRow:
        """A row with what a person changed in its `cells`.

        A cell that only a spreadsheet changed keeps its text, without the `problems` of the one that was found. So
        does a cell at an `unreadable` position, such as a formula that was not calculated, and its problems. A
        cell without a true text keeps its problem until it is changed: most files show it as a blank cell.
        """
        columns, texts, choose = self._run.columns.columns, list(record.cells), self.given.kept.choose
        kept: list[Column] = []
        for source, target in self._sources.items():
            if source in unreadable:
                continue
            known, found = texts[target], cells[source]
            texts[target] = choose(known, found, record.number, str(columns[target]))
            if texts[target] != found:
                kept.append(columns[target])
        named_id = record.assigned_id
        if self._id_position is not None:
            known = reported_id(record, self._ids)
            text = trim(choose(known, cells[self._id_position], record.number, ID_COLUMN))
            named_id = named_id if text == known else text or None
        changed = [column for column in columns if texts[column.position] != record.cells[column.position]]
        changed += self._ids if named_id else ()
        found_now = (one for one in problems if not is_of_columns(one, kept))
        # A value beyond the last column has no cell of its own: any change of its row corrects it.
        found_before = (
            one for one in record.problems if is_cell_problem(one) and (is_of_columns(one, columns) or not changed)
        )
        stay = [one for one in dict.fromkeys([*found_before, *found_now]) if not is_of_columns(one, changed)]
        return _GivenRow(texts, named_id, stay)

    def _match_columns(self, header: Sequence[str]) -> dict[int, int]:
        """Which column of the run's sheet each column of this one is: by header, the same ones in their order."""
        ours = {normalize_name(name) for name in OUR_COLUMNS}
        there: dict[str, list[int]] = {}
        own = self._run.checkpoint.info.header
        for position in sheet_positions(own):
            there.setdefault(trim(own[position]), []).append(position)
        matched: dict[int, int] = {}
        for position, text in enumerate(header):
            if normalize_name(text) in ours:
                continue
            if places := there.get(trim(text)):
                matched[position] = places.pop(0)
            else:
                self._mistakes.append(
                    f"column {column_letter(position)} “{trim(text)}” is not a column of the run's sheet"
                )
        return matched


def _position(header: Sequence[str], name: str) -> int | None:
    found = [at for at, text in enumerate(header) if normalize_name(text) == normalize_name(name)]
    return found[0] if len(found) == 1 else None
