"""How fast calls may go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.phrases import count

_RATE = re.compile(r"(\d{1,6})\s*/\s*(\d{1,6}(?:\.\d{1,6})?)?\s*(s|m|min|minute)", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\s*(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of calls in a number of seconds."""

    calls: int = 200
    window_seconds: float = 60.0

    @classmethod
    def parse(cls, text: str) -> Rate:
        """`200/min`, `100/min` or `200/3s`; raises `SettingsError`."""
        found = _RATE.fullmatch(text.strip().casefold())
        calls, length, unit = found.groups() if found else ("0", None, "s")
        seconds = float(length or 1) * (1 if unit == "s" else 60)
        if int(calls) < 1 or seconds <= 0:
            raise SettingsError(
                f"--rate {text} is not a rate.",
                "Give calls and a time, such as --rate 200/min, --rate 100/min or --rate 200/3s.",
            )
        return cls(int(calls), seconds)

    @property
    def text(self) -> str:
        """The rate as `parse` reads it."""
        return f"{self.calls}/min" if self.window_seconds == 60 else f"{self.calls}/{self.window_seconds:g}s"

    def share(self, share: float) -> Rate:
        """A share of it, at least one call."""
        return Rate(max(1, int(self.calls * share + 1e-9)), self.window_seconds)

    def __str__(self) -> str:
        if self.window_seconds == 60:
            return f"{self.calls:,} calls/min"
        return f"{count(self.calls, 'call')} every {self.window_seconds:g} s"


def parse_share(text: str) -> float:
    """A part of the rate, `50%` or `0.5`; raises `SettingsError`."""
    found = _SHARE.fullmatch(text.strip())
    number = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < number <= 1:
        raise SettingsError(
            f"--rate-share {text} is not a share of the rate.", "For example: --rate-share 50% (or 0.5)."
        )
    return number
