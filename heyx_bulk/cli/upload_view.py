"""What an upload shows, and what it asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from heyx_bulk.api.client import Client, SessionSummary
from heyx_bulk.cli.asking import GoBack
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.documents import KeptCellsDocument, ViewKeys
from heyx_bulk.cli.estimate_view import tell_estimate, tell_savings
from heyx_bulk.cli.plan_view import PlanView
from heyx_bulk.cli.sheet_input import OpenedSheet
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import tell_causes, tell_invalid, tell_sent
from heyx_bulk.cli.writing_questions import agrees_to_send_changes, confirm_writing, destination
from heyx_bulk.mapping.column_check import DataWarning
from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.phone_checks import PhoneCountry
from heyx_bulk.mapping.recognition import NO_FIELDS, KnownFields
from heyx_bulk.mapping.tag_counts import TagCount, similar_tags
from heyx_bulk.mapping.validation import unknown_custom_fields
from heyx_bulk.models.contacts import Status
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count, first_of, list_item, minute_of, rows_named
from heyx_bulk.planning.estimate import CallBudget
from heyx_bulk.planning.matching import Match, Matching
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.run_totals import count_open
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.detect_format import STANDARD_INPUT
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.channel_cache import field_mismatches
from heyx_bulk.storage.cache.field_mismatches import FieldMismatch, MismatchKind
from heyx_bulk.storage.cache.known_contacts import KnownExport
from heyx_bulk.storage.checkpoint.row_record import InvalidCause
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import ImportedCorrections
from heyx_bulk.upload.events import UploadEvents, UploadPlan
from heyx_bulk.upload.export_baseline import ExportDiff, export_diff_of
from heyx_bulk.upload.exported_cells import kept_cells_of
from heyx_bulk.upload.kept_cells import KeptCells
from heyx_bulk.upload.staging import phones_of, tags_of, warnings_of
from heyx_bulk.values.equality import PhoneLookup

EDITED_SHOWN = 20
COUNTRIES_SHOWN = 8
TAGS_SHOWN = 12


def tell_plan(
    console: Console, run: Run, plan: UploadPlan, fields: KnownFields = NO_FIELDS, *, fresh: bool = True
) -> None:
    """Show how rows are matched, how many there are of each kind, and what they cost.

    If the run is `fresh`, also which rows are invalid and why, and which columns are not among the known `fields`
    of the channel.
    """
    checkpoint, columns, matching = run.checkpoint, run.columns, run.matching
    due = plan.cost
    console.say(_matching_text(columns, matching))
    invalid = checkpoint.queries.totals().get(Status.INVALID, 0)
    kinds = [f"{number:,} {kind}" for kind, number in due.kinds.most_common()]
    if invalid:
        kinds.append(f"{invalid:,} invalid")
    console.say(f"Rows: {', '.join(kinds) or 'none'}.")
    _tell_ids(console, run)
    if (contacts := checkpoint.queries.count_contacts()) is not None:
        console.say(f"Rows with the same key are merged into {count(contacts, 'contact')}.")
    if fresh:
        tell_invalid(console, checkpoint.queries.invalid_causes())
        tell_warnings(console, warnings_of(checkpoint))
        if export_diff_of(checkpoint) is None:  # of an edited export only differences are sent
            tell_phones(console, phones_of(checkpoint))
            tell_tags(console, tags_of(checkpoint))
    _tell_columns(console, run)
    tell_unknown_fields(console, unknown_custom_fields(columns, fields))
    _tell_mismatches(console, columns, checkpoint.facts.channel)
    if unconfirmed := len(checkpoint.queue.unconfirmed_creates()):
        rows = count(unconfirmed, "row")
        console.say(f"Unconfirmed from before: {rows}. Their contacts are searched for at the end.")
    tell_estimate(console, plan)
    if fresh and matching.phones_searched is PhoneLookup.BOTH:
        tell_savings(console, plan.cost)


def _tell_columns(console: Console, run: Run) -> None:
    """Say what is special about columns and their fields."""
    columns = run.columns
    if columns.tracking_field:
        console.say(f"Each new contact gets the run and row in its field {columns.tracking_field}.")
    for column in columns.exported_lists() if columns.copies_contacts or run.editable else ():
        console.say(f"Column {column} is read in the format of an export, with {column.separator} between tags.")
    for column in columns.used(Use.READ_ONLY):
        console.say(f"Ignored: column {column}, which only HeyX can write.")


def _tell_ids(console: Console, run: Run) -> None:
    """Say how contacts that rows name by their ids are written."""
    tell_kept_cells(console, kept_cells_of(run.checkpoint))
    if (edits := export_diff_of(run.checkpoint)) is not None:
        tell_edits(console, edits, check=run.matching.detect_conflicts)
    elif run.matching.read_first and run.columns.used(Use.ID):
        console.say("Contacts with an id are read first, and only differences are written.")
        for column in run.columns.used(Use.READ_ONLY)[:1]:
            console.say(f"  The reason is column {column}, which only HeyX can write; --blind turns this off.")


def tell_edits(console: Console, edits: ExportDiff, *, check: bool) -> None:
    """Say what was changed in the sheet since its export."""
    contacts = count(edits.contacts, "contact")
    console.say(f"Compared with the export of {minute_of(edits.at)} ({edits.name}, {contacts}):")
    parts = [count(edits.cells, "cell")]
    parts += [f"{edits.emptied:,} of them cleared"] if edits.emptied else []
    parts += [f"{count(edits.added, 'tag')} added"] if edits.added else []
    parts += [f"{count(edits.removed, 'tag')} removed"] if edits.removed else []
    what = f": {', '.join(parts)}" if edits.changed else ""
    console.say(f"  {edits.changed:,} of {count(edits.rows, 'row')} changed{what}.")
    if edits.emptied:
        console.say("  A cleared cell clears the field in HeyX.")
    if edits.unknown_rows:
        first = first_of(edits.unknown_rows, edits.first_unknown_rows)
        console.say(f"  {count(edits.unknown_rows, 'row')} not in the export, read first: {first}")
    if check:
        console.say(
            "  Each contact with changed cells is read first, and changes made in HeyX since the export are kept."
        )


def kept_cells_document(kept: KeptCells) -> KeptCellsDocument:
    """Which cells keep their known values, as JSON."""
    return {"cells": kept.count, "first": list(kept.first)}


def tell_kept_cells(console: Console, kept: KeptCells) -> None:
    """Say which cells keep their known values, since only a spreadsheet changed them."""
    if kept.count:
        differ = "cell differs" if kept.count == 1 else "cells differ"
        console.say(
            f"  {kept.count:,} {differ} only as a spreadsheet changes them; the values of before are kept:"
        )
        for cell in kept.first:
            console.say(f"    {cell}")
        if kept.count > len(kept.first):
            console.say(f"    and {kept.count - len(kept.first):,} more")
        console.say("  To take these cells as they are in the file, add --accept-spreadsheet-changes.")


def tell_warnings(console: Console, warnings: Sequence[DataWarning]) -> None:
    """Show values that seem damaged; these rows are sent as they are."""
    causes = [InvalidCause(one.what, one.rows, [*one.first], "") for one in warnings]
    tell_causes(console, "Check these rows:", causes, shown=len(causes))


def tell_phones(console: Console, phones: Sequence[PhoneCountry]) -> None:
    """Say how many phones are of which country, unless all are of one."""
    without = [one for one in phones if not one.country]
    if len(phones) < 2 and not without:
        return
    shown = [f"{one.rows:,} {one.country or 'without country code'}" for one in phones[:COUNTRIES_SHOWN]]
    left = sum(1 for one in phones[COUNTRIES_SHOWN:] if one.country)
    more = f" and {left} more {'country' if left == 1 else 'countries'}" if left else ""
    console.say(f"Phones by country: {', '.join(shown)}{more}.")
    region = phones[0].region or "PK"  # the most frequent country
    for one in without:
        console.say(
            f"  Without country code: {rows_named(one.rows, one.first)}. --region with their country, such as "
            f"--region {region}, sends them with its code; --region none sends them as they are."
        )


def tell_tags(console: Console, tags: Sequence[TagCount]) -> None:
    """Say which tags the rows add and remove, and which of them differ only in case, accents or signs."""
    for word, counted in (
        ("added", [(one.tag, one.added) for one in tags if one.added]),
        ("removed", [(one.tag, one.removed) for one in tags if one.removed]),
    ):
        if counted:
            counted.sort(key=lambda one: -one[1])
            shown = [f"{list_item(tag)} {rows:,}" for tag, rows in counted[:TAGS_SHOWN]]
            more = f" and {len(counted) - TAGS_SHOWN:,} more" if len(counted) > TAGS_SHOWN else ""
            console.say(f"Tags {word}: {', '.join(shown)}{more}.")
    for group in similar_tags(tags)[:TAGS_SHOWN]:
        alike = " and ".join(f"“{one.tag}” ({one.added + one.removed:,})" for one in group)
        console.say(f"  Check: {alike} differ only in case, accents or signs.")


def _tell_mismatches(console: Console, columns: Columns, channel: str) -> None:
    sent = {column.field for column in columns.used(Use.FIELD)}
    tell_mismatches(console, [one for one in field_mismatches(channel) if one.name in sent])


def tell_unknown_fields(console: Console, columns: Iterable[Column]) -> None:
    """Show which columns are sent as custom fields that the channel has not shown: they may be misspelled."""
    names = [str(column) for column in columns]
    if names:
        are = "is a custom field" if len(names) == 1 else "are custom fields"
        console.say(f"Check: {', '.join(names)} {are} not seen in this channel yet. Check the spelling.")


def tell_mismatches(console: Console, found: Sequence[FieldMismatch]) -> None:
    """Show which fields HeyX does not show as they were written, and what heyx-bulk does about it."""
    for one in found:
        name = one.name
        match one.kind:
            case MismatchKind.VALUE:
                what = f"HeyX shows a different value than was written to {name}"
            case MismatchKind.NOTHING:
                what = f"HeyX does not show the value that was written to {name}"
        again = command_line("fields", "--forget", name)
        console.suggest(f"{what}. It is not written again. To allow that", again)


def _matching_text(columns: Columns, matching: Matching) -> str:
    fields = {column.field for column in columns.used(Use.FIELD)}
    keys = [key for key in columns.keys if key in fields]
    by_id = "by contact id if a row has one" if columns.used(Use.ID) else ""
    if matching.no_match:
        return "; ".join(part for part in ("Each row creates a contact, without a search", by_id) if part) + "."
    first_only = " (the first one in each row)" if len(keys) > 1 and matching.match is Match.FIRST else ""
    by_key = f"by {', then '.join(keys)}{first_only}"
    return f"Rows are matched {', else '.join(part for part in (by_id, by_key if keys else '') if part)}."


class UploadView(UploadEvents):
    """Shows what an upload does and its progress, and asks before many contacts are written.

    `fields` are those the channel is known to have. It asks before more than `ask_above` contacts are written
    (None: never). In a `trial` nothing is written; the plans of its `first` rows are kept. A run that is
    `simulated` has no time left to show: its clock is not ours. What only the view knows is in `document`, for the
    JSON of the result.
    """

    preview: ClassVar = "--dry-run"
    """The option of the command that shows each change before it is made; blank if there is none."""

    def __init__(
        self,
        console: Console,
        signals: Signals,
        fields: KnownFields = NO_FIELDS,
        *,
        first: int = 0,
        ask_above: int | None = None,
        trial: bool = False,
        simulated: bool = False,
    ) -> None:
        self.plans = PlanView(first)
        self.document: ViewKeys = {}
        self._console = console
        self._signals = signals
        self._destination, self._workers = "", 0
        self._sheet: Sheet | None = None
        self._can_go_back = False
        self._fields = fields
        self._ask_above = ask_above if console.can_ask else None
        self._trial = trial
        self._simulated = simulated
        self._budget: CallBudget | None = None
        self._only_changes: bool | None = None

    def say(self, text: str) -> None:
        self._console.say(text)

    def writes_to(self, settings: Settings) -> None:
        """Contacts are written where `settings` say."""
        self._destination = destination(settings)
        self._workers = settings.workers

    def on_sheet(self, opened: OpenedSheet, settings: Settings) -> None:
        """A sheet is about to be uploaded, perhaps again with more answers: it is shown once."""
        self.writes_to(settings)
        self._can_go_back, sheet = opened.can_go_back, opened.sheet
        if sheet is self._sheet:
            return
        self._sheet, self._only_changes = sheet, None
        worksheet = f", worksheet “{sheet.worksheet}”" if sheet.worksheet else ""
        name = "standard input" if sheet.path == STANDARD_INPUT else sheet.path.name
        self._console.say(f"{name}: {count(sheet.row_count, 'row')} ({sheet.format}{worksheet})")
        for note in sheet.notes:
            self._console.say(f"  {note}")

    def progress(self, total: int, done: int) -> Progress:
        return self._console.progress(total, done, None if self._simulated else self._budget)

    def reading(self, budget: CallBudget) -> Progress:
        return self._console.reading(budget)

    def on_client(self, client: Client) -> None:
        self._signals.attach(client)

    def set_budget(self, plan: UploadPlan) -> None:
        """The progress is that of the calls of `plan`."""
        self._budget = CallBudget(plan.cost.calls, plan.speed.rate, self._workers)
        self.document["estimate"] = plan.document()

    def on_remembered_export(self, sheet: Sheet, export: KnownExport) -> bool:
        """Ask whether only changes are to be sent, once: another question may begin the upload again."""
        if self._only_changes is None:
            self._only_changes = self._ask_for_changes(sheet, export)
        return self._only_changes

    def _ask_for_changes(self, sheet: Sheet, export: KnownExport) -> bool:
        self._console.say(f"{sheet.path.name} seems to be the export of {minute_of(export.at)} ({export.name}).")
        if self._ask_above is not None:
            return agrees_to_send_changes(self._console, can_go_back=self._can_go_back)
        self._console.say("  To send only what was changed since, add --since-export.")
        return False

    def on_plan(self, run: Run, plan: UploadPlan) -> None:
        self.document["spreadsheet_changes"] = kept_cells_document(kept_cells_of(run.checkpoint))
        self.plans.phones = phones_of(run.checkpoint)
        self.set_budget(plan)
        tell_plan(self._console, run, plan, self._fields)

    def confirm(self, run: Run, plan: UploadPlan) -> None:
        del run
        contacts = plan.cost.contacts_written
        if self._ask_above is None or contacts <= self._ask_above:
            return
        try:
            confirm_writing(
                self._console, contacts, self._destination, preview=self.preview, can_go_back=self._can_go_back
            )
        except GoBack:
            self._only_changes = None
            raise

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        if plan is None:
            self._console.say(f"The run of this sheet, started {run.checkpoint.info.started_at}, is finished.")
            if not run.matching.no_match:
                self._console.say("Nothing was sent. To send the sheet again, add --restart.")
            return
        self.set_budget(plan)
        totals = run.checkpoint.queries.totals()
        rows = sum(totals.values())
        self._console.say(f"Resuming: {rows - count_open(totals):,} of {count(rows, 'row')} are done.")
        tell_plan(self._console, run, plan, fresh=False)

    def on_planned(self, run: Run) -> None:
        self.plans.take(run)

    def on_sent(self, sent: SessionSummary) -> None:
        if not self._trial:
            tell_sent(self._console, sent)


class RerunView(UploadView):
    """Shows what a rerun does."""

    def on_corrections(self, run: Run, given: ImportedCorrections) -> None:
        self._console.say(
            f"{given.name}: {count(len(given.opened), 'row')}, {len(given.corrected):,} of them corrected."
        )
        if given.done:
            others = count(len(given.done), "other row")
            self._console.say(f"  {others} in it succeeded before: not sent again.")
        if given.edited:
            edited = rows_named(len(given.edited), given.edited[:EDITED_SHOWN])
            self._console.say(f"  {edited} changed all the same; a rerun does not send that.")
            self._console.say("  To send it, copy these rows into a new sheet and upload it.")
        tell_kept_cells(self._console, given.kept)
        self.document["spreadsheet_changes"] = kept_cells_document(given.kept)
        tell_invalid(self._console, run.checkpoint.queries.invalid_causes())

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        if plan is None:
            self._console.say("Nothing to send again.")
        else:
            self.set_budget(plan)
            tell_plan(self._console, run, plan, fresh=False)
