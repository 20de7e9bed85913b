"""Several real processes on one bucket, one of them killed over and over, and what they took of it."""

from __future__ import annotations

import subprocess
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from random import Random

CALLS = 40
WINDOW_SECONDS = 1.0
HOME = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in the time all ran, by each steady process and together; and the most in any window."""

    each: list[int]
    share: float
    most: int


def started(place: str, seconds: float, log: Path) -> subprocess.Popen[bytes]:
    """A process that sends calls for `seconds`."""
    words = [place, str(CALLS), str(WINDOW_SECONDS), str(seconds), str(log)]
    return subprocess.Popen([sys.executable, "-m", "tests.support.rate_limited_process", *words], cwd=HOME)


def run_together(place: str, folder: Path, seconds: float) -> Taken:
    """Three processes on the bucket at `place`, and a fourth that is killed over and over."""
    chance, until = Random(1), time.monotonic() + seconds  # noqa: S311  death is no secret
    steady = [started(place, seconds, folder / f"{number}.log") for number in range(3)]
    kills = 0
    while (left := until - time.monotonic()) > 0:
        mortal = started(place, left, folder / f"mortal{kills}.log")
        time.sleep(min(left, chance.uniform(1, 2)))
        mortal.kill()
        mortal.wait()
        kills += 1
    assert [process.wait(30) for process in steady] == [0, 0, 0]
    logs = {path.name: spans_in(path) for path in folder.glob("*.log")}
    each = [logs[f"{number}.log"] for number in range(3)]
    spans = sorted(span for log in logs.values() for span in log)
    start, end = max(log[0][0] for log in each) + WINDOW_SECONDS, min(log[-1][0] for log in each)
    used = sum(start <= granted < end for granted, _ in spans)
    alike = [sum(start <= granted < end for granted, _ in log) for log in each]
    return Taken(alike, used / (CALLS * (end - start) / WINDOW_SECONDS), most_held(spans))


def spans_in(path: Path) -> list[tuple[float, float]]:
    """The calls that were answered: when granted, when answered."""
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [(float(line[0]), float(line[1])) for line in lines if len(line) == 2]


def most_held(spans: list[tuple[float, float]]) -> int:
    """The most calls that were in flight or answered within a window, at any moment one was granted."""
    answers = sorted(answered for _, answered in spans)
    return max(
        number + 1 - bisect_right(answers, granted - WINDOW_SECONDS)
        for number, (granted, _) in enumerate(sorted(spans))
    )
