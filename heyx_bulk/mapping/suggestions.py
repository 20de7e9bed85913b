"""What a column that nobody knows may be meant for: suggested to a person, never done unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from heyx_bulk.mapping.column import alphanumeric_key
from heyx_bulk.mapping.known_headers import FULL_NAME, known_header
from heyx_bulk.models.calls import STANDARD_FIELDS

ALIKE_PERCENT = 80.0
"""How alike two names must be; below it a suggestion misleads."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field that a column may be meant for, and why."""

    field: str
    reason: str


def suggest(header: str, fields: Iterable[str]) -> Suggestion | None:
    """The field that `header` may be meant for, of HeyX's own and of `fields`; None if nothing is close."""
    known = known_header(header)
    if known is not None and known.field == FULL_NAME:
        return Suggestion("firstName", "a whole name: HeyX has first and last names, a mapping file can split it")
    if known is not None:
        return Suggestion(known.field, f"{known.origin}, but another column is closer to {known.field}")
    return closest(header, (*STANDARD_FIELDS, *fields))


def closest(name: str, fields: Iterable[str]) -> Suggestion | None:
    """The one of `fields` whose name is close to `name`, if any is."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a name that nobody knows pays for it

    choices = {field: alphanumeric_key(field) for field in fields}
    found = process.extractOne(alphanumeric_key(name), choices, scorer=fuzz.ratio, score_cutoff=ALIKE_PERCENT)
    return None if found is None else Suggestion(found[2], "a close spelling")
