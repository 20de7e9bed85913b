"""What an export is to read, as its checkpoint holds it: searches, contacts by id, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from heyx_bulk.models.contacts import Field

FORMAT = 1

SCHEMA = """
CREATE TABLE search (
    number INTEGER PRIMARY KEY,
    field TEXT NOT NULL,
    value TEXT NOT NULL,           -- what contacts must have
    spelling TEXT NOT NULL,        -- as it is searched for
    listed INTEGER NOT NULL,       -- whether it comes from a list, and may fail alone
    pass INTEGER NOT NULL DEFAULT 1,
    counts_from INTEGER NOT NULL DEFAULT 1,  -- contacts that no pass from here on showed have gone
    per_page INTEGER,              -- the size of pages to ask for, once HeyX gave that
    state TEXT NOT NULL DEFAULT 'open',
    settled INTEGER NOT NULL DEFAULT 1,      -- whether everybody was read
    message TEXT NOT NULL DEFAULT ''
);
CREATE INDEX search_by_state ON search (state, number);
CREATE TABLE page (
    came INTEGER PRIMARY KEY,      -- in this order
    search INTEGER NOT NULL,
    pass INTEGER NOT NULL,
    number INTEGER NOT NULL,
    last_page INTEGER NOT NULL,
    total INTEGER,
    ids TEXT NOT NULL              -- all of the page, a JSON list
);
CREATE UNIQUE INDEX page_by_search ON page (search, pass, number);
CREATE TABLE found (               -- contacts that have the value, by our own comparison
    search INTEGER NOT NULL,
    id TEXT NOT NULL,
    pass INTEGER NOT NULL,         -- the last one that showed it
    passes INTEGER NOT NULL,       -- how many did
    PRIMARY KEY (search, id)
) WITHOUT ROWID;
CREATE TABLE named (               -- contacts wanted by their id
    id TEXT PRIMARY KEY,
    listed INTEGER NOT NULL,       -- whether a person listed it; else it is known from before
    state TEXT NOT NULL DEFAULT 'open',
    message TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX named_by_state ON named (state, id);
CREATE TABLE contact (
    id TEXT PRIMARY KEY,
    fields TEXT NOT NULL,          -- a JSON object
    tags TEXT NOT NULL,            -- a JSON list
    created_at INTEGER
) WITHOUT ROWID;
"""


class SearchState(StrEnum):
    """How far a search, or a contact wanted by its id, has come."""

    OPEN = "open"
    DONE = "done"
    NOT_FOUND = "absent"
    REJECTED = "refused"


@dataclass(frozen=True, slots=True)
class Search:
    """One search: contacts with `wanted`, in one spelling of its value, being read for the `pass_number`-th time.

    `listed` ones come from a list of values. `per_page` is the size of pages that HeyX gave, None for its own.
    `complete` says whether the pages showed all contacts.
    """

    number: int
    wanted: Field
    spelling: str
    listed: bool = False
    pass_number: int = 1
    per_page: int | None = None
    state: SearchState = SearchState.OPEN
    complete: bool = True
    message: str = ""


@dataclass(frozen=True, slots=True)
class SearchCoverage:
    """The result of the search for one value.

    `found` contacts have it; HeyX's search named `total`, those that only resemble them too (None: it does not
    say). Where not `complete`, contacts came and went while they were read, in each of `passes`, and `partly` of
    those found were not on all passes.
    """

    wanted: Field
    found: int
    total: int | None
    complete: bool
    passes: int
    partly: int


@dataclass(frozen=True, slots=True)
class ValueCoverage:
    """How many values of a list there are, found a contact, were rejected, and changed in every pass."""

    searched: Annotated[int, "The values that were searched."]
    found: Annotated[int, "The values that found a contact."]
    rejected: Annotated[int, "The values for which HeyX rejected the search."]
    incomplete: Annotated[int, "The values whose contacts changed in every pass."]
