"""One sending of a call, as whoever keeps the books hears of it: what it asks, its wait, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

CREATE = "create"
FIND = "find"


class Happened(StrEnum):
    """What came of one sending, in the word a person reads."""

    DONE = "done"
    REFUSED = "refused"
    THROTTLED = "refused as too many"
    UNANSWERED = "not answered"
    UNDELIVERED = "not delivered"
    UNKNOWN = "unknown"
    """It left, and the program was ended before an answer was recorded."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks, as plain texts: its kind, the contact's id if it names one, and what it carries.

    `items` are names and values of fields; a tag is a name without a value.
    """

    kind: str
    contact_id: str | None = None
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending: the `number`-th of its call, which is the row's (None: no row's own).

    `waited_seconds` are those between the wish to send and the sending: backoff, and the wait for a turn.
    """

    asked: Asked
    row: int | None
    number: int
    waited_seconds: float


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one sending: the answer's HTTP status (None without one), after how long, and what it said."""

    happened: Happened
    status: int | None
    seconds: float
    said: str = ""


class Witness(Protocol):
    """Whoever hears of every sending. `permit`, what makes a call leave, and `leaving` follow without a pause."""

    def permit(self, asked: Asked) -> None:
        """A call is about to leave; raises the `Stopped` that keeps it."""

    def leaving(self, attempt: Attempt) -> int:
        """It leaves now; what this raises keeps it. The number is given back to `came`."""

    def came(self, number: int, attempt: Attempt, came: Came) -> None:
        """What came of it. May raise `Stopped`: the run then ends, but the answer counts."""


class Unwitnessed:
    """Hears and keeps nothing."""

    def permit(self, asked: Asked) -> None:
        """Anything may leave."""

    def leaving(self, attempt: Attempt) -> int:  # noqa: ARG002  a witness is told
        """Forgotten."""
        return 0

    def came(self, number: int, attempt: Attempt, came: Came) -> None:
        """Forgotten."""
