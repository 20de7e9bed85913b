"""CPU time of mapping: 100,000 rows of phones in E.164, dates and booleans, with a region.

The reference, in the same run: phonenumbers alone, which parses each phone and writes it again.
`python bench/mapping.py [ROWS]`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import phonenumbers

from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.mapped_frame import map_frame
from heyx_bulk.sheets.frames import SheetFrame, issue_frame, text_frame
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind, ValueType

ROWS_IN_A_FRAME = 5_000
PHONE = ValueType(ValueKind.PHONE, "PK", PhoneFormat.E164)
DATE = ValueType(ValueKind.DATE, date_order=DateOrder.DAY_FIRST)
FIELDS = {"phone": PHONE, "born": DATE, "member": ValueType(ValueKind.BOOLEAN), "city": ValueType()}
COLUMNS = Columns(
    tuple(
        Column(place, name, Use.FIELD, name, value_type=kind) for place, (name, kind) in enumerate(FIELDS.items())
    ),
    ("phone",),
)


def sheet(rows: int) -> list[SheetFrame]:
    frames = []
    for first in range(0, rows, ROWS_IN_A_FRAME):
        numbers = range(first, min(first + ROWS_IN_A_FRAME, rows))
        columns = {
            0: [f"+92300{number:07}" for number in numbers],
            1: [f"{number % 28 + 1:02}/{number % 12 + 1:02}/{1950 + number % 60}" for number in numbers],
            2: ["yes" if number % 3 else "no" for number in numbers],
            3: [("Lahore", "Łódź", "Multan")[number % 3] for number in numbers],
        }
        frames.append(SheetFrame(text_frame(columns, numbers), issue_frame(())))
    return frames


def phonenumbers_alone(frames: list[SheetFrame]) -> int:
    parse, write, e164 = phonenumbers.parse, phonenumbers.format_number, phonenumbers.PhoneNumberFormat.E164
    return sum(len([write(parse(text, "PK"), e164) for text in frame.cells[0].tolist()]) for frame in frames)


def mapped(frames: list[SheetFrame]) -> int:
    found = [map_frame(COLUMNS, frame) for frame in frames]
    assert not any(one.problems_by_row for one in found)
    return sum(len(one.keys) for one in found)


def measure(work: Callable[[list[SheetFrame]], int], frames: list[SheetFrame]) -> float:
    began = time.process_time()
    assert work(frames) == sum(len(frame.cells) for frame in frames)
    return time.process_time() - began


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    frames = sheet(rows)
    alone = measure(phonenumbers_alone, frames)
    ours = min(measure(mapped, frames) for _ in range(3))
    print(f"{rows:,} rows of phones in E.164, dates, booleans and texts")
    print(f"    phonenumbers_alone {alone:8.2f} s")
    print(f"    mapped             {ours:8.2f} s {ours / alone:7.2f} ×")


if __name__ == "__main__":
    main()
