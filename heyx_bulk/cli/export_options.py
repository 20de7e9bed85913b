"""The options of an export on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heyx_bulk.models.option import option


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
    columns: str | None = option(
        "--columns",
        metavar="FIELD,FIELD",
        help="Only these, in this order; id, tags, tag:VIP and created_at too.",
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
