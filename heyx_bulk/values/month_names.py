"""Names of months, in the languages people write dates in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_NAMES = (
    # English, Spanish, French, German, Portuguese, Italian, Dutch, Indonesian, Malay; Arabic, Urdu
    "january jan enero ene janvier janv januar jan janner jän janeiro gennaio gen januari يناير جنوری كانونالثاني",
    "february feb febrero février févr fév februar fevereiro fev febbraio februari فبراير فروری شباط",
    "march mar marzo mars märz maerz mär mrz março maart mrt maret mac مارس مارچ آذار",
    "april apr abril abr avril avr aprile أبريل اپریل نيسان",
    "may mayo mai maio maggio mag mei مايو مئی أيار",
    "june jun junio juin juni junho giugno giu يونيو يونيه جون حزيران",
    "july jul julio juillet juil juli julho luglio lug julai يوليو يوليه جولائی تموز",
    "august aug agosto ago août augustus agustus agt agu ogos أغسطس اگست آب",
    "september sep sept septiembre setiembre septembre setembro set settembre سبتمبر ستمبر أيلول",
    "october oct octubre octobre oktober okt outubro out ottobre ott أكتوبر اکتوبر تشرينالأول",
    "november nov noviembre novembre novembro nop نوفمبر نومبر تشرينالثاني",
    "december dec diciembre dic décembre déc dezember dez dezembro dicembre desember des disember dis ديسمبر دسمبر"
    " كانونالأول",
)

_FILLERS = frozenset(("de", "del", "do", "of", "the", "st", "nd", "rd", "th", "er", "o"))
"""What stands between the parts of a date and in ordinals: `14 de marzo de 1988`, `March 1st`."""

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|\S")
_POINTS = frozenset(".,/-\u2013\u060c")


def unaccented(text: str) -> str:
    """`text` without accents and case."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


MONTHS: Mapping[str, int] = MappingProxyType(
    {unaccented(name): number for number, names in enumerate(_NAMES, 1) for name in names.split()}
)


def parse_named_date(text: str) -> tuple[str, int, str] | None:
    """The number before (or, in `March 14, 1988`, behind) the month, the month, the last number; None if there is
    no named month among two numbers. `text` has its digits as ASCII.
    """
    if any(sign.isdigit() and not sign.isdecimal() for sign in text):
        return None
    numbers: list[str] = []
    words: list[str] = []
    month_at = 0
    for token in _TOKEN.findall(unaccented(text)):
        if token.isdigit():
            numbers.append(token)
        elif token.isalpha() and token not in _FILLERS:
            if words and month_at != len(numbers):
                return None
            words.append(token)
            month_at = len(numbers)
        elif token not in _FILLERS and token not in _POINTS:
            return None
    month = MONTHS.get("".join(words))
    if month is None or len(numbers) != 2 or month_at == 2:
        return None
    return numbers[0], month, numbers[1]
