"""The texts that the cells of a workbook share, kept in one block of bytes to save memory."""

from __future__ import annotations

from array import array

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.limits import MOST_CHARACTERS, cell_too_long
from heyx_bulk.sheets.xlsx import escapes
from heyx_bulk.sheets.xlsx.package import Package, local

_MOST_TEXT_BYTES = 1 << 30


class SharedStrings:
    """Texts numbered from 0 in the order in which they were added."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    @property
    def size_bytes(self) -> int:
        return len(self._bytes)


def read_shared_strings(package: Package, part: str) -> SharedStrings:
    """Read a part of shared texts: rich ones are joined, phonetic readings (of East Asian texts) are left out."""
    reader = _Reader(package)
    parser = package.parser()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.characters
    for _ in package.parse(part, parser):
        if reader.texts.size_bytes > _MOST_TEXT_BYTES:
            what = f"{package.path.name} holds over 1 GB of texts"
            raise SheetError(what, "Cut the sheet into several ones.")
    return reader.texts


class _Reader:
    """Handlers of the parser."""

    def __init__(self, package: Package) -> None:
        self.texts = SharedStrings()
        self._package = package
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._in_text = False
        self._in_phonetic = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 10:
            self._package.deeper(self._depth)
        tag = local(tag) if ":" in tag else tag
        if tag == "si":
            if self._pieces:
                self._pieces = []
            self._length = 0
        elif tag == "t":
            self._in_text = not self._in_phonetic
        elif tag == "rPh":
            self._in_phonetic = True

    def end(self, tag: str) -> None:
        self._depth -= 1
        tag = local(tag) if ":" in tag else tag
        if tag == "si":
            self.texts.append(escapes.decode("".join(self._pieces)))
        elif tag == "t":
            self._in_text = False
        elif tag == "rPh":
            self._in_phonetic = False

    def characters(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)
            self._length += len(text)
            if self._length > MOST_CHARACTERS:
                raise cell_too_long(f"{self._package.path.name}, shared text {len(self.texts) + 1:,}")
