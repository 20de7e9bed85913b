"""`heyx-bulk columns`: which field each column of a sheet is; shown, and written to a mapping file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli.command import ChannelNamed, NoMapping, PlainConsole, SheetPath, Without
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.option import Panel
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import UploadOptions


def columns(
    sheet: SheetPath,
    sheet_options: SheetOptions,
    mapping: Annotated[
        MappingOptions,
        Without(
            (
                *("add_tags", "remove_tags", "tracking_field", "created_tags", "constants"),
                *("region", "phone_format", "date_order", "lenient"),
            )
        ),
    ],
    connection: ChannelNamed,
    console: PlainConsole,
    *,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Write a mapping file, which you can edit.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
    no_mapping: NoMapping = False,
) -> int:
    """Show which field each column of a sheet is, and why; write a mapping file that you can edit.

    \b
    heyx-bulk columns contacts.xlsx
    heyx-bulk columns contacts.xlsx --save contacts.toml

    An upload uses the mapping file automatically if it is beside the sheet and has its name, or was written for
    the same headers. Needs no token; sends nothing.
    """
    from heyx_bulk.cli.column_view import show_columns

    return show_columns(
        sheet, UploadOptions(sheet_options, mapping), connection, console, save, look=not no_mapping
    )
