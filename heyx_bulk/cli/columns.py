"""`heyx-bulk columns`: what each column of a sheet is taken for, shown, and written down to be corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli.command import PlainConsole, SheetPath, Without
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import UploadOptions


def columns(
    sheet: SheetPath,
    sheet_options: SheetOptions,
    mapping: Annotated[
        MappingOptions,
        Without(
            (
                *("add_tags", "remove_tags", "tracking_field", "constants"),
                *("region", "phone_format", "date_order", "lenient"),
            )
        ),
    ],
    console: PlainConsole,
    *,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write what they mean into a mapping file, to be corrected."),
    ] = None,
    no_mapping: Annotated[bool, typer.Option("--no-mapping", help="Look for no mapping file.")] = False,
) -> int:
    """Show what each column of a sheet is taken for, and why; write it down, to be corrected in one place.

    \b
    heyx-bulk columns contacts.xlsx
    heyx-bulk columns contacts.xlsx --save contacts.toml

    An upload finds the mapping file by itself if it lies beside the sheet and has its name, or was written for the
    same headers. Needs no token; nothing is sent.
    """
    from heyx_bulk.cli.column_view import show_columns

    return show_columns(sheet, UploadOptions(sheet_options, mapping), console, save, look=not no_mapping)
