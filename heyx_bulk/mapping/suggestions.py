"""Fields that an unknown column may be meant for: suggested to the user, never applied unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from heyx_bulk.mapping.column import alphanumeric_key
from heyx_bulk.mapping.known_headers import FULL_NAME, known_header
from heyx_bulk.models.calls import STANDARD_FIELDS

MIN_SIMILARITY = 0.8
"""The least similarity (`difflib` ratio, 0 to 1) of a name worth suggesting; below it a suggestion misleads."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field that a column may be meant for, and why."""

    field: str
    reason: str


def suggest(header: str, fields: Iterable[str]) -> Suggestion | None:
    """Suggest a standard field or one of `fields` for `header`; None if nothing is close."""
    known = known_header(header)
    if known is not None and known.field == FULL_NAME:
        return Suggestion("firstName", "a whole name: HeyX has first and last names, a mapping file can split it")
    if known is not None:
        return Suggestion(known.field, f"{known.origin}, but another column is closer to {known.field}")
    return closest(header, (*STANDARD_FIELDS, *fields))


def closest(name: str, fields: Iterable[str]) -> Suggestion | None:
    """Suggest the one of `fields` whose name is most similar to `name`, if one is similar enough."""
    by_key: dict[str, str] = {}
    for field in fields:
        by_key.setdefault(alphanumeric_key(field), field)
    matches = get_close_matches(alphanumeric_key(name), by_key, n=1, cutoff=MIN_SIMILARITY)
    return Suggestion(by_key[matches[0]], "a close spelling") if matches else None
