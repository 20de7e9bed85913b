"""Sheets as commands open them."""

from __future__ import annotations

import gc
from pathlib import Path

from heyx_bulk.sheets.frames import text_type
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import NO_PRESET, SheetOptions, SheetPreset

_COLLECTED_AFTER = (50_000, 20, 20)
"""Objects until the garbage collector looks at the youngest, and its rounds until it looks at older ones."""


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
