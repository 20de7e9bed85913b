"""The mapping file that a command uses: the one that is named, or the one that is found for the sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from heyx_bulk.cli.console import Console, short_path
from heyx_bulk.mapping import mapping_store as mapping
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.upload.options import UploadOptions


@dataclass(frozen=True, slots=True)
class MappingWish:
    """Which mapping file a person wants: the `named` one, else, if `look`, the one meant for the sheet."""

    named: Path | None
    look: bool

    def applied(self, options: UploadOptions, sheet: Sheet, console: Console) -> UploadOptions:
        """The intent with what the mapping file says, if there is one; it is named to the person."""
        path = self.named or (mapping.find_mapping(sheet.path, sheet.header) if self.look else None)
        if path is None:
            return options
        said = mapping.read_mapping(path)
        by_itself = "" if self.named else " (found by itself; --no-mapping leaves it alone)"
        console.say(f"The columns are as {short_path(path)} says{by_itself}.")
        return replace(options, mapping=replace(options.mapping, file=said))
