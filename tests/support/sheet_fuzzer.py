"""Damaged sheets: real and made ones with seeded mutations are read, or refused by a `SheetError`, and quickly.

Each mutation is read in a child process, many to a child, whose memory is measured and which is killed if one
takes too long. `python -m tests.support.sheet_fuzzer --count 2000 [--seed N]`
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from heyx_bulk.errors import SheetError
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.writer import write_sheet
from tests.support.sheet_files import REAL, ods, ods_row, ods_text, raw_workbook, workbook, xlsb

MOST_SECONDS = 10
LONGEST_WAIT_SECONDS = 120
MOST_MB = 1000
_WORDS = (
    b"\0",
    b"\xff",
    b'"',
    b",",
    b"\n",
    b"<",
    b">",
    b"&#0;",
    b"&x;",
    b"-1",
    b"99999999999",
    b"_x0000_",
    b"1E999",
)


@dataclass(frozen=True, slots=True)
class Met:
    """What came of one mutation."""

    number: int
    file: str
    outcome: str
    seconds: float
    peak_mb: float


@dataclass(slots=True)
class Report:
    """What came of all of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: Met | None = None
    peak_mb: float = 0.0
    bad: list[Met] = field(default_factory=list)

    def add(self, met: Met) -> None:
        """Counts one more; a traceback, a hang or too much memory is bad."""
        self.outcomes[met.outcome.partition("\n")[0]] += 1
        self.peak_mb = max(self.peak_mb, met.peak_mb)
        if self.slowest is None or met.seconds > self.slowest.seconds:
            self.slowest = met
        if met.outcome not in ("read", "refused") or met.seconds > MOST_SECONDS or met.peak_mb > MOST_MB:
            self.bad.append(met)


def seeds(folder: Path) -> list[tuple[str, bytes]]:
    """The real files, and made ones of every format."""
    found = [(path.name, path.read_bytes()) for path in sorted(REAL.glob("*")) if path.suffix not in ("", ".json")]
    rows = [["phone", "name", "note"], *([f"+923{n:08}", f"Zoë {n}", 'x,"y"\n;'] for n in range(60))]
    write_sheet(folder / "made.csv", rows[0], rows[1:])
    write_sheet(folder / "made.xlsx", rows[0], rows[1:])
    cells = '<c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>40000.5</v></c><c r="C2" t="e"><v>#N/A</v></c>'
    header = "".join(f'<c r="{at}1" t="inlineStr"><is><t>{at}</t></is></c>' for at in "ABC")
    raw = f'<row r="1">{header}</row><row r="2" hidden="1">{cells}</row>'
    texts = "<si><r><t>bold </t></r><r><t>plain</t></r><rPh sb='0' eb='1'><t>yomi</t></rPh></si>"
    made = [
        folder / "made.csv",
        folder / "made.xlsx",
        raw_workbook(folder, raw, codes=["yyyy-mm-dd"], texts=texts).rename(folder / "raw.xlsx"),
        workbook(folder, [["a", "b"], [1, True], [2.5, "=A2"]]),
        ods(folder, People=ods_row(ods_text("a"), ods_text("b")) * 9),
        xlsb(folder),
    ]
    return found + [(path.name, path.read_bytes()) for path in made]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The file with one to three things wrong."""
    for _ in range(chance.randint(1, 3)):
        inside = content[:2] == b"PK" and chance.random() < 0.7
        content = _mutated_zip(content, chance) if inside else _mutated_bytes(content, chance)
    return content


def _mutated_bytes(content: bytes, chance: random.Random) -> bytes:
    at, size = chance.randint(0, len(content)), chance.randint(1, 64)
    match chance.randrange(6):
        case 0:
            flipped = bytearray(content)
            for _ in range(chance.randint(1, 20) if content else 0):
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            return bytes(flipped)
        case 1:
            return content[:at]
        case 2:
            return content[:at] + content[at + size :]
        case 3:
            return content[:at] + content[at : at + size] * chance.randint(2, 2000) + content[at:]
        case 4:
            return content[:at] + chance.choice(_WORDS) + content[at:]
    return content[:at] + chance.randbytes(size) + content[at + size :]


def _mutated_zip(content: bytes, chance: random.Random) -> bytes:
    """Parts swapped, doubled, left out or mutated; XML pieces doubled."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (
        zipfile.BadZipFile,
        ValueError,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        zlib.error,
    ):
        return _mutated_bytes(content, chance)
    if not parts:
        return _mutated_bytes(content, chance)
    one, other = chance.randrange(len(parts)), chance.randrange(len(parts))
    name, part = parts[one]
    match chance.randrange(6):
        case 0:
            parts[one], parts[other] = (name, parts[other][1]), (parts[other][0], part)
        case 1:
            parts.append((name, _mutated_bytes(part, chance)))
        case 2:
            del parts[one]
        case 3:
            parts[one] = (name, _doubled_piece(part, chance))
        case _:
            parts[one] = (name, _mutated_bytes(part, chance))
    written = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # doubled names are meant
        for name, part in parts:
            archive.writestr(name, part)
    return written.getvalue()


def _doubled_piece(part: bytes, chance: random.Random) -> bytes:
    """An element or attribute of the XML, or several, once more or very often."""
    marks = [at for at, sign in enumerate(part[:200_000]) if sign in b"< "] or [0]
    start, end = sorted((chance.choice(marks), chance.choice(marks)))
    return part[:end] + part[start:end] * chance.choice((1, 1, 2, 50)) + part[end:]


def _read(path: Path) -> str:
    """Reads a sheet to its end, with any warning an error: what a person would be told."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for cells, _ in open_sheet(path).frames():
                assert all(isinstance(cell, str) for row in cells.to_numpy() for cell in row)
                assert cells.index.is_unique
    except SheetError as error:
        return "refused" if error.what and error.remedy else "refused without a word"
    except Exception:  # noqa: BLE001 - any other is what we look for
        return f"traceback\n{traceback.format_exc()}"
    return "read"


def _serve(line: Connection) -> None:
    """The child: reads the file it is told of, tells what came of it and its peak memory."""
    while path := line.recv():
        began = sum(os.times()[:4])
        outcome = _read(Path(path))
        seconds = sum(os.times()[:4]) - began
        peaks = (
            resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        line.send((outcome, seconds, max(peaks)))


class Reader:
    """A child that reads sheets, replaced by another when it hangs or dies."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, other = context.Pipe()
        self._child = context.Process(target=_serve, args=(other,), daemon=True)
        self._child.start()
        other.close()

    def read(self, path: Path) -> tuple[str, float, float]:
        """What came of reading: outcome, seconds of CPU time, peak MB of the child so far."""
        self._line.send(str(path))
        try:
            if self._line.poll(LONGEST_WAIT_SECONDS):
                outcome, seconds, peak = self._line.recv()
                return str(outcome), float(seconds), float(peak)
            outcome, seconds = "hang", 0.0
        except EOFError:
            outcome, seconds = "death", 0.0
        self.end()
        self._begin()
        return outcome, seconds, 0.0

    def end(self) -> None:
        """Ends the child."""
        self._child.kill()
        self._child.join()
        self._line.close()


def fuzz(numbers: range, seed: int) -> Iterator[Met]:
    """Reads the mutations with these numbers."""
    reader = Reader()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = seeds(folder)
            for number in numbers:
                chance = random.Random(f"{seed}:{number}")  # noqa: S311 - meant to come again
                file, content = files[number % len(files)]
                path = folder / f"{number}{Path(file).suffix}"
                path.write_bytes(mutated(content, chance))
                outcome, took, peak = reader.read(path)
                path.unlink()
                yield Met(number, file, outcome, took, peak)
    finally:
        reader.end()


def main() -> int:
    """Reads so many mutations, in two processes, and tells."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--share", type=int, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.share is not None:
        for met in fuzz(range(asked.share, asked.count, 2), asked.seed):
            print(json.dumps(asdict(met)), flush=True)  # noqa: T201 - to its parent
        return 0
    began = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "tests.support.sheet_fuzzer",
        "--count",
        str(asked.count),
        "--seed",
        str(asked.seed),
    ]
    children = [subprocess.Popen([*command, "--share", str(n)], stdout=subprocess.PIPE, text=True) for n in (0, 1)]
    report = Report()
    for child in children:
        for line in child.communicate()[0].splitlines():
            report.add(Met(**json.loads(line)))
    print(f"{report.outcomes.total():,} mutations in {time.perf_counter() - began:.0f} s: {dict(report.outcomes)}")  # noqa: T201
    print(f"slowest: {report.slowest}; peak {report.peak_mb:.0f} MB")  # noqa: T201
    for met in report.bad:
        print(f"BAD {met.number} of {met.file}, {met.seconds:.1f} s, {met.peak_mb:.0f} MB: {met.outcome}")  # noqa: T201
    return 1 if report.bad or report.outcomes.total() != asked.count else 0


if __name__ == "__main__":
    sys.exit(main())
