"""What a person says about a sheet that is sent again and again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from heyx_bulk.models.option import Panel, option
from heyx_bulk.reports.stop_conditions import FailureLimit


class IfRunning(StrEnum):
    """What a job does while another one sends the same sheet."""

    WAIT = "wait"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What a job is content with, and what it leaves behind. `max_invalid` None: no invalid row."""

    panel: ClassVar = Panel.USUAL

    max_invalid: FailureLimit | None = option(
        "--max-invalid",
        metavar="N|N%",
        help="End with exit code 0 although up to N rows, or N% of the rows, are invalid.",
        parse=lambda text: FailureLimit.parse(text, "--max-invalid"),
    )
    if_running: IfRunning = option(
        "--if-running",
        default=IfRunning.WAIT,
        metavar="ACTION",
        help="If another run of the sheet is working: wait until it has ended, or skip this one.",
    )
    keep: int = option(
        "--keep",
        default=14,
        metavar="N",
        least=0,
        help="How many earlier runs of the sheet are kept, with their dated results.",
    )
