"""The functions of the library. Each does its work in a thread of its own: see `worker_thread`.

They may be called from a script, a notebook, a coroutine or several threads at once. `heyx_bulk.aio` has an
asynchronous twin of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from heyx_bulk.export.exporter import exported_contacts
from heyx_bulk.library import reading, uploading
from heyx_bulk.library.arguments import (
    ConnectionArguments,
    ExportArguments,
    InspectArguments,
    Place,
    SessionArguments,
    SheetLike,
    SyncArguments,
    TableArguments,
    UploadArguments,
)
from heyx_bulk.library.calling import run_here
from heyx_bulk.library.outcomes import RunResult, RunStatus, SheetInspection, Verification
from heyx_bulk.library.reference import reference
from heyx_bulk.library.watching import ProgressOption
from heyx_bulk.models.contacts import Contact
from heyx_bulk.sheets.frames import Frame


@reference(UploadArguments)
def upload(
    sheet: SheetLike,
    *,
    checkpoint: Place | None = None,
    progress: ProgressOption = None,
    **options: Unpack[UploadArguments],
) -> RunResult:
    """Upload a sheet of contacts: create or update a contact for each row.

    The same call resumes a run that was stopped. Once the run is finished, it sends nothing.

    >>> import heyx_bulk as hb
    >>> result = hb.upload("contacts.xlsx", ignore="Notes", types={"Joined": "date"})
    >>> result.totals["created"], result.failed

    Args:
        sheet: The path of a file, or a DataFrame. Its column labels are the header. Values become exact text:
            strings stay as they are; None, NaN, NaT and pd.NA are blank; True is `true`; whole numbers are written
            without `.0`; a date, or a timestamp at midnight, is `YYYY-MM-DD`; other moments are ISO 8601; lists of
            texts become a list of tags. Rows are numbered by the index if it consists of different whole numbers
            from 0 to 2**32 - 1, and are sent in its order; otherwise by position from 0.
        checkpoint: For a DataFrame, the file that records its run, such as `spring.checkpoint`. By default it is
            in the user's state folder, named after the rows and the channel; with `out`, in that folder.
        progress: False for no progress bar, True for one, or a function that is called with a `ProgressReport`, in
            the thread that does the work; what it raises stops the run. By default there is a bar in terminals
            and notebooks.
        options: Every option of `heyx-bulk upload`, under its name in Python; all are listed below.

    Returns:
        A `RunResult`: totals, the rows with their outcomes as DataFrames, and what stopped the run early, if
        anything did. A DataFrame's run writes files only with `out`.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
        CheckpointBusy: Another run is working on the same checkpoint.
    """
    return run_here(
        lambda switch: uploading.upload(switch, sheet, checkpoint, progress, {**options}), resumes=True
    )


@reference(SyncArguments)
def sync(sheet: Place, *, progress: ProgressOption = None, **options: Unpack[SyncArguments]) -> RunResult | None:
    """Send what is new in a sheet since it was last sent: for scheduled jobs.

    A run that was stopped is resumed first, and failed rows are sent again. Rows that were sent before and have
    not changed since are not sent.

    >>> result = hb.sync("contacts.xlsx", if_running="skip", max_invalid="5%")

    Args:
        sheet: The path of a file.
        progress: As in `upload`.
        options: Those of a scheduled job, and those of `upload` except `no_match`, `restart`, `strict` and
            `canary`.

    Returns:
        A `RunResult`; all totals are 0 if the sheet has not changed. None if `if_running` is `skip` and another
        run of the sheet is working.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
    """
    return run_here(lambda switch: uploading.sync(switch, sheet, progress, {**options}), resumes=True)


@reference(SessionArguments)
def rerun(
    run: RunResult | Place,
    corrected: SheetLike | None = None,
    *,
    uncertain: bool = False,
    accept_spreadsheet_changes: bool = False,
    progress: ProgressOption = None,
    **options: Unpack[SessionArguments],
) -> RunResult:
    """Send the failed rows of a run again, or rows that were corrected.

    >>> failed = result.failed
    >>> failed.loc[failed["Email"] == "ann@", "Email"] = "ann@example.com"
    >>> result = hb.rerun(result, failed)

    Args:
        run: The result of an upload, or the path of a checkpoint, of its sheet, or of a corrected file.
        corrected: The rows to send, as a DataFrame like `result.failed` or as a file of failed rows. Rows are
            recognized by the column `heyx row`, columns by their labels; both may be left out or reordered. Rows
            that are done already are left alone. An invalid row that was not changed stays invalid. A cell with
            an error is shown blank: write its value, or a space to leave it blank. Without `corrected`, the
            rows that failed are sent as they were.
        uncertain: Also send rows whose create went unanswered, as if they had never been sent: look in HeyX first.
        accept_spreadsheet_changes: Take the cells of a file as they are, also where only a spreadsheet changed
            them, such as phones without `+`. Otherwise such cells keep their values of before.
        progress: As in `upload`.
        options: Without `token` and `url`, a result is rerun in the channel that it was uploaded to.

    Returns:
        A `RunResult` of the whole run.

    Raises:
        SheetError: Corrected rows are unknown, of another run, or there twice; nothing was sent.
        UsageError: Nothing was sent; the message says what to correct.
        CheckpointBusy: Another run is working on the checkpoint.
    """
    return run_here(
        lambda switch: uploading.send_again(
            switch,
            run,
            corrected,
            progress,
            {**options},
            uncertain=uncertain,
            accept_spreadsheet_changes=accept_spreadsheet_changes,
        ),
        resumes=True,
    )


@reference(UploadArguments)
def simulate(
    sheet: SheetLike, *, progress: ProgressOption = None, **options: Unpack[UploadArguments]
) -> RunResult:
    """Simulate an upload in memory. Needs no token, sends nothing and writes nothing.

    >>> hb.simulate(frame, custom_fields=True).totals

    Args:
        sheet: As in `upload`.
        progress: As in `upload`.
        options: As in `upload`.

    Returns:
        A `RunResult` without a checkpoint; `seconds` is how long HeyX would take.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
    """
    return run_here(lambda switch: uploading.simulate(switch, sheet, progress, {**options}))


@reference(UploadArguments)
def dry_run(sheet: SheetLike, *, progress: ProgressOption = None, **options: Unpack[UploadArguments]) -> Frame:
    """Look up every row's contact in HeyX and show what an upload would change. Writes nothing.

    >>> changes = hb.dry_run("contacts.xlsx", ignore="Notes")
    >>> changes[changes["field"] == "email"]

    Args:
        sheet: As in `upload`.
        progress: As in `upload`.
        options: As in `upload`.

    Returns:
        The DataFrame that `plan` returns, but without a checkpoint: it cannot be applied.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
        Stopped: The lookup ended early.
    """
    return run_here(lambda switch: uploading.dry_run(switch, sheet, progress, {**options}))


@reference(InspectArguments)
def inspect(sheet: SheetLike, **options: Unpack[InspectArguments]) -> SheetInspection:
    """Show how a sheet is read, what its columns mean, and what is wrong with it. Sends nothing.

    >>> hb.inspect("contacts.xlsx").columns

    Args:
        sheet: As in `upload`.
        options: Without a token, no custom fields of the channel are known.

    Returns:
        A `SheetInspection`.

    Raises:
        UsageError: The sheet cannot be read, or an option is wrong.
    """
    return run_here(lambda switch: uploading.inspect(switch, sheet, {**options}))


@reference(ConnectionArguments)
def verify(
    run: RunResult | Place,
    *,
    sample: int | None = None,
    progress: ProgressOption = None,
    **options: Unpack[ConnectionArguments],
) -> Verification:
    """Compare the contacts in HeyX with what a run sent. Takes one call per row; writes nothing.

    >>> hb.verify(result, sample=200).differences

    Args:
        run: As in `rerun`.
        sample: How many rows, drawn at random; by default all.
        progress: As in `upload`.
        options: As in `rerun`.

    Returns:
        A `Verification`.

    Raises:
        UsageError: Nothing was sent; the message says what to correct.
        Stopped: The reading ended early.
    """
    return run_here(lambda switch: reading.verify(switch, run, sample, progress, {**options}))


def status(run: RunResult | Place) -> RunStatus:
    """Show the progress of a run, even while another process works on it. Needs no token.

    >>> hb.status("contacts.xlsx").calls_left

    Args:
        run: The result of an upload, or the path of a checkpoint or of its sheet.

    Returns:
        A `RunStatus`: totals, calls, what failed and why, and how many calls are left.

    Raises:
        UsageError: There is no such run, or its checkpoint is damaged.
    """
    return run_here(lambda switch: reading.status(switch, run))


@reference(TableArguments)
def export(*, progress: ProgressOption = None, **options: Unpack[TableArguments]) -> Frame:
    """Read contacts as a DataFrame.

    HeyX cannot list all contacts: choose them with `where`, `where_in`, `ids` or `known`.

    >>> hb.export(where={"isLead": [True, False]}, tags="VIP", not_tags="Churned")

    Args:
        progress: As in `upload`.
        options: What to read, which contacts of it are wanted, and how the table looks.

    Returns:
        A DataFrame with a row for each contact, oldest first: its id, fields, tags, and when it was created.
        Values are as HeyX has them: tags are tuples, moments have their time zone, None is no value.

    Raises:
        UsageError: HeyX refuses a search, or an option is wrong.
        Stopped: The reading ended early.
    """
    return run_here(lambda switch: reading.export(switch, progress, {**options}))


@reference(ExportArguments)
def export_contacts(*, progress: ProgressOption = None, **options: Unpack[ExportArguments]) -> Iterator[Contact]:
    """Read contacts one by one. Each is in memory only as long as you keep it.

    The first contact comes when all have been read, because only then the list is complete. Until then they are
    kept in a temporary file.

    >>> for contact in hb.export_contacts(where={"isLead": True}):
    ...     print(contact.id, contact.fields.get("firstName"), sorted(contact.tags))

    Args:
        progress: As in `upload`.
        options: What to read, and which contacts of it are wanted.

    Yields:
        A `Contact`, whole, oldest first.

    Raises:
        UsageError: HeyX refuses a search, or an option is wrong.
        Stopped: The reading ended early.
    """
    with reading.export_folder() as path:
        wanted = run_here(lambda switch: reading.read_export(switch, path, progress, {**options}))
        yield from exported_contacts(path, wanted)
