"""An export that a person edited, sent back: what was changed and nothing else, and never over others' changes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from heyx_bulk.models.contacts import Contact, ContactRow, Field
from heyx_bulk.planning.diff import EditableFields, diff_row
from heyx_bulk.sandbox import SandboxServer
from tests.support.edited_exports import (
    PEOPLE,
    TOKEN,
    exported,
    held,
    line,
    people_server,
    saved,
    sent_back,
    typed,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SandboxServer]:
    with people_server(monkeypatch, tmp_path) as server:
        yield server


ANN, BOB, CLEO = PEOPLE


def changed_in_heyx(server: SandboxServer, contact_id: str, **fields: str) -> None:
    body = json.dumps({"custom_fields": [{"name": name, "value": text} for name, text in fields.items()]})
    server.sandbox.handle("PUT", f"/v1/contact/{contact_id}", TOKEN, body.encode())


def new_calls(server: SandboxServer, work: Callable[[], object]) -> dict[str, int]:
    before = server.sandbox.calls
    work()
    counted = server.sandbox.calls - before
    return {kind: count for kind, count in counted.items() if kind != "accepted"}


@pytest.mark.slow
def test_the_bill_names_the_export_and_what_was_changed_and_only_that_is_sent(server: SandboxServer) -> None:
    lines = exported()
    line(lines, ANN).update(City="", tags="VIP;New")
    line(lines, CLEO).update(firstName="Cléo", Score="8")
    saved(lines)
    dry = sent_back("--dry-run").stderr
    assert "(all.csv, 3 contacts):" in dry
    assert "2 of 3 rows changed: 3 cells, 1 of them cleared, 1 tag added, 1 tag removed." in dry
    assert "A cleared cell clears the field in HeyX." in dry
    assert "City: Oslo → (blank)" in dry
    assert "firstName: Cleo → Cléo" in dry
    calls = new_calls(server, sent_back)
    assert calls == {"update": 2, "add_tags": 1, "remove_tags": 1}
    assert (held(server, ANN).fields["City"], held(server, ANN).tags) == (None, frozenset({"VIP", "New"}))
    assert held(server, CLEO).fields["Score"] == "8"


@pytest.mark.slow
def test_a_phone_cannot_be_emptied_and_that_is_told_before_anything_is_sent(server: SandboxServer) -> None:
    lines = exported()
    line(lines, ANN).update(phone="", firstName="Anne")
    line(lines, CLEO)["firstName"] = "Cléo"
    saved(lines)
    done = sent_back("--strict", code=2)
    assert "the phone is blank, but HeyX does not allow an empty phone; enter +447700900123 again" in done.stderr
    assert new_calls(server, lambda: sent_back(code=3)) == {"update": 1}
    assert held(server, ANN).fields["firstName"] == "Ann"


@pytest.mark.slow
@pytest.mark.parametrize("option", [(), ("--detect-conflicts",)])
def test_a_phone_or_an_email_that_is_written_otherwise_is_sent_as_it_was_edited(
    server: SandboxServer, option: tuple[str, ...]
) -> None:
    lines = exported()
    line(lines, ANN)["phone"] = "+44 7700 900123"
    line(lines, BOB)["email"] = "Bob@Example.org"
    saved(lines)
    assert "2 of 3 rows changed: 2 cells." in sent_back("--dry-run").stderr
    sent_back(*option)
    assert held(server, ANN).fields["phone"] == "+44 7700 900123"
    assert held(server, BOB).fields["email"] == "Bob@Example.org"


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--since-export", "--restart"])
def test_nobody_is_asked_whose_country_phones_of_an_export_are_of(server: SandboxServer, option: str) -> None:
    changed_in_heyx(server, ANN, phone="0300 1234567")
    lines = exported()
    line(lines, BOB)["firstName"] = "Bobby"
    saved(lines)
    typed("upload", "edited.csv", "--rate", "100000/min", option)
    assert (held(server, ANN).fields["phone"], held(server, BOB).fields["firstName"]) == ("0300 1234567", "Bobby")


@pytest.mark.slow
@pytest.mark.parametrize("taken_out", ["", "created_at"])
def test_only_the_separator_of_the_export_stands_between_tags_even_where_no_cell_has_one(
    server: SandboxServer, taken_out: str
) -> None:
    server.sandbox.handle("DELETE", f"/v1/contact/{ANN}/tags", TOKEN, b'{"tags": ["a;b"]}')
    lines = exported()
    line(lines, CLEO)["tags"] = "c, d"
    saved([{name: text for name, text in one.items() if name != taken_out} for one in lines])
    assert "“tags” is read in the format of an export, with ; between tags." in sent_back().stderr
    assert held(server, CLEO).tags == {"c, d"}


def test_a_copy_of_contacts_is_read_as_the_export_wrote_it_without_since_export_too(server: SandboxServer) -> None:
    lines = [one for one in exported() if one["heyx contact id"] == CLEO]
    lines[0]["tags"] = "c, d"
    saved(lines)
    assert "“tags” is read in the format of an export" in typed("upload", "edited.csv", "--custom-fields").stderr
    assert held(server, CLEO).tags == {"Churned", "c, d"}


def test_a_sheet_that_is_no_copy_may_part_tags_with_commas(server: SandboxServer) -> None:
    Path("edited.csv").write_text(f'heyx contact id,tags\n{CLEO},"c, d"\n', encoding="utf-8")
    assert "in the format of an export" not in typed("upload", "edited.csv").stderr
    assert held(server, CLEO).tags == {"Churned", "c", "d"}


def test_a_column_taken_out_of_the_sheet_changes_nothing(server: SandboxServer) -> None:
    saved([{name: text for name, text in one.items() if name not in ("City", "tags")} for one in exported()])
    before = server.sandbox.contacts
    assert new_calls(server, sent_back) == {}
    assert server.sandbox.contacts == before


def test_new_rows_are_looked_up_and_contacts_the_export_did_not_show_are_read(server: SandboxServer) -> None:
    lines = exported()
    server.sandbox.add({"firstName": "Dora", "City": "Bergen"}, id="77")
    blank = dict.fromkeys(lines[0], "")
    lines += [{**blank, "heyx contact id": "77", "firstName": "Dora", "City": "Oslo"}]
    lines += [{**blank, "firstName": "Eve", "email": "eve@example.org"}]
    saved(lines)
    assert "1 row not in the export, read first: 5" in sent_back("--dry-run").stderr
    calls = new_calls(server, sent_back)
    assert calls == {"read": 1, "update": 1, "find": 1, "create": 1}
    assert held(server, "77").fields["City"] == "Oslo"


@pytest.mark.slow
def test_of_several_exports_the_one_of_the_sheet_s_name_is_meant(server: SandboxServer) -> None:
    exported("older.csv")
    changed_in_heyx(server, CLEO, City="Kraków")
    lines = exported("edited.csv")
    changed_in_heyx(server, CLEO, City="Poznań")
    exported("newer.csv")
    line(lines, CLEO)["City"] = "Łódź"
    saved(lines)
    assert "(edited.csv, 3 contacts):" in sent_back("--dry-run").stderr
    assert new_calls(server, sent_back) == {"update": 1}, "a value that was put back to what it had been is sent"


@pytest.mark.slow
def test_a_cell_that_a_spreadsheet_changed_keeps_its_value_of_the_export_of_the_sheet_s_name(
    server: SandboxServer,
) -> None:
    lines = exported("edited.csv")
    changed_in_heyx(server, ANN, phone="+447700900125")
    exported("newer.csv")
    changed_in_heyx(server, ANN, phone="+447700900126")
    line(lines, ANN)["phone"] = "4.477E+11"
    saved(lines)
    assert "+447700900123 is kept, the file has 4.477E+11" in sent_back().stderr
    assert held(server, ANN).fields["phone"] == "+447700900126"


@pytest.mark.slow
def test_where_several_exports_may_be_meant_nobody_guesses(server: SandboxServer) -> None:
    lines = exported("first.csv")
    changed_in_heyx(server, CLEO, City="Kraków", Score="9")
    exported("second.csv")
    line(lines, ANN)["City"] = "Bergen"
    saved(lines)
    before = server.sandbox.calls
    told = sent_back(code=2).stderr
    assert "edited.csv may have been edited from several exports:" in told
    assert "first.csv" in told
    assert "second.csv" in told
    assert server.sandbox.calls == before
    assert "Export 1 of " in typed("cache", "show").stderr
    assert new_calls(server, lambda: typed("upload", "edited.csv", "--export-number", "1")) == {"update": 1}
    assert held(server, CLEO).fields["City"] == "Kraków", "what was not edited is left as it is now"
    assert "No export with the number 7" in sent_back("--restart", "--export-number", "7", code=2).stderr


@pytest.mark.slow
def test_rows_pasted_from_another_export_do_not_outvote_the_one_of_the_sheet_s_name(server: SandboxServer) -> None:
    lines = exported("edited.csv", "--tag", "VIP")
    changed_in_heyx(server, ANN, City="Paris")
    every = exported("all.csv")
    line(lines, ANN)["firstName"] = "Anne"
    saved([*lines, *({name: one.get(name, "") for name in lines[0]} for one in every[1:])])
    assert "(edited.csv, 1 contact):" in sent_back("--dry-run").stderr
    sent_back()
    assert (held(server, ANN).fields["City"], held(server, ANN).fields["firstName"]) == ("Paris", "Anne")


@pytest.mark.slow
def test_where_no_export_showed_all_contacts_of_a_renamed_sheet_nobody_guesses(server: SandboxServer) -> None:
    lines = exported("vip.csv", "--tag", "VIP")
    changed_in_heyx(server, ANN, City="Paris")
    exported("all.csv")
    server.sandbox.add({"firstName": "Dora"}, id="77")
    blank = dict.fromkeys(lines[0], "")
    saved([*lines, *({**blank, "heyx contact id": one, "firstName": "x"} for one in (CLEO, "77"))])
    before = server.sandbox.calls
    refused = sent_back(code=2).stderr
    assert "edited.csv may have been edited from several exports:" in refused
    assert "vip.csv" in refused
    assert "all.csv" in refused
    assert server.sandbox.calls == before


def test_exports_that_showed_the_sheet_s_contacts_alike_are_one(server: SandboxServer) -> None:
    exported("first.csv")
    saved(exported("second.csv"))
    changed_in_heyx(server, CLEO, Newsletter="true")
    exported("third.csv")
    assert new_calls(server, sent_back) == {}


def test_a_sheet_of_no_remembered_export_is_refused_with_the_way_to_go_on(server: SandboxServer) -> None:
    saved(exported())
    typed("cache", "forget", "--yes")
    before = server.sandbox.calls
    done = sent_back(code=2)
    assert "No export that this machine remembers showed the contacts of this sheet." in done.stderr
    assert server.sandbox.calls == before
    assert not Path("edited.csv.checkpoint").exists()


@pytest.mark.slow
def test_what_heyx_changed_meanwhile_is_told_field_by_field_and_not_written_over(server: SandboxServer) -> None:
    lines = exported()
    line(lines, ANN).update(firstName="Anne", City="Bergen", tags="New")
    line(lines, CLEO)["firstName"] = "Cléo"
    saved(lines)
    changed_in_heyx(server, ANN, City="Paris", firstName="Anne")
    changed_in_heyx(server, CLEO, Score="9")
    before = held(server, ANN)
    assert new_calls(server, lambda: sent_back("--detect-conflicts", code=3)) == {"read": 2, "update": 1}
    told = next(csv.DictReader(io.StringIO(Path("edited.failed.csv").read_text(encoding="utf-8-sig"))))
    assert told["heyx message"].startswith(
        "the contact was changed in HeyX since the export: City: the export showed “Oslo”, HeyX has “Paris”, the "
        "sheet has “Bergen”."
    )
    assert held(server, ANN) == before
    assert held(server, CLEO).fields["firstName"] == "Cléo"

    typed("cache", "forget", "--yes")
    assert new_calls(server, lambda: typed("rerun", "edited.csv.checkpoint", code=3)) == {"read": 1}
    assert held(server, ANN) == before, "a rerun compares again, without the memory of the export"

    mended = list(csv.DictReader(io.StringIO(Path("edited.failed.csv").read_text(encoding="utf-8-sig"))))
    mended[0]["City"] = "Paris"
    saved(mended, "edited.failed.csv")
    calls = new_calls(server, lambda: typed("rerun", "edited.failed.csv"))
    assert calls == {"read": 1, "add_tags": 1, "remove_tags": 1}
    assert (held(server, ANN).fields["City"], held(server, ANN).tags) == ("Paris", frozenset({"New"}))


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_without_the_memory_of_the_export(server: SandboxServer) -> None:
    lines = exported()
    for one in lines:
        one.update(firstName=f"{one['firstName']}!", tags="New")
    saved(lines)
    sent_back("--max-calls", "2", "--workers", "1", code=4)
    typed("cache", "forget", "--yes")
    sent_back()
    assert [contact.tags for contact in server.sandbox.contacts] == [{"New"}] * 3
    assert sorted(str(contact.fields["firstName"]) for contact in server.sandbox.contacts) == [
        "Ann!",
        "Bob!",
        "Cleo!",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--detect-conflicts",),
            "--detect-conflicts compares HeyX with an export, but --since-export was not given.",
        ),
        (("--since-export", "--simulate"), "--simulate uses a sandbox, which has no export to compare with."),
    ],
)
@pytest.mark.usefixtures("server")
def test_what_cannot_go_together_is_told(words: Sequence[str], told: str) -> None:
    saved(exported())
    assert told in typed("upload", "edited.csv", *words, code=2).stderr


@pytest.mark.parametrize(
    ("name", "shown", "cell", "changes"),
    [
        ("isLead", True, "TRUE", False),
        ("isLead", True, "false", True),
        ("done", "true", "TRUE", False),
        ("Score", "5.0", "5", False),
        ("Score", 5, "5.00", False),
        ("Score", "5", "6", True),
        ("Zip", "00427", "427", True),
        ("big", "1776025372480911", "1776025372480912", True),
        ("phone", "+44 7700 900123", "447700900123", True),
        ("phone", "+5215512345678", "+525512345678", True),
        ("phone", "\u200e+44\u00a07700 900123", "+447700 900123", False),
        ("phone", 447700900123, "447700900123", False),
        ("email", "Ann@Example.org", "ann@example.org", True),
        ("phone", "+447700900123", "+447700900124", True),
        ("name", " Ann ", "Ann", False),
        ("name", "Ann", "ann", True),
        ("name", None, "", False),
    ],
)
def test_a_value_that_only_looks_otherwise_is_not_changed(
    name: str, shown: str | int | bool | None, cell: str, changes: bool
) -> None:
    fields = (Field(name, cell),) if cell else ()
    row = diff_row(
        ContactRow(2, "7", fields=fields),
        Contact("7", {name: shown}, complete=True),
        EditableFields(frozenset({name})),
    )
    assert bool(row.fields) is changes
