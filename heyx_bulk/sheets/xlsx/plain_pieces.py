"""The pieces of an XML part that are plain enough to be read without a parser; all others are left to expat.

expat calls a function for each element, which takes most of the time of reading. So a part is cut where a row or a
shared text begins, and each piece is offered to a reader that knows the usual ways to write it. What that reader
does not take goes to expat, which decides what it means and describes mistakes. So does everything that follows a
comment, a CDATA section or a processing instruction, because what looks like a row may stand in these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

_PIECE_BYTES = 1 << 18
_FED_BYTES = 1 << 16
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([^"']*)["']""")


class Odd(Exception):
    """XML that is not plain."""


class PlainPieces(NamedTuple):
    """Pieces of a part that begin with `opening` and end before another one, or before `closing`.

    `take` returns False for a piece that it does not take, or raises `Odd`.
    """

    opening: bytes
    closing: bytes
    take: Callable[[str], bool]

    def others(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """What is not taken of a part; an empty block comes after each piece that is."""
        before = b""
        while self.opening not in before and len(before) < _PIECE_BYTES and (block := next(blocks, b"")):
            before += block
        start = before.find(self.opening)
        if start >= 0 and _is_simple(before[:start]):
            yield from _parts(before[:start])
            yield from self._others(chain([before[start:]], blocks))
        else:
            yield from chain(_parts(before), blocks)

    def _others(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        text, ended = b"", False
        while not ended:
            gathered = [text]
            size = len(text)
            while size < _PIECE_BYTES and (block := next(blocks, b"")):
                gathered.append(block)
                size += len(block)
            text = b"".join(gathered)
            ended = size < _PIECE_BYTES
            end = text.rfind(self.closing if ended else self.opening)
            piece, text = text[: max(end, 0)], text[max(end, 0) :]
            if not piece or b"<!" in piece or b"<?" in piece:
                yield from chain(_parts(piece), _parts(text), blocks)
                return
            yield from [b""] if self._takes(piece) else _parts(piece)
        yield from _parts(text)

    def _takes(self, piece: bytes) -> bool:
        try:
            return self.take(piece.decode())
        except (UnicodeDecodeError, Odd):
            return False


def _is_simple(before: bytes) -> bool:
    """Whether the start of a part has no comment, and declares UTF-8 or nothing."""
    encoding = _ENCODING.search(before)
    if encoding and encoding[1].lower() != b"utf-8":
        return False
    return b"<!" not in before and before.count(b"<?") == before.count(b"<?xml ") <= 1


def _parts(piece: bytes) -> Iterator[bytes]:
    """A piece in parts of a size whose rows fit in memory, however wide they are."""
    return (piece[start : start + _FED_BYTES] for start in range(0, len(piece), _FED_BYTES))
