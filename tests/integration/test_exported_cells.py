"""Exports that a spreadsheet opened and saved: what it did to them is not sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heyx_bulk.sandbox import SandboxServer
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from tests.support.edited_exports import exported, held, line, people_server, saved, sent_back, typed
from tests.support.json_schema import read_document
from tests.support.program import nonzero
from tests.support.spreadsheet_saves import save_again
from tests.support.terminal import at_a_terminal, has_terminals

ANN = "1776025372480911"
"""The id of the first of the people, whose digits a spreadsheet does not keep."""

DAN = "1999025372480929"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SandboxServer]:
    with people_server(monkeypatch, tmp_path) as server:
        server.sandbox.add(
            {"isLead": True, "phone": "+447700900124", "email": "dan@x.org", "Joined": "2026-03-04", "Zip": "007"},
            ("2026",),
            DAN,
        )
        yield server


def everything(server: SandboxServer) -> list[object]:
    return [(contact.id, dict(contact.fields), contact.tags) for contact in server.sandbox.contacts]


@pytest.mark.parametrize("options", [["--since-export"], []])
@pytest.mark.parametrize("german", [False, True])
def test_an_export_that_a_spreadsheet_saved_changes_nothing(
    server: SandboxServer, options: list[str], *, german: bool
) -> None:
    before = everything(server)
    saved(exported())
    save_again(Path("edited.csv"), german=german, encoding="utf-8-sig")
    done = typed("upload", "edited.csv", "--rate", "100000/min", *options)
    assert everything(server) == before
    assert "cells differ only as a spreadsheet changes them; the values of before are kept:" in done.output
    assert "4 rows: 4 unchanged" in done.output


@pytest.mark.parametrize("german", [False, True])
def test_beside_what_a_spreadsheet_did_an_edited_cell_is_sent(server: SandboxServer, *, german: bool) -> None:
    lines = exported()
    line(lines, DAN)["Joined"] = "2026-03-05"
    line(lines, ANN)["City"] = "Bergen"
    saved(lines)
    save_again(Path("edited.csv"), german=german, encoding="utf-8-sig")
    sent_back()
    dan = held(server, DAN).fields
    assert (dan["phone"], dan["Zip"]) == ("+447700900124", "007")
    assert dan["Joined"] == ("05.03.2026" if german else "3/5/2026")
    assert held(server, ANN).fields["City"] == "Bergen"


def test_a_contact_id_that_was_shortened_is_recovered_by_the_row_s_keys_or_its_row_is_invalid(
    server: SandboxServer,
) -> None:
    server.sandbox.add({"isLead": True, "phone": "+447700900155"}, id="1776025372480955")
    lines = exported()
    for one in lines:
        one["firstName"] = "New"
    saved(lines)
    save_again(Path("edited.csv"), german=False, encoding="utf-8-sig")
    done = sent_back("--json", code=3)
    assert held(server, DAN).fields["firstName"] == "New"
    assert held(server, ANN).fields["firstName"] == "Ann"
    document = read_document(done.stdout)
    assert nonzero(document["totals"]) == {"updated": 3, "invalid": 2}
    assert document["spreadsheet_changes"]["cells"] > len(document["spreadsheet_changes"]["first"]) == 5


def test_cells_are_sent_as_a_spreadsheet_left_them_where_that_is_asked_for(server: SandboxServer) -> None:
    lines = exported()
    dan = line(lines, DAN)
    assert dan["Zip"] == "007"
    dan["Zip"] = "7"
    saved(lines)
    sent_back("--accept-spreadsheet-changes")
    assert held(server, DAN).fields["Zip"] == "7"


# An export that is uploaded as any sheet


def test_a_sheet_that_seems_to_be_an_export_is_said_to_be_one_and_uploaded_as_any_other(
    server: SandboxServer,
) -> None:
    lines = exported()
    line(lines, ANN)["City"] = ""
    saved(lines)
    for trial in (["--dry-run"], []):
        done = typed("upload", "edited.csv", "--rate", "100000/min", *trial)
        assert "edited.csv seems to be the export of " in done.output
        assert "To send only what was changed since, add --since-export." in done.output
    assert held(server, ANN).fields["City"] == "Oslo"
    assert "seems to be" not in typed("upload", "edited.csv", "--rate", "100000/min").output


def test_of_several_exports_the_one_of_the_sheet_s_name_is_named(server: SandboxServer) -> None:
    lines = exported("edited.csv")
    exported("newer.csv")
    line(lines, ANN)["City"] = "Bergen"
    saved(lines)
    done = typed("upload", "edited.csv", "--rate", "100000/min")
    assert "(edited.csv).\n" in done.output
    assert held(server, ANN).fields["City"] == "Bergen"


@has_terminals
@pytest.mark.parametrize(("answer", "city"), [("y", None), ("n", "Oslo"), ("", "Oslo")])
def test_at_a_terminal_it_is_asked_whether_only_changes_are_to_be_sent(
    server: SandboxServer, answer: str, city: str | None
) -> None:
    lines = exported()
    line(lines, ANN)["City"] = ""
    saved(lines)
    question = "Send only what was changed since? [y/N]: "
    words = ("upload", "edited.csv", "--rate", "100000/min")
    answers = [(question, "?"), (question, answer)]
    code, shown = at_a_terminal(Path.cwd(), server, *words, answers=answers)
    assert "only what you changed in the sheet is sent, as with --since-export" in shown
    assert (code, held(server, ANN).fields["City"] or None) == (0, city), shown
    with Checkpoint.open(Path("edited.csv.checkpoint")) as checkpoint:
        assert checkpoint.facts.command.endswith(" --since-export") is (answer == "y")


def test_a_sheet_of_people_that_no_export_showed_is_uploaded_without_a_word(server: SandboxServer) -> None:
    lines = exported()
    lines[0]["heyx contact id"] = server.sandbox.add({"phone": "+447700900199"})
    lines[0]["phone"] = "+447700900199"
    saved(lines)
    assert "seems to be" not in typed("upload", "edited.csv", "--rate", "100000/min").output
