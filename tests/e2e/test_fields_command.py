"""The fields of a channel, from the command line: learned, listed, forgotten, and spelled rightly from then on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import TOKEN, Ended, heyx, left, sheet


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        yield server


@pytest.fixture
def taught(tmp_path: Path, server: SandboxServer) -> Ended:
    """What is said when the fields of a channel are learned."""
    for number in range(12):
        texts = {"Group": "May", "phone": f"+92300{number}", "Home Town": f"Town {number}", "Blank": ""}
        server.sandbox.add({"Newsletter": True, "born": f"1988-03-{number + 10}", "gender": "f", **texts})
    return heyx(tmp_path, "fields", "--where", "Group=May", server=server)


def test_fields_are_learned_from_one_page_of_contacts(server: SandboxServer, taught: Ended) -> None:
    assert (taught.code, taught.out) == (0, "5 custom fields known\n")
    assert "12 contacts found with Group=May; 10 of them read." in taught.err
    lines = {line.split("  ")[1]: line for line in taught.err.splitlines() if line.startswith("  ")}
    assert [*lines] == ["Blank", "Group", "Home Town", "Newsletter", "born"]
    assert "boolean" in lines["Newsletter"]
    assert "(new, true)" in lines["Newsletter"]
    assert "date" in lines["born"]
    assert lines["Home Town"].count("Town ") == 4
    assert server.sandbox.calls["accepted"] == server.sandbox.calls["find"] == 1


@pytest.mark.usefixtures("taught")
def test_known_fields_are_listed_without_a_call(tmp_path: Path, server: SandboxServer) -> None:
    done = heyx(tmp_path, "fields", "--add", "Shoe size", "--forget", "Blank", "--json", server=server)
    assert (done.code, server.sandbox.calls["accepted"]) == (0, 1)
    fields = done.document["fields"]
    assert isinstance(fields, list)
    assert [(field["name"], field["kind"], field["new"]) for field in fields] == [
        ("Group", "text", False),
        ("Home Town", "text", False),
        ("Newsletter", "boolean", False),
        ("Shoe size", "text", True),
        ("born", "date", False),
    ]


def test_a_channel_of_which_nothing_is_known_says_how_to_learn(tmp_path: Path, server: SandboxServer) -> None:
    done = heyx(tmp_path, "fields", server=server)
    assert (done.code, done.out) == (0, "0 custom fields known\n")
    assert "heyx-bulk fields --where FIELD=VALUE" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--where", "Group"), '--where "Group" is not of the form FIELD=VALUE.'),
        (("--add", "First Name"), "firstName is a standard field of HeyX"),
        (("--add", " "), "--add needs the name of a field."),
        (("--forget", "Grop"), "Field “Grop” is not known in this channel"),
    ],
)
def test_what_is_no_field_is_told(
    tmp_path: Path, server: SandboxServer, words: tuple[str, ...], said: str
) -> None:
    done = heyx(tmp_path, "fields", *words, server=server)
    assert (done.code, done.out, server.sandbox.calls["accepted"]) == (2, "", 0)
    assert said in done.err


@pytest.mark.parametrize("command", [("upload",), ("upload", "--simulate"), ("inspect",), ("columns",)])
@pytest.mark.usefixtures("taught")
def test_a_misspelt_field_is_caught_before_anything_is_sent(
    tmp_path: Path, server: SandboxServer, command: tuple[str, ...]
) -> None:
    sheet(tmp_path, ("+923001", "Lahore"), header=("phone", "Home Twon"))
    before = left(tmp_path)
    done = heyx(tmp_path, *command, "contacts.csv", "--custom-fields", server=server)
    assert done.code == 2
    assert 'Use --map "Home Twon=Home Town", or heyx-bulk fields --add "Home Twon"' in done.err
    assert (server.sandbox.calls["accepted"], left(tmp_path)) == (1, before)
    heyx(tmp_path, "fields", "--add", "Home Twon", server=server)
    assert heyx(tmp_path, *command, "contacts.csv", "--custom-fields", server=server).code == 0


@pytest.mark.usefixtures("taught")
def test_a_simulation_knows_the_fields_of_a_channel_if_it_has_its_token(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, ("+923001", "Lahore"), header=("phone", "Home Town"))
    assert heyx(tmp_path, "upload", "contacts.csv", "--simulate", server=server).code == 0
    assert server.sandbox.calls["accepted"] == 1, "a simulation sends nothing to HeyX"
    assert "B “Home Town”" in heyx(tmp_path, "upload", "contacts.csv", "--simulate").err


@pytest.mark.usefixtures("taught")
def test_a_known_field_needs_no_flag_and_its_values_are_of_its_kind(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001", "Lahore", "Yes"), header=("phone", "home_town", "Newsletter"))
    assert heyx(tmp_path, "upload", "contacts.csv", server=server).code == 0
    fields = [contact.fields for contact in server.sandbox.contacts if contact.fields["phone"] == "+923001"]
    assert (fields[0]["Home Town"], fields[0]["Newsletter"]) == ("Lahore", True)


@pytest.mark.usefixtures("taught")
def test_a_field_unlike_all_known_ones_is_worth_a_look(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001", "42", "7"), header=("phone", "Shoe", "Home Town"))
    line = "Check: B “Shoe” is a custom field not seen in this channel yet. Check the spelling."
    for command in (("inspect",), ("upload", "--simulate"), ("upload",)):
        done = heyx(tmp_path, *command, "contacts.csv", "--custom-fields", server=server)
        assert (done.code, line in done.err.splitlines()) == (0, True)


def test_a_run_that_has_begun_is_carried_on_whatever_the_channel_has_shown_since(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, ("+923001", "Lahore"), ("+923002", "Multan"), header=("phone", "Home Twon"))
    words = ("upload", "contacts.csv", "--custom-fields")
    assert heyx(tmp_path, *words, server=server).code == 0
    heyx(tmp_path, "fields", "--add", "Home Town", server=server)
    done = heyx(tmp_path, *words, server=server)
    assert (done.code, done.out) == (0, "2 rows: 2 created\n")
    assert heyx(tmp_path, *words, "--restart", server=server).code == 2


def test_columns_that_heyx_lets_nobody_write_are_left_out_with_a_line_each(
    tmp_path: Path, server: SandboxServer
) -> None:
    columns = ("Gender", "Locale", "time zone", "created_at")
    for column in (*columns, "Geschlecht", "Sexo"):
        names = columns if column in columns else (column,)
        sheet(tmp_path, ("+923001", *["x"] * len(names)), header=("phone", *names))
        if column in columns[1:]:
            continue
        done = heyx(tmp_path, "upload", "contacts.csv", "--custom-fields", "--restart", server=server)
        told = [line for line in done.err.splitlines() if line.startswith("Ignored: column ")]
        assert (done.code, len(told)) == (0, len(names))
    assert [dict(contact.fields) for contact in server.sandbox.contacts] == [{"phone": "+923001"}]


def test_a_field_that_heyx_shows_otherwise_is_told_and_not_written_again(tmp_path: Path) -> None:
    rows = [(f"+92300{number}", f"Town {number}") for number in range(4)]
    sheet(tmp_path, *rows, header=("phone", "Home Town"))
    told = Faults(rename_fields={"Home Town": "cf_7"})
    words = ("upload", "contacts.csv", "--custom-fields", "--restart", "--reconcile-delay", "0", "--workers", "1")
    with SandboxServer(Sandbox(told, tokens=(TOKEN,), limit=10_000)) as server:
        first, second = (heyx(tmp_path, *words, server=server) for _ in range(2))
        assert (first.out, second.code) == ("4 rows: 4 created\n", 0)
        line = (
            "HeyX does not show the value that was written to Home Town. It is not written again. To allow that:\n"
            "  heyx-bulk fields --forget 'Home Town'"
        )
        assert line not in second.err
        options = ("--custom-fields", "--dry-run", "--reconcile-delay", "0")
        dry = heyx(tmp_path, "upload", "contacts.csv", *options, server=server)
        assert dry.out == "Dry run of 4 rows: 4 unchanged\n"
        third = heyx(tmp_path, *words, server=server)
        assert (third.out, line in third.err) == ("4 rows: 4 unchanged\n", True)
        assert line in heyx(tmp_path, "fields", server=server).err
        heyx(tmp_path, "fields", "--forget", "Home Town", server=server)
        assert heyx(tmp_path, *words, server=server).out == "4 rows: 4 updated\n"


def test_no_field_is_added_where_another_cannot_be_forgotten(tmp_path: Path, server: SandboxServer) -> None:
    done = heyx(tmp_path, "fields", "--add", "Shoe size", "--forget", "Shoe sise", server=server)
    assert (done.code, done.out) == (2, "")
    assert heyx(tmp_path, "fields", server=server).out == "0 custom fields known\n"
