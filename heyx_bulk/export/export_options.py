"""The options of an export: which contacts are wanted, and how their table is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import LazyModule, Panel, option
from heyx_bulk.values.text import trim

if TYPE_CHECKING:
    from heyx_bulk.export import layout as tables
    from heyx_bulk.export import request
    from heyx_bulk.mapping import mapping_file
else:
    tables = LazyModule("heyx_bulk.export.layout")
    request = LazyModule("heyx_bulk.export.request")
    mapping_file = LazyModule("heyx_bulk.mapping.mapping_file")


def _parse_column(name: str) -> str:
    return tables.parse_column_name(name)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Where contacts come from, which of them are wanted, and how the file is laid out."""

    panel: ClassVar = Panel.OUTPUT

    where: tuple[str, ...] = option(
        "--where",
        panel=Panel.USUAL,
        default=(),
        metavar="FIELD=VALUE",
        help="Contacts with this value. Repeatable: contacts with any of the values.",
    )
    where_in: tuple[str, ...] = option(
        "--where-in",
        panel=Panel.USUAL,
        default=(),
        metavar="FIELD=SHEET:COLUMN",
        help="Contacts with any value in a column of a sheet, such as phone=leads.xlsx:Mobile. Repeatable.",
    )
    ids: tuple[str, ...] = option(
        "--ids",
        panel=Panel.SOURCES,
        default=(),
        metavar="SHEET[:COLUMN]",
        help="Contacts with the ids in a column of a sheet. Repeatable.",
    )
    known: bool = option(
        "--known",
        panel=Panel.USUAL,
        default=False,
        help="All contacts that uploads and exports on this machine have seen.",
    )
    passes: int = option(
        "--passes",
        panel=Panel.SOURCES,
        default=3,
        metavar="N",
        least=1,
        help="Read the pages at most N times if contacts change meanwhile.",
    )
    per_page: int | None = option(
        "--per-page",
        panel=Panel.SOURCES,
        metavar="N",
        least=11,
        help="Request N contacts per page, if HeyX allows it.",
    )
    tags: tuple[str, ...] = option(
        "--tag",
        panel=Panel.USUAL,
        default=(),
        metavar="TAG",
        help="Only contacts with this tag. Repeatable: contacts with all of the tags.",
    )
    any_tags: tuple[str, ...] = option(
        "--any-tag",
        panel=Panel.FILTERS,
        default=(),
        metavar="TAG",
        help="Only contacts with one of these tags. Repeatable.",
    )
    not_tags: tuple[str, ...] = option(
        "--not-tag",
        panel=Panel.FILTERS,
        default=(),
        metavar="TAG",
        help="Only contacts without this tag. Repeatable.",
    )
    conditions: tuple[str, ...] = option(
        "--if",
        panel=Panel.USUAL,
        default=(),
        metavar="CONDITION",
        help="Only contacts that match: 'City=Oslo'; also !=, ~ (contains), >, <, 'Email blank' and "
        "'Email not blank'. Repeatable.",
    )
    created_after: str | None = option(
        "--created-after", panel=Panel.FILTERS, metavar="DATE", help="Only contacts created on this day or later."
    )
    created_before: str | None = option(
        "--created-before", panel=Panel.FILTERS, metavar="DATE", help="Only contacts created before this day."
    )
    ignore_case: bool = option(
        "--ignore-case",
        panel=Panel.FILTERS,
        default=False,
        help="Ignore upper and lower case in tags.",
    )
    columns: tuple[str, ...] = option(
        "--columns",
        panel=Panel.USUAL,
        default=(),
        metavar="FIELD,FIELD",
        help="The columns of the file, in this order; also id, tags, tag:VIP and created_at.",
        parse=lambda text: tuple(_parse_column(name) for name in text.split(",") if trim(name)),
        item=_parse_column,
        word=",".join,
    )
    rename: tuple[str, ...] = option(
        "--rename", default=(), metavar="FIELD=HEADER", help="The header of a field's column. Repeatable."
    )
    mapping: Path | None = option("--mapping", metavar="FILE", help="Use the headers of a mapping file.")
    tag_columns: bool = option(
        "--tag-columns", default=False, help="Write a column for each tag, with true or false."
    )
    timezone: str = option(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="The time zone of created_at and of dates in filters, such as Asia/Karachi.",
    )
    raw_csv: bool = option("--raw-csv", default=False, help="Turn off protection against CSV formula injection.")

    def selection(self) -> request.ContactFilter:
        """The contacts that are wanted of those that are read; raises `SettingsError`."""
        zone, after, before = self.zone, self.created_after, self.created_before
        return request.ContactFilter(
            tags=tuple(map(trim, self.tags)),
            any_tags=tuple(map(trim, self.any_tags)),
            not_tags=tuple(map(trim, self.not_tags)),
            conditions=tuple(map(request.Condition.parse, self.conditions)),
            created_after=None if after is None else request.parse_moment(after, zone, "--created-after"),
            created_before=None if before is None else request.parse_moment(before, zone, "--created-before"),
            ignore_case=self.ignore_case,
        )

    def layout(self) -> tables.TableLayout:
        """How the contacts become a table; raises `SettingsError`."""
        mapping = None if self.mapping is None else mapping_file.read_mapping(self.mapping)
        headers = tables.headers_by_field(self.rename, mapping)
        kinds = tables.kinds_by_field(mapping)
        return tables.TableLayout(tuple(dict.fromkeys(self.columns)), headers, kinds, self.tag_columns, self.zone)

    @property
    def zone(self) -> tzinfo:
        """The time zone; raises `SettingsError` where there is no such zone."""
        if self.timezone.upper() == "UTC":
            return UTC
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingsError(
                f"--timezone {self.timezone} is not a time zone.", "For example: --timezone Asia/Karachi."
            ) from None
