"""What an upload reports while it runs, and asks."""

from __future__ import annotations

from heyx_bulk.api.client import Client
from heyx_bulk.api.session import SessionSummary
from heyx_bulk.models.calls import Call
from heyx_bulk.models.contacts import Contact, ContactRow
from heyx_bulk.planning.planner import NotFound
from heyx_bulk.reports.progress import Progress
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import ImportedCorrections
from heyx_bulk.upload.upload_plan import UploadPlan


class UploadEvents:
    """Called as an upload goes on, and does nothing: override what is of interest."""

    def say(self, text: str) -> None:
        """A sentence about what is being done."""

    def progress(self, total: int, done: int) -> Progress:
        """What shows how far rows are: `done` of `total` now."""
        del total, done
        return Progress()

    def on_client(self, client: Client) -> None:
        """Calls are about to be made by `client`, whose `stop` ends the work; called in its event loop."""

    def on_plan(self, run: Run, plan: UploadPlan) -> None:
        """A new run is ready to begin, and this is what it will do."""

    def confirm(self, run: Run, plan: UploadPlan) -> None:
        """Whether it is to begin: what this raises leaves everything as it was."""

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        """A run is carried on; without a plan, it was finished before."""

    def on_corrections(self, run: Run, given: ImportedCorrections) -> None:
        """Rows were given back, corrected."""

    def on_row_plan(self, row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> None:
        """In a dry run: what would be written for a row, and what is known of its contact."""

    def on_sent(self, sent: SessionSummary) -> None:
        """The calls of this session have ended."""
