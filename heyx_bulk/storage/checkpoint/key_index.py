"""An index of the rows' keys: it says which rows may have a key, and whoever asks compares their texts.

An entry is one number: 31 bits of a hash of the key's field and value, then 32 bits for the number of a row that
has it. A million keys take 8 MB. Entries are only added: a row whose key has changed since shows it by its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, TypeAlias
from zlib import crc32

from heyx_bulk.database import Database
from heyx_bulk.mapping.mapped_frame import RowKey
from heyx_bulk.sheets.frames import Frame, numbers_of
from heyx_bulk.sheets.limits import ROW_NUMBER_BITS

if TYPE_CHECKING:
    import numpy as np

    Entries: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

SCHEMA = """
CREATE TABLE key_page (
    first INTEGER PRIMARY KEY,    -- the first entry of a page; pages hold the entries in order
    entries BLOB NOT NULL         -- 8 bytes each, little-endian
);
"""

_PAGE_ENTRIES = 4096
_ROW_MASK = (1 << ROW_NUMBER_BITS) - 1
_HASH_MASK = (1 << 31) - 1
_DTYPE = "<i8"


class KeyEntries:
    """The entries of a sheet's keys while it is staged: 8 bytes each, whatever the length of the keys."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, keys: Frame) -> None:
        """Add the entries of a DataFrame of keys, as `MappedFrame.keys` is one."""
        numbers = numbers_of(keys)
        for field in keys:
            self._bytes += _entries(str(field), keys[field].tolist(), numbers).tobytes()

    def in_order(self) -> Entries:
        """All entries in their order. Nothing can be added after this."""
        import numpy as np  # noqa: PLC0415 - loaded only where a sheet is staged or corrected

        entries = np.frombuffer(self._bytes, dtype=_DTYPE)
        entries.sort()
        return entries


def related_rows(entries: Entries) -> tuple[list[int], list[int]]:
    """The rows of ordered `entries` that have a hash in common with another row, in their order, and their parts.

    A part is named by the first of its rows. Rows with a common hash are in one part, also by way of others.
    """
    import numpy as np  # noqa: PLC0415 - likewise

    halves = entries.astype("<u8", copy=False).view("<u4")  # the row and the hash of each entry, not copied
    rows, hashes = halves[0::2], halves[1::2]
    pairs = (hashes[1:] == hashes[:-1]) & (rows[1:] != rows[:-1])
    numbers, places = np.unique(np.stack((rows[:-1][pairs], rows[1:][pairs])), return_inverse=True)
    first = [*range(len(numbers))]

    def find(place: int) -> int:
        while first[place] != place:
            first[place] = place = first[first[place]]
        return place

    for one, other in zip(*places.reshape(2, -1), strict=True):
        found = find(int(one)), find(int(other))
        first[max(found)] = min(found)
    return numbers.tolist(), numbers[[find(place) for place in range(len(first))]].tolist()


def hash_key(field: str, value: str) -> int:
    """The hash of a key in the index; it is the same in every process and version."""
    return next(_hashes(field, [value])) & _HASH_MASK


class KeyIndex:
    """The index in a checkpoint."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def store(self, entries: Entries) -> None:
        """Fill the index, which is empty, with ordered entries."""
        pages = (entries[start : start + _PAGE_ENTRIES] for start in range(0, len(entries), _PAGE_ENTRIES))
        self._db.executemany(
            "INSERT INTO key_page VALUES (?, ?)", ((int(page[0]), page.tobytes()) for page in pages)
        )

    def add(self, keys: Iterable[RowKey]) -> None:
        """Add the keys of rows."""
        import numpy as np  # noqa: PLC0415 - likewise

        for key in keys:
            entry = hash_key(key.field, key.value) << ROW_NUMBER_BITS | key.row
            first = self._db.value("SELECT coalesce(max(first), ?) FROM key_page WHERE first <= ?", entry, entry)
            found = self._db.value("SELECT entries FROM key_page WHERE first = ?", first)
            page = np.frombuffer(found or b"", dtype=_DTYPE)
            place = int(page.searchsorted(entry))
            if entry not in page[place : place + 1]:
                self._db.execute(
                    "REPLACE INTO key_page VALUES (?, ?)", (first, np.insert(page, place, entry).tobytes())
                )

    def rows(self, field: str, value: str) -> list[int]:
        """The rows that may have a key, in their order."""
        import numpy as np  # noqa: PLC0415 - likewise

        lowest = hash_key(field, value) << ROW_NUMBER_BITS
        query = (
            "SELECT entries FROM key_page WHERE first <= ? "
            "AND first >= (SELECT coalesce(max(first), ?) FROM key_page WHERE first <= ?) ORDER BY first"
        )
        rows: list[int] = []
        for (found,) in self._db.rows(query, lowest | _ROW_MASK, lowest, lowest):
            page = np.frombuffer(found, dtype=_DTYPE)
            start, end = page.searchsorted([lowest, lowest | _ROW_MASK])
            rows += (page[start:end] & _ROW_MASK).tolist()
        return rows


def _entries(field: str, texts: Sequence[str], numbers: Sequence[int]) -> Entries:
    import numpy as np  # noqa: PLC0415 - likewise

    if not all(texts):
        numbers, texts = [*compress(numbers, texts)], [*filter(None, texts)]
    hashes = np.fromiter(_hashes(field, texts), dtype=_DTYPE, count=len(texts))
    entries: Entries = ((hashes & _HASH_MASK) << ROW_NUMBER_BITS) | np.array(numbers, dtype=_DTYPE)
    return entries


def _hashes(field: str, texts: Iterable[str]) -> Iterator[int]:
    encoded = map(str.encode, texts, repeat("utf-8"), repeat("surrogatepass"))
    return map(crc32, encoded, repeat(crc32(field.encode("utf-8", "surrogatepass"))))
