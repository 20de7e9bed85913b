"""Who watches a call of the library: a bar, a function of the caller, and the log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from heyx_bulk.api.client import Client
from heyx_bulk.library.python_words import in_python
from heyx_bulk.library.worker_thread import StopSwitch
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.progress_bar import Bar
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.events import UploadEvents, UploadPlan

logger = logging.getLogger("heyx_bulk")


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """The progress of a function of the library: `done` of `total` rows (for exports and verifications: calls).

    `statuses` counts the rows of this session by status. The next call to HeyX waits `wait_seconds`; `trouble` is
    the reason why calls are repeated, or empty.
    """

    done: int
    total: int
    statuses: Mapping[str, int] = field(default_factory=dict)
    wait_seconds: float = 0.0
    trouble: str = ""


ProgressOption: TypeAlias = bool | Callable[[ProgressReport], None] | None
"""A function that is called with each report; True for a bar, False for none, None: where a person watches."""


class ReportedProgress(Progress):
    """Hands each report to a function of the caller; what that raises stops the work."""

    def __init__(
        self, report: Callable[[ProgressReport], None], switch: StopSwitch, total: int = 0, done: int = 0
    ) -> None:
        super().__init__(total, done)
        self._report, self._switch = report, switch
        self._show()

    def _show(self) -> None:
        if self._switch.error is not None:
            return
        statuses = {str(status): number for status, number in self._statuses.items()}
        report = ProgressReport(self._done, self._total, statuses, self._wait_seconds, self._trouble)
        with self._switch:
            self._report(report)


def show_progress(
    wanted: ProgressOption, switch: StopSwitch, total: int, done: int = 0, *, unit: str = "row"
) -> Progress:
    """What shows how far a call is."""
    if callable(wanted):
        return ReportedProgress(wanted, switch, total, done)
    is_watched = sys.stderr.isatty() or _is_notebook()
    return Bar(None, total, done, unit=unit) if wanted or (wanted is None and is_watched) else Progress()


def _is_notebook() -> bool:
    """Whether this process is the kernel of a notebook, whose outputs a person watches."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class LibraryEvents(UploadEvents):
    """The events of an upload, for the library: it can be stopped between its steps.

    `planned` sees its run once it is planned, and `ended` at its end.
    """

    def __init__(
        self,
        switch: StopSwitch,
        progress: ProgressOption,
        ended: Callable[[Run], None] = lambda _: None,
        planned: Callable[[Run], None] = lambda _: None,
    ) -> None:
        self._switch, self._progress, self._ended, self._planned = switch, progress, ended, planned

    def say(self, text: str) -> None:
        logger.info(in_python(text))

    def progress(self, total: int, done: int) -> Progress:
        self._switch.check()
        return show_progress(self._progress, self._switch, total, done)

    def reading(self, budget: CallBudget) -> Progress:
        del budget
        return show_progress(self._progress, self._switch, 0, unit="call")

    def on_client(self, client: Client) -> None:
        self._switch.attach(client)

    def check(self) -> None:
        self._switch.check()

    def confirm(self, run: Run, plan: UploadPlan) -> None:
        del run, plan
        self.check()

    def on_planned(self, run: Run) -> None:
        self._planned(run)

    def on_ended(self, run: Run) -> None:
        self._ended(run)
