"""One sending of a call, as whoever keeps the books hears of it: what it asks, its wait, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

CREATE = "create"
FIND = "find"


class CallOutcome(StrEnum):
    """What came of one sending, in the word a person reads."""

    DONE = "done"
    REJECTED = "refused"
    THROTTLED = "refused as too many"
    UNANSWERED = "not answered"
    UNDELIVERED = "not delivered"
    UNKNOWN = "unknown"
    """It left, and the program was ended before an answer was recorded."""


@dataclass(frozen=True, slots=True)
class CallDescription:
    """What a call asks, as plain texts: its kind, the contact's id if it names one, and what it carries.

    `items` are names and values of fields; a tag is a name without a value.
    """

    kind: str
    contact_id: str | None = None
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One sending: the `number`-th of its call, which is the row's (None: no row's own).

    `waited_seconds` are those between the wish to send and the sending: backoff, and the wait for a turn.
    """

    call: CallDescription
    row: int | None
    number: int
    waited_seconds: float


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of one sending: the answer's HTTP status (None without one), after how long, and what it said."""

    outcome: CallOutcome
    status: int | None
    seconds: float
    message: str = ""


class CallObserver(Protocol):
    """Whoever hears of every sending. `permit`, what makes a call leave, and `leaving` follow without a pause."""

    def before_send(self, asked: CallDescription) -> None:
        """A call is about to leave; raises the `Stopped` that keeps it."""

    def on_send(self, attempt: CallAttempt) -> int:
        """It leaves now; what this raises keeps it. The number is given back to `came`."""

    def on_response(self, number: int, attempt: CallAttempt, came: CallResult) -> None:
        """What came of it. May raise `Stopped`: the run then ends, but the answer counts."""


class NullObserver:
    """Hears and keeps nothing."""

    def before_send(self, asked: CallDescription) -> None:
        """Anything may leave."""

    def on_send(self, attempt: CallAttempt) -> int:  # noqa: ARG002  a witness is told
        """Forgotten."""
        return 0

    def on_response(self, number: int, attempt: CallAttempt, came: CallResult) -> None:
        """Forgotten."""
