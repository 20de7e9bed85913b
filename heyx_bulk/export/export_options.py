"""The options of an export: which contacts are wanted, and how their table is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heyx_bulk.errors import SettingsError
from heyx_bulk.export.layout import TableLayout, headers_by_field, kinds_by_field, parse_column_name
from heyx_bulk.export.request import Condition, ContactFilter, parse_moment
from heyx_bulk.mapping.mapping_file import read_mapping
from heyx_bulk.models.option import option
from heyx_bulk.values.text import trim


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Where contacts come from, which of them are wanted, and how the file is laid out."""

    where: tuple[str, ...] = option(
        "--where", default=(), metavar="FIELD=VALUE", help="Contacts with this value; repeatable, any of them."
    )
    where_in: tuple[str, ...] = option(
        "--where-in",
        default=(),
        metavar="FIELD=SHEET:COLUMN",
        help="Contacts with any value of a sheet's column, such as phone=leads.xlsx:Mobile. Repeatable.",
    )
    ids: tuple[str, ...] = option(
        "--ids",
        default=(),
        metavar="SHEET[:COLUMN]",
        help="Contacts by the ids in a sheet's column. Repeatable.",
    )
    known: bool = option(
        "--known", default=False, help="Every contact that runs and exports on this machine have met."
    )
    passes: int = option(
        "--passes",
        default=3,
        metavar="N",
        least=1,
        help="How often to read, at most, while contacts come and go.",
    )
    per_page: int | None = option(
        "--per-page", metavar="N", least=11, help="Ask for larger pages; used if HeyX gives them."
    )
    tags: tuple[str, ...] = option(
        "--tag", default=(), metavar="TAG", help="Only contacts with this tag; repeatable, all."
    )
    any_tags: tuple[str, ...] = option(
        "--any-tag", default=(), metavar="TAG", help="Only contacts with one of these tags. Repeatable."
    )
    not_tags: tuple[str, ...] = option(
        "--not-tag", default=(), metavar="TAG", help="Only contacts without this tag; repeatable."
    )
    conditions: tuple[str, ...] = option(
        "--if",
        default=(),
        metavar="CONDITION",
        help="Only contacts of which it is true: 'City=Oslo', also != ~ (contains) > <, 'Email blank', "
        "'Email not blank'; repeatable, all.",
    )
    created_after: str | None = option(
        "--created-after", metavar="DATE", help="Only contacts made on this day or later."
    )
    created_before: str | None = option(
        "--created-before", metavar="DATE", help="Only contacts made before this day."
    )
    ignore_case: bool = option(
        "--ignore-case", default=False, help="Take tags for the same whose letters differ in case alone."
    )
    columns: tuple[str, ...] = option(
        "--columns",
        default=(),
        metavar="FIELD,FIELD",
        help="Only these, in this order; id, tags, tag:VIP and created_at too.",
        parse=lambda text: tuple(parse_column_name(name) for name in text.split(",") if trim(name)),
        word=",".join,
    )
    rename: tuple[str, ...] = option(
        "--rename", default=(), metavar="FIELD=HEADER", help="The header of a column. Repeatable."
    )
    mapping: Path | None = option(
        "--mapping", metavar="FILE", help="A mapping file, the other way round: fields get its headers."
    )
    tag_columns: bool = option("--tag-columns", default=False, help="A column for each tag, with true or false.")
    timezone: str = option(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="For created_at and the dates of filters: Asia/Karachi.",
    )
    raw_csv: bool = option(
        "--raw-csv", default=False, help="CSV files without the apostrophe that keeps a value from being run."
    )

    def selection(self) -> ContactFilter:
        """The contacts that are wanted of those that are read; raises `SettingsError`."""
        zone, after, before = self.zone, self.created_after, self.created_before
        return ContactFilter(
            tags=tuple(map(trim, self.tags)),
            any_tags=tuple(map(trim, self.any_tags)),
            not_tags=tuple(map(trim, self.not_tags)),
            conditions=tuple(map(Condition.parse, self.conditions)),
            created_after=None if after is None else parse_moment(after, zone, "--created-after"),
            created_before=None if before is None else parse_moment(before, zone, "--created-before"),
            ignore_case=self.ignore_case,
        )

    def layout(self) -> TableLayout:
        """How the contacts become a table; raises `SettingsError`."""
        mapping = None if self.mapping is None else read_mapping(self.mapping)
        headers = headers_by_field(self.rename, mapping)
        kinds = kinds_by_field(mapping)
        return TableLayout(tuple(dict.fromkeys(self.columns)), headers, kinds, self.tag_columns, self.zone)

    @property
    def zone(self) -> tzinfo:
        """The time zone; raises `SettingsError` where there is no such zone."""
        if self.timezone.upper() == "UTC":
            return UTC
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingsError(
                f"--timezone {self.timezone} is no time zone.", "Write it like --timezone Asia/Karachi."
            ) from None
