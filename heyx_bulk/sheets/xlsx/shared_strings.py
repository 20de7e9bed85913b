"""The texts of an Excel workbook that its cells refer to by number."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.limits import MOST_CHARACTERS, cell_too_long
from heyx_bulk.sheets.xlsx.cell_text import decode_escapes
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.plain_pieces import PlainPieces
from heyx_bulk.sheets.xlsx.split_reader import split_texts

_MOST_TEXT_BYTES = 1 << 30
_TEXTS_IN_PART = 1024


class SharedStrings:
    """The texts that cells refer to by number, read from a part of the package.

    Rich texts are joined; phonetic readings (of East Asian texts) are left out.
    """

    def __init__(self, package: Package, part: str) -> None:
        self._parts: list[str] = []  # _TEXTS_IN_PART texts each, joined: a fifth of the memory
        self._ends = array("I")  # of each text in its part, 0 before the first one
        self._last: list[str] = []
        self._package = package
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._in_text = False
        self._in_phonetic = False
        size = 0
        plain = PlainPieces(b"<si>", b"</sst>", self._split)
        for _ in package.parse(part, self._start, self._end, self._characters, plain):
            while len(self._last) >= _TEXTS_IN_PART:
                size += self._join()
            if size > _MOST_TEXT_BYTES:
                what = f"{package.path.name} holds over 1 GB of texts"
                raise SheetError(what, "Split the sheet into several smaller ones.")
        self._join()

    def _join(self) -> int:
        """Join texts to a part, and return its size in bytes."""
        texts, self._last = self._last[:_TEXTS_IN_PART], self._last[_TEXTS_IN_PART:]
        self._parts.append("".join(texts))
        self._ends.extend(accumulate(map(len, texts), initial=0))
        return sys.getsizeof(self._parts[-1])

    def __len__(self) -> int:
        return len(self._ends) - len(self._parts) + len(self._last)

    def __getitem__(self, number: int) -> str:
        return next(self.many([number]))

    def many(self, numbers: Sequence[int]) -> Iterator[str]:
        """The texts with these numbers."""
        parts, ends = self._parts, self._ends
        known = {
            number: parts[part][ends[number + part] : ends[number + part + 1]]
            for number in {*numbers}
            for part in [number // _TEXTS_IN_PART]
        }
        return map(known.__getitem__, numbers)

    def _split(self, piece: str) -> bool:
        """Take a piece of the part that is plain; False where the parser is within something."""
        if self._depth != 1 or self._in_text or self._in_phonetic:
            return False
        self._last += split_texts(piece)
        return True

    def _start(self, tag: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 10:
            self._package.deeper(self._depth)
        match local(tag):
            case "si":
                self._pieces.clear()
                self._length = 0
            case "t":
                self._in_text = not self._in_phonetic
            case "rPh":
                self._in_phonetic = True

    def _end(self, tag: str) -> None:
        self._depth -= 1
        match local(tag):
            case "si":
                self._last.append(decode_escapes("".join(self._pieces)))
            case "t":
                self._in_text = False
            case "rPh":
                self._in_phonetic = False

    def _characters(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)
            self._length += len(text)
            if self._length > MOST_CHARACTERS:
                raise cell_too_long(f"{self._package.path.name}, shared text {len(self) + 1:,}")
