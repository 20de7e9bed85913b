"""Number formats of codes, such as `"+44 "0`, `0# ## ## ##` or `00000`: a person sees signs that the number lacks.

Only formats of digits and literal signs count: those with decimals, thousands, dates or conditions are of
quantities. A quantity may also have a unit (`0" kg"`) or a blank between thousands (`# ##0`): its number is what
is meant. With two zeros or more, such a format is of a code (`00" kg"`, `0000 000 000`): the number alone would
lose the zeros that a person sees.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|([-+() \xa01-9\u202f])|([0#])|\[(?:\$-[^\]]*|[a-z]+(?: ?[0-9]+)?)\]', re.IGNORECASE
)
ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
"""Hours, minutes or seconds that are not limited to a day, an hour or a minute."""

_FURTHER_SECTIONS = re.compile(r"(;(@|general|standard)?)*", re.IGNORECASE)
_COUNTRY_OR_ZERO = re.compile(r"[(\xa0 -]*[+0-9][+0-9()\xa0\u202f -]*")
"""What stands in front of a phone or code, but of no quantity."""

MOST_CHARACTERS_OF_CODE = 255
"""The longest format that Excel takes."""

_FEWEST_ZEROS = 2
_THOUSAND = 3


class Part(NamedTuple):
    """A literal text of a format, or the place of a digit: `0` or `#`."""

    text: str
    is_digit: bool


def code_pattern(code: str) -> tuple[Part, ...]:
    """The parts of a format that is one of codes; none for any other format."""
    parts: list[Part] = []
    at = 0
    if len(code) > MOST_CHARACTERS_OF_CODE or ELAPSED.search(code):
        return ()
    while at < len(code) and not _FURTHER_SECTIONS.fullmatch(code, at):
        found = _TOKEN.match(code, at)
        if not found:
            return ()
        if found[4]:
            parts.append(Part(found[4], is_digit=True))
        elif literal := found[1] or found[2] or found[3]:
            parts.append(Part(literal, is_digit=False))
        at = found.end()
    return tuple(parts) if _is_code(parts) else ()


def _is_code(parts: list[Part]) -> bool:
    """Whether the number has two leading zeros or parts of any size, or stands behind a `+` or digits."""
    kinds = "".join("0" if part.is_digit else "x" for part in parts)
    groups = [*map(len, kinds.replace("x", " ").split())]
    is_quantity = parts.count(Part("0", is_digit=True)) < _FEWEST_ZEROS and {*groups[1:]} <= {_THOUSAND}
    before = "".join(part.text for part in parts[: kinds.find("0")])
    return bool(groups) and not (is_quantity and (kinds.endswith("x") or not _COUNTRY_OR_ZERO.fullmatch(before)))


def shown(parts: tuple[Part, ...], digits: str) -> str:
    """The text that a spreadsheet shows for the whole number `digits`.

    The first place takes all digits for which there is no other one. A `0` and all places behind it are filled
    with zeros. A text that reads as a negative number, or has no digit, is not what is meant: then it is `digits`.
    """
    rest = digits.lstrip("0")
    first = next(at for at, part in enumerate(parts) if part.is_digit)
    zero = next((at for at, part in enumerate(parts) if part == Part("0", is_digit=True)), len(parts))
    texts: list[str] = []
    for at in range(len(parts) - 1, -1, -1):
        if not parts[at].is_digit:
            texts.append(parts[at].text)
        elif at == first:
            texts.append(rest or ("0" if at >= zero else ""))
        else:
            texts.append(rest[-1:] or ("0" if at >= zero else ""))
            rest = rest[:-1]
    text = "".join(reversed(texts))
    return digits if text.startswith("-") or not any(map(str.isdigit, text)) else text
