"""What Excel makes of the cells of a CSV file that is opened by a double click and saved."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path


def saved_cell(text: str, *, german: bool) -> str:
    """A cell's text after Excel saved it, in the United States or in Germany."""
    if re.fullmatch(r"[+-]?\d+", text):
        number = int(text)
        shown = str(number)
        if len(shown.lstrip("-")) > 11:
            mantissa, exponent = f"{number:.5E}".split("E")
            shown = f"{mantissa.rstrip('0').rstrip('.')}E+{int(exponent)}"
        return shown.replace(".", ",") if german else shown
    if found := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text):
        year, month, day = map(int, found.groups())
        try:
            date(year, month, day)
        except ValueError:
            return text
        return f"{day:02}.{month:02}.{year:04}" if german else f"{month}/{day}/{year:04}"
    if text in ("true", "false"):
        return {"true": "WAHR", "false": "FALSCH"}[text] if german else text.upper()
    return text


def save_again(path: Path, *, german: bool, encoding: str = "cp1252") -> None:
    """Open a CSV file in UTF-8 as Excel does, and save it."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=";" if german else ",")
        writer.writerows([[saved_cell(cell, german=german) for cell in row] for row in rows])
