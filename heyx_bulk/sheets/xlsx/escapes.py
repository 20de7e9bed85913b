"""`_xHHHH_`: how a workbook writes a character that XML has not, or a text that looks like such an escape."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")


def decode(text: str) -> str:
    """The text that a workbook wrote as `text`."""
    if "_x" not in text:
        return text
    return _PAIR.sub(_joined, _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text))


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16", "surrogatepass").decode("utf-16")


def encode(text: str) -> str:
    """`text` as a workbook writes it: `decode(encode(text)) == text`."""
    looks_like_text = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _NOT_IN_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", looks_like_text)
