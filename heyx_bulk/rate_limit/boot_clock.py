"""The machine's own clock, which nobody can set: it runs while the machine sleeps, the same for all processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_clock_ms() -> int:
    """Milliseconds since the machine was started, asleep or not."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    if os.name == "posix":
        # On macOS this one, unlike time.monotonic(), counts sleep.
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
    return time.monotonic_ns() // 1_000_000


def boot_id() -> str:
    """The id of this start of the machine; blank where the system gives none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
