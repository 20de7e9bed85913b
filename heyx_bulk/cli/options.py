"""The options that several commands share, and what they say together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.api.call_log import CallLogFile
from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.column import parse_field_name
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.mapping.recognition import MappingOptions
from heyx_bulk.planning.planner import Matching, Mode
from heyx_bulk.reports.stop_conditions import FailureLimit, StopConditions, parse_duration, parse_time_of_day
from heyx_bulk.values.equality import PhoneLookup
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat

Sheet = Annotated[
    Path, typer.Argument(metavar="SHEET", help="A .csv or .xlsx file with a header row.", show_default=False)
]
Checkpoint = Annotated[
    Path, typer.Argument(metavar="CHECKPOINT", help="The checkpoint of a run, or its sheet.", show_default=False)
]
Worksheet = Annotated[str | None, typer.Option("--worksheet", metavar="NAME", help="The worksheet to read.")]
HeaderRow = Annotated[
    int | None,
    typer.Option("--header-row", metavar="ROW", min=1, help="The row that holds the headers, if not the first."),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="A text file's encoding, such as cp1252 or utf-16."),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--separator", metavar="SIGN", help="What parts a text file's columns, such as ; or tab."),
]
RawCsv = Annotated[
    bool,
    typer.Option("--raw-csv", help="CSV files without the apostrophe that keeps a value from being run."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Where results and checkpoint go [default: beside the sheet]."),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="COLUMN=FIELD", help='Send a column as a field: --map "No=customerid". Repeatable.'
    ),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="COLUMN", help="Leave a column out. Repeatable.")
]
CustomFields = Annotated[
    bool, typer.Option("--custom-fields", help="Send unknown columns as custom fields under their own header.")
]
Mapping = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE",
        help="What the columns mean, as `columns SHEET --save FILE` wrote it [default: found by itself].",
    ),
]
NoMapping = Annotated[bool, typer.Option("--no-mapping", help="Look for no mapping file.")]
IgnoreUnknown = Annotated[bool, typer.Option("--ignore-unknown", help="Leave out all columns that nobody knows.")]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="COLUMN=TYPE",
        help="What a column's values are: text, phone, boolean, number, date, time, datetime, email or url.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field that is the same for every row. Repeatable."),
]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="PK", help="The country of phones that have no +; they are sent as +92…"),
]
Format = Annotated[
    PhoneFormat | None,
    typer.Option("--phone-format", help="How phones are sent [default: e164 with --region, else as-typed]."),
]
Order = Annotated[
    DateOrder | None,
    typer.Option("--date-order", help="The order of dates, where a column does not show it by itself."),
]
Lenient = Annotated[
    bool,
    typer.Option("--lenient", help="Send a text that is not of its column's type as it stands, match keys aside."),
]
ModeOption = Annotated[
    Mode,
    typer.Option("--mode", help="create leaves contacts alone that are there, update makes no new ones."),
]
DuplicatesOption = Annotated[
    Duplicates,
    typer.Option(
        "--duplicates",
        help="Rows with the same key: error makes the later ones invalid, merge makes one of them, last sends the "
        "last one.",
    ),
]
IdColumn = Annotated[
    str | None, typer.Option("--id-column", metavar="COLUMN", help="The column that holds HeyX's contact ids.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="FIELD[,FIELD]",
        help="The fields that say which contact a row means [default: phone,email].",
    ),
]
NoMatch = Annotated[bool, typer.Option("--no-match", help="Create a contact for every row without looking.")]
Stamp = Annotated[
    str | None,
    typer.Option(
        "--tracking-field",
        metavar="FIELD",
        help="A custom field that takes a mark of run and row when a contact is created, to know it again.",
    ),
]
TrustIds = Annotated[
    bool, typer.Option("--trust-ids", help="Write by contact id without checking that the row's key agrees.")
]
AcceptSuspectIds = Annotated[
    bool,
    typer.Option(
        "--accept-rounded-ids", help="Send contact ids that Excel holds as numbers and may have rounded."
    ),
]
Lookup = Annotated[
    PhoneLookup, typer.Option("--phone-lookup", help="The spellings of a phone that are searched for.")
]
SinceExport = Annotated[
    bool,
    typer.Option(
        "--since-export",
        help="The sheet is an export that was edited: send only what was changed, without looking anybody up.",
    ),
]
ExportNumber = Annotated[
    int | None,
    typer.Option(
        "--export-number",
        metavar="N",
        min=1,
        help="With --since-export: the export that was edited, as `cache show` numbers it [default: found].",
        show_default=False,
    ),
]
Check = Annotated[
    bool,
    typer.Option(
        "--detect-conflicts",
        help="With --since-export: read each changed contact, and do not write over what HeyX changed.",
    ),
]
ReadFirst = Annotated[
    bool | None,
    typer.Option(
        "--read-first/--blind",
        help="Whether contacts named by id are read before they are written; a row with a key is read in any "
        "case, unless --trust-ids is given [default: read where the sheet has columns that only HeyX can write].",
        show_default=False,
    ),
]
AddTag = Annotated[
    list[str] | None,
    typer.Option("--add-tag", metavar="TAG", help="Add a tag to every row's contact. Repeatable."),
]
RemoveTag = Annotated[
    list[str] | None,
    typer.Option("--remove-tag", metavar="TAG", help="Remove a tag from every row's contact. Repeatable."),
]
RateOption = Annotated[
    str | None,
    typer.Option(
        "--rate", metavar="CALLS/TIME", help="HeyX's limit: 200/min, 100/min, 200/3s [default: 200/min]."
    ),
]
RateShare = Annotated[
    str | None,
    typer.Option(
        "--rate-share",
        metavar="SHARE",
        help="Use only so much of the limit, evenly, and leave the rest to a bot: 50%.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Calls in flight at once, at most; fewer where answers come soon [default: 20].",
    ),
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="For a whole call [default: 30].")
]
Settle = Annotated[
    float | None,
    typer.Option(
        "--reconcile-delay",
        metavar="SECONDS",
        help="The wait before looking for a contact whose create went unanswered [default: 60].",
    ),
]
Viber = Annotated[bool, typer.Option("--viber", help="A Viber channel: ids travel as Base64 in updates and tags.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors and totals.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Name every row as it ends.")]
Json = Annotated[bool, typer.Option("--json", help="Totals as one JSON document.")]


MaxFailures = Annotated[
    str | None,
    typer.Option(
        "--max-failures",
        metavar="N|N%",
        help="Stop when more rows failed [default: 20 in a row that fail alike, or half of the first 100].",
    ),
]
MaxCalls = Annotated[int | None, typer.Option("--max-calls", metavar="N", min=1, help="Stop after so many calls.")]
MaxCreates = Annotated[
    int | None, typer.Option("--max-creates", metavar="N", min=0, help="Stop before one more contact is created.")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="TIME", help="Stop at this time of day, such as 06:00, by this machine's clock."
    ),
]
MaxDuration = Annotated[
    str | None, typer.Option("--max-duration", metavar="TIME", help="Stop after 2h, 90min or 45s.")
]
Canary = Annotated[
    int,
    typer.Option(
        "--canary", metavar="N", min=0, help="Send so many rows first, read them back and compare, then the rest."
    ),
]
LogTo = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Append a line of JSON for each call; ids hashed, no values."),
]
LogValues = Annotated[bool, typer.Option("--log-values", help="With --log: ids and values as they are.")]


@dataclass(frozen=True, slots=True)
class StopOptions:
    """When a start is to end before its rows, as the command line says it."""

    max_failures: str | None = None
    max_calls: int | None = None
    max_creates: int | None = None
    until: str | None = None
    max_duration: str | None = None

    def conditions(self, *, alike: bool = True) -> StopConditions:
        """These as stops; `alike`: rows that fail alike end the start, too. Raises `SettingsError`."""
        return StopConditions(
            max_failures=None if self.max_failures is None else FailureLimit.parse(self.max_failures),
            same_error=alike,
            max_calls=self.max_calls,
            max_creates=self.max_creates,
            until=None if self.until is None else parse_time_of_day(self.until, datetime.now()),
            max_seconds=None if self.max_duration is None else parse_duration(self.max_duration),
        )


def log_file(path: Path | None, *, values: bool) -> CallLogFile | None:
    """Where calls are logged, if they are; raises `SettingsError`."""
    if values and path is None:
        raise SettingsError("--log-values says how to log, and there is no --log.", "Add --log FILE.")
    return None if path is None else CallLogFile(path, values)


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How HeyX is to be spoken to, as far as the command line says."""

    rate: str | None = None
    workers: int | None = None
    timeout: float | None = None
    reconcile_delay: float | None = None
    rate_share: str | None = None
    viber: bool = False

    def options(self) -> dict[str, object]:
        """These as options of the settings; None where the command line is silent."""
        # Imported when a command runs: checking settings costs time that --help need not pay.
        from heyx_bulk.settings import Rate, parse_share  # noqa: PLC0415

        return {
            **asdict(self),
            "rate": Rate.parse(self.rate) if self.rate is not None else None,
            "rate_share": parse_share(self.rate_share) if self.rate_share is not None else None,
        }

    def or_else(self, document: object) -> ConnectionOptions:
        """These, and where they are silent what another command line said, which `document` holds."""
        before = document if isinstance(document, dict) else {}
        said = {name: value for name, value in asdict(self).items() if value not in (None, False)}
        known = {name: before[name] for name in asdict(self) if name in before}
        return ConnectionOptions(**{**known, **said})


def mapping_options(  # noqa: PLR0913 - one for each option that speaks of columns
    *,
    map_: list[str] | None,
    ignore: list[str] | None,
    custom_fields: bool,
    id_column: str | None,
    key: str | None,
    ignore_unknown: bool,
    types: list[str] | None,
    constants: list[str] | None,
    region: str | None,
    phone_format: PhoneFormat | None,
    date_order: DateOrder | None,
    lenient: bool,
    no_match: bool = False,
    add_tag: list[str] | None = None,
    remove_tag: list[str] | None = None,
    stamp: str | None = None,
) -> MappingOptions:
    """What the command line says about the columns."""
    return MappingOptions(
        ignore_unknown=ignore_unknown,
        types=tuple(types or ()),
        constants=tuple(constants or ()),
        region=region.strip().upper() if region else None,
        phone_format=phone_format,
        date_order=date_order,
        lenient=lenient,
        map=tuple(map_ or ()),
        ignore=tuple(ignore or ()),
        custom_fields=custom_fields,
        id_column=id_column,
        key=tuple(parse_field_name(name) for name in (key or "").split(",") if trim(name)),
        no_match=no_match,
        add_tags=tuple(tag for text in add_tag or () if (tag := trim(text))),
        remove_tags=tuple(tag for text in remove_tag or () if (tag := trim(text))),
        tracking_field=trim(stamp or ""),
    )


def matching(*, lookup: PhoneLookup, no_match: bool, trust_ids: bool, mode: Mode, check: bool = False) -> Matching:
    """What the command line says about finding contacts; raises `SettingsError` where it contradicts itself."""
    if no_match and mode is Mode.UPDATE:
        raise SettingsError(
            "--no-match creates a contact for every row, and --mode update creates none.", "Leave one of them out."
        )
    return Matching(phone_lookup=lookup, no_match=no_match, trust_ids=trust_ids, mode=mode, detect_conflicts=check)
