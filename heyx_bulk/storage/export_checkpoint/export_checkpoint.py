"""The checkpoint of an export: what is to be read, which pages were, and the contacts on them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from heyx_bulk.errors import CheckpointMismatch, Stopped, WriteError
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.storage.checkpoint.checkpoint_file import CheckpointDraft, CheckpointFile, read_fact
from heyx_bulk.storage.export_checkpoint.page_order import SeenPage
from heyx_bulk.storage.export_checkpoint.searches import (
    FORMAT,
    SCHEMA,
    Search,
    SearchCoverage,
    SearchState,
    ValueCoverage,
)

BATCH = 500

_WANTED = """
SELECT id, fields, tags, created_at FROM contact WHERE id IN (
    SELECT found.id FROM found JOIN search ON search.number = found.search WHERE found.pass >= search.counts_from
    UNION SELECT id FROM named WHERE state = 'done'
) ORDER BY created_at, id
"""


class ExportCheckpoint(CheckpointFile):
    """The open checkpoint of an export.

    What is lost in a power cut is read again, so nothing but its creation waits for the disk. Raises `DiskFull`
    where the disk is full.
    """

    @classmethod
    def create(
        cls,
        path: Path,
        facts: Mapping[str, object],
        searches: Iterable[tuple[Field, str, bool]],
        named: Iterable[tuple[str, bool]],
    ) -> None:
        """Create the checkpoint of an export of these `searches` (field and value, spelling, whether listed) and
        contacts `named` by id (whether listed).
        """
        with CheckpointDraft(path, SCHEMA) as draft:
            draft.db.executemany(
                "INSERT INTO search (field, value, spelling, listed) VALUES (?, ?, ?, ?)",
                ((field.name, field.value, spelling, listed) for field, spelling, listed in searches),
            )
            draft.db.executemany("INSERT OR IGNORE INTO named (id, listed) VALUES (?, ?)", named)
            draft.publish({"format": FORMAT, **facts})

    @classmethod
    def open(cls, path: Path) -> ExportCheckpoint:
        """The checkpoint at `path`; raises `CheckpointMismatch` where it is none."""
        try:
            checkpoint = cls(path)
            found = checkpoint.info("format")
        except (Stopped, WriteError) as error:
            found = error.what
        if found != FORMAT:
            raise CheckpointMismatch(
                f"{path} is not the checkpoint of an export that this version can read ({found}).",
                "Add --restart to read everything again.",
            )
        return checkpoint

    def info(self, name: str) -> object:
        """A fact about the export; None where it is not known."""
        return read_fact(self._db, name)

    # What is to be read

    def open_searches(self, *, listed: bool) -> Iterator[Search]:
        """The searches that are not done, in order, a few at a time: each in the state it then has."""
        return self._stream_searches("state = 'open' AND listed = ?", listed)

    def searches(self, *, listed: bool) -> Iterator[Search]:
        """All searches, of a list or not, in order."""
        return self._stream_searches("listed = ?", listed)

    def _stream_searches(self, where: str, *values: object) -> Iterator[Search]:
        last = 0
        while found := self._searches(f"{where} AND number > ? ORDER BY number LIMIT {BATCH}", *values, last):
            yield from found
            last = found[-1].number

    def open_ids(self) -> Iterator[str]:
        """The ids of contacts that are still to be read."""
        last = ""
        query = "SELECT id FROM named WHERE state = 'open' AND id > ? ORDER BY id LIMIT ?"
        while found := self._db.rows(query, last, BATCH):
            for (last,) in found:
                yield last

    def _searches(self, where: str, *values: object) -> list[Search]:
        query = (
            "SELECT number, field, value, spelling, listed, pass, per_page, state, settled, message FROM search "
            f"WHERE {where}"
        )
        return [
            Search(
                number, Field(field, value), spelling, bool(listed), turn, size, SearchState(state), bool(ok), why
            )
            for number, field, value, spelling, listed, turn, size, state, ok, why in self._db.rows(query, *values)
        ]

    # What was read

    def pages(self, search: int, turn: int) -> list[SeenPage]:
        """The pages of one pass of a search, in the order in which they came."""
        query = "SELECT number, ids, last_page, total FROM page WHERE search = ? AND pass = ? ORDER BY came"
        return [
            SeenPage(number, tuple(json.loads(ids)), last_page, total)
            for number, ids, last_page, total in self._db.rows(query, search, turn)
        ]

    def store_page(
        self, search: Search, page: SeenPage, contacts: Iterable[Contact], per_page: int | None
    ) -> None:
        """A page of a search came, with these `contacts` that have the value."""
        with self._db.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO page (search, pass, number, last_page, total, ids) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (search.number, search.pass_number, page.number, page.last_page, page.total, json.dumps(page.ids)),
            )
            if page.number == 1:
                self._db.execute("UPDATE search SET per_page = ? WHERE number = ?", (per_page, search.number))
            for contact in contacts:
                self._store(contact)
                self._db.execute(
                    "INSERT INTO found VALUES (?, ?, ?, 1) ON CONFLICT (search, id) DO UPDATE SET "
                    "passes = passes + (pass < excluded.pass), pass = excluded.pass",
                    (search.number, contact.id, search.pass_number),
                )

    def finish_search(self, search: Search, *, complete: bool) -> None:
        """A search is done: its last pass showed all contacts, or (not `complete`) all passes together count."""
        self._db.execute(
            "UPDATE search SET state = 'done', settled = ?, counts_from = ? WHERE number = ?",
            (complete, search.pass_number if complete else 1, search.number),
        )

    def restart_search(self, search: Search) -> Search:
        """The search, to be read through once more."""
        self._db.execute(
            "UPDATE search SET state = 'open', pass = ? WHERE number = ?", (search.pass_number + 1, search.number)
        )
        return self._searches("number = ?", search.number)[0]

    def reject_search(self, search: Search, message: str) -> None:
        """HeyX rejected a search."""
        self._db.execute(
            "UPDATE search SET state = 'refused', message = ? WHERE number = ?", (message, search.number)
        )

    def store_contact(self, asked: str, contact: Contact) -> None:
        """What HeyX shows under the id `asked` that was wanted; its own id may be another."""
        with self._db.transaction():
            self._store(contact)
            self._db.execute(
                "UPDATE OR REPLACE named SET id = ?, state = 'done' WHERE id = ?", (contact.id, asked)
            )

    def fail_contact(self, contact_id: str, state: SearchState, message: str) -> None:
        """A contact that was wanted by its id could not be read."""
        self._db.execute("UPDATE named SET state = ?, message = ? WHERE id = ?", (state, message, contact_id))

    def skip_found_ids(self) -> int:
        """Contacts wanted by id that a search has shown need no call of their own; returns their number."""
        return self._db.execute(
            "UPDATE named SET state = 'done' WHERE state = 'open' AND id IN (SELECT id FROM contact)"
        ).rowcount

    def _store(self, contact: Contact) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO contact VALUES (?, ?, ?, ?)",
            (contact.id, json.dumps(dict(contact.fields)), json.dumps(sorted(contact.tags)), contact.created_at),
        )

    # Results

    def contacts(self) -> Iterator[Contact]:
        """The contacts that were wanted, each once and whole, oldest first."""
        for contact_id, fields, tags, created_at in self._db.stream(_WANTED):
            tag_set = frozenset(json.loads(tags))
            yield Contact(contact_id, json.loads(fields), tag_set, complete=True, created_at=created_at)

    def count(self) -> int:
        """How many contacts were wanted and read."""
        return self._one(f"SELECT count(*) FROM ({_WANTED})")

    def coverage(self) -> list[SearchCoverage]:
        """The results of searches that are not of a list, in order, spellings of one value together."""
        query = """
        WITH total AS (
            SELECT search, total FROM page WHERE came IN (SELECT max(came) FROM page GROUP BY search)
        ), met AS (
            SELECT search.field, search.value, found.id, min(search.pass - found.passes) AS missed
            FROM found JOIN search ON search.number = found.search
            WHERE found.pass >= search.counts_from AND NOT search.listed GROUP BY 1, 2, 3
        ), counted AS (
            SELECT field, value, count(*) AS found, sum(missed > 0) AS partly FROM met GROUP BY 1, 2
        )
        SELECT search.field, search.value, coalesce(counted.found, 0), sum(total.total),
            count(total.total) = count(*), min(search.settled), max(search.pass), coalesce(counted.partly, 0)
        FROM search LEFT JOIN total ON total.search = search.number
        LEFT JOIN counted ON counted.field = search.field AND counted.value = search.value
        WHERE NOT search.listed GROUP BY search.field, search.value ORDER BY min(search.number)
        """
        return [
            SearchCoverage(Field(field, value), found, total if known else None, bool(settled), passes, partly)
            for field, value, found, total, known, settled, passes, partly in self._db.rows(query)
        ]

    def value_coverage(self) -> ValueCoverage:
        """The results of the values of a list."""
        query = """
        WITH value AS (
            SELECT field, value, max(state = 'refused') AS refused, min(settled) AS settled,
                max(number IN (SELECT search FROM found)) AS found
            FROM search WHERE listed GROUP BY field, value
        )
        SELECT count(*), coalesce(sum(found AND NOT refused), 0), coalesce(sum(refused), 0),
            coalesce(sum(NOT settled), 0)
        FROM value
        """
        ((*found,),) = self._db.rows(query)
        return ValueCoverage(*found)

    def rejected_searches(self) -> Iterator[Search]:
        """The searches of a list that HeyX rejected."""
        return (search for search in self.searches(listed=True) if search.state is SearchState.REJECTED)

    def ids(self) -> set[str]:
        """The ids of all contacts that were read."""
        return {contact_id for (contact_id,) in self._db.stream("SELECT id FROM contact")}

    def count_open(self) -> tuple[int, int]:
        """How many searches and how many contacts by id are open."""
        query = "SELECT count(*) FROM {} WHERE state = 'open'"
        return self._one(query.format("search")), self._one(query.format("named"))

    def count_answers(self) -> int:
        """How many pages, of all passes, and contacts by id were read or refused."""
        return (
            self._one("SELECT count(*) FROM page")
            + self._one("SELECT count(*) FROM search WHERE state = 'refused'")
            + self._one("SELECT count(*) FROM named WHERE state <> 'open'")
        )

    def page_size(self) -> int | None:
        """The size of pages that was asked for and given; None where HeyX chooses it."""
        found: int | None = self._db.value("SELECT max(per_page) FROM search")
        return found

    def failed_ids(self) -> Iterator[tuple[str, bool, SearchState, str]]:
        """Contacts that could not be read by their id: id, whether the user listed it, why."""
        query = "SELECT id, listed, state, message FROM named WHERE state IN ('absent', 'refused') ORDER BY id"
        for contact_id, listed, state, message in self._db.stream(query):
            yield contact_id, bool(listed), SearchState(state), message

    def _one(self, query: str) -> int:
        return int(self._db.value(query))
