"""What a person sees of an upload at a terminal, and is asked."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import typer

from heyx_bulk.api.client import Client
from heyx_bulk.api.session import SessionSummary
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.preflight import tell_invalid, tell_plan
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import PlanView, tell_sent
from heyx_bulk.errors import Interrupted
from heyx_bulk.models.calls import Call
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.planner import NotFound
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.results import count_open
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import ImportedCorrections
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.upload_plan import UploadPlan
from heyx_bulk.values.phrases import count

ASK_ABOVE_CONTACTS = 100


class UploadView(UploadEvents):
    """Says what an upload does, shows how far it is, and asks before many contacts are written.

    In a `trial` nobody is asked, since nothing is written; the plans of the `first` rows of a dry run are kept.
    """

    def __init__(
        self, console: Console, signals: Signals, *, first: int = 0, yes: bool = False, trial: bool = False
    ) -> None:
        self.plans = PlanView(first)
        self._console = console
        self._signals = signals
        self._ask = console.can_ask and not yes and not trial
        self._trial = trial

    def say(self, text: str) -> None:
        """A sentence about what is being done."""
        self._console.say(text)

    def on_sheet(self, what: str, notes: Sequence[str]) -> None:
        """A sheet was opened."""
        self._console.say(what)
        for note in notes:
            self._console.say(f"  {note}")

    def progress(self, total: int, done: int) -> Progress:
        """A bar on a terminal, lines elsewhere."""
        return self._console.progress(total, done)

    def on_client(self, client: Client) -> None:
        """Ctrl-C stops it."""
        self._signals.attach(client)

    def on_plan(self, run: Run, plan: UploadPlan) -> None:
        """What a new run will do."""
        tell_plan(self._console, run, plan)

    def confirm(self, run: Run, plan: UploadPlan) -> None:
        """Ask, where many contacts are written and somebody can answer."""
        del run
        contacts = plan.cost.contacts_written
        if not self._ask or contacts <= ASK_ABOVE_CONTACTS:
            return
        try:
            agreed = typer.confirm(f"Write to {contacts:,} contacts?", default=False, err=True)
        except typer.Abort:
            agreed = False
        if not agreed:
            raise Interrupted(signal.SIGINT, "Nothing was sent.", "")

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        """How far the run is, and what is left of it."""
        if plan is None:
            self._console.say(f"This sheet's run is finished; it began {run.checkpoint.info.started_at}.")
            if not run.matching.no_match:
                self._console.say("Nothing was sent. To send the sheet anew, add --restart.")
            return
        totals = run.checkpoint.queries.totals()
        rows = sum(totals.values())
        self._console.say(f"Carrying on: {rows - count_open(totals):,} of {count(rows, 'row')} are done.")
        tell_plan(self._console, run, plan, fresh=False)

    def on_row_plan(self, row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> None:
        """What a dry run would write for a row."""
        self.plans.add(row, known, calls)

    def on_sent(self, sent: SessionSummary) -> None:
        """How many calls were made, and in what time."""
        if not self._trial:
            tell_sent(self._console, sent)


class RerunView(UploadView):
    """Says what a rerun does."""

    def on_corrections(self, run: Run, given: ImportedCorrections) -> None:
        """Rows were given back."""
        self._console.say(f"{given.name}: {count(len(given.opened), 'row')} given back.")
        if given.done:
            self._console.say(
                f"  {count(len(given.done), 'row')} of them were done since and are left as they are."
            )
        tell_invalid(self._console, run.checkpoint.queries.invalid_causes())

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        """What is sent again."""
        if plan is None:
            self._console.say("There is nothing to send again.")
        else:
            tell_plan(self._console, run, plan, fresh=False)
