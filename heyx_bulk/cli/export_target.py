"""Where an export goes: a file of some kind, or standard output."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.cli.console import Console
from heyx_bulk.errors import SettingsError, WriteError, translate_full_disk
from heyx_bulk.export.layout import Table, as_texts
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.option import command_line, words
from heyx_bulk.reports.written_files import free_name
from heyx_bulk.sheets.excel_writer import CellStyle
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.writer import check_parquet, write_json_lines, write_parquet, write_sheet
from heyx_bulk.storage.paths import export_checkpoint_path, short_path, state_checkpoint_path

SHEETS = (".xlsx", ".csv")
KINDS = (*SHEETS, ".jsonl", ".parquet")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """The file that an export is written to; `-` is standard output, as CSV."""

    path: Path
    raw_csv: bool = False

    @classmethod
    def of(cls, text: str, *, raw_csv: bool) -> ExportTarget:
        """The target that a command line names; raises `SettingsError` for an unknown kind of file."""
        path = Path(text)
        if text != "-" and path.suffix.casefold() not in KINDS:
            raise SettingsError(
                f"{path} does not end in {', '.join(KINDS[:-1])} or {KINDS[-1]}.",
                "Use one of these endings, or - for CSV on standard output.",
            )
        if text != "-" and not path.absolute().parent.is_dir():
            raise WriteError(
                f"The folder {path.absolute().parent} does not exist.", "Create it, or choose another folder."
            )
        if path.suffix.casefold() == ".parquet":
            check_parquet()
        return cls(path, raw_csv)

    @property
    def is_stream(self) -> bool:
        """Whether contacts go to standard output."""
        return str(self.path) == "-"

    def checkpoint(self, digest: str) -> tuple[Path, str]:
        """The path of the export's checkpoint, and why it is not beside the file, if it is not."""
        return (
            (state_checkpoint_path(f"{digest[:16]}.export"), "")
            if self.is_stream
            else export_checkpoint_path(self.path)
        )

    def write(self, table: Table) -> Path:
        """Write the table, completely or not at all, to a path that does not exist yet; return the path."""
        with translate_full_disk(
            f"The disk of {self.path.absolute().parent} is full.",
            "The contacts that were read are kept. Free some space and run the same command again.",
        ):
            return self._poured(table) if self.is_stream else self._write(free_name(self.path), table)

    def _write(self, path: Path, table: Table) -> Path:
        match path.suffix.casefold():
            case ".jsonl":
                write_json_lines(path, table.header, table.rows)
            case ".parquet":
                write_parquet(path, table.header, table.rows)
            case _:
                rows = as_texts(table.rows)
                style = CellStyle(table.kinds)
                write_sheet(path, table.header, rows, worksheet="Contacts", style=style, raw_csv=self.raw_csv)
        return path

    def _poured(self, table: Table) -> Path:
        """Write to standard output what a file would contain, without the mark that only Excel needs."""
        with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
            written = self._write(Path(folder) / "contacts.csv", table)
            with written.open("rb") as file, suppress(BrokenPipeError):
                if file.read(len(_BOM)) != _BOM:
                    file.seek(0)
                shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.flush()
        return self.path

    def tell(self, console: Console, written: Path, comes_back: MappingOptions | None) -> None:
        """Say where the contacts are, and how to send them back, if they can be: with which options of columns."""
        if self.is_stream:
            return
        kept = f" ({self.path} exists already and was not changed)" if written != self.path else ""
        console.say(f"Written: {short_path(written)}{kept}")
        if comes_back is not None and written.suffix.casefold() in SHEETS:
            options = (*words(SheetOptions(raw_csv=self.raw_csv)), *words(comes_back))
            command = command_line("upload", short_path(written), "--since-export", *options)
            console.suggest("To send your changes back to HeyX", command)

    def total(self, console: Console, text: str, document: Mapping[str, object], code: int) -> None:
        """Print the totals: on standard output, unless the contacts were written there."""
        if self.is_stream:
            console.say(text)
        else:
            console.result(text, document, code)
