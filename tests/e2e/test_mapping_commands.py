"""What columns mean, as a person says it: asked on a terminal, written into a file, corrected there."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import openpyxl

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import heyx, left, results, sheet
from tests.support.terminal import CTRL_C, at_a_terminal

HEADER = ("First Name", "Mobile", "Born", "Mood")
ROWS = (("ann lee", "+923001234123", "14/03/1988", "x"), ("bob", "+923001234124", "03/04/1990", ""))


def test_unknown_columns_are_asked_about_once_and_the_answers_kept(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *ROWS, header=HEADER)
    command = ("upload", "contacts.csv", "--map", "First Name=nickname")
    answers = [
        ("Born” (14/03/1988, 03/04/1990) [-]: ", "lastNam"),
        ("lastNam is not a known field. Did you mean lastName? Send the column as this custom field? [y/N]: ", ""),
        ("Born” (14/03/1988, 03/04/1990) [-]: ", "birthday"),
        ("birthday is not a known field. Send the column as this custom field? [y/N]: ", "y"),
        ("Mood” (x) [-]: ", ""),
    ]
    assert at_a_terminal(tmp_path, server, *command, answers=answers)[0] == 0
    born = {contact.fields.get("birthday") for contact in server.sandbox.contacts}
    assert born == {"14/03/1988", "03/04/1990"}
    mapped = (tmp_path / "contacts.toml").read_text(encoding="utf-8")
    assert 'field = "birthday"' in mapped
    again = heyx(tmp_path, *command, server=server)
    assert (again.code, "is finished" in again.err, "mapping file contacts.toml" in again.err) == (0, True, True)


def test_answers_before_ctrl_c_are_kept_and_only_the_other_columns_asked_about(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, *ROWS, header=HEADER)
    first = [("Born” (14/03/1988, 03/04/1990) [-]: ", "birthday"), ("[y/N]: ", "y"), ("Mood” (x) [-]: ", CTRL_C)]
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=first)[0] == 130
    assert [*server.sandbox.contacts] == []
    then = [("D “Mood” (x) [-]: ", "tag:Happy")]
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=then)[0] == 0
    assert {str(contact.fields["birthday"]) for contact in server.sandbox.contacts} == {"14/03/1988", "03/04/1990"}
    assert sorted(len(contact.tags) for contact in server.sandbox.contacts) == [0, 1]


def test_answers_are_kept_in_a_mapping_file_that_leaves_columns_open(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, *ROWS, header=HEADER)
    assert heyx(tmp_path, "columns", "contacts.csv", "--save", "contacts.toml").code == 2
    answers = [("Born” (14/03/1988, 03/04/1990) [-]: ", "-"), ("Mood” (x) [-]: ", "tag:Happy")]
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=answers)[0] == 0
    again = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (again.code, "is finished" in again.err) == (0, True)
    assert 'tag = "Happy"\n' in (tmp_path / "contacts.toml").read_text(encoding="utf-8")


def test_a_field_that_another_column_has_is_not_taken_as_an_answer(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *ROWS, header=HEADER)
    answers = [
        ("Born” (14/03/1988, 03/04/1990) [-]: ", "phone"),
        ("phone is column B “Mobile” already. Enter another field.", "Mood"),
        ("[y/N]: ", "y"),
        ("Mood” (x) [-]: ", "Mood"),
        ("Mood is column C “Born” already. Enter another field.", ""),
    ]
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=answers)[0] == 0
    assert {contact.fields.get("Mood") for contact in server.sandbox.contacts} == {"14/03/1988", "03/04/1990"}


def test_a_question_about_a_column_says_why_a_field_is_suggested(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001234123", "Ann Lee"), header=("Phone", "Full Name"))
    question = "(Ann Lee), a full name, split at its first blank [firstName+lastName]: "
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=[(question, "")])[0] == 0
    (contact,) = server.sandbox.contacts
    assert (contact.fields["firstName"], contact.fields["lastName"]) == ("Ann", "Lee")
    again = heyx(tmp_path, "upload", "contacts.csv", "--restart", server=server)
    assert (again.code, again.out) == (0, "1 row: 1 unchanged\n")


def test_a_full_name_is_split_by_an_option_or_a_mapping_file(tmp_path: Path, server: SandboxServer) -> None:
    names = ("Ann Lee", "Juan  de la Cruz", "Madonna")
    sheet(
        tmp_path, *((f"+92300123412{number}", name) for number, name in enumerate(names)), header=("Phone", "Name")
    )
    (tmp_path / "ours.toml").write_text('[columns.Name]\nfield = "lastName+firstName"\n', encoding="utf-8")

    def names_after(*words: str) -> set[tuple[object, object]]:
        assert heyx(tmp_path, "upload", "contacts.csv", *words, server=server).code == 0
        return {(one.fields["firstName"], one.fields.get("lastName")) for one in server.sandbox.contacts}

    by_option = names_after("--map", "Name=firstName+lastname")
    assert by_option == {("Ann", "Lee"), ("Juan", "de la Cruz"), ("Madonna", None)}
    by_file = names_after("--mapping", "ours.toml", "--restart")
    assert by_file == {("Lee", "Ann"), ("de la Cruz", "Juan"), ("Madonna", "Madonna")}


NATIONAL = (("+923001234123", "Ann"), ("0300 1234124", "Bob"), ("", "Cid"))


def test_the_country_of_phones_without_one_is_asked_for_once_and_the_answer_kept(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, *NATIONAL, header=("Phone", "First Name"))
    question = "  Their country in two letters, such as PK, or none to send them as they are [PK]: "
    answers = [
        (f"contacts.csv: 1 phone has no country code (row 3); most others are +92 (PK).\n{question}", "XX"),
        (f"  'XX' is not the two-letter code of a country.\n{question}", ""),
    ]
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=answers)[0] == 3
    phones = sorted(str(contact.fields["phone"]) for contact in server.sandbox.contacts)
    assert phones == ["+923001234123", "+923001234124"]
    assert 'region = "PK"\n' in (tmp_path / "contacts.toml").read_text(encoding="utf-8")
    again = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (again.code, "is finished" in again.err) == (3, True)


def test_an_answer_is_written_into_the_mapping_file_that_is_there(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *NATIONAL, header=("Phone", "First Name"))
    (tmp_path / "ours.toml").write_bytes(b'# ours\r\n[columns."First Name"]\r\nfield = "lastName"\r\n')
    command = ("upload", "contacts.csv", "--mapping", "ours.toml")
    assert at_a_terminal(tmp_path, server, *command, answers=[("as they are [PK]: ", "None")])[0] == 3
    assert {one.fields["phone"] for one in server.sandbox.contacts} == {"+923001234123", "0300 1234124"}
    written = (tmp_path / "ours.toml").read_bytes()
    assert b"# ours\r\n" in written
    assert b'region = "none"' in written
    assert heyx(tmp_path, *command, server=server).code == 3


def test_the_separator_of_tags_that_can_be_read_in_two_ways_is_asked_for_once_and_kept(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, ("+923001234123", "a; b, c"), ("+923001234124", "x;y"), header=("Phone", "Tags"))
    question = "  What separates tags: :::, ;, ,, | or 、: "
    stopped = [(question, "and"), ("not 'and'.", CTRL_C)]
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=stopped)[0] == 130
    assert [*server.sandbox.contacts] == []
    assert at_a_terminal(tmp_path, server, "upload", "contacts.csv", answers=[(question, "; ")])[0] == 0
    assert {tuple(sorted(one.tags)) for one in server.sandbox.contacts} == {("a", "b, c"), ("x", "y")}
    assert 'tag_separator = ";"\n' in (tmp_path / "contacts.toml").read_text(encoding="utf-8")
    again = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (again.code, "is finished" in again.err) == (0, True)


def test_without_a_terminal_nothing_is_sent_until_it_is_said_whose_phones_they_are(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, *NATIONAL, header=("Phone", "First Name"))
    for words in ((), ("--yes",), ("--dry-run",), ("--simulate",)):
        done = heyx(tmp_path, "upload", "contacts.csv", *words, server=server)
        assert (done.code, [*server.sandbox.contacts], left(tmp_path)) == (2, [], {"contacts.csv"})
        assert "--region PK, to send them with its code, or --region none to send them as they are" in " ".join(
            done.err.split()
        )
    done = heyx(tmp_path, "upload", "contacts.csv", "--region", "none", server=server)
    assert done.out == "3 rows: 2 created, 1 invalid\n"
    assert {one.fields["phone"] for one in server.sandbox.contacts} == {"+923001234123", "0300 1234124"}


def test_the_country_of_most_phones_is_the_example_of_a_region(tmp_path: Path) -> None:
    phones = (("+493012345678",), ("+493012345679",), ("030 12345670",))
    sheet(tmp_path, *phones, header=("Phone",))
    shown = heyx(tmp_path, "inspect", "contacts.csv").err
    assert "Phones by country: 2 +49 (DE), 1 without country code." in shown
    assert "such as --region DE, sends them with its code" in shown


def test_a_header_of_several_lines_is_shown_in_one(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text('"Phone\n  number",City\n+923001234567,Lahore\n', encoding="utf-8")
    shown = heyx(tmp_path, "inspect", "contacts.csv", "--ignore", "City").err.splitlines()
    assert shown[1].startswith("    A  Phone number  → phone")
    assert shown[2].startswith("    B  City          → ")


def test_a_mapping_is_written_corrected_and_found_by_itself(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *ROWS, header=HEADER)
    shown = heyx(tmp_path, "columns", "contacts.csv", "--save", "contacts.toml")
    assert (shown.code, shown.out) == (2, "4 columns: 2 recognized, 2 not recognized\n")
    mapping = tmp_path / "contacts.toml"
    first = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert first.code == 2
    assert first.err.count("contacts.toml, line ") == 2
    text = mapping.read_text(encoding="utf-8")
    born, mood = text.index('field = ""'), text.rindex('field = ""')
    assert text[text.index("\n", born) :].startswith('\ntype = "date"\n')
    text = text[:born] + 'field = "birthday"' + text[text.index("\n", born) : mood] + 'tag = "VIP"\n'
    first_name = '\nfield = "firstName"\n'
    text = text.replace(first_name, f'{first_name}transform = [{{ split = [" ", 1] }}, "title"]\n')
    mapping.write_text(text, encoding="utf-8")
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (done.code, done.out) == (0, "2 rows: 2 created\n"), done.err
    ann, bob = sorted(server.sandbox.contacts, key=lambda contact: str(contact.fields["phone"]))
    assert (ann.fields["firstName"], ann.fields["birthday"], list(ann.tags)) == ("Ann", "1988-03-14", ["VIP"])
    assert (bob.fields["firstName"], bob.fields["birthday"], list(bob.tags)) == ("Bob", "1990-04-03", [])


def test_a_mapping_is_found_for_the_same_headers_elsewhere_and_can_be_left_alone(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        sheet(folder, ("+4412341", "2"), header=("Phone", "Mood"))
    saved = heyx(here, "columns", "contacts.csv", "--custom-fields", "--save", "meaning.toml")
    assert saved.code == 0
    assert stat.S_IMODE((here / "meaning.toml").stat().st_mode) == 0o600
    found = heyx(there, "upload", "contacts.csv", "--simulate")
    assert (found.code, "meaning.toml (found automatically" in found.err) == (0, True)
    assert heyx(there, "upload", "contacts.csv", "--simulate", "--no-mapping").code == 2


def test_a_mapping_that_is_found_elsewhere_and_not_finished_is_told_with_its_folder(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        sheet(folder, ("+4412341", "2"), header=("Phone", "Mood"))
    heyx(here, "columns", "contacts.csv", "--save", "meaning.toml")
    found = heyx(there, "upload", "contacts.csv", "--simulate")
    assert found.code == 2
    assert f"Using the mapping file {here / 'meaning.toml'} (found automatically; --no-mapping" in found.err
    assert "meaning.toml, line " in found.err
    assert heyx(there, "upload", "contacts.csv", "--simulate", "--ignore", "Mood").code == 0


def test_each_worksheet_finds_the_mapping_written_for_its_headers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title, header in (("People", ["Phone", "Mood"]), ("Firms", ["Phone", "Street"])):
        page = book.create_sheet(title)
        page.append(header)
        page.append(["+447700900123", "x"])
    del book["Sheet"]
    book.save(tmp_path / "contacts.xlsx")
    for title, name in (("People", "contacts.toml"), ("Firms", "firms.toml")):
        words = ("contacts.xlsx", "--worksheet", title)
        assert heyx(tmp_path, "columns", *words, "--custom-fields", "--save", name).code == 0
        assert f"mapping file {name} (found automatically" in heyx(tmp_path, "inspect", *words).err


def test_a_mapping_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    sheet(tmp_path, ("1",), header=("Phone",))
    (tmp_path / "x.toml").write_text("kept", encoding="utf-8")
    done = heyx(tmp_path, "columns", "contacts.csv", "--save", "x.toml")
    assert (done.code, (tmp_path / "x.toml").read_text(encoding="utf-8")) == (2, "kept")


def test_a_run_carries_on_only_with_the_mapping_it_began_with(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+4412341", "2"), header=("Phone", "Mood"))
    heyx(tmp_path, "columns", "contacts.csv", "--custom-fields", "--save", "contacts.toml")
    assert heyx(tmp_path, "upload", "contacts.csv", server=server).code == 0
    with (tmp_path / "contacts.toml").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (done.code, "--mapping was contacts.toml" in done.err) == (2, True)


def test_columns_are_told_with_reason_and_suggestion_as_json(tmp_path: Path) -> None:
    sheet(tmp_path, ("1", "A", "b"), header=("Mobile", "Frist Name", "tag:VIP"))
    told = heyx(tmp_path, "columns", "contacts.csv", "--json").document
    assert [(one["meaning"], one["reason"], one["suggestion"]) for one in told["columns"]] == [
        ("phone (phone)", "a header in English", None),
        ("?", "", "firstName"),
        ("the tag VIP", "a column of one tag", None),
    ]


def test_rows_of_one_contact_are_merged_sent_once_and_all_answered(tmp_path: Path, server: SandboxServer) -> None:
    rows = (("+923001234567", "Ann", "A"), ("+923011234567", "Bob", ""), ("+92-300-1234567", "Anna", "B"))
    sheet(tmp_path, *rows)
    done = heyx(tmp_path, "upload", "contacts.csv", "--duplicates", "merge", server=server)
    assert (done.code, done.out) == (0, "3 rows for 2 contacts: 3 created\n")
    told = results(tmp_path / "contacts.results.csv")
    assert told[0]["heyx contact id"] == told[2]["heyx contact id"] != told[1]["heyx contact id"]
    ann = next(contact for contact in server.sandbox.contacts if contact.id == told[0]["heyx contact id"])
    assert (ann.fields["firstName"], sorted(ann.tags)) == ("Anna", ["A", "B"])


def test_modes_leave_alone_what_they_are_not_for(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001234567", "Ann", ""))
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    for mode, out in (("create", "2 rows: 1 created, 1 skipped\n"), ("update", "2 rows: 1 updated, 1 skipped\n")):
        folder = tmp_path / mode
        folder.mkdir()
        sheet(folder, ("+923001234567", f"Ann {mode}", ""), (f"+9230112345{mode[0] == 'c':02d}", "Bob", ""))
        assert heyx(folder, "upload", "contacts.csv", "--mode", mode, server=server).out == out
    assert [contact.fields["firstName"] for contact in server.sandbox.contacts] == ["Ann update", "Bob"]


def test_a_value_that_does_not_fit_is_invalid_or_sent_as_it_stands(tmp_path: Path, server: SandboxServer) -> None:
    with (tmp_path / "contacts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("phone", "born"), ("+923001234567", "soon")])
    words = ("upload", "contacts.csv", "--map", "born=birthday", "--type", "born=date")
    assert heyx(tmp_path, *words, server=server).out == "1 row: 1 invalid\n"
    done = heyx(tmp_path, *words, "--lenient", server=server)
    assert done.out == "1 row: 1 created\n"
    assert results(tmp_path / "contacts.results.csv")[0]["heyx message"].startswith("sent unchanged: column B")
    assert server.sandbox.contacts[0].fields["birthday"] == "soon"
