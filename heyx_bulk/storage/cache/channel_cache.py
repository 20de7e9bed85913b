"""The memory of one channel, shared by all runs of this user on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self

from heyx_bulk.database import translate_errors
from heyx_bulk.errors import Stopped
from heyx_bulk.models.calls import Answer, Call
from heyx_bulk.models.contacts import ContactRow
from heyx_bulk.storage.cache.cache_file import MEMORY, opened, place_of
from heyx_bulk.storage.cache.custom_fields import Fields
from heyx_bulk.storage.cache.field_mismatches import Habits, Peculiarity, peculiar
from heyx_bulk.storage.cache.known_contacts import SCHEMA, Contacts
from heyx_bulk.storage.cache.recent_creates import Claim, Creates
from heyx_bulk.values.equality import PhoneSpelling
from heyx_bulk.values.value_types import Kind

_NOTHING: Mapping[str, Kind] = MappingProxyType({})


class Memory(Protocol):
    """What an upload asks of the memory of its channel."""

    def claim(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Say that a create is about to leave; raises `Claimed` where another has it.

        Contacts `passed_over` were looked at and are not the one that is meant.
        """

    def look(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Raise `Claimed` where another has it; claim nothing."""

    def created(self, claim: Claim, contact_id: str) -> None:
        """The claimed contact is there."""

    def release(self, claim: Claim) -> None:
        """The claimed contact was not created after all."""

    def heard(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """Learn from HeyX's answer to a row's call; give it back as it must be read."""

    def gone(self, contact_id: str) -> None:
        """HeyX said that there is no such contact."""

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """The spellings under which phones were found, likeliest first."""


class Forgetful:
    """A memory that keeps nothing: for rehearsals."""

    def claim(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Nobody else is there."""

    def look(self, claim: Claim, *, passed_over: frozenset[str] = frozenset()) -> None:
        """Nobody else is there."""

    def created(self, claim: Claim, contact_id: str) -> None:
        """Forgotten."""

    def release(self, claim: Claim) -> None:
        """Forgotten."""

    def heard(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """The answer as it is."""
        del row, call
        return answer

    def gone(self, contact_id: str) -> None:
        """Nobody was known."""

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """None was found."""
        return ()


class ChannelMemory:
    """What is known of one channel: the creates of the last seconds, its custom fields, its habits,
    and (with `remember`) its contacts.

    A create of less than `settle_seconds` ago counts as recent. Raises `Unwritable` where its file, by default in
    the user's state folder, cannot be used, `DiskFull` where it can no longer be. Use in a `with` block.
    """

    def __init__(
        self,
        channel: str,
        settle_seconds: float,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
        remember: bool = True,
    ) -> None:
        path = place_of(channel, folder)
        self.path = path
        self._db = opened(path, SCHEMA)
        creates = Creates(self._db, channel, settle_seconds, clock)
        self.claim, self.look = creates.claim, creates.look
        self.created, self.release = creates.created, creates.release
        self._habits = Habits(self._db, channel, settle_seconds, clock)
        self.fields = Fields(self._db, clock)
        self.contacts = Contacts(self._db, clock, kept=remember)
        self.gone = self.contacts.gone

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The run has ended, whatever the disk says now: what is lost here is learned again.
        with suppress(Stopped):
            self._habits.keep()
        self._db.close()

    def heard(self, row: ContactRow, call: Call, answer: Answer) -> Answer:
        """Learn from HeyX's answer to a row's call; give it back as it must be read."""
        self.contacts.heard(call, answer)
        return self._habits.heard(row, call, answer)

    @property
    def phone_spellings(self) -> tuple[PhoneSpelling, ...]:
        """The spellings under which phones were found, likeliest first."""
        return self._habits.phone_spellings

    def peculiarities(self) -> tuple[Peculiarity, ...]:
        """The fields that HeyX does not show as they are written."""
        return peculiar(self._db)


def known_fields(channel: str, *, folder: Path | None = None) -> Mapping[str, Kind]:
    """The custom fields that a channel is known to have, and what their values are; no file is made.

    Those that HeyX does not show as they are written are among them.
    """
    with _there(channel, folder) as memory:
        if memory is None:
            return _NOTHING
        silent = {one.name: Kind.TEXT for one in memory.peculiarities()}
        return MappingProxyType({**silent, **{one.name: one.kind for one in memory.fields.known()}})


def peculiarities(channel: str, *, folder: Path | None = None) -> tuple[Peculiarity, ...]:
    """The fields that a channel does not show as they are written; no file is made."""
    with _there(channel, folder) as memory:
        return () if memory is None else memory.peculiarities()


@contextmanager
def _there(channel: str, folder: Path | None) -> Iterator[ChannelMemory | None]:
    path = place_of(channel, folder)
    with translate_errors(path, MEMORY, starting=True):
        there = path.exists()
    if not there:
        yield None
        return
    with ChannelMemory(channel, 0.0, folder=folder) as memory:
        yield memory
