"""Everything a person says about an upload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.option import LazyModule, Panel, option
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.reports.stop_conditions import StopConditions, parse_duration, write_duration
from heyx_bulk.sheets.sheet_options import NO_PRESET, SheetOptions, SheetPreset

if TYPE_CHECKING:
    from heyx_bulk.mapping import columns
    from heyx_bulk.models.contacts import Field
    from heyx_bulk.settings.resolution import Resolved
    from heyx_bulk.sheets.sheet import Sheet
else:
    columns = LazyModule("heyx_bulk.mapping.columns")


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """Everything that shapes the rows: a run that is carried on must be given the same."""

    panel: ClassVar = Panel.CONTACT

    sheet: SheetOptions = field(default_factory=SheetOptions)
    mapping: MappingOptions = field(default_factory=MappingOptions)
    duplicates: Duplicates = option(
        "--duplicates",
        default=Duplicates.ERROR,
        help="Rows with the same key: error makes the later ones invalid, merge makes one of them, last sends the "
        "last one.",
    )
    matching: Matching = field(default_factory=Matching)
    accept_rounded_ids: bool = option(
        "--accept-rounded-ids",
        default=False,
        help="Send contact ids that Excel holds as numbers and may have rounded.",
    )
    since_export: bool = option(
        "--since-export",
        panel=Panel.WRITE,
        default=False,
        help="The sheet is an export that was edited: send only what was changed, without looking up contacts.",
    )
    export_number: int | None = option(
        "--export-number",
        panel=Panel.WRITE,
        metavar="N",
        least=1,
        help="The sheet is this export, edited, as `cache show` numbers it [default: found].",
        show_default=False,
    )
    accept_spreadsheet_changes: bool = option(
        "--accept-spreadsheet-changes",
        panel=Panel.WRITE,
        default=False,
        help="With an edited export: take cells as they are, even if only a spreadsheet changed them.",
    )

    def with_settings(self, settings: Resolved) -> UploadOptions:
        """The options with what the settings of the channel say of phones; raises `SettingsError`."""
        return replace(
            self, mapping=self.mapping.with_settings(settings), matching=self.matching.with_settings(settings)
        )

    @property
    def is_edited_export(self) -> bool:
        """Whether the sheet is an export that was edited."""
        return self.since_export or self.export_number is not None

    @property
    def preset(self) -> SheetPreset:
        """How the sheet is read, as the mapping file says."""
        return NO_PRESET if self.mapping.file is None else self.mapping.file.preset

    def as_read(self, sheet: Sheet, preset: SheetPreset) -> UploadOptions:
        """The options with the worksheet and the row of headers by which `sheet` was read."""
        completed = preset.complete(self.sheet, is_workbook=sheet.worksheet is not None)
        return replace(self, sheet=completed)

    def check(self) -> None:
        """Raise `SettingsError` where options contradict each other."""
        if self.matching.no_match and self.matching.mode is Mode.UPDATE:
            raise SettingsError(
                "--no-match creates a contact for every row, and --mode update creates none.",
                "Leave one of them out.",
            )
        if self.matching.detect_conflicts and not self.is_edited_export:
            raise SettingsError(
                "--detect-conflicts compares HeyX with an export, but --since-export was not given.",
                "Add --since-export.",
            )


class LookupSource(StrEnum):
    """What answers look-ups, beside HeyX one by one."""

    AUTO = "auto"
    """What takes the fewest calls."""
    CACHE = "cache"
    INDEX = "index"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class PrefetchOptions:
    """Which contacts need not be looked up one by one. `trust_cache` is the greatest age, in seconds."""

    panel: ClassVar = Panel.CONTACT

    index: tuple[str, ...] = option(
        "--index",
        default=(),
        metavar="FIELD=VALUE",
        help="Read all contacts with this value first, 10 per call, and look up only rows that are not among "
        "them. Repeatable.",
    )
    trust_cache: float | None = option(
        "--trust-cache",
        metavar="AGE",
        help="Take contacts that this machine has seen within this time, such as 24h or 7d, as they were then, "
        "without a look-up.",
        parse=lambda text: parse_duration(text, "--trust-cache"),
        word=write_duration,
    )

    lookup: LookupSource = option(
        "--lookup",
        default=LookupSource.AUTO,
        metavar="SOURCE",
        help="auto: read the index only if that takes fewer calls; index: read it in any case; cache: only trust "
        "the cache; single: look up every row in HeyX.",
    )

    def __bool__(self) -> bool:
        return self.lookup is not LookupSource.SINGLE and (bool(self.index) or self.trust_cache is not None)

    def check(self) -> None:
        """Raise `SettingsError` where the source of look-ups is not given."""
        missing = ""
        if self.lookup is LookupSource.INDEX and not self.index:
            missing = "--index"
        elif self.lookup is LookupSource.CACHE and self.trust_cache is None:
            missing = "--trust-cache"
        if missing:
            raise SettingsError(
                f"--lookup {self.lookup} needs {missing}.", f"Add {missing}, or leave out --lookup."
            )

    def searches(self) -> Iterator[Field]:
        """What is to be read; raises `SettingsError`."""
        wanted = self.index if self.lookup in (LookupSource.AUTO, LookupSource.INDEX) else ()
        return (columns.parse_field_value(text, "--index") for text in wanted)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How one session of a run goes: another one of the same run may be given others."""

    panel: ClassVar = Panel.LIMITS

    out: Path | None = option(
        "--out",
        panel=Panel.OUTPUT,
        metavar="FOLDER",
        help="Where results and checkpoint go [default: beside the sheet].",
    )
    restart: bool = option(
        "--restart",
        panel=Panel.USUAL,
        default=False,
        help="Start a new run of the sheet; the run before is kept under a dated name.",
    )
    strict: bool = option("--strict", default=False, help="Send nothing if any row is invalid.")
    stops: StopConditions = field(default_factory=StopConditions)
    canary: int = option(
        "--canary",
        panel=Panel.TRIAL,
        default=0,
        metavar="N",
        least=0,
        help="Send N rows first, read them back and compare, then the rest.",
    )
    report: bool = option(
        "--report/--no-report",
        default=True,
        help="Write a report with charts, one HTML file beside the results.",
    )
    prefetch: PrefetchOptions = field(default_factory=PrefetchOptions)
    log: CallLogOptions = field(default_factory=CallLogOptions)
    command: str = ""
    """The command that carries the run on, if not one that is made of the options."""
