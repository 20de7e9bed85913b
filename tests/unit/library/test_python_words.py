"""Messages speak Python: every flag of the messages in the package becomes an argument."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import heyx_bulk as hb
from heyx_bulk.errors import CheckpointMismatch, Stopped
from heyx_bulk.library.python_words import in_python, speaking_python

PACKAGE = Path(str(hb.__file__)).parent
ROOMS = ("api", "export", "mapping", "planning", "reports", "settings", "sheets", "storage", "upload", "values")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Add --restart to start a new run.", "Pass restart=True to start a new run."),
        ("Add --region PK, or --region none to go on.", 'Pass region="PK", or region="none" to go on.'),
        (
            "leave one out, or upload with --duplicates merge or last",
            'leave one out, or upload with duplicates="merge" or "last"',
        ),
        ("Leave out --worksheet.", "Leave out worksheet."),
        ("Name the one to read with --worksheet NAME.", 'Name the one to read with worksheet="NAME".'),
        ("and --mode update creates none.", 'and mode="update" creates none.'),
        ("Say --header-row 5, or delete the lines", "Pass header_row=5, or delete the lines"),
        ("Use --header-row 5, or delete the lines", "Pass header_row=5, or delete the lines"),
        ("such as --rate 200/min or --rate 200/3s.", 'such as rate="200/min" or rate="200/3s".'),
        ('For each: --map "No=field" says which', 'For each: map={"No": "field"} says which'),
        ("or --key FIELD; --no-match creates", 'or key="FIELD"; no_match=True creates'),
        ("--blind writes", "read_first=False writes"),
        ("more than --max-failures 5%", 'more than max_failures="5%"'),
        ("as --max-duration says", "as max_duration says"),
        (
            "--if \"x\" is no condition: --if 'Email blank'",
            'conditions="x" is no condition: conditions="Email blank"',
        ),
        ("Give the same command again later.", "Make the same call again later."),
        ("Nothing is lost: run the same command to resume.", "Nothing is lost: make the same call to resume."),
        ("Run the same command again later.", "Make the same call again later."),
        ("Nothing is lost: the same command carries on.", "Nothing is lost: the same call carries on."),
        ("`heyx-bulk rerun` with --uncertain creates it.", "hb.rerun with uncertain=True creates it."),
        (
            "Nothing was sent. heyx-bulk inspect shows all of them.",
            "Nothing was sent. hb.inspect shows all of them.",
        ),
        ("then run: heyx-bulk rerun people --workers 1", "then run: heyx-bulk rerun people --workers 1"),
        ("saved by: heyx-bulk report --recover a.checkpoint", "saved by: heyx-bulk report --recover a.checkpoint"),
        ("To try without, add --simulate.", "To try without, call hb.simulate."),
        ("the cell holds '--unknown-flag' and a command", "the cell holds '--unknown-flag' and a command"),
    ],
)
def test_flags_become_arguments(message: str, expected: str) -> None:
    assert in_python(message) == expected


def messages() -> list[str]:
    """The texts of the package that name a flag, declarations and docstrings aside."""
    found: list[str] = []
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            declared = {
                id(part)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "option"
                for part in ast.walk(node)
            }
            told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            found += [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.search(r"--[a-z]+[a-z-]* ?.* ", node.value)
                and "var(--" not in node.value  # a style sheet
                and id(node) not in declared | told
            ]
    return found


def test_no_message_of_the_package_keeps_a_flag() -> None:
    assert len(messages()) > 50
    kept = [
        text
        for text in messages()
        if re.search(r"(?<![\w-])--[a-z]", re.sub(r"heyx-bulk .*", "", in_python(text)))
    ]
    assert kept == []


def test_an_error_speaks_python_wherever_it_is_shown() -> None:
    with pytest.raises(CheckpointMismatch) as raised, speaking_python():
        raise CheckpointMismatch("--no-match was given.", "Add --restart.")
    assert (raised.value.what, raised.value.remedy) == ("no_match=True was given.", "Pass restart=True.")
    assert repr(raised.value) == "CheckpointMismatch('no_match=True was given.')"


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        ("Nothing is lost: run the same command to resume.", "Make the same call again."),
        (
            "Nothing is lost. Free some space, then run the same command to resume.",
            "Free some space, then make the same call again.",
        ),
        ("Choose a later time.", "Choose a later time."),
    ],
)
def test_a_call_that_starts_anew_promises_nothing(remedy: str, expected: str) -> None:
    with pytest.raises(Stopped) as raised, speaking_python(resumes=False):
        raise Stopped("Stopped.", remedy)
    assert raised.value.remedy == expected
