"""What a person does after a session, each step with its command to copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count
from heyx_bulk.reports.run_totals import count_open


class NextStep(NamedTuple):
    """What a step is for, and its command."""

    purpose: str
    command: str


def next_steps(
    totals: Mapping[str, int], *, checkpoint: str, failed: str | None, command: str, can_look_again: bool
) -> Iterator[NextStep]:
    """The next steps, most urgent first.

    `checkpoint` and `failed` are the run's files as they are typed (`failed` None: there is none). `command`
    carries the run on. `can_look_again`: a rerun can look for the contact of an uncertain row.
    """
    rerun = command_line("rerun", checkpoint)
    if count_open(totals):
        if command:
            yield NextStep("To resume", command)
        return
    if again := totals.get(Status.FAILED, 0):
        yield NextStep(f"To send the {count(again, 'failed row')} again", rerun)
    elif can_look_again:
        yield NextStep("To search again for the uncertain rows", rerun)
    if totals.get(Status.UNCERTAIN, 0):
        purpose = "To send the uncertain rows again, after checking that they are not in HeyX"
        yield NextStep(purpose, f"{rerun} --uncertain")
    if failed is not None:
        purpose = f"Correct the rows in {Path(failed).name}, then run"
        yield NextStep(purpose, command_line("rerun", failed))
