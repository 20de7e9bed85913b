"""The options of the program as Python arguments, for type checkers. Each option says itself what it does.

`tests/unit/library/test_arguments.py` proves that there is one for each option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from os import PathLike
from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    from heyx_bulk.mapping.mapping_file import MappingFile
    from heyx_bulk.settings.rate import Rate
    from heyx_bulk.sheets.frames import Frame

Place: TypeAlias = "str | PathLike[str]"
"""The path of a file or folder."""

SheetLike: TypeAlias = "str | PathLike[str] | Frame"
"""A sheet: the path of a file, or a DataFrame."""

Texts: TypeAlias = "str | Iterable[str]"
"""One text or several."""

Pairs: TypeAlias = "Mapping[str, object] | Iterable[str]"
"""A dict, such as `{"Joined": "date"}`, or texts, such as `["Joined=date"]`."""


class SheetArguments(TypedDict, total=False):
    """How a file is read."""

    worksheet: str | None
    header_row: int | None
    encoding: str | None
    separator: str | None
    fill_merged: bool
    raw_csv: bool


class MappingArguments(TypedDict, total=False):
    """What the columns mean."""

    mapping: Place | MappingFile | None
    map: Pairs
    ignore: Texts
    custom_fields: bool
    ignore_unknown: bool
    types: Pairs
    constants: Pairs
    region: str | None
    phone_format: str | None
    date_order: str | None
    tag_separator: str | None
    lenient: bool
    id_column: str | None
    key: Texts
    tracking_field: str
    add_tags: Texts
    remove_tags: Texts
    tag_created: Texts


class MatchingArguments(TypedDict, total=False):
    """Which contact a row means, and what may become of it."""

    mode: str
    match: str
    no_match: bool
    trust_ids: bool
    detect_conflicts: bool
    read_first: bool | None
    before_image: bool
    phone_lookup: str
    duplicates: str
    accept_rounded_ids: bool
    since_export: bool
    export_number: int | None
    accept_spreadsheet_changes: bool


class ConnectionArguments(TypedDict, total=False):
    """The channel, and how calls are sent to it. The rest is in the environment and the settings files."""

    token: str | None
    url: str | None
    channel: str | None
    token_file: Place | None
    rate: str | Rate | None
    rate_share: float | str | None
    workers: int | None
    timeout: float | None
    reconcile_delay: float | None
    viber: bool


class SessionArguments(ConnectionArguments, total=False):
    """What ends a session early, and where its calls are logged."""

    max_failures: int | str | None
    max_calls: int | None
    max_creates: int | None
    until: str | datetime | None
    max_duration: str | timedelta | float | None
    log: Place | None
    log_values: bool


class InspectArguments(SheetArguments, MappingArguments, ConnectionArguments, total=False):
    """The arguments of `inspect`."""


class PlanArguments(SheetArguments, MappingArguments, MatchingArguments, SessionArguments, total=False):
    """The arguments of `plan` and `estimate`."""

    strict: bool
    index: Pairs
    trust_cache: str | timedelta | float | None
    lookup: str


class ApplyArguments(SessionArguments, total=False):
    """The arguments of `apply` and `undo`."""

    report: bool


class UploadArguments(PlanArguments, total=False):
    """The arguments of `upload`, `simulate` and `dry_run`."""

    out: Place | None
    restart: bool
    canary: int
    report: bool


class SyncArguments(SheetArguments, MappingArguments, MatchingArguments, SessionArguments, total=False):
    """The arguments of `sync`."""

    max_invalid: int | str | None
    if_running: str
    keep: int
    out: Place | None
    report: bool
    index: Pairs
    trust_cache: str | timedelta | float | None
    lookup: str


class ExportArguments(ConnectionArguments, total=False):
    """The arguments of `export` and `export_contacts`."""

    where: Pairs
    where_in: Mapping[str, Iterable[object]]
    ids: Texts
    known: bool
    passes: int
    per_page: int | None
    phone_lookup: str
    tags: Texts
    any_tags: Texts
    not_tags: Texts
    conditions: Texts
    created_after: str | date | None
    created_before: str | date | None
    ignore_case: bool


class TableArguments(ExportArguments, total=False):
    """The arguments of `export`: also how the table looks."""

    columns: Texts | None
    rename: Pairs
    mapping: Place | None
    tag_columns: bool
    timezone: str
