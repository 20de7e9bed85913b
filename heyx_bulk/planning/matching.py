"""How a run finds the contact that a row means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from heyx_bulk.models.contacts import ContactRow, Field
from heyx_bulk.models.option import option
from heyx_bulk.values.equality import PhoneLookup


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

    mode: Mode = option(
        "--mode",
        default=Mode.UPSERT,
        help="create leaves contacts alone that are there, update makes no new ones.",
    )
    match: Match = option(
        "--match",
        default=Match.ANY,
        help="any: where a row's phone finds no contact, look up its email too before one is created; first: "
        "look up only the first key that the row has.",
    )
    no_match: bool = option("--no-match", default=False, help="Create a contact for every row without looking.")
    trust_ids: bool = option(
        "--trust-ids", default=False, help="Write by contact id without checking that the row's key agrees."
    )
    detect_conflicts: bool = option(
        "--detect-conflicts",
        default=False,
        help="With --since-export: read each changed contact, and do not write over what HeyX changed.",
    )
    read_first: bool | None = option(
        "--read-first/--blind",
        help="Whether contacts named by id are read before they are written; a row with a key is read in any "
        "case, unless --trust-ids is given [default: read where the sheet has columns that only HeyX can write].",
        show_default=False,
    )
    phone_lookup: PhoneLookup = option(
        "--phone-lookup",
        default=PhoneLookup.BOTH,
        help="The spellings of a phone that are searched for.",
    )

    @property
    def spares_others(self) -> bool:
        """Whether a contact with a row's key may be somebody whom the run must not touch."""
        return self.no_match or self.mode is Mode.CREATE

    def keys_of(self, row: ContactRow) -> tuple[Field, ...]:
        """The keys that may find the row's contact, best first."""
        return row.keys if self.match is Match.ANY else row.keys[:1]


DEFAULT_MATCHING = Matching()
