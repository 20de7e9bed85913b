"""Failed rows given back: mended, sorted and cut by a person, known again, and sent from where each stood."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from heyx_bulk.errors import SheetError
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports import results
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.settings.environment import validate_settings
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import ImportedCorrections, import_corrections, run_of_file
from heyx_bulk.upload.events import UploadEvents
from heyx_bulk.upload.kept_cells import CELLS_SHOWN
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.staging import stage
from heyx_bulk.upload.upload_session import send
from tests.support.spreadsheet_saves import save_again

TOKEN = "sandbox"
PLAIN = UploadOptions()
HEADER = ("Phone", "First Name", "Tags")
ROWS = (("+923001", "Ana", "VIP"), ("", "Boris", ""), ("+923003", "Chen", "A"), ("+923003", "Twin", ""))


@contextmanager
def begun(
    folder: Path,
    rows: Sequence[Sequence[str]] = ROWS,
    header: Sequence[str] = HEADER,
    options: UploadOptions = PLAIN,
) -> Iterator[Run]:
    path = folder / "contacts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    place = folder / "contacts.csv.checkpoint"
    stage(open_sheet(path), options, place, channel="channel", started_at="now", durable=False)
    with Checkpoint.open(place, durable=False) as checkpoint:
        yield Run.from_checkpoint(checkpoint)


def sent(run: Run, sandbox: Sandbox, *, settle: float = 0.05) -> dict[str, int]:
    """The totals after what is to do was sent."""
    with SandboxServer(sandbox) as server:
        settings = validate_settings(url=server.url, token=TOKEN, reconcile_delay=settle, workers=1)
        send(run, settings, RunOptions(), UploadEvents())
    return run.checkpoint.queries.totals()


def failed(run: Run, folder: Path) -> list[dict[str, str]]:
    """The file of failed rows, written and read."""
    written = results.write_failed(run, folder / "contacts.failed.csv")
    assert written is not None
    with written.path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def written(folder: Path, lines: Sequence[dict[str, str]]) -> Path:
    path = folder / "mended.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def give_back(run: Run, folder: Path, lines: Sequence[dict[str, str]]) -> ImportedCorrections:
    return import_corrections(run, open_sheet(written(folder, lines)))


def sandbox(*, refuse_creates: int = 0) -> Sandbox:
    return Sandbox(Faults(refuse_creates=refuse_creates), tokens=(TOKEN,), limit=10_000)


def test_the_file_holds_only_rows_that_need_a_person_in_the_sheet_s_own_columns(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        assert sent(run, sandbox()) == {"created": 2, "invalid": 2}
        lines = failed(run, tmp_path)
    assert list(lines[0]) == [*HEADER, "heyx status", "heyx contact id", "heyx message", "heyx row"]
    assert [line["First Name"] for line in lines] == ["Boris", "Twin"]
    assert [line["heyx message"] for line in lines][1].startswith("same phone as row 4: ")


def test_mended_rows_are_sent_with_their_new_values_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    heyx = sandbox()
    with begun(tmp_path) as run:
        sent(run, heyx)
        lines = failed(run, tmp_path)
        lines[0]["Phone"] = "+923002"
        given = give_back(run, tmp_path, lines[:1])
        assert (given.opened, given.done) == ([3], [])
        assert sent(run, heyx) == {"created": 3, "invalid": 1}
    assert {contact.fields["phone"] for contact in heyx.contacts} == {"+923001", "+923002", "+923003"}


def test_rows_may_be_sorted_and_columns_moved_or_cut(tmp_path: Path) -> None:
    heyx = sandbox(refuse_creates=2)
    with begun(tmp_path, ROWS[:1] + ROWS[2:3]) as run:
        sent(run, heyx)
        lines = [
            {"heyx row": line["heyx row"], "Phone": line["Phone"]} for line in reversed(failed(run, tmp_path))
        ]
        give_back(run, tmp_path, lines)
        assert sent(run, heyx) == {"created": 2}
    assert {(contact.fields["firstName"], contact.tags) for contact in heyx.contacts} == {
        ("Ana", frozenset({"VIP"})),
        ("Chen", frozenset({"A"})),
    }


def test_a_contact_that_was_created_already_is_not_created_again(tmp_path: Path) -> None:
    heyx = Sandbox(tokens=(TOKEN,), limit=10_000)
    with begun(tmp_path, [("+923001", "Ana", "VIP")]) as run:
        sent(run, heyx)
        made = heyx.contacts[0].id
        run.checkpoint.queue.finish(Outcome(2, Status.FAILED, made))
        lines = failed(run, tmp_path)
        lines[0] |= {"Phone": "+923009", "First Name": "Anna"}
        give_back(run, tmp_path, lines)
        assert sent(run, heyx) == {"created": 1}
    (contact,) = heyx.contacts
    assert (contact.id, contact.fields["phone"], contact.fields["firstName"]) == (made, "+923009", "Anna")


def test_doubt_is_settled_by_the_values_that_were_sent_not_by_the_mended_ones(tmp_path: Path) -> None:
    heyx = sandbox()
    heyx.add({"phone": "+923001", "firstName": "Ana"})
    with begun(tmp_path, [("+923001", "Ana", "VIP")]) as run:
        row = run.row(run.checkpoint.queue.row(2))
        run.checkpoint.queue.mark_create_pending(2, row.fields, None)
        run.checkpoint.queue.finish(Outcome(2, Status.UNCERTAIN))
        lines = failed(run, tmp_path)
        lines[0]["Phone"] = "+923009"
        give_back(run, tmp_path, lines)
        assert sent(run, heyx) == {"created": 1}
    assert [contact.fields["phone"] for contact in heyx.contacts] == ["+923009"]


def test_a_contact_id_written_into_the_file_says_who_is_meant(tmp_path: Path) -> None:
    heyx = sandbox()
    ids = [heyx.add({"phone": phone}) for phone in ("+923001", "+92 3001")]
    with begun(tmp_path, [("+923001", "Ana", "VIP")]) as run:
        heyx.add({"phone": "+923001"})
        assert sent(run, heyx) == {"failed": 1}
        lines = failed(run, tmp_path)
        assert "2 contacts have the phone" in lines[0]["heyx message"]
        lines[0]["heyx contact id"] = ids[0]
        give_back(run, tmp_path, lines)
        assert sent(run, heyx) == {"updated": 1}
    assert [contact.fields.get("firstName") for contact in heyx.contacts] == ["Ana", None, None]


def test_a_row_mended_into_another_row_s_key_is_invalid(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        sent(run, sandbox())
        lines = failed(run, tmp_path)
        lines[0]["Phone"] = "923001"
        give_back(run, tmp_path, lines[:1])
        assert run.checkpoint.queue.row(3).message == "same phone as row 2"
        assert run.checkpoint.queries.totals() == {"created": 2, "invalid": 2}


def test_rows_done_since_are_left_alone(tmp_path: Path) -> None:
    heyx = sandbox(refuse_creates=1)
    with begun(tmp_path, ROWS[:1]) as run:
        sent(run, heyx)
        lines = failed(run, tmp_path)
        give_back(run, tmp_path, lines)
        sent(run, heyx)
        given = give_back(run, tmp_path, lines)
    assert (given.opened, given.done) == ([], [2])


def test_unknown_repeated_and_foreign_rows_are_refused_all_at_once_and_nothing_is_taken(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        sent(run, sandbox())
        first, second = failed(run, tmp_path)
        run_id = first["heyx row"].split()[-1]
        first["Phone"] = "+923002"
        names = [f"row 99 of run {run_id}", "row 3 of run 00000000", "mine", first["heyx row"]]
        lines = [first, *({**second, "heyx row": name} for name in names)]
        with pytest.raises(SheetError) as caught:
            give_back(run, tmp_path, lines)
        for word in (
            "row 3: the run has no row 99",
            "row 4: it is of another run",
            "row 5",
            "row 6",
            "is already in row",
        ):
            assert word in caught.value.what
        assert run.checkpoint.queries.totals() == {"created": 2, "invalid": 2}


def test_a_column_that_the_run_does_not_know_is_refused(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        sent(run, sandbox())
        lines = [{**line, "Mood": "good"} for line in failed(run, tmp_path)]
        with pytest.raises(SheetError, match="“Mood” is not a column of the run's sheet"):
            give_back(run, tmp_path, lines)


def test_a_results_file_is_no_file_of_failed_rows(tmp_path: Path) -> None:
    with begun(tmp_path) as run:
        written = results.write_results(run, tmp_path / "contacts.results.csv").path
        assert run_of_file(open_sheet(written)) is None


def test_when_no_row_needs_a_person_our_file_is_taken_away_and_a_changed_one_is_not(
    tmp_path: Path,
) -> None:
    heyx = sandbox(refuse_creates=1)
    place = tmp_path / "contacts.failed.csv"
    with begun(tmp_path, ROWS[:1]) as run:
        sent(run, heyx)
        failed(run, tmp_path)
        run.checkpoint.reopening.reopen_failed()
        sent(run, heyx)
        place.write_bytes(changed := place.read_bytes() + b"\r\n")
        assert results.write_failed(run, place) is None
        assert place.read_bytes() == changed
        place.write_bytes(changed[:-2])
        assert results.write_failed(run, place) is None
        assert not place.exists()


def test_an_uncertain_row_is_sent_knowingly_to_the_contact_that_a_person_found(tmp_path: Path) -> None:
    heyx = sandbox()
    there = heyx.add({"firstName": "Ana"})
    with begun(tmp_path, [("+923001", "Ana", "VIP"), ("+923002", "Boris", "")]) as run:
        for number in (2, 3):
            run.checkpoint.queue.mark_create_pending(
                number, run.row(run.checkpoint.queue.row(number)).fields, None
            )
            run.checkpoint.queue.finish(Outcome(number, Status.UNCERTAIN))
        lines = failed(run, tmp_path)
        lines[0]["heyx contact id"] = there
        path = tmp_path / "mended.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines[:1])
        import_corrections(run, open_sheet(path), uncertain=True)
        assert sent(run, heyx) == {"updated": 1, "uncertain": 1}
    (contact,) = heyx.contacts
    assert (contact.id, contact.fields["phone"], sorted(contact.tags)) == (there, "+923001", ["VIP"])


def test_rows_given_back_with_the_key_of_another_all_share_its_outcome(tmp_path: Path) -> None:
    rows = [("", "Ana", ""), ("", "Boris", ""), ("+923003", "Chen", "A")]
    with begun(tmp_path, rows, options=UploadOptions(duplicates=Duplicates.MERGE)) as run:
        lines = [{**line, "Phone": "+923003"} for line in reversed(failed(run, tmp_path))]
        give_back(run, tmp_path, lines)
        assert sent(run, sandbox()) == {"created": 3}
        assert len({record.contact_id for record in run.checkpoint.queue.rows()}) == 1


# Cells without a true text, which a plain file shows as blank


@contextmanager
def in_workbook(
    folder: Path, header: Sequence[str], row: Sequence[str | int], options: UploadOptions = PLAIN
) -> Iterator[Run]:
    """A run of a workbook with one row; an Excel error in it is an error."""
    workbook = openpyxl.Workbook()
    page = workbook.active
    assert isinstance(page, Worksheet)
    page.append([*header])
    page.append([*row])
    workbook.save(folder / "contacts.xlsx")
    place = folder / "contacts.checkpoint"
    stage(open_sheet(folder / "contacts.xlsx"), options, place, channel="channel", started_at="now", durable=False)
    with Checkpoint.open(place, durable=False) as checkpoint:
        yield Run.from_checkpoint(checkpoint)


BROKEN = ("+923001", "#N/A", "VIP")


@pytest.mark.parametrize("cut", [False, True])
def test_a_cell_with_an_error_is_not_corrected_by_giving_its_row_back(tmp_path: Path, *, cut: bool) -> None:
    with in_workbook(tmp_path, HEADER, BROKEN) as run:
        (line,) = failed(run, tmp_path)
        assert line["First Name"] == ""
        line["Tags"] = "VIP;Blog"
        if cut:
            del line["First Name"]
        give_back(run, tmp_path, [line])
        assert run.checkpoint.queries.totals() == {"invalid": 1}
        assert run.checkpoint.queue.row(2).message == line["heyx message"]


@pytest.mark.parametrize(("text", "fields"), [("Ana", {"phone", "firstName"}), (" ", {"phone"})])
def test_a_cell_with_an_error_is_corrected_by_a_text_or_a_space(
    tmp_path: Path, text: str, fields: set[str]
) -> None:
    heyx = sandbox()
    with in_workbook(tmp_path, HEADER, BROKEN) as run:
        (line,) = failed(run, tmp_path)
        give_back(run, tmp_path, [line | {"First Name": text}])
        assert sent(run, heyx) == {"created": 1}
    assert {*heyx.contacts[0].fields} == fields


def test_a_row_with_too_many_values_is_corrected_by_any_change(tmp_path: Path) -> None:
    plenty = [(f"+9230{number}", "Ana", "VIP") for number in range(100, 200)]
    with begun(tmp_path, [*plenty, ("+923001", "Chen", "A", "B")]) as run:
        (line,) = failed(run, tmp_path)
        give_back(run, tmp_path, [line])
        assert run.checkpoint.queries.totals() == {"to do": 100, "invalid": 1}
        give_back(run, tmp_path, [line | {"Tags": "A;B"}])
        assert run.checkpoint.queries.totals() == {"to do": 101}


def test_a_rounded_contact_id_is_corrected_by_naming_the_contact(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(id_column="Id"))
    with in_workbook(tmp_path, ("Id", "First Name"), (1776025372480911000, "Ana"), options) as run:
        (line,) = failed(run, tmp_path)
        give_back(run, tmp_path, [line])
        assert run.checkpoint.queries.totals() == {"invalid": 1}
        give_back(run, tmp_path, [line | {"heyx contact id": "1776025372480911"}])
        assert run.checkpoint.queries.totals() == {"to do": 1}


# A file of failed rows that a spreadsheet saved

TYPED_HEADER = ("Phone", "Email", "First Name", "Member No", "Joined", "Optin")
TYPED_ROWS = (
    ("+447700900123", "ann@x", "Ann", "000427", "2026-03-04", "true"),
    ("+447700900124", "bob@x", "Bob", "000428", "2026-12-31", "false"),
)
CUSTOM = UploadOptions(mapping=MappingOptions(custom_fields=True))


@contextmanager
def saved_by_excel(folder: Path, *, german: bool, **edits: str) -> Iterator[tuple[Run, Path]]:
    """A run, and its file of failed rows: the first row edited, then opened and saved by a spreadsheet."""
    with begun(folder, TYPED_ROWS, TYPED_HEADER, CUSTOM) as run:
        lines = failed(run, folder)
        lines[0] |= {name.replace("_", " "): text for name, text in edits.items()}
        path = written(folder, lines)
        save_again(path, german=german)
        yield run, path


@pytest.mark.parametrize("german", [False, True])
def test_what_a_spreadsheet_did_to_a_file_of_failed_rows_is_no_correction(tmp_path: Path, *, german: bool) -> None:
    with saved_by_excel(tmp_path, german=german, Email="ann@x.org", Member_No="000429") as (run, path):
        given = import_corrections(run, open_sheet(path))
        ann, bob = (run.checkpoint.queue.row(number).cells for number in (2, 3))
        assert ann == ("+447700900123", "ann@x.org", "Ann", "429", "2026-03-04", "true")
        assert bob == TYPED_ROWS[1]
        assert given.kept.count == 3 + 4
        phone = "447700900123"
        found = "4,47701E+11" if german else "4.47701E+11"
        assert given.kept.first[0] == f"row 2, column A “Phone”: +{phone} is kept, the file has {found}"
        assert len(given.kept.first) == CELLS_SHOWN
        assert sent(run, sandbox()) == {"created": 1, "invalid": 1}


def test_cells_that_a_spreadsheet_changed_are_taken_as_they_are_where_that_is_asked_for(tmp_path: Path) -> None:
    with saved_by_excel(tmp_path, german=False) as (run, path):
        given = import_corrections(run, open_sheet(path), accept_spreadsheet_changes=True)
        assert given.kept.count == 0
        assert run.checkpoint.queue.row(2).cells == ("4.47701E+11", "ann@x", "Ann", "427", "3/4/2026", "TRUE")


@pytest.mark.parametrize(("accept", "edited"), [(False, [3]), (True, [2, 3])])
def test_rows_that_need_nothing_are_not_edited_by_what_a_spreadsheet_did(
    tmp_path: Path, *, accept: bool, edited: list[int]
) -> None:
    with begun(tmp_path, TYPED_ROWS, TYPED_HEADER, CUSTOM) as run:
        first, second = failed(run, tmp_path)
        for number in (2, 3):
            run.checkpoint.queue.finish(Outcome(number, Status.CREATED, f"177602537248091{number}"))
        path = written(tmp_path, [first, second | {"Email": "bob@x.org"}])
        save_again(path, german=False)
        given = import_corrections(run, open_sheet(path), accept_spreadsheet_changes=accept)
        assert (given.opened, given.done, given.edited) == ([], [2, 3], edited)


def test_a_contact_id_that_a_spreadsheet_shortened_is_kept_as_it_was(tmp_path: Path) -> None:
    with begun(tmp_path, [("+923001", "Ana", "VIP")]) as run:
        run.checkpoint.queue.mark_updated(2, "1776025372480911")
        run.checkpoint.queue.finish(Outcome(2, Status.FAILED, "1776025372480911"))
        lines = failed(run, tmp_path)
        lines[0]["First Name"] = "Anna"
        path = written(tmp_path, lines)
        save_again(path, german=False)
        assert "1.77603E+15" in path.read_text("cp1252")
        import_corrections(run, open_sheet(path))
        record = run.checkpoint.queue.row(2)
        assert (record.assigned_id, record.problems, record.cells[1]) == (None, (), "Anna")
