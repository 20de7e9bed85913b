"""Sheets as commands open them."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.sheets.frames import text_type
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import NO_PRESET, SheetOptions, SheetPreset
from heyx_bulk.upload.options import UploadOptions

_COLLECTED_AFTER = (50_000, 20, 20)
"""Objects until the garbage collector looks at the youngest, and its rounds until it looks at older ones."""


@dataclass(frozen=True, slots=True)
class UnreadSheet:
    """A sheet that is to be read as options and the `preset` of a mapping file say."""

    path: Path
    options: UploadOptions
    preset: SheetPreset


@dataclass(frozen=True, slots=True)
class OpenedSheet:
    """A sheet, the options with how it was read, and what was answered about it.

    `before` are the options without the answers that are not saved yet; `answered` are the positions of the
    columns that the user was asked about. `words` are the options for the answers that no mapping file keeps.
    `can_go_back` is whether there is a question before.
    """

    sheet: Sheet
    options: UploadOptions
    before: UploadOptions
    answered: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    can_go_back: bool = False


def read_sheet(path: Path, options: SheetOptions, preset: SheetPreset = NO_PRESET) -> Sheet:
    """Open a sheet for a command, as `open_sheet` does.

    From then on the garbage collector looks less often, and never at what is loaded by now. A sheet's texts refer
    to nothing else, and looking at them takes a fifth of the time of staging. A program that uses the library
    decides for itself.
    """
    gc.set_threshold(*_COLLECTED_AFTER)
    sheet = open_sheet(path, options, preset)
    gc.collect()  # what reading left behind, such as the shared strings of a workbook, up to 100 MB
    text_type()  # loads pandas, which takes the place of it
    gc.freeze()
    return sheet
