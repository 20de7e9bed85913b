"""Yes and no, in the words people write into sheets."""

from __future__ import annotations

import unicodedata

from heyx_bulk.values.value_types import ConversionError

YES = frozenset(
    (
        # English, and what programs, ticks and crosses say
        *("yes", "y", "true", "t", "1", "on", "x", "✓", "✔", "☑", "✅"),
        *("sí", "si", "s", "verdadero", "oui", "vrai", "ja", "j", "wahr", "sim", "verdadeiro", "sì", "vero"),
        *("نعم", "صحيح", "ہاں", "هاں", "جیہاں", "ya", "benar", "betul", "是", "是的", "真", "对", "對"),
        *("はい", "да", "evet", "tak", "हाँ", "हां"),
    )
)
NO = frozenset(
    (
        *("no", "n", "false", "f", "0", "off", "☐"),
        *("falso", "non", "faux", "nein", "falsch", "não", "nao", "nee"),
        *("لا", "خطأ", "نہیں", "جینہیں", "tidak", "salah", "否", "不是", "假", "不"),
        *("いいえ", "нет", "hayır", "hayir", "nie", "नहीं"),
    )
)
"""A cross other than the letter x is in neither: it ticks for some and strikes out for others."""


def convert_boolean(text: str) -> str:
    """`true` or `false`."""
    found = parse_boolean(text)
    if found is None:
        raise ConversionError("neither yes nor no", "it says neither yes nor no: write true or false")
    return "true" if found else "false"


def parse_boolean(text: str) -> bool | None:
    """What `text` says, whatever its case and blanks; None if it says neither yes nor no."""
    word = normalize_word(text)
    return True if word in YES else False if word in NO else None


def normalize_word(text: str) -> str:
    """`text` without case and blanks and in Unicode's compatible form: how words are compared."""
    if text.isascii():
        return "".join(text.lower().split())
    composed = unicodedata.normalize("NFKC", text.casefold())
    return "".join(composed.split())
