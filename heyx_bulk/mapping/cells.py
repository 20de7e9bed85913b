"""The cells of a column, from their texts to what is sent, and the problems of cells and rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import filterfalse

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.tag_lists import separators_in, split_list
from heyx_bulk.mapping.transforms import CLEAR, Others
from heyx_bulk.models.calls import MAX_TAG_LENGTH
from heyx_bulk.models.contacts import Policy, Problem, TagSet
from heyx_bulk.models.phrases import shorten
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.sheets.frames import WARNING, SheetFrame, issues_of
from heyx_bulk.sheets.limits import LONGEST_TEXT
from heyx_bulk.values.convert import convert, unchanged_test
from heyx_bulk.values.stray_words import is_error_word, may_hold_error_word
from heyx_bulk.values.text import is_damaged_number, trim_all
from heyx_bulk.values.value_types import ConversionError, ValueKind

LONGEST_KEY = 500
"""The longest key or contact id: it is part of a URL."""

LONGEST_SHOWN = 60
"""How much of a text a message shows."""

LONGEST_READINGS = 200

AMBIGUOUS_TAGS = "tags that can be read in two ways"

SURROGATE = re.compile("[\ud800-\udfff]")

_NO_IDS = (".", "..", "by_custom_field")
"""Texts that would turn the URL of a contact into another one."""

_CELL_THAT = "a cell that "

AddProblem = Callable[[int, Problem], None]
"""Called with the index of a row and a problem of it."""


def cell_problems(
    columns: Columns,
    frame: SheetFrame,
    *,
    accept_suspect_ids: bool = False,
    target: Callable[[int], int | None] = lambda position: position,
) -> dict[int, list[Problem]]:
    """The rows of `frame` with a cell that has no true text where one is needed, and what is the matter.

    `target` says which of `columns` the frame's column at a position is; None is none of them.
    """
    ids = {column.position for column in columns.used(Use.ID)}
    problems: dict[int, list[Problem]] = {}
    for issue in issues_of(frame.issues):
        beyond = issue.column >= frame.cells.shape[1]
        position = None if beyond else target(issue.column)
        if issue.severity == WARNING and (accept_suspect_ids or position not in ids):
            continue
        if beyond or (position is not None and columns.sends(position)):
            place = column_letter(issue.column) if position is None else str(columns.columns[position])
            problem = Problem(f"{_CELL_THAT}{issue.cause}", f"column {place} {issue.cause}: {issue.detail}")
            problems.setdefault(issue.row, []).append(problem)
    return problems


def is_cell_problem(problem: Problem) -> bool:
    """Whether a problem is one of a cell without a true text, as `cell_problems` finds it."""
    return problem.cause.startswith(_CELL_THAT)


def is_of_columns(problem: Problem, columns: Iterable[Column]) -> bool:
    """Whether a problem is one of a cell of these columns."""
    return problem.detail.startswith(tuple(f"column {column} " for column in columns))


def trimmed(texts: Sequence[str], whole: str) -> list[str]:
    """The texts, joined `whole`, without the blanks around them, `CLEAR` in whatever case in its own."""
    found = trim_all(texts, whole)
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
    whole = "".join(texts)
    found = trimmed(texts, whole)
    for step in column.transforms:
        found = step.apply(found, others)
    if not _is_plain(found, "".join(found) if column.transforms else whole):
        validate(found, partial(_text_problems, column), add, drop=True)
    if column.default:
        found = [text or column.default for text in found]
    if column.policy is Policy.CLEAR:
        found = [text or CLEAR for text in found]
    if column.use in (Use.FIELD, Use.TAG):
        found = _convert(column, found, add_mismatch if column.use is Use.FIELD else add)
    if (mistake := _clear_problem(column)) and CLEAR in found:
        validate(found, lambda text: [mistake] if text == CLEAR else [], add, drop=True)
    return found


def _is_plain(texts: Sequence[str], whole: str) -> bool:
    """Whether no text, joined `whole`, is too long, holds half a character, or can be a spreadsheet's error."""
    if may_hold_error_word(whole):
        return False
    if len(whole) > LONGEST_TEXT and longest(texts) > LONGEST_TEXT:
        return False
    return whole.isascii() or not SURROGATE.search(whole)


def _text_problems(column: Column, text: str) -> Iterator[Problem]:
    """Why a text cannot be sent at all."""
    if len(text) > LONGEST_TEXT:
        what = f"a text of more than {LONGEST_TEXT:,} characters"
        yield Problem(what, f"column {column} holds {len(text):,} characters: shorten it")
    elif not text.isascii() and SURROGATE.search(text):
        yield Problem(
            "a text with an invalid character", f"column {column} contains an invalid character; retype the value"
        )
    elif is_error_word(text):
        shown = f"shows the error {text[:LONGEST_SHOWN]}"
        yield Problem(f"{_CELL_THAT}{shown}", f"column {column} {shown}: correct or clear it in the spreadsheet")


def _convert(column: Column, texts: list[str], add: AddProblem) -> list[str]:
    """The texts as their column's type has them sent; each distinct one is converted once."""
    if column.value_type.kind is ValueKind.TEXT:
        return texts
    converted: dict[str, str] = {}
    mismatches: dict[str, Problem] = {}
    for text in filterfalse(unchanged_test(column.value_type), {*texts} - {"", CLEAR}):
        try:
            converted[text] = convert(column.value_type, text)
        except ConversionError as error:
            shown = shorten(text, LONGEST_SHOWN)
            mismatches[text] = Problem(error.cause, f"column {column} holds {shown!r}: {error.reason}")
    for index, text in enumerate(texts) if mismatches else ():
        if (problem := mismatches.get(text)) is not None:
            add(index, problem)
    return [*map(converted.get, texts, texts)] if converted else texts


def _clear_problem(column: Column) -> Problem | None:
    """Why a column may not hold `CLEAR`; None if it may."""
    if column.use is Use.FIELD and column.field == "phone":
        return Problem(
            "a phone that would be cleared", f"column {column} holds {CLEAR}: HeyX does not allow an empty phone"
        )
    if column.use in (Use.FIELD, Use.SET_TAGS):
        return None
    return Problem(
        f"{CLEAR} in a column that cannot be cleared", f"column {column} holds {CLEAR}, which clears fields only"
    )


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
        yield Problem("not a valid contact id", f"the contact id {text[:40]!r} cannot be one of HeyX's")


def key_problems(name: str, text: str) -> Iterator[Problem]:
    """Why a value cannot be looked up as the match key `name`."""
    if len(text) > LONGEST_KEY:
        what = f"a key of more than {LONGEST_KEY} characters"
        yield Problem(what, f"the {name} has {len(text):,} characters, too many for a search")


def tag_list_problems(column: Column, text: str) -> Iterator[Problem]:
    """Why a list of tags cannot be split: it can be read in several ways, which make different tags."""
    if len(signs := separators_in(text)) < 2:
        return
    readings = {sign: split_list(text, sign) for sign in signs}
    shown = " or ".join(f"{', '.join(f'“{tag}”' for tag in tags)} (by {sign})" for sign, tags in readings.items())
    yield Problem(
        AMBIGUOUS_TAGS,
        f"column {column} holds {shorten(text, LONGEST_SHOWN)!r}, which is {shorten(shown, LONGEST_READINGS)}: "
        f"add --tag-separator '{signs[0]}' or '{signs[1]}', or put quotes around each tag that contains one",
    )


def tag_problems(add: Sequence[str], remove: Sequence[str], sets: Sequence[TagSet]) -> Iterator[Problem]:
    """Tags of a row that are too long, or contradict each other: those it adds, removes, and its exact sets."""
    for tag in add:
        if tag in remove:
            yield Problem("a tag both added and removed", f"the tag {tag!r} is both added and removed")
        if len(tag) > MAX_TAG_LENGTH:
            yield Problem(
                f"a tag of more than {MAX_TAG_LENGTH} characters",
                f"the tag {tag[:40]!r}… has {len(tag)} characters, HeyX takes {MAX_TAG_LENGTH}",
            )
    for one in sets:
        for tag in add:
            if tag.startswith(one.prefix) and tag not in one.tags:
                yield Problem(
                    "a tag that is not in its exact set",
                    f"the tag {tag!r} is added, but the tags that begin with {one.prefix!r} must be exactly "
                    f"{', '.join(one.tags) or 'none'}",
                )
