"""Options for the columns of a sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.tag_lists import separator_mistake
from heyx_bulk.models.option import LazyModule, Panel, option
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat

if TYPE_CHECKING:
    from heyx_bulk.mapping import columns, mapping_file
    from heyx_bulk.settings.resolution import Resolved
    from heyx_bulk.values import phone as phones
else:
    columns = LazyModule("heyx_bulk.mapping.columns")
    mapping_file = LazyModule("heyx_bulk.mapping.mapping_file")
    phones = LazyModule("heyx_bulk.values.phone")


def parse_separator(text: str) -> str:
    """The separator of tags that a person names; raises `SettingsError`."""
    if mistake := separator_mistake(text):
        raise SettingsError(f"--tag-separator: {mistake}.", "For example: --tag-separator ';'")
    return text


def _parse_field(name: str) -> str:
    return columns.parse_field_name(name)


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """Options for the columns of a sheet: a mapping file, options of the command line, tags for every row.

    `types` are `COLUMN=type`, `constants` are `FIELD=value` for every row.
    """

    panel: ClassVar = Panel.COLUMNS

    file: mapping_file.MappingFile | None = option(
        "--mapping",
        panel=Panel.USUAL,
        metavar="FILE",
        help="What the columns mean, as `columns SHEET --save FILE` wrote it [default: found automatically].",
        parse=lambda text: mapping_file.read_mapping(Path(text)),
        show=lambda file: f"{file.name} ({file.digest})",
        word=lambda file: str(file.path),
        argument="mapping",
    )
    map: tuple[str, ...] = option(
        "--map",
        panel=Panel.USUAL,
        default=(),
        metavar="COLUMN=FIELD",
        help='Send a column as a field: --map "No=customerid". Repeatable.',
    )
    ignore: tuple[str, ...] = option(
        "--ignore", panel=Panel.USUAL, default=(), metavar="COLUMN", help="Ignore a column. Repeatable."
    )
    custom_fields: bool = option(
        "--custom-fields",
        panel=Panel.USUAL,
        default=False,
        help="Send columns that are not recognized as custom fields under their own headers.",
    )
    ignore_unknown: bool = option(
        "--ignore-unknown", default=False, help="Ignore all columns that are not recognized."
    )
    types: tuple[str, ...] = option(
        "--type",
        panel=Panel.VALUES,
        default=(),
        metavar="COLUMN=TYPE",
        help="The type of a column's values: text, phone, boolean, number, date, time, datetime, email or url.",
    )
    constants: tuple[str, ...] = option(
        "--set",
        panel=Panel.WRITE,
        default=(),
        metavar="FIELD=VALUE",
        help="A field that is the same for every row. Repeatable.",
    )
    region: str | None = option(
        "--region",
        panel=Panel.USUAL,
        metavar="PK|none",
        help="The country of phones that have no +; they are sent as +92…. With none, they are sent as they are.",
    )
    phone_format: PhoneFormat | None = option(
        "--phone-format",
        panel=Panel.VALUES,
        help="How phones are sent [default: e164 with --region, else as-typed].",
    )
    date_order: DateOrder | None = option(
        "--date-order", panel=Panel.VALUES, help="The order of day, month and year, if a column does not show it."
    )
    tag_separator: str | None = option(
        "--tag-separator",
        panel=Panel.VALUES,
        metavar="SIGN",
        help="What separates tags in a cell: ; , | 、 or ::: [default: the one in each cell].",
        parse=parse_separator,
    )
    lenient: bool = option(
        "--lenient",
        panel=Panel.VALUES,
        default=False,
        help="Send values that do not fit their column's type unchanged, except match keys.",
    )
    id_column: str | None = option(
        "--id-column", panel=Panel.CONTACT, metavar="COLUMN", help="The column that holds HeyX's contact ids."
    )
    key: tuple[str, ...] = option(
        "--key",
        panel=Panel.CONTACT,
        default=(),
        metavar="FIELD[,FIELD]",
        help="The fields that identify a row's contact [default: phone,email].",
        parse=lambda text: tuple(_parse_field(name) for name in text.split(",") if trim(name)),
        item=_parse_field,
        word=",".join,
    )
    tracking_field: str = option(
        "--tracking-field",
        panel=Panel.CONTACT,
        default="",
        metavar="FIELD",
        help="A custom field in which a new contact keeps its run and row, so that it is recognized later.",
        show_default=False,
    )
    add_tags: tuple[str, ...] = option(
        "--add-tag",
        panel=Panel.USUAL,
        default=(),
        metavar="TAG",
        help="Add a tag to every row's contact. Repeatable.",
    )
    remove_tags: tuple[str, ...] = option(
        "--remove-tag",
        panel=Panel.WRITE,
        default=(),
        metavar="TAG",
        help="Remove a tag from every row's contact. Repeatable.",
    )

    created_tags: tuple[str, ...] = option(
        "--tag-created",
        panel=Panel.WRITE,
        default=(),
        metavar="TAG",
        help="Add a tag to the contacts that this run creates, so that they can be found in HeyX. Repeatable.",
        argument="tag_created",
    )

    usual_region: str = ""
    usual_phone_format: PhoneFormat | None = None
    """What the settings of the channel say, where neither an option nor the mapping file does."""

    @property
    def chosen_region(self) -> str:
        """The region of phones without country code: two capitals, `NO_REGION`, or blank if none was chosen."""
        mapped = self.file.value_options.region if self.file is not None else None
        return trim(self.region or "").upper() or mapped or self.usual_region

    def with_settings(self, settings: Resolved) -> MappingOptions:
        """The options with what the settings of the channel say of phones; raises `SettingsError`."""
        region, phone_format = trim(settings.text("region")).upper(), settings.one_of("phone_format", PhoneFormat)
        if region and region != phones.NO_REGION and not phones.is_region(region):
            raise SettingsError(
                f"region ({settings.values['region'].origin}) is the unknown country {region}.",
                "Enter its two-letter code, such as PK, GB or AE, or none.",
            )
        return replace(self, usual_region=region, usual_phone_format=phone_format)
