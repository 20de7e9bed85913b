"""Headers that other products export and that people write in their own languages, and the fields they stand for.

The headers are in `known_headers.toml`. What is only similar to a field is suggested, never applied unasked.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from heyx_bulk.mapping.columns import alphanumeric_key, normalize_name
from heyx_bulk.models.calls import STANDARD_FIELDS
from heyx_bulk.models.phrases import closest

TAGS = "tags"
FULL_NAME = "full name"
"""Not a field of HeyX: a column of whole names can only be pointed out."""

MIN_SIMILARITY = 0.8
"""The least similarity (`difflib` ratio, 0 to 1) of a name worth suggesting; below it a suggestion misleads."""


@dataclass(frozen=True, slots=True)
class KnownHeader:
    """What a header stands for. Of several columns for one `field` the one of lowest `rank` is used.

    `field` is a field of HeyX that can be written, one that can only be read, `TAGS` (a list of tags to add) or
    `FULL_NAME`. `origin` is the language or product that uses the header.
    """

    field: str
    origin: str
    rank: int


def known_header(header: str) -> KnownHeader | None:
    """What `header` stands for by itself, whatever its case, accents, blanks and punctuation; None if unknown."""
    return _by_key().get(_key(header))


def known_headers(header: Sequence[str]) -> list[KnownHeader | None]:
    """What the columns under `header` stand for beside each other, one answer per column.

    `Nom` is the last name beside `Prénom`, and a whole name otherwise. Of several columns for one field only the
    first of lowest rank has an answer; lists of tags all have one.
    """
    keys = [_key(text) for text in header]
    found = [_name_part(key, keys) or _by_key().get(key) for key in keys]
    ranked = [(known.rank, position, known.field) for position, known in enumerate(found) if known]
    best = {field: position for _, position, field in sorted(ranked, reverse=True)}
    return [
        known if known and (known.field == TAGS or best[known.field] == position) else None
        for position, known in enumerate(found)
    ]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field that a column may be meant for, and why."""

    field: str
    reason: str


def suggest(header: str, fields: Iterable[str]) -> Suggestion | None:
    """Suggest a standard field or one of `fields` for `header`; None if nothing is close."""
    known = known_header(header)
    if known is not None and known.field == FULL_NAME:
        return Suggestion("firstName+lastName", "a full name, split at its first blank")
    if known is not None:
        return Suggestion(known.field, f"{known.origin}, but another column is closer to {known.field}")
    return similar_field(header, (*STANDARD_FIELDS, *fields))


def similar_field(name: str, fields: Iterable[str]) -> Suggestion | None:
    """Suggest the one of `fields` whose name is most similar to `name`, if one is similar enough."""
    field = closest(name, fields, key=alphanumeric_key, least=MIN_SIMILARITY)
    return None if field is None else Suggestion(field, "a close spelling")


def _name_part(key: str, keys: Sequence[str]) -> KnownHeader | None:
    """The part of a name that a header of whole names stands for beside the other part, if that is there."""
    field, partners = _partners().get(key, ("", frozenset()))
    return replace(_by_key()[key], field=field) if partners.intersection(keys) else None


def _key(header: str) -> str:
    """The letters and digits of `header`, without accents: the form in which headers are looked up."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", normalize_name(header)) if sign.isalnum())


@cache
def _by_key() -> dict[str, KnownHeader]:
    return {
        _key(name): KnownHeader(field, origin, rank) for field, origin, rank, names in _entries() for name in names
    }


@cache
def _partners() -> dict[str, tuple[str, frozenset[str]]]:
    """By the key of a header of whole names: the part it may stand for, and the keys of the other part."""
    return {
        _key(name): (entry["field"], frozenset(map(_key, entry["other"])))
        for name, entry in _data()["beside"].items()
    }


def _entries() -> Iterator[tuple[str, str, int, Sequence[str]]]:
    """The headers of the data file: field, origin, rank, and the headers that share them."""
    data = _data()
    products = {f"a header of {name}": fields for name, fields in data["products"].items()}
    for origin, fields in (data["languages"] | products).items():
        for field, headers in fields.items():
            groups = headers if isinstance(headers, dict) else {"main": headers}
            for group, names in groups.items():
                yield field, origin, data["order"].index(group), names


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((resources.files("heyx_bulk.mapping") / "known_headers.toml").read_text("utf-8"))
