"""A clock that no one can set: it goes on while the machine sleeps, and is the same for all its processes."""

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
    """What tells one start of the machine from another; blank where only its clock does."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
