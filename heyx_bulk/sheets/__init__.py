"""Spreadsheets in and out, as exact text: what a person sees in a cell is what the program gets, and back.

Nothing here guesses in silence. A sheet that cannot be read for certain is refused (`SheetError`), a cell
without a true text is a `Fault` of its row, and a number Excel may have rounded is told as a suspect.
"""

from heyx_bulk.sheets.guard import guard, unguard
from heyx_bulk.sheets.opening import open_sheet
from heyx_bulk.sheets.records import Frame, Listed, check_parquet, frame, write_lines, write_parquet
from heyx_bulk.sheets.sheet import Chunk, Fault, Sheet
from heyx_bulk.sheets.writing import Looks, write_sheet

__all__ = [
    "Chunk",
    "Fault",
    "Frame",
    "Listed",
    "Looks",
    "Sheet",
    "check_parquet",
    "frame",
    "guard",
    "open_sheet",
    "unguard",
    "write_lines",
    "write_parquet",
    "write_sheet",
]
