"""The parts of an Excel file: a zip of XML, read as a stream by the standard library's expat.

A DOCTYPE is refused: no workbook has one, and it is what makes XML expand without end.
"""

from __future__ import annotations

import lzma
import posixpath
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.limits import check_archive
from heyx_bulk.sheets.xlsx.plain_pieces import PlainPieces

_BLOCK_BYTES = 1 << 16
_LONGEST_PIECE_BYTES = 8 << 20
_DEEPEST = 100
_DAMAGE = (
    *(BadZipFile, zlib.error, lzma.LZMAError, struct.error, expat.ExpatError),
    *(EOFError, OSError, ValueError, OverflowError, LookupError, NotImplementedError, RuntimeError),
)

Start = Callable[[str, dict[str, str]], None]


@dataclass(frozen=True, slots=True)
class Package:
    """An Excel file whose parts are read by name, however its writer spelled the names."""

    path: Path

    def parse(
        self,
        name: str,
        start: Start,
        end: Callable[[str], None],
        characters: Callable[[str], None] | None = None,
        plain: PlainPieces | None = None,
    ) -> Iterator[None]:
        """Parse a part, if it exists, by these handlers, apart from `plain` pieces; yields after each block."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = characters
        fed = 0
        with report_damage(self.path):
            blocks = self._blocks(name)
            for block in plain.others(blocks) if plain else blocks:
                parser.Parse(block)
                fed += len(block)
                if fed - parser.CurrentByteIndex > _LONGEST_PIECE_BYTES:
                    raise self._hostile("holds a piece of XML of over 8 MB")
                yield
            if fed:
                parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keywords
                yield

    def _blocks(self, name: str) -> Iterator[bytes]:
        with ZipFile(self.path) as archive:
            check_archive(self.path, archive)
            found = {normalize_part_name(info.filename): info for info in archive.infolist()}
            if info := found.get(normalize_part_name(name)):
                with archive.open(info) as part:
                    while block := part.read(_BLOCK_BYTES):
                        yield block

    def elements(self, name: str, start: Start) -> None:
        """Call `start` with the local name and attributes of every element of a small part."""
        depth = 0

        def opened(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth = self.deeper(depth)
            start(local(tag), attributes)

        def closed(_: str) -> None:
            nonlocal depth
            depth -= 1

        for _ in self.parse(name, opened, closed):
            pass

    def deeper(self, depth: int) -> int:
        """The next depth of nested XML; raises `SheetError` where no workbook is that deep."""
        if depth >= _DEEPEST:
            raise self._hostile(f"nests XML over {_DEEPEST} levels deep")
        return depth + 1

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """By relation id: the kind (last word of its type) and name of the parts that `name` refers to."""
        folder, file = posixpath.split(name)
        relations: dict[str, tuple[str, str]] = {}

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                kind = attributes.get("Type", "").rpartition("/")[2]
                target = posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/"))
                relations[attributes.get("Id", "")] = (kind, posixpath.normpath(target).lstrip("/"))

        self.elements(posixpath.join(folder, "_rels", f"{file}.rels"), relation)
        return relations

    def _refuse_doctype(self, *_: object) -> None:
        raise self._hostile("holds a DOCTYPE")

    def _hostile(self, what: str) -> SheetError:
        remedy = "Open it in Excel, save it as a new .xlsx and try again."
        return SheetError(f"{self.path.name} {what}, which no workbook does", remedy)


def local(tag: str) -> str:
    """An element's name without the prefix of its namespace."""
    return tag.rpartition(":")[2] if ":" in tag else tag


@contextmanager
def report_damage(path: Path) -> Iterator[None]:
    """Raise `SheetError` where the file cannot be read to its end."""
    try:
        yield
    except FileNotFoundError as error:
        raise SheetError(f"{path} is no longer there", "Put it back and try again.") from error
    except _DAMAGE as error:
        # expat counts lines and columns of what it was given, which is not all of the part.
        reason = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else error
        what = f"{path.name} is damaged and cannot be read to its end ({reason})"
        raise SheetError(what, "Open it in Excel, let Excel repair it, and save it as a new .xlsx.") from error


def normalize_part_name(name: str) -> str:
    """The name of a part in lower case, with `/`, as it is compared."""
    return name.replace("\\", "/").lstrip("/").lower()
