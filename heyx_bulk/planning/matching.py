"""How a run finds the contact that a row means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from heyx_bulk.models.option import Panel, option
from heyx_bulk.values.equality import PhoneLookup

if TYPE_CHECKING:
    from heyx_bulk.models.contacts import ContactRow, Field
    from heyx_bulk.settings.resolution import Resolved


class Mode(StrEnum):
    """What a run may do: create and update, or one of the two alone."""

    UPSERT = "upsert"
    CREATE = "create"
    UPDATE = "update"


class Match(StrEnum):
    """Which of a row's keys may find its contact."""

    ANY = "any"
    """Each in turn, best first, until one finds a contact."""
    FIRST = "first"
    """Only the first that the row has."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How a run finds the contact a row means, and what it may do then.

    With `read_first`, a contact that a row names by its id is read before it is written; None: where the sheet is
    a copy of contacts. With `detect_conflicts`, so is one whose row holds edits, and what HeyX changed since the
    export is not written over.
    """

    panel: ClassVar = Panel.CONTACT

    mode: Mode = option(
        "--mode",
        default=Mode.UPSERT,
        metavar="MODE",
        help="upsert: create or update; create: only new contacts; update: only existing ones.",
        panel=Panel.USUAL,
    )
    no_match: bool = option(
        "--no-match", default=False, help="Create a contact for each row, without searching for an existing one."
    )
    match: Match = option(
        "--match",
        default=Match.ANY,
        metavar="MATCH",
        help="any: if the phone of a row finds no contact, look up its email too before creating one; first: look "
        "up only the first key of each row.",
    )
    trust_ids: bool = option(
        "--trust-ids",
        default=False,
        help="Write to contact ids without checking that the contact has the key of the row.",
    )
    detect_conflicts: bool = option(
        "--detect-conflicts",
        default=False,
        help="With --since-export: read each contact whose fields changed first, and keep changes made in HeyX.",
    )
    read_first: bool | None = option(
        "--read-first/--blind",
        help="Whether to read contacts given by id before writing them. Contacts of rows with a key are always "
        "read, except with --trust-ids [default: read if the sheet has columns that only HeyX can write].",
        show_default=False,
    )
    before_image: bool = option(
        "--before-image",
        default=False,
        help="Read every contact before it is written, so that `undo` can put its values back.",
        panel=Panel.WRITE,
    )
    phone_lookup: PhoneLookup | None = option(
        "--phone-lookup", help="Which spellings of a phone to search for [default: both]."
    )
    usual_phone_lookup: PhoneLookup = PhoneLookup.BOTH
    """What the settings of the channel say, where the option is not given."""

    @property
    def phones_searched(self) -> PhoneLookup:
        """Which spellings of a phone are searched for."""
        return self.phone_lookup or self.usual_phone_lookup

    def with_settings(self, settings: Resolved) -> Matching:
        """The options with what the settings of the channel say of phones; raises `SettingsError`."""
        return replace(self, usual_phone_lookup=settings.one_of("phone_lookup", PhoneLookup) or PhoneLookup.BOTH)

    @property
    def spares_others(self) -> bool:
        """Whether a contact with a row's key may be somebody whom the run must not touch."""
        return self.no_match or self.mode is Mode.CREATE

    @property
    def first_key_only(self) -> bool:
        """Whether rows of one contact are told by their best key alone."""
        return self.no_match or self.match is Match.FIRST

    def keys_of(self, row: ContactRow) -> tuple[Field, ...]:
        """The keys that may find the row's contact, best first."""
        return row.keys if self.match is Match.ANY else row.keys[:1]


DEFAULT_MATCHING = Matching()
