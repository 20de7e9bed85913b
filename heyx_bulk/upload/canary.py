"""The first rows of a run sent ahead, read back and compared before the rest follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from heyx_bulk.errors import VerificationError
from heyx_bulk.models.calls import MAX_FIELDS, MAX_TAGS
from heyx_bulk.models.contacts import ContactRow, Status
from heyx_bulk.models.phrases import count
from heyx_bulk.planning.estimate import match_kind
from heyx_bulk.reports.read_back import Comparison, read_back
from heyx_bulk.storage.checkpoint.row_record import RowState
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.sender import RowSender

_REMEDY = (
    "The other rows were not sent, and nothing is lost. Check in HeyX that the custom fields exist and have the "
    "right type, then run the same command: it sends these rows again and compares them again. To send all rows "
    "without the comparison, leave out --canary."
)


@dataclass(frozen=True, slots=True)
class Canary:
    """Sends so many rows of `run` ahead, and says which and how it went: the work of an upload's sender.

    The rows are chosen so that every field and every kind of call occurs, as far as so few rows can. The
    checkpoint remembers them: a session after one that was stopped goes on with the same rows, and what passed
    once is not repeated.
    """

    run: Run
    rows: int
    say: Callable[[str], None]

    async def __call__(self, sender: RowSender) -> None:
        """Send the chosen rows, compare, and send the rest; raises `VerificationError` where HeyX differs."""
        kept = self.run.checkpoint.facts.canary or {"rows": [], "passed": False}
        if not kept["passed"]:
            numbers: list[int] = kept["rows"] or self._choose()
            listed = ", ".join(map(str, numbers))
            self.say(f"Canary: sent first, read back and compared: {count(len(numbers), 'row')} ({listed}).")
            await sender.run(frozenset(numbers))
            self._check(await self._read_back(sender, numbers))
        await sender.run()

    def _choose(self) -> list[int]:
        checkpoint = self.run.checkpoint
        open_rows = (row for row in self.run.open_rows() if checkpoint.queue.blocked_by(row.number) is None)
        numbers, missing = choose(open_rows, self.rows, self.run)
        checkpoint.facts.canary = {"rows": numbers, "passed": False}
        if missing:
            self.say(f"Canary: so few rows cannot show everything; not among them: {', '.join(missing)}.")
        return numbers

    async def _read_back(self, sender: RowSender, numbers: list[int]) -> list[Comparison]:
        sent, failed = [], []
        for record in map(self.run.checkpoint.queue.row, numbers):
            if record.status in (Status.FAILED, Status.UNCERTAIN) or record.state is not RowState.DONE:
                why = f"{record.status or record.state}: {record.message}"
                failed.append(Comparison(record.number, record.contact_id or "", (), why))
            else:
                sent.append(record)
        return failed + await read_back(self.run, sender.client, sent, workers=len(sent) or 1)

    def _check(self, compared: list[Comparison]) -> None:
        checkpoint = self.run.checkpoint
        wrong = sorted((found for found in compared if not found.matches), key=lambda found: found.number)
        if not wrong:
            checkpoint.facts.canary = {"rows": [found.number for found in compared], "passed": True}
            self.say(f"Canary: {count(len(compared), 'row')} read back, all as sent. Now the rest.")
            return
        checkpoint.reopening.reopen_rows([found.number for found in wrong])
        lines = "\n".join(line for found in wrong for line in lines_of(found))
        raise VerificationError(
            f"Stopped after the first rows: {len(wrong)} of {count(len(compared), 'row')} are not in HeyX as they "
            f"were sent.\n{lines}",
            _REMEDY,
        )


def choose(rows: Iterable[ContactRow], most: int, run: Run) -> tuple[list[int], list[str]]:
    """So many of `rows` that show the most: their numbers, and what none of them shows although some row does.

    First those that together show every field, every way to find a contact, tags added and removed, and more of
    either than one call takes; then the first ones of the sheet.
    """
    showing: dict[int, frozenset[str]] = {}
    first: list[int] = []
    seen: set[str] = set()
    for row in rows:
        shows = _shows(row, run)
        if not shows <= seen:
            showing[row.number] = shows
            seen |= shows
        if len(first) < most:
            first.append(row.number)
    chosen: list[int] = []
    missing = set(seen)
    while missing and len(chosen) < most:
        best = max(showing, key=lambda number: (len(showing[number] & missing), -number))
        chosen.append(best)
        missing -= showing[best]
    for number in first:
        if len(chosen) < most and number not in chosen:
            chosen.append(number)
    return sorted(chosen), sorted(missing)


def _shows(row: ContactRow, run: Run) -> frozenset[str]:
    shows = {field.name for field in row.fields} | {f"rows {match_kind(row, run.matching)}"}
    shows |= {"tags to add"} if row.add_tags else set()
    shows |= {"tags to remove"} if row.remove_tags else set()
    shows |= {f"more than {MAX_FIELDS} fields"} if len(row.fields) > MAX_FIELDS else set()
    shows |= {f"more than {MAX_TAGS} tags"} if len(row.add_tags) > MAX_TAGS else set()
    return frozenset(shows)


def lines_of(found: Comparison) -> list[str]:
    """Describe a row that is not as it was sent."""
    contact = f", contact {found.contact_id}" if found.contact_id else ""
    lines = [f"  row {found.number}{contact}:"]
    if found.read_error:
        lines.append(f"    {found.read_error}")
    for one in found.differences:
        match one.what:
            case "removed tag":
                lines.append(f"    tag “{one.sent}” should be gone, and is there")
            case _:
                held = f"“{one.stored}”" if one.stored else "nothing"
                lines.append(f"    {one.what}: sent “{one.sent}”, HeyX has {held}")
    return lines
