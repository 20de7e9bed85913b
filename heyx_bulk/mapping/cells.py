"""A column's cells: from their texts to what is sent, with the problems found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat

from heyx_bulk.mapping import row_errors
from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.transforms import CLEAR, Others
from heyx_bulk.models.contacts import Policy, Problem
from heyx_bulk.values.convert import convert, unchanged_test
from heyx_bulk.values.text import BLANKS
from heyx_bulk.values.value_types import ConversionError

AddProblem = Callable[[int, Problem], None]
"""Called with the index of a row and a problem of it."""


def trimmed(texts: Sequence[str]) -> list[str]:
    """The texts without the blanks around them, `CLEAR` in whatever case in its own."""
    whole = "".join(texts)
    found = [*map(str.strip, texts, repeat(BLANKS))] if any(map(whole.__contains__, BLANKS)) else [*texts]
    if CLEAR[0] not in whole:
        return found
    return [CLEAR if len(text) == len(CLEAR) and text.lower() == CLEAR else text for text in found]


def longest(texts: Sequence[str]) -> int:
    """The length of the longest text."""
    return max(map(len, texts), default=0)


def validate(
    texts: list[str], problems: Callable[[str], Iterable[Problem]], add: AddProblem, *, drop: bool = False
) -> None:
    """Add the problems of each text that is not blank; with `drop` a text with a problem becomes blank."""
    for index, text in enumerate(texts):
        if text:
            for problem in problems(text):
                add(index, problem)
                texts[index] = "" if drop else text


def convert_cells(
    column: Column, texts: Sequence[str], others: Others, add: AddProblem, add_mismatch: AddProblem
) -> list[str]:
    """What is sent for the texts of a column: '' for nothing, `CLEAR` to empty.

    `add` takes what cannot be sent; `add_mismatch` takes texts of a field that are not of its type. A mismatch
    leaves the text as it is.
    """
    found = trimmed(texts)
    for step in column.transforms:
        found = step.apply(found, others)
    if not _is_plain(found):
        validate(found, partial(row_errors.text_problems, column), add, drop=True)
    if column.default:
        found = [text or column.default for text in found]
    if column.policy is Policy.CLEAR:
        found = [text or CLEAR for text in found]
    if column.use in (Use.FIELD, Use.TAG):
        _convert(column, found, add_mismatch if column.use is Use.FIELD else add)
    if CLEAR in found and (mistake := _clear_problem(column)):
        validate(found, lambda text: [mistake] if text == CLEAR else [], add, drop=True)
    return found


def _is_plain(texts: Sequence[str]) -> bool:
    """Whether no text is too long or holds half a character."""
    whole = "".join(texts)
    if len(whole) > row_errors.LONGEST_TEXT and longest(texts) > row_errors.LONGEST_TEXT:
        return False
    return whole.isascii() or not row_errors.SURROGATE.search(whole)


def _convert(column: Column, texts: list[str], add: AddProblem) -> None:
    """Replace each text that its column's type changes by what is sent."""
    kept = map(unchanged_test(column.value_type), texts)
    for index in [index for index, unchanged in enumerate(kept) if not unchanged]:
        text = texts[index]
        if not text or text == CLEAR:
            continue
        try:
            texts[index] = convert(column.value_type, text)
        except ConversionError as error:
            add(index, row_errors.conversion_problem(column, text, error))


def _clear_problem(column: Column) -> Problem | None:
    """Why a column may not hold `CLEAR`; None if it may."""
    if column.use is Use.FIELD and column.field == "phone":
        return Problem("a phone to be emptied", f"column {column} holds {CLEAR}: HeyX takes no empty phone")
    if column.use in (Use.FIELD, Use.SET_TAGS):
        return None
    return Problem(
        f"{CLEAR} where nothing can be emptied", f"column {column} holds {CLEAR}, which empties fields only"
    )
