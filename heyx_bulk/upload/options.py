"""Everything a person says that shapes the rows of a run, and how their sheet is to be read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.mapping.recognition import MappingOptions
from heyx_bulk.planning.planner import Matching
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """Everything a person says that shapes the rows: a resumed run must have been given the same."""

    mapping: MappingOptions = field(default_factory=MappingOptions)
    matching: Matching = field(default_factory=Matching)
    worksheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    separator: str | None = None
    raw_csv: bool = False
    accept_rounded_ids: bool = False
    duplicates: Duplicates = Duplicates.ERROR
    viber: bool = False
    since_export: bool = False
    export_number: int | None = None
    """The export that `since_export` means, if not the one that is found."""
    read_first: bool | None = None
    """Whether contacts named by id are read before they are written; None: in a sheet that an export wrote."""

    def open(self, path: Path) -> Sheet:
        """The sheet at `path`, read as it is meant; raises `SheetError`."""
        return open_sheet(
            path,
            SheetOptions(
                worksheet=self.worksheet,
                header_row=self.header_row,
                encoding=self.encoding,
                separator=self.separator,
                raw_csv=self.raw_csv,
            ),
        )

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> UploadOptions:
        """How the sheet of a journal's run was read: what its `open` needs to read it again."""
        return cls(**checkpoint.info.sheet_options)

    def document(self) -> dict[str, object]:
        """The intent as plain data, each option under its name on the command line."""
        mapping = self.mapping.file
        options = {
            **asdict(replace(self.mapping, file=None)),
            **asdict(self.matching),
            "mapping": None if mapping is None else f"{mapping.name} ({mapping.digest})",
            "worksheet": self.worksheet,
            "header_row": self.header_row,
            "encoding": self.encoding,
            "separator": self.separator,
            "raw_csv": self.raw_csv,
            "accept_rounded_ids": self.accept_rounded_ids,
            "duplicates": self.duplicates,
            "viber": self.viber,
            "since_export": self.since_export,
            "export_number": self.export_number,
            "read_first": self.read_first,
        }
        return {_option(name): _plain(value) for name, value in options.items()}


_OPTIONS = {
    "add_tags": "--add-tag",
    "remove_tags": "--remove-tag",
    "types": "--type",
    "constants": "--set",
}
"""The options that are not called as their names are."""


def _option(name: str) -> str:
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def _plain(value: object) -> object:
    return json.loads(json.dumps(value))
