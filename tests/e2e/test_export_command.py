"""`heyx-bulk export` as a person types it: sources, filters, files, what it says, and killed in the middle."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from heyx_bulk.cli.app import app
from heyx_bulk.sandbox import Sandbox, SandboxServer
from tests.support.json_schema import read_document

TOKEN = "sandbox-token"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SandboxServer]:
    monkeypatch.chdir(tmp_path)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        yield server


def people(server: SandboxServer, count: int) -> list[str]:
    return [
        server.sandbox.add(
            {
                "phone": f"+92300{number:03}",
                "isLead": number % 2 == 0,
                "City": ("Oslo", "Łódź")[number % 2],
                "Score": str(number),
            },
            ("VIP",) * (number % 3 == 0) + ("Churned",) * (number % 9 == 0),
        )
        for number in range(count)
    ]


def typed(*words: str) -> Result:
    done = CliRunner().invoke(app, ["export", *words, "--rate", "10000/min"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert TOKEN not in done.output
    return done


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_what_it_covers_is_said_with_the_bill_before_and_the_way_back_after(server: SandboxServer) -> None:
    people(server, 40)
    done = typed(
        "vip.csv", "--where", "isLead=true", "--where", "isLead=false", "--tag", "VIP", "--not-tag", "Churned"
    )
    assert (done.exit_code, done.stdout) == (0, "9 contacts\n")
    said = done.stderr
    assert said.index("4 calls, 2 of them left") < said.index("4 calls in")
    assert "40 of 40 contacts with isLead=true or isLead=false; HeyX cannot list contacts without isLead" in said
    assert "9 of them match your filters." in said
    assert "heyx-bulk upload vip.csv --since-export" in said
    exported = rows(Path("vip.csv").read_text(encoding="utf-8-sig"))
    assert {line["Score"] for line in exported} == {str(n) for n in range(40) if n % 3 == 0 and n % 9}
    assert list(Path().glob("*.export*")) == [], "no checkpoint is left of an export that is written"


def test_contacts_whose_tags_differ_in_case_only_are_counted(server: SandboxServer) -> None:
    people(server, 40)
    assert (
        "  14 more with --ignore-case: their tags differ in upper"
        in typed("vip.csv", "--where", "isLead=true", "--where", "isLead=false", "--tag", "vip").stderr
    )
    same = typed("vip.csv", "--where", "isLead=true", "--where", "isLead=false", "--tag", "VIP").stderr
    assert "--ignore-case" not in same


def test_all_filters_and_columns_together(server: SandboxServer) -> None:
    people(server, 40)
    words = [
        "--where",
        "City=Oslo",
        "--any-tag",
        "vip",
        "--ignore-case",
        "--if",
        "Score>9",
        "--if",
        "phone not blank",
    ]
    shape = [
        "--columns",
        "id,City,tags",
        "--tag-columns",
        "--rename",
        "City=Stadt",
        "--created-after",
        "2020-01-01",
    ]
    done = typed("-", *words, *shape, "--created-before", "2999-01-01")
    assert done.exit_code == 0
    assert list(rows(done.stdout)[0]) == ["heyx contact id", "Stadt", "tag:Churned", "tag:VIP"]
    assert len(rows(done.stdout)) == len([n for n in range(10, 40, 2) if n % 3 == 0])
    assert typed("-", *words, "--created-after", "2999-01-01").stdout.count("\n") == 1


def test_values_and_ids_come_from_sheets_and_what_is_missing_is_told_with_code_3(server: SandboxServer) -> None:
    ids = people(server, 12)
    Path("leads.csv").write_text("Name,Mobile\nAna,+92300001\nBo,92300002\nCy,+1\n,\n", encoding="utf-8")
    Path("ids.csv").write_text(f"heyx contact id,x\n{ids[5]},\nnobody,\n", encoding="utf-8")
    done = typed("x.jsonl", "--where-in", "phone=leads.csv:Mobile", "--ids", "ids.csv", "--json")
    assert done.exit_code == 3
    assert "2 of 3 values found a contact; 1 did not." in done.stderr
    assert "1 of 2 contacts found by id." in done.stderr
    document = read_document(done.stdout)
    assert (document["contacts"], document["missing_ids"], document["exit"]) == (3, ["nobody"], 3)
    lines = [json.loads(line) for line in Path("x.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["Score"] for line in lines} == {"1", "2", "5"}
    assert {line["isLead"] for line in lines} == {True, False}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x.csv"], "No contacts were named"),
        (["x.csv", "--where", "tags=VIP"], "“tags” is not a field, and HeyX cannot search for tags"),
        (["x.csv", "--where", "City=Oslo", "--if", "Tags~VIP"], "choose among them with --tag, --any-tag or"),
        (["x.csv", "--known"], "no contact of this channel is known"),
        (["x.pdf", "--where", "a=b"], ".parquet"),
        (["x.csv", "--where", "City"], "FIELD=VALUE"),
        (["x.csv", "--where", "a=b", "--if", "City"], "--if"),
        (["x.csv", "--where", "a=b", "--timezone", "Mars/Sea"], "Asia/Karachi"),
        (["x.csv", "--where", "a=b", "--created-after", "soon"], "2026-11-25"),
        (["nowhere/x.csv", "--where", "a=b"], "folder"),
        (["x.csv", "--ids", "bad.xlsx:No"], "no column “No”"),
        (["x.csv", "--ids", "bad.xlsx"], "several columns"),
        (["x.csv", "--ids", "none.csv"], "none.csv"),
        (["x.csv", "--where-in", "phone=bad.xlsx:Ref"], "row 2"),
        (["x.csv", "--where", "a=b", "--rename", "x"], "FIELD=HEADER"),
        (["x.csv", "--where", "a=b", "--mapping", "no.toml"], "no.toml"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(server: SandboxServer, words: list[str], told: str) -> None:
    book = openpyxl.Workbook()
    for cells in (["Ref", "Other"], ["#N/A", 1]):
        book.worksheets[0].append(cells)
    book.save("bad.xlsx")
    done = typed(*words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert not server.sandbox.calls


def test_a_dry_run_says_what_it_takes_and_leaves_nothing(server: SandboxServer) -> None:
    people(server, 100)
    done = typed("x.csv", "--where", "City=Oslo", "--dry-run")
    assert (done.exit_code, server.sandbox.calls["find"]) == (0, 1)
    assert "5 calls, 4 of them left" in done.stderr
    assert [path.name for path in Path().iterdir()] == []


def test_one_that_was_stopped_carries_on_and_another_export_to_the_same_file_is_refused(
    server: SandboxServer,
) -> None:
    people(server, 100)
    first = typed("x.csv", "--where", "City=Oslo", "--max-calls", "2")
    assert first.exit_code == 4
    assert "To resume:" in first.stderr
    other = typed("x.csv", "--where", "City=Łódź")
    assert (other.exit_code, "--restart" in other.stderr) == (2, True)
    assert server.sandbox.calls["find"] == 2
    second = typed("x.csv", "--where", "City=Oslo")
    assert (second.exit_code, second.stdout, server.sandbox.calls["find"]) == (0, "50 contacts\n", 5)
    assert "Resuming" in second.stderr


def test_again_reads_everything_anew(server: SandboxServer) -> None:
    people(server, 100)
    typed("x.csv", "--where", "City=Oslo", "--max-calls", "2")
    done = typed("x.csv", "--where", "City=Łódź", "--restart")
    assert (done.exit_code, done.stdout, server.sandbox.calls["find"]) == (0, "50 contacts\n", 7)


def test_a_file_that_is_there_already_is_left_alone(server: SandboxServer) -> None:
    people(server, 3)
    Path("x.csv").write_text("mine", encoding="utf-8")
    assert "exists already and was not changed" in typed("x.csv", "--where", "City=Oslo").stderr
    assert Path("x.csv").read_text(encoding="utf-8") == "mine"
    assert len(rows(Path("x-2.csv").read_text(encoding="utf-8-sig"))) == 2


def test_larger_pages_that_heyx_does_not_give_are_told(server: SandboxServer) -> None:
    people(server, 40)
    done = typed("x.csv", "--where", "City=Oslo", "--per-page", "100")
    assert "HeyX does not allow 100 contacts per page" in done.stderr
    assert server.sandbox.calls["find"] == 2


def test_one_that_is_killed_goes_on_where_it_was(server: SandboxServer, tmp_path: Path) -> None:
    people(server, 800)
    words = [sys.executable, "-m", "heyx_bulk", "export", "x.csv", "--where", "City=Oslo", "--rate", "10000/min"]
    reached = threading.Event()
    handle = server.sandbox.handle

    def count(method: str, url: str, token: str | None, body: bytes) -> object:
        if server.sandbox.calls["find"] >= 25:
            reached.set()
            reached.wait(0.2)
        return handle(method, url, token, body)

    server.sandbox.handle = count  # type: ignore[method-assign, assignment]
    child = subprocess.Popen(words, cwd=tmp_path, env={**os.environ})
    assert reached.wait(60)
    child.send_signal(signal.SIGKILL)
    child.wait()
    server.sandbox.handle = handle  # type: ignore[method-assign]
    read = server.sandbox.calls["find"]
    assert not (tmp_path / "x.csv").exists()
    done = typed("x.csv", "--where", "City=Oslo")
    assert (done.exit_code, done.stdout) == (0, "400 contacts\n")
    assert server.sandbox.calls["find"] <= 40 + 20, "only what was on its way is read again"
    assert read < 40 + 20
