"""One row as the journal has it, and the table that holds it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from heyx_bulk.models.contacts import Field, Problem, Status

FORMAT = 2

_PLAINLY = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ESCAPED = json.JSONEncoder(separators=(",", ":")).encode
"""For half a character, which no encoding can write as it is."""

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE row (
    number INTEGER PRIMARY KEY,
    cells TEXT NOT NULL,          -- the sheet's texts, a JSON list
    state TEXT NOT NULL DEFAULT 'ready',
    status TEXT,                  -- of the outcome
    contact_id TEXT,
    message TEXT NOT NULL DEFAULT '',
    problems TEXT,                -- a JSON list of [cause, detail]
    sent TEXT,                    -- the fields its create carried, a JSON list of [name, value]
    sent_at REAL,                 -- HeyX's clock when its create was about to leave, if known
    made INTEGER NOT NULL DEFAULT 0,   -- this run created its contact
    wrote INTEGER NOT NULL DEFAULT 0,  -- this run changed its contact
    named_id TEXT,                -- the contact id that a person named for it since the run began
    leader INTEGER                -- the row that stands for this one too, where both mean one contact
);
CREATE INDEX row_by_leader ON row (leader) WHERE leader IS NOT NULL;
CREATE INDEX row_by_contact ON row (contact_id) WHERE contact_id IS NOT NULL;
CREATE TABLE key (
    number INTEGER NOT NULL,
    rank INTEGER NOT NULL,        -- 0 is what the row is matched by
    field TEXT NOT NULL,
    value TEXT NOT NULL,          -- as it is compared
    PRIMARY KEY (number, rank)
) WITHOUT ROWID;
CREATE TABLE follows (number INTEGER NOT NULL, earlier INTEGER NOT NULL, PRIMARY KEY (number, earlier))
    WITHOUT ROWID;
"""


class State(StrEnum):
    """How far a row has come."""

    READY = "ready"
    CREATING = "creating"
    CREATED = "created"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as the journal has it.

    `sent` are the fields its create carried, if one was about to leave; `named_id` is the contact id that a
    person named for it since the run began.
    """

    number: int
    cells: tuple[str, ...]
    state: State
    status: Status | None = None
    contact_id: str | None = None
    message: str = ""
    problems: tuple[Problem, ...] = ()
    sent: tuple[Field, ...] | None = None
    sent_at: float | None = None
    made: bool = False
    wrote: bool = False
    named_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """A row that a person gave back: its texts now, and what they come to.

    `keys` are field and value of each key, what the row is matched by first; none where there are `problems`.
    """

    number: int
    cells: tuple[str, ...]
    named_id: str | None
    problems: tuple[Problem, ...]
    keys: tuple[tuple[str, str], ...]


SHARED = "SELECT field, value FROM key GROUP BY field, value HAVING count(*) > 1"
"""The key values that several rows have: few, so that asking for them first spares sorting all others."""


class Cause(NamedTuple):
    """Why rows are invalid, how many they are, the first of them, and what is wrong with the very first."""

    what: str
    rows: int
    first: list[int]
    example: str


LINK = (
    "INSERT OR IGNORE INTO follows SELECT number, earlier FROM (SELECT number, lag(number) OVER "
    f"(PARTITION BY field, value ORDER BY number) AS earlier FROM key WHERE (field, value) IN ({SHARED})) "
    "WHERE earlier < number"
)
"""Makes every row with keys follow the nearest earlier one that shares a key value with it."""

ENTRY = "number, cells, state, status, contact_id, message, problems, sent, sent_at, made, wrote, named_id"


def text_of(value: object) -> str:
    """A value as the compact JSON that the table holds."""
    text = _PLAINLY(value)
    return text if _is_whole(text) else _ESCAPED(value)


def texts_of(rows: Sequence[Sequence[str]]) -> list[str]:
    """`text_of` each row of texts, none of them without a cell.

    Where JSON changes no sign of them, they need only be joined. Otherwise all are written at once and parted
    again: within a JSON text a quote has a backslash in front, so that the signs between two rows stand nowhere
    else.
    """
    insides = ['","'.join(row) for row in rows]
    if not _is_plain("".join(insides), quotes=2 * (sum(map(len, rows)) - len(rows))):
        whole = _PLAINLY(rows)
        if not _is_whole(whole):
            return [text_of(row) for row in rows]
        insides = whole[3:-3].split('"],["')
    return [f'["{inside}"]' for inside in insides]


def _is_plain(text: str, *, quotes: int) -> bool:
    """Whether JSON writes a text as it is, so many quotes aside."""
    return text.isprintable() and "\\" not in text and text.count('"') == quotes


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def problems_text(problems: Sequence[Problem]) -> str | None:
    """Problems as the table holds them; None where there are none."""
    return text_of([[problem.cause, problem.detail] for problem in problems]) if problems else None


def problems_of(text: str | None) -> tuple[Problem, ...]:
    """The problems that the table holds."""
    return tuple(Problem(cause, detail) for cause, detail in json.loads(text)) if text else ()


def entry_of(found: tuple[object, ...]) -> Entry:
    """The entry that a row of the table, read as `ENTRY`, holds."""
    number, cells, state, status, contact_id, message, problems, sent, sent_at, made, wrote, named_id = found
    return Entry(
        number=int(str(number)),
        cells=tuple(json.loads(str(cells))),
        state=State(str(state)),
        status=Status(str(status)) if status else None,
        contact_id=None if contact_id is None else str(contact_id),
        message=str(message),
        problems=problems_of(None if problems is None else str(problems)),
        sent=None if sent is None else tuple(Field(*pair) for pair in json.loads(str(sent))),
        sent_at=None if sent_at is None else float(str(sent_at)),
        made=bool(made),
        wrote=bool(wrote),
        named_id=None if named_id is None else str(named_id),
    )
