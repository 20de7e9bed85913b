"""Problems of a row: why it cannot be sent, and how to correct it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heyx_bulk.mapping.column import Column
from heyx_bulk.models.calls import MAX_TAG_LENGTH
from heyx_bulk.models.contacts import ContactRow, Problem
from heyx_bulk.values.text import is_damaged_number
from heyx_bulk.values.value_types import ConversionError

LONGEST_TEXT = 32_767
"""The longest text of a cell: Excel's own limit."""

LONGEST_KEY = 500
"""The longest key or contact id: it is part of a URL."""

LONGEST_SHOWN = 60
"""How much of a text a message shows."""

SURROGATE = re.compile("[\ud800-\udfff]")

_NO_IDS = (".", "..", "by_custom_field")
"""Texts that would turn the URL of a contact into another one."""


def conversion_problem(column: Column, text: str, error: ConversionError) -> Problem:
    """A text that is not of its column's type."""
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return Problem(error.cause, f"column {column} holds {shown!r}: {error.reason}")


def text_problems(column: Column, text: str) -> Iterator[Problem]:
    """Why a text cannot be sent at all."""
    if len(text) > LONGEST_TEXT:
        what = f"a text of more than {LONGEST_TEXT:,} characters"
        yield Problem(what, f"column {column} holds {len(text):,} characters: shorten it")
    elif not text.isascii() and SURROGATE.search(text):
        yield Problem("a text with half a character", f"column {column} holds half of a character: type it anew")


def id_problems(column: Column, text: str) -> Iterator[Problem]:
    """Why a cell is not a contact id."""
    if is_damaged_number(text):
        yield Problem(
            "a contact id that the spreadsheet has rounded",
            f"column {column} holds {text}, a number that the spreadsheet has rounded: its digits are lost. "
            "Format the column as Text and paste the id again.",
        )


def contact_id_problems(text: str) -> Iterator[Problem]:
    """Why a text cannot be looked up as a contact id, wherever it comes from."""
    if len(text) > LONGEST_KEY or text in _NO_IDS:
        yield Problem("a contact id that is none", f"the contact id {text[:40]!r} is none of HeyX's")


def key_problems(name: str, text: str) -> Iterator[Problem]:
    """Why a value cannot be looked up as the match key `name`."""
    if len(text) > LONGEST_KEY:
        what = f"a key of more than {LONGEST_KEY} characters"
        yield Problem(what, f"the {name} has {len(text):,} characters, too many to look it up")


def tag_problems(row: ContactRow) -> Iterator[Problem]:
    """Tags that are too long, and tags that contradict each other."""
    for tag in row.add_tags:
        if tag in row.remove_tags:
            yield Problem("a tag both added and removed", f"the tag {tag!r} is both added and removed")
        if len(tag) > MAX_TAG_LENGTH:
            yield Problem(
                f"a tag of more than {MAX_TAG_LENGTH} characters",
                f"the tag {tag[:40]!r}… has {len(tag)} characters, HeyX takes {MAX_TAG_LENGTH}",
            )
    for one in row.tag_sets:
        for tag in row.add_tags:
            if tag.startswith(one.prefix) and tag not in one.tags:
                yield Problem(
                    "a tag added beside its exact set",
                    f"the tag {tag!r} is added, and the tags with {one.prefix!r} are to be exactly "
                    f"{', '.join(one.tags) or 'none'}",
                )
