"""What is about to happen, told before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from heyx_bulk.cli.console import Voice, command, count, duration
from heyx_bulk.mapping.column import Column, Use
from heyx_bulk.mapping.columns import Columns
from heyx_bulk.mapping.data_quality import Finding
from heyx_bulk.mapping.validation import not_shown
from heyx_bulk.models.contacts import Status
from heyx_bulk.planning.estimate import Bill, bill
from heyx_bulk.planning.planner import Matching
from heyx_bulk.rate_limit.learned_limit import Lesson
from heyx_bulk.settings import Rate, Settings
from heyx_bulk.storage.cache.channel_cache import known_fields, peculiarities
from heyx_bulk.storage.cache.field_mismatches import How, Peculiarity
from heyx_bulk.storage.checkpoint.checkpoint import Journal
from heyx_bulk.storage.checkpoint.row_record import Cause
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.export_baseline import Edits, edits_of
from heyx_bulk.upload.staging import findings_of
from heyx_bulk.values.equality import PhoneLookup

CAUSES_SHOWN = 30
LONGEST_EXAMPLE = 240


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a run may go, and why it is not HeyX's whole limit."""

    rate: Rate
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, lesson: Lesson | None = None) -> Speed:
        """The speed that `settings` ask for, as far as the `lesson` of earlier runs allows."""
        lesson = lesson or Lesson()
        rate, notes = lesson.rate(settings.rate), []
        date = datetime.fromtimestamp(lesson.learned_at).astimezone().strftime("%Y-%m-%d")
        if lesson.limit is not None and rate.calls < settings.rate.calls:
            notes.append(f"HeyX said on {date} that it allows this channel {rate}.")
        if settings.rate_share < 1:
            notes.append(f"{settings.rate_share:.0%} of {rate}: the rest is left to others.")
        rate = rate.part(settings.rate_share)
        if lesson.pace is not None:
            rate = rate.part(lesson.pace)
            notes.append(f"HeyX refused calls that came too fast, last on {date}: they are sent evenly, {rate}.")
        return cls(rate, tuple(notes))


def tell(voice: Voice, run: Run, speed: Speed, *, fresh: bool = True) -> Bill:
    """Say how rows are matched, how many there are of each kind, and what they cost.

    Where the run is `fresh`, also which rows are invalid and why.
    """
    journal, columns, matching = run.journal, run.columns, run.matching
    due = bill(run.open_rows(), matching, following=journal.followers())
    voice.say(_way(columns, matching))
    invalid = journal.totals().get(Status.INVALID, 0)
    kinds = [f"{number:,} {kind}" for kind, number in due.kinds.most_common()]
    if invalid:
        kinds.append(f"{invalid:,} invalid")
    voice.say(f"Rows: {', '.join(kinds) or 'none'}.")
    _tell_ids(voice, run)
    if (contacts := journal.contacts()) is not None:
        voice.say(f"Rows with the same key are made one: {count(contacts, 'contact')} in all.")
    if fresh:
        tell_invalid(voice, journal)
        tell_findings(voice, findings_of(journal))
    if columns.stamp:
        voice.say(f"Every contact that is created gets a mark of run and row in its field {columns.stamp}.")
    for column in columns.used(Use.READ_ONLY):
        voice.say(f"Left out: column {column}, which HeyX does not let anybody write.")
    _tell_fields(voice, columns, str(journal.meta("channel")), fresh=fresh)
    if doubts := len(journal.doubts()):
        voice.say(f"In doubt from before: {count(doubts, 'row')}; they are looked for at the end.")
    voice.say(f"At most {count(due.calls, 'call')}, at {speed.rate}: {time_for(due.calls, speed.rate)}.")
    for note in speed.notes:
        voice.say(f"  {note}")
    if fresh and matching.phone_lookup is PhoneLookup.BOTH:
        _tell_savings(voice, due)
    return due


def _tell_ids(voice: Voice, run: Run) -> None:
    """Say how contacts that rows name by their ids are written."""
    if (edits := edits_of(run.journal)) is not None:
        tell_edits(voice, edits, check=run.matching.check)
    elif run.matching.read_first and run.columns.used(Use.ID):
        voice.say("Contacts named by their ids are read first, and only differences are written.")
        for column in run.columns.used(Use.READ_ONLY)[:1]:
            voice.say(f"  Only HeyX can fill column {column}, so the sheet is a copy; --blind does not read.")


def tell_edits(voice: Voice, edits: Edits, *, check: bool) -> None:
    """Say what was changed in the sheet since its export."""
    date = datetime.fromtimestamp(edits.at).astimezone().strftime("%Y-%m-%d %H:%M")
    voice.say(f"Compared with the export of {date} ({edits.name}, {count(edits.contacts, 'contact')}):")
    parts = [count(edits.cells, "cell")]
    parts += [f"{edits.emptied:,} of them emptied"] if edits.emptied else []
    parts += [f"{count(edits.added, 'tag')} added"] if edits.added else []
    parts += [f"{count(edits.removed, 'tag')} removed"] if edits.removed else []
    voice.say(f"  {edits.changed:,} of {count(edits.rows, 'row')} changed: {', '.join(parts)}.")
    if edits.emptied:
        voice.say("  An emptied cell empties the field in HeyX.")
    if edits.strangers:
        first = ", ".join(map(str, edits.first_strangers))
        more = ", …" if edits.strangers > len(edits.first_strangers) else ""
        voice.say(f"  {count(edits.strangers, 'row')} it did not show, read first: {first}{more}")
    if check:
        voice.say("  Each changed contact is read first; what was changed in HeyX meanwhile is not written over.")


def _tell_savings(voice: Voice, due: Bill) -> None:
    savings = [f"{other} {saved:,}" for other, saved in due.saved_by.most_common() if saved > 0]
    if savings:
        voice.say(
            "  Phones are searched for with and without +. If all those in HeyX are written one way, "
            f"--phone-lookup saves calls, at most: {', '.join(savings)}."
        )


def tell_invalid(voice: Voice, journal: Journal) -> None:
    """Say why rows are invalid, grouped by cause, with the first rows concerned."""
    tell_causes(voice, journal.causes())


def tell_causes(voice: Voice, causes: Sequence[Cause]) -> None:
    """Say causes with their numbers of rows, the first rows, and the first row's own words."""
    if causes:
        voice.say("Invalid rows, not sent:")
    for cause in causes[:CAUSES_SHOWN]:
        more = ", …" if cause.rows > len(cause.first) else ""
        noun = "row" if cause.rows == 1 else "rows"
        voice.say(f"  {cause.rows:,} × {cause.what} ({noun} {', '.join(map(str, cause.first))}{more})")
        example = cause.example[:LONGEST_EXAMPLE]
        voice.say(f"      {example}{'…' if len(cause.example) > len(example) else ''}")
    if len(causes) > CAUSES_SHOWN:
        voice.say(f"  and {len(causes) - CAUSES_SHOWN} other causes")


def _tell_fields(voice: Voice, columns: Columns, channel: str, *, fresh: bool) -> None:
    if fresh:
        tell_strange(voice, [*not_shown(columns, known_fields(channel))])
    sent = {column.field for column in columns.used(Use.FIELD)}
    tell_peculiar(voice, [one for one in peculiarities(channel) if one.name in sent])


def tell_strange(voice: Voice, columns: Sequence[Column]) -> None:
    """Say which columns are sent as custom fields that the channel has not shown: they may be misspelt."""
    if columns:
        names = ", ".join(map(str, columns))
        are = "is a custom field" if len(columns) == 1 else "are custom fields"
        voice.say(f"Worth a look: {names} {are} that HeyX has not shown so far. Mind the spelling.")


def tell_peculiar(voice: Voice, found: Sequence[Peculiarity]) -> None:
    """Say which fields HeyX does not show as they were written."""
    for one in found:
        voice.say(_told(one))


def _told(found: Peculiarity) -> str:
    """What HeyX does with a field, and what this program does about it."""
    anew = f"{command('fields', '--forget', found.name)} writes it again."
    match found.how:
        case How.NAME:
            return f"HeyX shows {found.name} as {found.shown_as}: the value there counts as that of {found.name}."
        case How.VALUE:
            return f"HeyX shows another value than was written into {found.name}: it is not written twice; {anew}"
        case How.NOTHING:
            return f"HeyX does not show what was written into {found.name}: it is not written twice; {anew}"


def tell_findings(voice: Voice, findings: Sequence[Finding]) -> None:
    """Say what seems damaged; such rows are sent as they stand all the same."""
    if findings:
        voice.say("Worth a look:")
    for found in findings:
        more = ", …" if found.rows > len(found.first) else ""
        noun = "row" if found.rows == 1 else "rows"
        voice.say(f"  {found.rows:,} × {found.what} ({noun} {', '.join(map(str, found.first))}{more})")


def _way(columns: Columns, matching: Matching) -> str:
    fields = {column.field for column in columns.used(Use.FIELD)}
    keys = [key for key in columns.keys if key in fields]
    by_id = "by contact id where a row has one" if columns.used(Use.ID) else ""
    if matching.no_match:
        return "; ".join(part for part in ("Every row creates a contact, without looking", by_id) if part) + "."
    by_key = f"by {', then '.join(keys)}" + (" (the first that a row has)" if len(keys) > 1 else "")
    return f"Rows are matched {', else '.join(part for part in (by_id, by_key if keys else '') if part)}."


def time_for(calls: int, rate: Rate) -> str:
    """How long so many calls take, as a person says it."""
    if calls <= rate.calls:
        return f"within {duration(rate.window_seconds)}"
    return f"about {duration(calls / rate.calls * rate.window_seconds)}"
