"""Cells of rows as the checkpoint's table holds them, and as DataFrames: a JSON list of texts for each row."""

from __future__ import annotations

import json
from collections.abc import Sequence

from heyx_bulk.sheets.frames import Frame, text_frame


def parse_cells(numbers: Sequence[int], cells: Sequence[str]) -> Frame:
    """The DataFrame of the rows whose cells are stored as `cells`: columns by position, the numbers as index."""
    rows: list[list[str]] = json.loads(f"[{','.join(cells)}]")
    return text_frame(dict(enumerate(zip(*rows, strict=True))), numbers)
