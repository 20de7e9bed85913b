"""The progress of a run or an export on a terminal: a bar."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from tqdm import TqdmWarning, tqdm

from heyx_bulk.models.contacts import Status
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.reports.progress import Progress


class Bar(Progress):
    """A bar, and behind it the rows that need attention, the time left and the wait for HeyX's rate limit.

    The time left comes from the calls left and the rate limit. The time that rows took so far says little: up to
    200 calls go at once, and then none for a minute. Without a `file`, tqdm chooses where it is shown: a notebook
    draws it.
    """

    def __init__(
        self,
        file: TextIO | None,
        total: int = 0,
        done: int = 0,
        *,
        unit: str = "row",
        budget: CallBudget | None = None,
    ) -> None:
        super().__init__(total, done, unit=unit, budget=budget)
        self._file = file
        self._bar: tqdm[NoReturn] | None = None
        self._show()

    def tick(self, wait_seconds: float, trouble: str = "", calls: int = 0) -> None:
        super().tick(wait_seconds, trouble, calls)
        if self._bar is not None:
            self._bar.refresh()

    def close(self) -> None:
        super().tick(0.0)
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        if self._bar is not None:
            self._bar.clear()
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.refresh()

    def _show(self) -> None:
        if not self._total:
            return
        if self._bar is None:
            self._bar = (tqdm if self._file is not None else _automatic_tqdm())(
                total=self._total,
                initial=self._done,
                file=self._file,
                unit=self._unit,
                dynamic_ncols=True,
                bar_format="{l_bar}{bar}| {n_fmt} of {total_fmt} {unit}s [{elapsed}{postfix}]",
            )
        self._bar.total = self._total
        self._bar.set_postfix_str(", ".join(self._notes(Status.FAILED, Status.UNCERTAIN)), refresh=False)
        self._bar.update(self._done - self._bar.n)


def _automatic_tqdm() -> type[tqdm[NoReturn]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)  # without ipywidgets the bar is text, which is fine
        from tqdm.auto import tqdm as chosen  # noqa: PLC0415 - it loads asyncio, and IPython in a notebook

    return chosen  # type: ignore[return-value]  # it is a tqdm of any kind
