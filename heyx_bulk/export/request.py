"""What an export is asked for: where contacts come from, and which of them are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heyx_bulk.errors import SettingsError
from heyx_bulk.export.filters import ContactFilter
from heyx_bulk.models.contacts import Field
from heyx_bulk.values.equality import PhoneLookup, spellings

PASSES = 3
"""How often, at most, the pages of a search are read where contacts come and go meanwhile."""

ALL = ContactFilter()


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Contacts found by any of these, each once, and of them those that `selection` takes.

    `where`: fields and the value they must have. `listed`: the same for many values, such as a column of a sheet;
    one that HeyX refuses does not end the export. `ids`: contacts by their id; `known`: ids of contacts that are
    known from before, which may have gone (None: not asked for). `per_page` asks HeyX for larger pages than its
    own.
    """

    where: tuple[Field, ...] = ()
    listed: tuple[Field, ...] = ()
    ids: tuple[str, ...] = ()
    known: tuple[str, ...] | None = None
    selection: ContactFilter = ALL
    phone_lookup: PhoneLookup = PhoneLookup.BOTH
    passes: int = PASSES
    per_page: int | None = None

    def searches(self) -> Iterator[tuple[Field, str, bool]]:
        """Every search, once: the field and value, its spelling, whether it is of a list."""
        seen: set[tuple[str, str]] = set()
        for wanted, listed in self._wanted():
            for text in spellings(wanted.name, wanted.value, self.phone_lookup):
                if (wanted.name, text) not in seen:
                    seen.add((wanted.name, text))
                    yield wanted, text, listed

    def named(self) -> Iterator[tuple[str, bool]]:
        """Every contact that is wanted by its id, and whether a person listed it."""
        yield from ((contact_id, True) for contact_id in self.ids)
        yield from ((contact_id, False) for contact_id in self.known or ())

    def _wanted(self) -> Iterable[tuple[Field, bool]]:
        yield from ((field, False) for field in self.where)
        yield from ((field, True) for field in self.listed)

    def check(self) -> None:
        """Raise `SettingsError` where nothing is asked for, or what cannot be."""
        if not (self.where or self.listed or self.ids or self.known):
            if self.known is not None:
                raise SettingsError(
                    "--known: no contact of this channel is known on this machine yet.",
                    "Uploads and exports add to what is known; begin with --where FIELD=VALUE.",
                )
            raise SettingsError(
                "It is not said which contacts to read: HeyX cannot list all of them.",
                "Say --where FIELD=VALUE, --where-in FIELD=SHEET:COLUMN, --ids SHEET or --known.",
            )
        if self.passes < 1:
            raise SettingsError("--passes must be 1 or more.", "Leave it out for 3.")
