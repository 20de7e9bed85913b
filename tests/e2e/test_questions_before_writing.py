"""What is asked on a terminal before something is written or forgotten, and what each answer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import heyx, left, sheet
from tests.support.terminal import CTRL_C, at_a_terminal, has_terminals

pytestmark = has_terminals

UPLOAD = ("upload", "contacts.csv", "--rate", "100000/min")
FORGET = "Forget 101 contacts and 0 exports? HeyX keeps its contacts. [y/N]: "


def write(server: SandboxServer) -> str:
    return f"Write to 101 contacts in the sandbox at {server.url}? [y/N]: "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sheet(tmp_path, *((f"+923001234{number:03}", "A", "") for number in range(101)))
    return tmp_path


def test_a_no_sends_nothing_leaves_nothing_and_says_so(folder: Path, server: SandboxServer) -> None:
    question = write(server)
    for answer in ("", "n", "No"):
        answers = [(question, "?"), (question, "perhaps"), (question, "<"), (question, answer)]
        code, shown = at_a_terminal(folder, server, *UPLOAD, answers=answers)
        assert code == 2, shown
        assert shown.endswith("You answered no. Nothing was sent.\nTo see each change first, add --dry-run.\n")
        assert "If you enter y, the contacts are written. Ctrl-C stops at any time" in shown
        assert "Enter y for yes, or n for no." in shown
        assert "There is no question to go back to." in shown
        assert (server.sandbox.calls["accepted"], left(folder)) == (0, {"contacts.csv"})


def test_a_yes_starts_the_upload(folder: Path, server: SandboxServer) -> None:
    code, shown = at_a_terminal(folder, server, *UPLOAD, answers=[(write(server), "Y")])
    assert (code, len(server.sandbox.contacts)) == (0, 101), shown


def test_a_ctrl_c_in_place_of_an_answer_is_an_interruption(folder: Path, server: SandboxServer) -> None:
    code, shown = at_a_terminal(folder, server, *UPLOAD, answers=[(write(server), CTRL_C)])
    assert (code, shown.endswith("Nothing was sent.\n")) == (130, True), shown
    assert (server.sandbox.calls["accepted"], left(folder)) == (0, {"contacts.csv"})


def test_the_cache_is_forgotten_only_after_a_yes(folder: Path, server: SandboxServer) -> None:
    assert heyx(folder, *UPLOAD, server=server).code == 0
    for answer, code, said in (
        ("", 2, "You answered no. Nothing was forgotten.\n"),
        (CTRL_C, 130, "Nothing was forgotten.\n"),
        ("y", 0, "101 contacts and 0 exports forgotten\n"),
    ):
        answers = [(FORGET, "?"), (FORGET, answer)]
        ended, shown = at_a_terminal(folder, server, "cache", "forget", answers=answers)
        assert (ended, shown.endswith(said)) == (code, True), shown
        assert "contacts are looked up again" in shown
        assert "Ctrl-C stops: nothing is forgotten." in shown


def test_a_no_to_a_plan_or_an_undo_sends_nothing_and_says_so(tmp_path: Path, server: SandboxServer) -> None:
    contact = server.sandbox.add({"phone": "+923001234567", "firstName": "Ann"}, ())
    sheet(tmp_path, ("+923001234567", "Anna", ""))
    assert heyx(tmp_path, "plan", "contacts.csv", "-o", "plan.xlsx", server=server).code == 0
    question = f"Write to 1 contact in the sandbox at {server.url}? [y/N]: "
    for words, name, other, more in (
        (("apply", "plan.xlsx"), "Anna", "Ann", ""),
        (("undo", "plan.xlsx.checkpoint"), "Ann", "Anna", "To see each change first, add -o FILE.\n"),
    ):
        for answer, code, held in (("n", 2, other), (CTRL_C, 130, other), ("y", 0, name)):
            command = (*words, "--ask-above", "0")
            ended, shown = at_a_terminal(tmp_path, server, *command, answers=[(question, answer)])
            held_now = {one.id: one.fields["firstName"] for one in server.sandbox.contacts}
            assert (ended, held_now) == (code, {contact: held}), shown
            if answer == "n":
                assert shown.endswith(f"You answered no. Nothing was sent.\n{more}"), shown
