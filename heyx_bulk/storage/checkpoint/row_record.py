"""One row of a checkpoint, and the table that holds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from heyx_bulk.models.contacts import Field, Problem, Status

_PLAINLY = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ESCAPED = json.JSONEncoder(separators=(",", ":")).encode
"""For half a character, which no encoding can write as it is."""

SCHEMA = """
CREATE TABLE row (
    number INTEGER PRIMARY KEY,
    cells TEXT NOT NULL,          -- the sheet's texts, a JSON list
    state TEXT NOT NULL DEFAULT 'ready',
    status TEXT,                  -- of the outcome
    contact_id TEXT,
    message TEXT NOT NULL DEFAULT '',
    problems TEXT,                -- a JSON list of [cause, detail]
    create_payload TEXT,          -- the fields its create carried, a JSON list of [name, value]
    create_sent_at REAL,          -- HeyX's clock when its create was about to leave, if known
    created_by_run INTEGER NOT NULL DEFAULT 0,  -- this run created its contact
    updated_by_run INTEGER NOT NULL DEFAULT 0,  -- this run changed its contact
    assigned_id TEXT,             -- the contact id that a person named for it since the run began
    merged_into INTEGER,          -- the row that stands for this one too, where both mean one contact
    superseded_by INTEGER         -- the later row of its contact that is sent in place of this one
);
CREATE INDEX row_by_merged_into ON row (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX row_by_contact ON row (contact_id) WHERE contact_id IS NOT NULL;
"""


class RowState(StrEnum):
    """How far a row has come."""

    PLANNED = "planned"
    """Its changes are known, and wait to be approved."""
    READY = "ready"
    CREATE_PENDING = "create_pending"
    CREATED = "created"
    DONE = "done"


WHERE_IT_STANDS = (
    f"CASE WHEN merged_into IS NOT NULL THEN '{RowState.READY}' "
    f"WHEN status = '{Status.UNCERTAIN}' AND create_payload IS NOT NULL THEN '{RowState.CREATE_PENDING}' "
    f"WHEN created_by_run THEN '{RowState.CREATED}' ELSE '{RowState.READY}' END"
)
"""The state of a row that is opened again; one that shared the outcome of another's create has sent none."""


@dataclass(frozen=True, slots=True)
class RowRecord:
    """One row of a checkpoint.

    `create_payload` are the fields its create carried, if one was about to leave; `assigned_id` is the contact id
    that a person named for it since the run began.
    """

    number: int
    cells: tuple[str, ...]
    state: RowState
    status: Status | None = None
    contact_id: str | None = None
    message: str = ""
    problems: tuple[Problem, ...] = ()
    create_payload: tuple[Field, ...] | None = None
    sent_at: float | None = None
    created_by_run: bool = False
    updated_by_run: bool = False
    assigned_id: str | None = None


@dataclass(frozen=True, slots=True)
class CorrectedRow:
    """A row that a person gave back: its texts now, and what they come to.

    `keys` are field and value of each key, what the row is matched by first; none where there are `problems`.
    """

    number: int
    cells: tuple[str, ...]
    assigned_id: str | None
    problems: tuple[Problem, ...]
    keys: tuple[tuple[str, str], ...]


class InvalidCause(NamedTuple):
    """Why rows are invalid, how many they are, the first of them, and what is wrong with the very first."""

    what: str
    rows: int
    first: list[int]
    example: str


ROW_COLUMNS = (
    "number, cells, state, status, contact_id, message, problems, create_payload, create_sent_at, created_by_run, "
    "updated_by_run, assigned_id"
)


def to_json(value: object) -> str:
    """A value as the compact JSON that the table holds."""
    text = _PLAINLY(value)
    return text if _is_whole(text) else _ESCAPED(value)


def rows_to_json(rows: Sequence[Sequence[str]]) -> list[str]:
    """`to_json` each row of texts, none of them without a cell.

    Where JSON changes no sign of them, they need only be joined. Otherwise all are written at once and parted
    again: within a JSON text a quote has a backslash in front, so that the signs between two rows stand nowhere
    else.
    """
    insides = ['","'.join(row) for row in rows]
    if not _is_plain("".join(insides), quotes=2 * (sum(map(len, rows)) - len(rows))):
        whole = _PLAINLY(rows)
        if not _is_whole(whole):
            return [to_json(row) for row in rows]
        insides = whole[3:-3].split('"],["')
    return [f'["{inside}"]' for inside in insides]


class CellsDigest:
    """The digest of a sheet's header, and of the cells and numbers of its rows as the table holds them."""

    def __init__(self, header: Sequence[str]) -> None:
        self.rows = 0
        self._hash = hashlib.blake2b(f"{to_json(list(header))}\n".encode(), digest_size=16)

    def add(self, numbers: Sequence[int], texts: Sequence[str]) -> None:
        """Count and add rows, whose cells are given as `to_json` writes them."""
        self.rows += len(numbers)
        self._hash.update(
            "".join([f"{number} {text}\n" for number, text in zip(numbers, texts, strict=True)]).encode()
        )

    def hexdigest(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


def _is_plain(text: str, *, quotes: int) -> bool:
    """Whether JSON writes a text as it is, so many quotes aside."""
    import numpy as np  # noqa: PLC0415 - loaded only where a sheet is read

    written = text.encode(errors="backslashreplace")  # a backslash for half a character, too
    controls = np.frombuffer(written, dtype="u1").min(initial=ord(" ")) < ord(" ")
    return not controls and b"\\" not in written and text.count('"') == quotes


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def problems_to_json(problems: Sequence[Problem]) -> str | None:
    """Problems as the table holds them; None where there are none."""
    return to_json([[problem.cause, problem.detail] for problem in problems]) if problems else None


def parse_row_records(found: Sequence[tuple[object, ...]]) -> list[RowRecord]:
    """The records that rows of the table, read as `ROW_COLUMNS`, hold; all their cells are parsed at once."""
    cells = json.loads(f"[{','.join([str(row[1]) for row in found])}]")
    return [_row_record(row, tuple(texts)) for row, texts in zip(found, cells, strict=True)]


def _row_record(found: tuple[object, ...], cells: tuple[str, ...]) -> RowRecord:
    number, _, state, status, contact_id, message, problems, sent, sent_at, made, wrote, named_id = found
    return RowRecord(
        number=int(str(number)),
        cells=cells,
        state=RowState(str(state)),
        status=Status(str(status)) if status else None,
        contact_id=None if contact_id is None else str(contact_id),
        message=str(message),
        problems=() if problems is None else tuple(Problem(*problem) for problem in json.loads(str(problems))),
        create_payload=None if sent is None else tuple(Field(*pair) for pair in json.loads(str(sent))),
        sent_at=None if sent_at is None else float(str(sent_at)),
        created_by_run=bool(made),
        updated_by_run=bool(wrote),
        assigned_id=None if named_id is None else str(named_id),
    )
