"""Steps by which a mapping changes a column's texts before they are converted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from heyx_bulk.values.text import plain_spaces, trim

CLEAR = "<clear>"
"""The text of a cell that empties its field or its set of tags."""

REST = "rest"
"""Everything behind the first part of a text that is split."""

_WORD = re.compile(r"(^|[\s\-(/])(\w)")

Others = Callable[[int], Sequence[str]]
"""The trimmed texts of another column, by its position."""


@dataclass(frozen=True, slots=True)
class Transform:
    """One step: its name and its arguments.

    trim (blanks inside a text become one), lower, upper and title have none; replace(old, new);
    split(separator, part) keeps one part, from 1, from the end if negative, or the `REST` behind the first, and
    takes odd spaces for plain ones;
    join(position, glue) appends the text of the column at that position, with the glue between them if neither is
    blank. No step changes `CLEAR`, and nothing is joined to it or by it.
    """

    name: str
    arguments: tuple[str | int, ...] = ()

    def apply(self, texts: Sequence[str], others: Others) -> list[str]:
        """The texts of a column after this step, trimmed."""
        changed = self._changed(texts, others)
        if CLEAR not in texts:
            return changed
        return [old if old == CLEAR else new for old, new in zip(texts, changed, strict=True)]

    def _changed(self, texts: Sequence[str], others: Others) -> list[str]:
        match self.name, self.arguments:
            case "replace", (str(old), str(new)):
                return [trim(text.replace(old, new)) for text in texts]
            case "split", (str(separator), part):
                return [trim(_part(text, separator, part)) for text in texts]
            case "join", (int(position), str(glue)):
                behind = ("" if text == CLEAR else text for text in others(position))
                pairs = zip(texts, behind, strict=True)
                return [trim(glue.join(filter(None, pair))) for pair in pairs]
            case _:
                return [*map(_PLAIN[self.name], texts)]


_PLAIN: Mapping[str, Callable[[str], str]] = {
    "trim": lambda text: " ".join(text.split()),
    "lower": str.lower,
    "upper": str.upper,
    "title": lambda text: _WORD.sub(lambda found: found[1] + found[2].upper(), text.lower()),
}
PLAIN_TRANSFORMS = tuple(_PLAIN)
"""The steps without arguments."""


def _part(text: str, separator: str, part: str | int) -> str:
    """A part of a text, split where it has the separator or, for each plain space in that, an odd one."""
    plain, separator = plain_spaces(text), plain_spaces(separator)
    ends: list[int] = []
    while (at := plain.find(separator, ends[-1] + len(separator) if ends else 0)) >= 0:
        ends.append(at)
    if part == REST:
        return text[ends[0] + len(separator) :] if ends else ""
    starts = [0, *(end + len(separator) for end in ends)]
    pieces = (text[start:end] for start, end in zip(starts, [*ends, len(text)], strict=True))
    parts = [trim(piece) for piece in pieces if trim(piece)]
    number = int(part)
    at = number - 1 if number > 0 else number
    return parts[at] if -len(parts) <= at < len(parts) else ""
