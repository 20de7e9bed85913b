"""The parts of an Excel file: a zip of XML, read as a stream by the standard library's expat.

A DOCTYPE is refused, for no workbook has one and it is how XML is made to explode.
"""

from __future__ import annotations

import posixpath
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from heyx_bulk.errors import SheetError

_BLOCK_BYTES = 1 << 16
_DAMAGE = (BadZipFile, zlib.error, expat.ExpatError, EOFError, ValueError, NotImplementedError, RuntimeError)

Start = Callable[[str, dict[str, str]], None]


@dataclass(frozen=True, slots=True)
class Package:
    """An Excel file whose parts can be read by name, however its writer spelt the names."""

    path: Path

    def names(self) -> tuple[str, ...]:
        """The parts' names, in small letters, with `/`."""
        with damage_told(self.path), ZipFile(self.path) as archive:
            return tuple(map(_normal, archive.namelist()))

    def blocks(self, name: str) -> Iterator[bytes]:
        """The unpacked bytes of a part, nothing if there is no such part."""
        with damage_told(self.path), ZipFile(self.path) as archive:
            found = [info for info in archive.infolist() if _normal(info.filename) == _normal(name)]
            if found:
                with archive.open(found[-1]) as part:
                    while block := part.read(_BLOCK_BYTES):
                        yield block

    def parser(self) -> expat.XMLParserType:
        """A parser of XML that hands over text whole and takes no DOCTYPE."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        return parser

    def elements(self, name: str, start: Start) -> None:
        """Calls `start` with the local name and attributes of every element of a small part."""
        parser = self.parser()
        parser.StartElementHandler = lambda tag, attributes: start(local(tag), attributes)
        self.feed(name, parser)

    def feed(self, name: str, parser: expat.XMLParserType) -> None:
        """Gives a whole part to `parser`, which calls its handlers; a part that is not there is none."""
        with damage_told(self.path):
            began = False
            for block in self.blocks(name):
                parser.Parse(block)
                began = True
            if began:
                parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keywords

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
        what = f"{self.path.name} holds a DOCTYPE, which no workbook does"
        raise SheetError(what, "Open it in Excel, save it as a new .xlsx and try again.")


def local(tag: str) -> str:
    """An element's name without its namespace's prefix."""
    return tag.rpartition(":")[2] if ":" in tag else tag


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Tells a broken file as a `SheetError`."""
    try:
        yield
    except _DAMAGE as error:
        what = f"{path.name} is damaged and cannot be read to its end ({error})"
        raise SheetError(what, "Open it in Excel, let Excel repair it, and save it as a new .xlsx.") from error


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
