"""`heyx-bulk inspect`: what a sheet is, what its columns mean, and what is wrong with it."""

from __future__ import annotations

from typing import Annotated

from heyx_bulk.cli.command import ChannelNamed, NoMapping, PlainConsole, SheetPath, Without
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import UploadOptions


def inspect(
    sheet: SheetPath,
    sheet_options: SheetOptions,
    mapping: Annotated[MappingOptions, Without(("add_tags", "remove_tags", "tracking_field", "created_tags"))],
    connection: ChannelNamed,
    console: PlainConsole,
    *,
    no_mapping: NoMapping = False,
) -> int:
    """Show how a sheet is read, which field each column is, and which rows are invalid.

    \b
    heyx-bulk inspect contacts.xlsx
    heyx-bulk inspect contacts.csv --ignore Notes --custom-fields

    Needs no token; sends nothing.
    """
    from heyx_bulk.cli.column_view import show_inspection

    return show_inspection(sheet, UploadOptions(sheet_options, mapping), connection, console, look=not no_mapping)
