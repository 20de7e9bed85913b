"""The questions about a sheet, from its worksheet to its phones: one dialog, in which the user can go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from heyx_bulk.cli.asking import GoBack, Question, SavedAnswers
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.questions import ask_for_sheet, column_question, find_mapping_file, save_columns
from heyx_bulk.cli.reading_questions import ask_how_to_read
from heyx_bulk.cli.sheet_input import OpenedSheet, UnreadSheet, read_sheet
from heyx_bulk.errors import HeaderRowNeeded, RegionNeeded, SeparatorNeeded, WorksheetNeeded
from heyx_bulk.mapping.mapping_file import find_preset
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.models.option import words
from heyx_bulk.sheets.detect_format import STANDARD_INPUT
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import UploadOptions

R = TypeVar("R")
_State = UnreadSheet | OpenedSheet


class SheetDialog:
    """Opens a sheet as options and mapping file say, and asks what they leave open.

    With `look`, the mapping file beside the sheet says how it is read where the options name none. With `keep`, it
    says what the columns mean, too, and answers are saved in it, or in a new one. With `columns`, the user is
    asked about columns that are not recognized; `fields` are the known fields of the channel. Without `may_ask`,
    or a terminal, nothing is asked.
    """

    def __init__(
        self,
        path: Path,
        options: UploadOptions,
        console: Console,
        fields: KnownFields = NO_FIELDS,
        *,
        look: bool,
        keep: bool,
        may_ask: bool = True,
        columns: bool = False,
    ) -> None:
        is_file = path != STANDARD_INPUT
        self._given = options
        self._console = console
        self._fields = fields
        self._keep = keep
        self._can_ask = may_ask and is_file and console.can_ask
        self._asks_columns = columns and may_ask and console.can_ask
        self._saved = SavedAnswers(console, saves=keep)
        preset = find_preset(path) if look and is_file and options.mapping.file is None else options.preset
        self._unread = UnreadSheet(path, options, preset)

    def open(self) -> OpenedSheet:
        """The sheet; raises what is left open and was not asked."""
        return self.run(lambda opened: opened)

    def run(self, use: Callable[[OpenedSheet], R]) -> R:
        """What `use` makes of the sheet. Where it raises what is left open, that is asked, and `use` called again.

        It may also raise `GoBack`, if the sheet says so.
        """
        state: _State = self._unread
        asked: list[tuple[Question[_State], int]] = []
        while True:
            question: Question[_State] | None
            try:
                state = self._read(state) if isinstance(state, UnreadSheet) else state
                question = column_question(state, self._fields, self._saved) if self._asks_columns else None
                if question is None:
                    state = save_columns(state, self._fields, self._saved)
                    words = self._words_for(state.options.mapping)
                    return use(replace(state, words=(*state.words, *words), can_go_back=bool(asked)))
            except (WorksheetNeeded, HeaderRowNeeded, RegionNeeded, SeparatorNeeded) as needed:
                question = self._question(state, needed)
                if question is None:
                    raise
            except GoBack:
                question = self._question_before(asked)
            state = self._ask(question, asked)

    def _ask(self, question: Question[_State], asked: list[tuple[Question[_State], int]]) -> _State:
        """What the answer leads to: to this question, or to one before, if the user goes back."""
        while True:
            saved = self._saved.count
            try:
                state = question(can_go_back=bool(asked))
            except GoBack:
                question = self._question_before(asked)
            else:
                asked.append((question, saved))
                return state

    def _question_before(self, asked: list[tuple[Question[_State], int]]) -> Question[_State]:
        """The question before, whose answer is taken back."""
        question, saved = asked.pop()
        self._saved.take_out(saved)
        return question

    def _question(self, state: _State, needed: Exception) -> Question[_State] | None:
        """The question that an error leaves open; None if it cannot be asked."""
        match state, needed:
            case UnreadSheet(), WorksheetNeeded() | HeaderRowNeeded() if self._can_ask:
                return partial(ask_how_to_read, state, needed, self._saved)
            case OpenedSheet(), RegionNeeded() | SeparatorNeeded() if self._can_ask:
                return partial(ask_for_sheet, state, needed, self._fields, self._saved)
            case _:
                return None

    def _read(self, unread: UnreadSheet) -> OpenedSheet:
        sheet = read_sheet(unread.path, unread.options.sheet, unread.preset)
        options, given = unread.options, self._given.sheet
        kept_nowhere = SheetOptions(
            worksheet=None if options.sheet.worksheet == given.worksheet else options.sheet.worksheet,
            header_row=None if options.sheet.header_row == given.header_row else options.sheet.header_row,
        )
        options = options.as_read(sheet, unread.preset)
        options = find_mapping_file(sheet, options, self._console, look=self._keep)
        return OpenedSheet(sheet, options, before=options, words=(*words(kept_nowhere),))

    def _words_for(self, mapping: MappingOptions) -> tuple[str, ...]:
        """The options for the answers about columns, phones and tags that no mapping file keeps."""
        given = self._given.mapping
        kept_nowhere = MappingOptions(
            map=mapping.map[len(given.map) :],
            ignore=mapping.ignore[len(given.ignore) :],
            region=None if mapping.region == given.region else mapping.region,
            tag_separator=None if mapping.tag_separator == given.tag_separator else mapping.tag_separator,
        )
        return (*words(kept_nowhere),)
