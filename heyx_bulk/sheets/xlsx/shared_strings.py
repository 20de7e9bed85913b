"""The texts that the cells of a workbook share, in one block of bytes: a million of them cost what they say."""

from __future__ import annotations

from array import array


class SharedStrings:
    """Texts numbered from 0 in the order in which they were added."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        """Adds a text; halves of surrogate pairs are kept."""
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    @property
    def size(self) -> int:
        """How many bytes they take together."""
        return len(self._bytes)
