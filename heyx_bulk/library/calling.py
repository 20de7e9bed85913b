"""A function of the library, called: its work in a thread of its own, its errors in the words of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from heyx_bulk.library.python_words import speaking_python
from heyx_bulk.library.worker_thread import StopSwitch, wait_for

T = TypeVar("T")


def run_here(work: Callable[[StopSwitch], T], *, resumes: bool = False) -> T:
    """What `work` comes to; with `resumes`, the same call carries on with what it left."""
    with speaking_python(resumes=resumes):
        return wait_for(work, resumes=resumes)
