"""A column's cells: from what stands there to what is sent, with what is wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat

from heyx_bulk.mapping import row_errors as problems_of
from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.transforms import CLEAR, Others
from heyx_bulk.models.contacts import Policy, Problem
from heyx_bulk.values.convert import convert, unchanged_test
from heyx_bulk.values.text import BLANKS
from heyx_bulk.values.value_types import ConversionError

AddProblem = Callable[[int, Problem], None]
"""Hears what is wrong in the row at an index."""


def trimmed(texts: Sequence[str]) -> list[str]:
    """The texts without the blanks around them, `CLEAR` in whatever case as it is."""
    whole = "".join(texts)
    found = [*map(str.strip, texts, repeat(BLANKS))] if any(map(whole.__contains__, BLANKS)) else [*texts]
    if CLEAR[0] not in whole:
        return found
    return [CLEAR if len(text) == len(CLEAR) and text.lower() == CLEAR else text for text in found]


def longest(texts: Sequence[str]) -> int:
    """The length of the longest text."""
    return max(map(len, texts), default=0)


def validate(
    texts: list[str], judge: Callable[[str], Iterable[Problem]], tell: AddProblem, *, drop: bool = False
) -> None:
    """AddProblem what `judge` says of each text that is not blank; with `drop` a text that is told of becomes
    blank.
    """
    for index, text in enumerate(texts):
        if text:
            for problem in judge(text):
                tell(index, problem)
                texts[index] = "" if drop else text


def convert_cells(
    column: Column, texts: Sequence[str], others: Others, tell: AddProblem, remark: AddProblem | None
) -> list[str]:
    """What is sent for the texts of a column: '' for nothing, `CLEAR` to empty.

    `tell` hears what cannot be sent. Where `remark` is given, it hears instead of what does not fit its column's
    kind, and the text is sent as it is.
    """
    found = trimmed(texts)
    for step in column.transforms:
        found = step.apply(found, others)
    if not _is_plain(found):
        validate(found, partial(problems_of.text_problems, column), tell, drop=True)
    if column.default:
        found = [text or column.default for text in found]
    if column.policy is Policy.CLEAR:
        found = [text or CLEAR for text in found]
    if column.use is Use.FIELD:
        _convert(column, found, tell, remark)
    elif column.use is Use.TAG:
        _convert(column, found, tell, None)
    if CLEAR in found and (mistake := _not_cleared(column)):
        validate(found, lambda text: [mistake] if text == CLEAR else [], tell, drop=True)
    return found


def _convert(column: Column, texts: list[str], tell: AddProblem, remark: AddProblem | None) -> None:
    """Put what is sent in the place of each text that its column's kind changes."""
    kept = map(unchanged_test(column.value_type), texts)
    for index in [index for index, stays in enumerate(kept) if not stays]:
        text = texts[index]
        if not text or text == CLEAR:
            continue
        try:
            texts[index] = convert(column.value_type, text)
        except ConversionError as unfit:
            problem = problems_of.conversion_problem(column, text, unfit.cause, unfit.reason)
            (remark or tell)(index, problem)


def _not_cleared(column: Column) -> Problem | None:
    """Why `CLEAR` does not stand in a column; None where it may."""
    if column.use is Use.FIELD and column.field == "phone":
        return Problem("a phone to be emptied", f"column {column} holds {CLEAR}: HeyX takes no empty phone")
    if column.use in (Use.FIELD, Use.SET_TAGS):
        return None
    return Problem(
        f"{CLEAR} where nothing can be emptied", f"column {column} holds {CLEAR}, which empties fields only"
    )


def _is_plain(texts: Sequence[str]) -> bool:
    """Whether no text is too long or holds half a character."""
    whole = "".join(texts)
    if len(whole) > problems_of.LONGEST_TEXT and longest(texts) > problems_of.LONGEST_TEXT:
        return False
    return whole.isascii() or not problems_of.SURROGATE.search(whole)
