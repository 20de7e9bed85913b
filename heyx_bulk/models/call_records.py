"""One sending of a call as it is recorded: what it asks, its wait, what came of it; all as plain texts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from heyx_bulk.models.calls import (
    AddTags,
    Answer,
    Call,
    CreateContact,
    Created,
    Done,
    FindContacts,
    Page,
    ReadContact,
    RemoveTags,
    UpdateContact,
)
from heyx_bulk.models.contacts import Contact, Field

CREATE = "create"
FIND = "find"


class CallOutcome(StrEnum):
    """The outcome of one attempt, as messages name it."""

    DONE = "done"
    REJECTED = "rejected"
    THROTTLED = "rate limited"
    UNANSWERED = "no response"
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

    `waited_seconds` passed before it was sent: backoff, and the wait for the rate limiter.
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


class CallObserver:
    """Learns of every sending; this one keeps nothing.

    No await separates `before_send`, the rate limiter's permission and `on_send`.
    """

    def before_send(self, asked: CallDescription) -> None:
        """A call is about to leave; a `Stopped` raised here keeps it back."""

    def on_send(self, attempt: CallAttempt) -> int:  # noqa: ARG002  others record it
        """It leaves now, unless this raises. Returns the number that `on_response` is called with."""
        return 0

    def on_response(self, number: int, attempt: CallAttempt, came: CallResult) -> None:
        """It was answered, or is lost. May raise `Stopped`: the run then ends, but the answer counts."""


def describe_call(call: Call) -> CallDescription:
    """What `call` asks, as plain texts; its kind is one of `find read create update add tags remove tags`."""
    match call:
        case FindContacts():
            return CallDescription(FIND, None, ((call.field, call.value),))
        case ReadContact():
            return CallDescription("read", call.id)
        case CreateContact():
            return CallDescription(CREATE, None, _items(call.fields))
        case UpdateContact():
            return CallDescription("update", call.id, _items(call.fields))
        case AddTags():
            return CallDescription("add tags", call.id, tuple((tag, "") for tag in call.tags))
        case RemoveTags():
            return CallDescription("remove tags", call.id, tuple((tag, "") for tag in call.tags))


def describe_answer(answer: Answer) -> str:
    """What an answer says, in a few words without a value of any contact."""
    match answer:
        case Page(contacts=()):
            return "no contact found"
        case Page():
            return f"{len(answer.contacts) if answer.total is None else answer.total} found"
        case Created():
            return f"contact {answer.id}"
        case Contact() | Done():
            return ""


def _items(fields: tuple[Field, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.value) for field in fields)
