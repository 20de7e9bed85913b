"""The program on a second and third start: what was left behind, what is offered, what is never done twice."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from tests.support.program import PROGRAM, TOKEN, environment, heyx, left, results, sheet, wait_for

FAST = ("--rate", "100000/min")
MANY = tuple((f"+92300{number:04}", f"Name {number}", "A") for number in range(60))


def test_what_a_killed_run_left_never_leaks_into_another_sheet_s_run(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000), latency=0.05) as heyx_server:
        child = subprocess.Popen(
            [*PROGRAM, "upload", "contacts.csv", "-q", *FAST], cwd=tmp_path, env=environment(heyx_server)
        )
        wait_for(lambda: heyx_server.sandbox.calls["create"] >= 20)
        child.kill()
        child.wait()
        assert "contacts.csv.checkpoint-wal" in left(tmp_path)
        (tmp_path / "contacts.csv.checkpoint").unlink()
        sheet(tmp_path, *((f"+92400{number:04}", f"Other {number}", "A") for number in range(60)))
        done = heyx(tmp_path, "upload", "contacts.csv", *FAST, server=heyx_server)
    assert (done.code, done.out) == (0, "60 rows: 60 created\n")
    assert {line["First Name"] if "First Name" in line else line["firstName"] for line in _results(tmp_path)} == {
        f"Other {number}" for number in range(60)
    }


def _results(folder: Path) -> list[dict[str, str]]:
    return results(folder / "contacts.results.csv")


def test_a_sheet_uploaded_without_looking_is_never_so_uploaded_again(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", "--no-match", server=server)
    done = heyx(tmp_path, "upload", "contacts.csv", "--no-match", "--restart", server=server)
    assert done.code == 2
    assert "a second time" in done.err
    finished = heyx(tmp_path, "upload", "contacts.csv", "--no-match", server=server)
    assert "--restart" not in finished.err
    assert len(server.sandbox.contacts) == 3


def test_a_rerun_speaks_to_heyx_as_the_upload_did(tmp_path: Path) -> None:
    sheet(tmp_path)
    with SandboxServer(Sandbox(Faults(refuse_creates=2, viber=True), tokens=(TOKEN,))) as heyx_server:
        first = heyx(tmp_path, "upload", "contacts.csv", "--viber", "--workers", "1", server=heyx_server)
        assert first.out == "3 rows: 1 created, 2 failed\n"
        assert heyx(tmp_path, "rerun", "contacts.csv.checkpoint", server=heyx_server).out == "3 rows: 3 created\n"


def test_a_finished_run_writes_its_results_again(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    (tmp_path / "contacts.results.csv").unlink()
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert done.code == 0
    assert len(_results(tmp_path)) == 3


def test_again_that_does_not_start_leaves_the_run_before_as_it_was(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    before = left(tmp_path)
    sheet(tmp_path, ("", "Nobody", ""))
    done = heyx(tmp_path, "upload", "contacts.csv", "--restart", "--strict", server=server)
    assert (done.code, left(tmp_path)) == (2, before)


def test_mended_rows_are_given_back_in_the_file_of_failed_rows(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001", "Ana", ""), ("", "Boris", "VIP"))
    first = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert "heyx-bulk rerun contacts.failed.csv" in first.err
    place = tmp_path / "contacts.failed.csv"
    place.write_text(
        place.read_text(encoding="utf-8-sig").replace(",Boris", "+923002,Boris"), encoding="utf-8-sig"
    )
    done = heyx(tmp_path, "rerun", "contacts.failed.csv", server=server)
    assert (done.code, done.out) == (0, "2 rows: 2 created\n")
    assert {contact.fields["firstName"] for contact in server.sandbox.contacts} == {"Ana", "Boris"}


def test_a_file_of_failed_rows_that_was_changed_is_kept_and_the_next_one_says_why(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, ("", "Ana", ""), ("0", "Boris", "VIP"))
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert "Correct the rows" in heyx(tmp_path, "status", "contacts.csv").err
    place = tmp_path / "contacts.failed.csv"
    place.write_text(place.read_text(encoding="utf-8-sig").replace(",Ana", "+923001,Ana"), encoding="utf-8-sig")
    again = heyx(tmp_path, "rerun", "contacts.failed.csv", server=server)
    assert "contacts.failed.csv: 2 rows, 1 of them corrected." in again.err
    why = "(contacts.failed.csv was changed or is open, and was not replaced)"
    assert f"1 row needs your attention: contacts.failed-2.csv {why}" in again.err
    next_step = "Correct the rows in contacts.failed-2.csv, then run:\n  heyx-bulk rerun contacts.failed-2.csv"
    assert next_step in again.err
    assert next_step in heyx(tmp_path, "status", "contacts.csv").err


def test_nobody_reading_what_it_says_does_not_end_a_run(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, *MANY)
    reader, writer = os.pipe()
    os.close(reader)
    child = subprocess.Popen(
        [*PROGRAM, "upload", "contacts.csv", "--verbose", *FAST],
        cwd=tmp_path,
        env=environment(server),
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    assert child.wait(60) == 0
    assert len(_results(tmp_path)) == 60


def test_a_second_ctrl_c_is_counted_from_the_first_and_not_from_another_stop(tmp_path: Path) -> None:
    sheet(tmp_path, *MANY)
    sandbox = Sandbox(Faults(revoke_after=12), tokens=(TOKEN,))
    with SandboxServer(sandbox, latency=1.0) as heyx_server:
        child = subprocess.Popen(
            [*PROGRAM, "upload", "contacts.csv"],
            cwd=tmp_path,
            env=environment(heyx_server),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: sandbox.calls["refused_401"] >= 1)
        child.send_signal(signal.SIGINT)
        assert child.wait(30) in (4, 130)
    assert len(_results(tmp_path)) == 60


def test_values_that_cannot_travel_make_their_row_invalid(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001", "Ana", ""), ("1" * 70_000, "Boris", ""), header=("phone", "firstName", "tags"))
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert (done.code, done.out) == (3, "2 rows: 1 created, 1 invalid\n")


def test_what_the_environment_says_of_the_connection_is_told_when_wrong(tmp_path: Path) -> None:
    sheet(tmp_path)
    there = {"HEYX_TOKEN": TOKEN, "HEYX_URL": "https://heyx.invalid/api"}
    for name, value in (("HTTPS_PROXY", "socks5://127.0.0.1:9"), ("SSL_CERT_FILE", "/nowhere.pem")):
        given = {**there, name: value}
        done = heyx(tmp_path, "upload", "contacts.csv", **given)  # type: ignore[arg-type]  # none of them is the server
        assert done.code in (2, 4)
        assert done.err.strip()


def test_raw_csv_neither_guards_nor_takes_a_guard_off(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path, ("+923001", "=1+1", ""), ("+923002", "'=1+1", ""))
    heyx(tmp_path, "upload", "contacts.csv", "--raw-csv", server=server)
    assert {contact.fields["firstName"] for contact in server.sandbox.contacts} == {"=1+1", "'=1+1"}
    assert [line["firstName"] for line in _results(tmp_path)] == ["=1+1", "'=1+1"]


def test_a_formula_in_a_name_is_guarded_in_the_results_and_not_in_heyx(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path, ("+923001", "=1+1", ""))
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert [contact.fields["firstName"] for contact in server.sandbox.contacts] == ["=1+1"]
    assert [line["firstName"] for line in _results(tmp_path)] == ["'=1+1"]
