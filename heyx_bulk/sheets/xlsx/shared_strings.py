"""The texts of an Excel workbook that its cells refer to by number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.limits import MOST_CHARACTERS, cell_too_long
from heyx_bulk.sheets.xlsx.cell_text import decode_escapes
from heyx_bulk.sheets.xlsx.package import Package, local
from heyx_bulk.sheets.xlsx.plain_pieces import PlainPieces
from heyx_bulk.sheets.xlsx.split_reader import split_texts

_MOST_TEXT_BYTES = 1 << 30


class SharedStrings:
    """The texts that cells refer to by number, read from a part of the package.

    Rich texts are joined; phonetic readings (of East Asian texts) are left out.
    """

    def __init__(self, package: Package, part: str) -> None:
        self._joined = bytearray()  # all in one piece: a fifth of the memory, and given back at once
        self._ends = array("I", [0])  # of each text in it, 0 before the first one
        self._last: list[str] = []
        self._package = package
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._in_text = False
        self._in_phonetic = False
        plain = PlainPieces(b"<si>", b"</sst>", self._split)
        for _ in package.parse(part, self._start, self._end, self._characters, plain):
            self._join()
            if len(self._joined) > _MOST_TEXT_BYTES:
                what = f"{package.path.name} holds over 1 GB of texts"
                raise SheetError(what, "Split the sheet into several smaller ones.")

    def _join(self) -> None:
        """Join the last texts to the others."""
        texts, self._last = self._last, []
        whole = "".join(texts)
        lengths = map(len, texts if whole.isascii() else map(_encode, texts))
        self._ends.extend(islice(accumulate(lengths, initial=len(self._joined)), 1, None))
        self._joined += _encode(whole)

    def __len__(self) -> int:
        return len(self._ends) - 1 + len(self._last)

    def __getitem__(self, number: int) -> str:
        return next(self.many([number]))

    def many(self, numbers: Sequence[int]) -> Iterator[str]:
        """The texts with these numbers."""
        joined, ends = self._joined, self._ends
        known = {
            number: joined[ends[number] : ends[number + 1]].decode(errors="surrogatepass") for number in {*numbers}
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


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
