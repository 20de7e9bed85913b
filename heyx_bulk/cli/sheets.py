"""The commands that look at a sheet: how it is read, and what its columns mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli import options as o
from heyx_bulk.cli.console import Console, report_errors


def inspect(
    sheet: o.Sheet,
    worksheet: o.Worksheet = None,
    header_row: o.HeaderRow = None,
    encoding: o.Encoding = None,
    delimiter: o.Delimiter = None,
    raw_csv: o.RawCsv = False,
    mapping: o.Mapping = None,
    no_mapping: o.NoMapping = False,
    map_: o.Map = None,
    ignore: o.Ignore = None,
    custom_fields: o.CustomFields = False,
    ignore_unknown: o.IgnoreUnknown = False,
    types: o.Types = None,
    constants: o.Constants = None,
    region: o.Region = None,
    phone_format: o.Format = None,
    date_order: o.Order = None,
    lenient: o.Lenient = False,
    id_column: o.IdColumn = None,
    key: o.Key = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Look at a sheet: how it is read, what its columns mean, what is wrong.

    \b
    heyx-bulk inspect contacts.xlsx
    heyx-bulk inspect contacts.csv --ignore Notes --custom-fields

    Needs no token; nothing is sent.
    """
    from heyx_bulk.cli.inspect import print_inspection
    from heyx_bulk.cli.mapping import MappingWish
    from heyx_bulk.upload.options import UploadOptions

    with report_errors():
        options = UploadOptions(
            mapping=o.mapping_options(
                map_=map_,
                ignore=ignore,
                custom_fields=custom_fields,
                ignore_unknown=ignore_unknown,
                types=types,
                constants=constants,
                region=region,
                phone_format=phone_format,
                date_order=date_order,
                lenient=lenient,
                id_column=id_column,
                key=key,
            ),
            worksheet=worksheet,
            header_row=header_row,
            encoding=encoding,
            separator=delimiter,
            raw_csv=raw_csv,
        )
        wish = MappingWish(mapping, look=not no_mapping)
        raise typer.Exit(print_inspection(sheet, options, wish, Console(quiet=quiet, as_json=as_json)))


def columns(
    sheet: o.Sheet,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write what they mean into a mapping file, to be corrected."),
    ] = None,
    worksheet: o.Worksheet = None,
    header_row: o.HeaderRow = None,
    encoding: o.Encoding = None,
    delimiter: o.Delimiter = None,
    raw_csv: o.RawCsv = False,
    mapping: o.Mapping = None,
    no_mapping: o.NoMapping = False,
    map_: o.Map = None,
    ignore: o.Ignore = None,
    custom_fields: o.CustomFields = False,
    ignore_unknown: o.IgnoreUnknown = False,
    types: o.Types = None,
    id_column: o.IdColumn = None,
    key: o.Key = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Show what each column of a sheet is taken for, and why; write it down, to be corrected in one place.

    \b
    heyx-bulk columns contacts.xlsx
    heyx-bulk columns contacts.xlsx --save contacts.toml

    An upload finds the mapping file by itself if it lies beside the sheet and has its name, or was written for the
    same headers. Needs no token; nothing is sent.
    """
    from heyx_bulk.cli.columns import show_columns
    from heyx_bulk.cli.mapping import MappingWish
    from heyx_bulk.upload.options import UploadOptions

    with report_errors():
        options = UploadOptions(
            mapping=o.mapping_options(
                map_=map_,
                ignore=ignore,
                custom_fields=custom_fields,
                ignore_unknown=ignore_unknown,
                types=types,
                constants=None,
                region=None,
                phone_format=None,
                date_order=None,
                lenient=False,
                id_column=id_column,
                key=key,
            ),
            worksheet=worksheet,
            header_row=header_row,
            encoding=encoding,
            separator=delimiter,
            raw_csv=raw_csv,
        )
        wish = MappingWish(mapping, look=not no_mapping and save is None)
        raise typer.Exit(show_columns(sheet, options, wish, save, Console(quiet=quiet, as_json=as_json)))
