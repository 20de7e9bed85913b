"""The encoding and the separator of a CSV file.

The encoding is decided from the whole file: a byte-order mark or strict UTF-8 is certain. Windows-1252 decodes
nearly anything, so it is accepted only if the result looks like a Western language, and with a note (right for 14
of 14 real Western files, chardet for 10). The separator is declared by a line `sep=;`, else it is the one that
parts the header into names and makes the rows most alike.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from heyx_bulk.errors import SheetError

_BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 4096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = (
    ("cp1250", "Windows-1250, Central European"),
    ("cp1251", "Windows-1251, Cyrillic"),
    ("cp1253", "Windows-1253, Greek"),
    ("cp1254", "Windows-1254, Turkish"),
    ("cp932", "Shift-JIS, Japanese"),
    ("gb18030", "GB18030, Chinese"),
    ("big5", "Big5, Chinese"),
    ("cp949", "Windows-949, Korean"),
    ("mac_roman", "Mac Roman"),
)
_NAMES = ("utf-8", "utf-16", "cp1252", *(codec for codec, _ in _CANDIDATES))
_NOT_FOR_FILES = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7")
_SAVE_AS_UTF8 = "Save it as 'CSV UTF-8 (Comma delimited)' in Excel and try again."
_HIGH = re.compile(r"[^\x00-\x7f]+")
_TURKISH_IN_DISGUISE = frozenset("ðþýÐÞÝ")
_OPENING = frozenset("“‘«¿¡„‚€£¥§©\xa0–—-·")
_CLOSING = frozenset("”’»…®™°€©\xa0–—·")
_SEPARATORS = (",", ";", "\t", "|")
_FEWEST_COLUMNS = 2
_MOST_WITH_HEADER_WIDTH = 0.75
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)
_WORDS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    r"\t": "\t",
    "pipe": "|",
    "bar": "|",
    "colon": ":",
    "space": " ",
}


def detect_encoding(path: Path) -> tuple[str, str]:
    """The codec of the text file at `path`, and a note for the user if it is not certain.

    Raises `SheetError` with candidates where it is not clear.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    marked = next((codec for mark, codec in _MARKS if head.startswith(mark)), "") or _utf16(head)
    if marked and not _decodes(path, marked):
        name = marked.removesuffix("-sig").upper()
        raise SheetError(f"{path.name} is marked as {name} but holds bytes that are not {name}", _SAVE_AS_UTF8)
    if marked:
        return marked, ""
    if _decodes(path, "utf-8"):
        return "utf-8", ""
    if _decodes(path, "cp1252") and _looks_western(path):
        return "cp1252", "read as Windows-1252, the most likely encoding: check names with accents"
    raise SheetError(
        f"{path.name} is not UTF-8, and its encoding could not be detected{_candidates(path)}", _SAVE_AS_UTF8
    )


def check_encoding(path: Path, name: str) -> str:
    """The codec that is called `name`; raises `SheetError` if there is none or the file is in another one."""
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)
    except (LookupError, ValueError):
        codec = ""
    if not codec or codec in _NOT_FOR_FILES:
        what = f"there is no encoding {name!r}"
        raise SheetError(what, f"Name one such as {', '.join(_NAMES)}.")
    if _decodes(path, codec):
        return "utf-8-sig" if codec == "utf-8" else codec
    raise SheetError(
        f"{path.name} holds bytes that are not {codec.upper()}{_candidates(path)}",
        "Name the encoding it was saved in, or leave out --encoding to have it detected.",
    )


def _decodes(path: Path, codec: str) -> bool:
    """Whether the whole file is valid in `codec`."""
    try:
        decoder = codecs.getincrementaldecoder(codec)()
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _utf16(head: bytes) -> str:
    """UTF-16 without a byte-order mark, else blank: in Western text every other byte is NUL."""
    half = len(head) // 2
    first, second = head[0::2].count(0), head[1::2].count(0)
    if half and second > 0.5 * half and first < 0.05 * half:
        return "utf-16-le"
    if half and first > 0.5 * half and second < 0.05 * half:
        return "utf-16-be"
    return ""


def _candidates(path: Path) -> str:
    fitting = [f"{words} (--encoding {codec})" for codec, words in _CANDIDATES if _decodes(path, codec)]
    return f"; it may be {', or '.join(fitting[:5])}" if fitting else ""


def _looks_western(path: Path) -> bool:
    """Of the runs of non-ASCII letters at least 80 % are single ones, and at most 2 % are in impossible places."""
    runs = single = letters = strange = 0
    with path.open(encoding="cp1252", newline="") as file:
        for line in iter(partial(file.readline, _BLOCK_BYTES), ""):
            for found in _HIGH.finditer(line):
                run = found.group()
                if not _TURKISH_IN_DISGUISE.isdisjoint(run):
                    return False
                runs += 1
                single += len(run) == 1
                letters += len(run)
                strange += sum(_strange(line, at) for at in range(found.start(), found.end()))
    return single >= 0.8 * runs and strange <= 0.02 * letters


def _strange(line: str, at: int) -> bool:
    """A capital after a small letter, or a symbol touching a letter on the side it never does."""
    letter, before, after = line[at], line[at - 1 : at], line[at + 1 : at + 2]
    if letter.isalpha():
        return letter.isupper() and before.islower()
    return (before.isalpha() and letter not in _CLOSING) or (
        after.isalpha() and letter not in _OPENING and letter not in "’»"
    )


def parse_separator(text: str) -> str:
    """The separator that an option names, by itself or by a word; raises `SheetError` for an invalid one."""
    sign = _WORDS.get(text.strip().casefold(), text)
    if len(sign) == 1 and not sign.isalnum() and sign not in "\"\r\n\0'":
        return sign
    remedy = "Give one character, such as ',' or ';' or '|', or a word: comma, semicolon, tab, pipe, colon, space."
    raise SheetError(f"{text!r} cannot be a separator", remedy)


def declared_separator(first_line: str) -> str | None:
    """The separator that Excel's line `sep=;` declares; None for any other line."""
    found = _SEP_LINE.fullmatch(first_line)
    return found.group(1) if found else None


def detect_separator(lines: Sequence[str]) -> str:
    """The separator that fits `lines` best; a comma where none makes two columns."""
    return max(_SEPARATORS, key=lambda separator: _fit(lines, separator))


def _fit(lines: Iterable[str], separator: str) -> tuple[bool, float, int]:
    """How well a separator fits; the best one fits most.

    A separator that parts the header into several names, and gives the row below it and most others the header's
    width, goes before any other one: a list of tags has many separators, the header above it none. Then counts the
    share of rows with the commonest width, less for few columns, more if the header has that width. At last counts
    how few rows are split within a quoted value.
    """
    records: list[list[str]] = []
    with suppress(csv.Error):  # what was read before counts
        records.extend(record for record in csv.reader(lines, delimiter=separator) if record)
    widths = [*map(len, records)]
    width, rows = Counter(widths).most_common(1)[0] if records else (0, 0)
    if width < _FEWEST_COLUMNS:
        return False, 0.0, 0
    header = records[0]
    names = len([*filter(str.strip, header)])
    fits_header = names > 1 and {*widths[:2]} == {width} and rows >= _MOST_WITH_HEADER_WIDTH * len(records)
    share = rows / len(records) * (1 - 1 / width) + (0.3 if width == len(header) else 0.0)
    return fits_header, share, -sum(cell.count('"') % 2 for record in records for cell in record)
