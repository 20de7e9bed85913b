"""`_xHHHH_`: how a workbook writes a character that XML cannot hold, or a text that looks like such an escape."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def decode(text: str) -> str:
    """The text that a workbook wrote as `text`."""
    if "_x" not in text:
        return text
    decoded = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
    # The two halves of a surrogate pair are escaped one by one.
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def encode(text: str) -> str:
    """`text` as a workbook writes it: `decode(encode(text)) == text`."""
    protected = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _NOT_IN_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", protected)
