"""DataFrames uploaded, looked at, corrected and sent again; from threads and coroutines, and stopped halfway."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

import heyx_bulk as hb
from heyx_bulk.errors import Stopped
from heyx_bulk.library.worker_thread import StopSwitch
from heyx_bulk.models.contacts import Contact, Status
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer
from heyx_bulk.storage.checkpoint.locking import is_locked
from heyx_bulk.storage.checkpoint.queue import Queue
from heyx_bulk.storage.checkpoint.row_record import RowRecord
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.storage.paths import state_checkpoints
from tests.support.program import TOKEN, heyx, results

FAST = "60000/min"
NO_SHEET: Any = 3
WRONG: Any = "x"


def people(rows: int = 6, start: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "phone": [f"+923001{number:06}" for number in range(start, start + rows)],
            "First Name": "Ann",
            "Joined": pd.Timestamp("2026-03-14"),
            "tags": [["VIP", "Spring; fair"]] * rows,
        }
    )


def channel(server: SandboxServer, **more: Any) -> Any:
    return {"token": TOKEN, "url": server.url, "custom_fields": True, "rate": FAST, "progress": False, **more}


@pytest.fixture
def refusing() -> Iterator[SandboxServer]:
    """A HeyX that refuses the first create."""
    with SandboxServer(Sandbox(Faults(refuse_creates=1), tokens=(TOKEN,), limit=10_000)) as server:
        yield server


def test_a_frame_is_uploaded_and_its_failed_rows_are_corrected_and_sent_again(refusing: SandboxServer) -> None:
    frame = people().set_index(pd.Index([10, 11, 12, 13, 14, 15]))
    frame.loc[13, "phone"] = None
    result = hb.upload(frame, **channel(refusing, workers=1))
    assert result.totals == {
        "created": 4,
        "failed": 1,
        "invalid": 1,
        **dict.fromkeys(("updated", "unchanged", "skipped", "uncertain", "unconfirmed", "to do"), 0),
    }
    assert result.rows.index.tolist() == frame.index.tolist()
    assert result.rows.columns.tolist() == [*frame, "heyx status", "heyx contact id", "heyx message", "heyx row"]
    assert result.rows["tags"].unique().tolist() == ['VIP;"Spring; fair"']
    failed = result.failed
    assert failed["heyx status"].value_counts().to_dict() == {"failed": 1, "invalid": 1}
    assert "no phone, so the contact cannot be identified" in failed["heyx message"][13]
    failed.loc[13, "phone"] = 923001999999
    again = hb.rerun(result, failed.sort_index(ascending=False))
    assert (str(again), again.failed.empty) == ("6 rows: 6 created", True)
    assert again.rows.loc[13, "phone"] == "923001999999"
    found = {contact.fields["phone"]: contact for contact in refusing.sandbox.contacts}
    assert len(found) == 6
    assert found["923001999999"].fields["Joined"] == "2026-03-14"
    assert {tag for contact in found.values() for tag in contact.tags} == {"VIP", "Spring; fair"}


def test_the_same_call_carries_on_and_a_finished_run_is_left_alone(server: SandboxServer) -> None:
    first = hb.upload(people(), **channel(server, max_calls=9))
    assert first.stopped is not None
    assert first.totals["to do"] > 0
    with pytest.raises(hb.Stopped, match="max_calls"):
        first.raise_for_error()
    done = hb.upload(people(), **channel(server))
    assert (done.totals["created"], done.checkpoint, done.stopped) == (6, first.checkpoint, None)
    calls = server.sandbox.calls.total()
    assert hb.upload(people(), **channel(server)).calls == 0
    assert server.sandbox.calls.total() == calls
    assert state_checkpoints() == [done.checkpoint]
    assert hb.upload(people(start=3), **channel(server)).totals["unchanged"] == 3


def test_a_checkpoint_that_is_named_lies_there_and_no_other_file(server: SandboxServer, tmp_path: Path) -> None:
    result = hb.upload(people(), checkpoint=tmp_path / "spring.checkpoint", **channel(server))
    assert result.checkpoint == tmp_path / "spring.checkpoint"
    assert [path.name for path in tmp_path.iterdir()] == ["spring.checkpoint"]
    with pytest.raises(hb.CheckpointMismatch, match="or pass restart=True to start over"):
        hb.upload(people(start=3), checkpoint=tmp_path / "spring.checkpoint", **channel(server))
    assert hb.status(tmp_path / "spring.checkpoint").totals == result.totals


def test_without_matching_the_same_rows_are_not_sent_with_another_token_unasked() -> None:
    with SandboxServer(Sandbox(tokens=("old", "new"), limit=10_000)) as server:
        stopped = hb.upload(people(), **channel(server, token="old", no_match=True, max_calls=5))
        assert stopped.totals["to do"] > 0
        with pytest.raises(hb.CheckpointMismatch, match="uploaded with another token") as raised:
            hb.upload(people(), **channel(server, token="new", no_match=True))
        assert f'checkpoint="{stopped.checkpoint}"' in raised.value.remedy
        done = hb.upload(people(), checkpoint=stopped.checkpoint, **channel(server, token="new", no_match=True))
        assert done.totals["created"] == len(server.sandbox.contacts) == 6


def test_with_a_folder_a_frame_s_results_are_written_there(server: SandboxServer, tmp_path: Path) -> None:
    result = hb.upload(people(), checkpoint="spring", **channel(server, out=tmp_path))
    assert result.results_file == tmp_path / "spring.results.xlsx"
    assert result.checkpoint == tmp_path / "spring.checkpoint"


def test_a_disk_that_fills_up_after_the_results_leaves_them_named(
    server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fills_up(_: Queue, statuses: Iterable[Status]) -> Iterator[RowRecord]:
        if Status.FAILED in statuses:
            raise OSError(errno.ENOSPC, "No room")
        return iter(())

    monkeypatch.setattr(Queue, "rows_with", fills_up)
    (tmp_path / "people.csv").write_text("phone\n+923001\nnobody\n", encoding="utf-8")
    result = hb.upload(tmp_path / "people.csv", **channel(server))
    assert (result.results_file, result.failed_file) == (tmp_path / "people.results.csv", None)
    assert len(results(tmp_path / "people.results.csv")) == 2
    with pytest.raises(hb.Stopped, match=r"people.failed.csv could not be written"):
        result.raise_for_error()


def test_a_checkpoint_in_another_folder_than_the_results_is_refused(server: SandboxServer, tmp_path: Path) -> None:
    here = tmp_path / "here"
    with pytest.raises(hb.SettingsError, match="the files of a run are in one folder") as raised:
        hb.upload(people(), checkpoint=tmp_path / "spring", **channel(server, out=here))
    assert 'checkpoint="spring"' in raised.value.remedy
    assert [*tmp_path.iterdir()] == []
    assert hb.upload(people(), checkpoint=here / "spring", **channel(server, out=here)).totals["created"] == 6


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (people().assign(**{"heyx contact id": "1776025372480911"}), "No export that this machine remembers"),
        (people(), "the sheet has no column heyx contact id"),
    ],
)
def test_a_start_that_is_refused_leaves_no_file(
    server: SandboxServer, tmp_path: Path, frame: pd.DataFrame, what: str
) -> None:
    with pytest.raises(hb.MappingError, match=what):
        hb.upload(frame, checkpoint=tmp_path / "spring", **channel(server, since_export=True))
    assert [*tmp_path.iterdir()] == []


def test_only_a_call_that_resumes_says_so(server: SandboxServer) -> None:
    reading: Any = {"token": TOKEN, "url": server.url, "rate": FAST, "progress": False, "max_calls": 1}
    hb.upload(people(), **channel(server))
    again = hb.upload(people(start=9), **channel(server, max_calls=1)).stopped
    simulated = hb.simulate(people(), custom_fields=True, max_calls=1).stopped
    with pytest.raises(hb.Stopped) as dry:
        hb.dry_run(people(), **channel(server, max_calls=1))
    with pytest.raises(hb.Stopped) as read:
        hb.export(where={"Joined": ["2026-03-14", "2026-03-15"]}, **reading)
    assert again is not None
    assert simulated is not None
    assert again.remedy == "Nothing is lost: make the same call to resume."
    assert {one.remedy for one in (simulated, dry.value, read.value)} == {"Make the same call again."}


def test_the_program_carries_on_and_reports_a_frame_s_run(refusing: SandboxServer, tmp_path: Path) -> None:
    result = hb.upload(people(), checkpoint=tmp_path / "spring", **channel(refusing, max_calls=9, workers=1))
    status = heyx(tmp_path, "status", "spring.checkpoint", server=refusing)
    assert f"heyx-bulk rerun {result.checkpoint}" in status.err
    assert heyx(tmp_path, "rerun", "spring.checkpoint", server=refusing).out == "6 rows: 6 created\n"
    assert {path.name for path in tmp_path.iterdir()} == {"spring.checkpoint"}
    assert heyx(tmp_path, "report", "spring.checkpoint").out == "6 rows: 6 created\n"
    assert (tmp_path / "spring.results.xlsx").is_file()
    assert heyx(tmp_path, "verify", "spring.checkpoint", server=refusing).code == 0


def test_a_file_is_uploaded_and_corrected_by_a_frame_or_a_file(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone,City\n+923001,Oslo\n,Rome\n,Bonn\n", encoding="utf-8")
    result = hb.upload(tmp_path / "people.csv", **channel(server))
    assert (result.totals["invalid"], result.failed.index.tolist()) == (2, [3, 4])
    assert [row["heyx status"] for row in results(tmp_path / "people.results.csv")] == [
        "created",
        *["invalid"] * 2,
    ]
    failed = result.failed
    failed.loc[3, "phone"] = "+923002"
    assert hb.rerun(tmp_path / "people.csv", failed.loc[[3]], token=TOKEN, url=server.url).totals["created"] == 2
    text = (tmp_path / "people.failed.csv").read_text(encoding="utf-8-sig").replace(",Bonn", "'+923003,Bonn")
    (tmp_path / "people.failed.csv").write_text(text, encoding="utf-8")
    assert hb.rerun(tmp_path / "people.failed.csv", token=TOKEN, url=server.url).totals["created"] == 3


def test_a_dry_run_tells_every_change_and_a_simulation_keeps_its_rows(server: SandboxServer) -> None:
    server.sandbox.add({"phone": "+923001000000", "firstName": "Bob"}, ("VIP",))
    frame = people(3)
    frame.loc[2, "phone"] = ""
    changes = hb.dry_run(frame, **channel(server))
    assert changes.loc[[0], ["call", "field", "old", "new"]].to_numpy().tolist() == [
        ["update", "firstName", "Bob", "Ann"],
        ["update", "Joined", "", "2026-03-14"],
        ["add tags", "tags", "", "Spring; fair"],
    ]
    assert changes["call"][1].unique().tolist() == ["create", "add tags"]
    assert {name: number for name, number in changes.attrs["totals"].items() if number} == {
        "created": 1,
        "updated": 1,
        "invalid": 1,
    }
    assert len(server.sandbox.contacts) == 1
    simulated = hb.simulate(frame, custom_fields=True, progress=False)
    assert (simulated.totals["created"], simulated.checkpoint) == (2, None)
    assert simulated.failed.index.tolist() == [2]
    assert state_checkpoints() == []


def test_an_inspection_says_what_columns_mean_and_why_rows_are_invalid() -> None:
    frame = people(3)
    frame["phone"] = ["+923001", "+923002", "+923002"]
    found = hb.inspect(frame)
    assert found.columns["meaning"].tolist() == ["phone (phone)", "firstName", "?", "tags to add"]
    assert 'map={"Joined": "FIELD"}' in found.mistakes[0] or "custom_fields=True" in found.mistakes[0]
    assert found.problems["cause"].tolist() == ["same phone as an earlier row"]
    assert 'duplicates="merge"' in found.problems["example"][0]
    assert (found.totals["to do"], found.totals["invalid"]) == (2, 1)


def test_the_notes_of_an_inspection_name_arguments(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    page = workbook.active
    assert isinstance(page, Worksheet)
    for row in (["phone", "City"], ["+923001", "Oslo"], ["+923002", None]):
        page.append(row)
    page.merge_cells("B2:B3")
    workbook.save(tmp_path / "people.xlsx")
    found = hb.inspect(tmp_path / "people.xlsx", custom_fields=True)
    assert any("fill_merged=True gives it to every row" in note for note in found.notes)


def test_an_export_comes_back_edited_and_a_verification_shows_what_differs(server: SandboxServer) -> None:
    result = hb.upload(people(), **channel(server))
    reading: Any = {"token": TOKEN, "url": server.url, "rate": FAST, "progress": False}
    exported = hb.export(where={"Joined": "2026-03-14"}, tags="VIP", **reading)
    assert exported["tags"].tolist() == [("Spring; fair", "VIP")] * 6
    exported.loc[0, "firstName"] = "Eve"
    edited = hb.upload(exported, since_export=True, **channel(server))
    assert (edited.totals["updated"], edited.totals["unchanged"], edited.calls) == (1, 5, 1)
    different = hb.verify(result, progress=False)
    assert (different.compared, different.matches) == (6, False)
    assert different.differences[["field", "sent", "stored"]].to_numpy().tolist() == [["firstName", "Ann", "Eve"]]
    named = [contact.id for contact in hb.export_contacts(where_in={"phone": people(2)["phone"]}, **reading)]
    assert len(named) == 2
    assert len(hb.export(ids=named, columns=["heyx contact id", "firstName"], **reading).columns) == 2


def test_two_threads_upload_to_two_channels_at_once() -> None:
    with ExitStack() as stack:
        servers = [
            stack.enter_context(SandboxServer(Sandbox(tokens=(token,), limit=10_000))) for token in ("one", "two")
        ]
        together = threading.Barrier(2, timeout=20)

        def upload(server: SandboxServer) -> hb.RunResult:
            seen: list[hb.ProgressReport] = []

            def report(progress: hb.ProgressReport) -> None:
                if not seen:
                    together.wait()  # neither run goes on before the other one sends, too
                seen.append(progress)

            token = server.sandbox.tokens[0]
            return hb.upload(people(), **channel(server, token=token, progress=report))

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(upload, servers))
        assert [result.totals["created"] for result in done] == [6, 6]
        assert [len(server.sandbox.contacts) for server in servers] == [6, 6]
        assert done[0].checkpoint != done[1].checkpoint


def test_coroutines_upload_to_two_channels_at_once_and_the_loop_goes_on(server: SandboxServer) -> None:
    with SandboxServer(Sandbox(tokens=("other",), limit=10_000)) as other:

        async def both() -> tuple[list[hb.RunResult], int]:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    ticks += 1
                    await asyncio.sleep(0)

            ticking = asyncio.create_task(tick())
            results = await asyncio.gather(
                hb.aio.upload(people(), **channel(server)),
                hb.aio.upload(people(), **channel(other, token="other")),
            )
            ticking.cancel()
            inside = hb.upload(people(start=50), **channel(server))  # a running loop is no obstacle
            contacts = [
                contact
                async for contact in hb.aio.export_contacts(
                    where={"Joined": "2026-03-14"}, token=TOKEN, url=server.url
                )
            ]
            return [*results, inside], ticks if len(contacts) == 12 else 0

        results, ticks = asyncio.run(both())
    assert [result.totals["created"] for result in results] == [6, 6, 6]
    assert ticks > 10


def test_exported_contacts_are_read_beside_the_event_loop(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hb.upload(people(), **channel(server))
    threads: set[int] = set()
    contacts = ExportCheckpoint.contacts

    def noted(checkpoint: ExportCheckpoint) -> Iterator[Contact]:
        for contact in contacts(checkpoint):
            threads.add(threading.get_ident())
            yield contact

    async def first() -> str:
        reading: Any = {"token": TOKEN, "url": server.url, "rate": FAST}
        found: Any = hb.aio.export_contacts(where={"Joined": "2026-03-14"}, **reading)
        async with contextlib.aclosing(found):
            return str((await anext(found)).id)

    monkeypatch.setattr(ExportCheckpoint, "contacts", noted)
    assert asyncio.run(first()) in {contact.id for contact in server.sandbox.contacts}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("times", [1, 2])
def test_a_cancelled_upload_ends_cleanly_before_the_cancellation_is_raised(times: int) -> None:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000), latency=0.1) as server:
        frame = people(60)

        async def cancelled() -> None:
            loop, begun = asyncio.get_running_loop(), asyncio.Event()

            def report(progress: hb.ProgressReport) -> None:
                if progress.done >= 3:
                    loop.call_soon_threadsafe(begun.set)

            task = asyncio.create_task(hb.aio.upload(frame, **channel(server, progress=report, workers=2)))
            await begun.wait()
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
            (checkpoint,) = state_checkpoints()
            assert not is_locked(checkpoint)

        asyncio.run(cancelled())
        (checkpoint,) = state_checkpoints()
        stands = hb.status(checkpoint)
        assert (stands.killed_sessions, stands.totals["unconfirmed"]) == (0, 0)
        assert 3 <= stands.totals["created"] <= len(server.sandbox.contacts) < 60
        server.latency = 0.0
        assert hb.upload(frame, **channel(server)).totals["created"] == 60
        assert len(server.sandbox.contacts) == 60


@pytest.mark.skipif(os.name != "posix", reason="a signal is sent to this process")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_an_upload_cleanly(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000), latency=0.1) as server:
        received = threading.Semaphore(0)
        left = [signal.SIGINT] * times
        stop = StopSwitch.stop

        def noted(switch: StopSwitch, reason: Stopped) -> None:
            stop(switch, reason)
            received.release()

        def report(progress: hb.ProgressReport) -> None:
            while progress.done >= 3 and left:
                os.kill(os.getpid(), left.pop())
                received.acquire(timeout=20)

        monkeypatch.setattr(StopSwitch, "stop", noted)
        with pytest.raises(KeyboardInterrupt):
            hb.upload(people(60), **channel(server, progress=report, workers=2))
        (checkpoint,) = state_checkpoints()
        stands = hb.status(checkpoint)
        assert (stands.killed_sessions, stands.totals["unconfirmed"], is_locked(checkpoint)) == (0, 0, False)
        assert 3 <= stands.totals["created"] <= len(server.sandbox.contacts) < 60


def test_progress_is_reported_and_drawn_on_request(
    server: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[hb.ProgressReport] = []
    hb.upload(people(), **channel(server, progress=seen.append))
    assert (seen[0].done, seen[-1].done, seen[-1].total, seen[-1].statuses) == (0, 6, 6, {"created": 6})
    assert capsys.readouterr() == ("", "")
    hb.upload(people(start=50), **channel(server, progress=None))
    assert capsys.readouterr() == ("", "")
    hb.upload(people(start=90), **channel(server, progress=True))
    assert "6 of 6" in capsys.readouterr().err


def test_what_a_progress_function_raises_stops_the_run_cleanly(server: SandboxServer) -> None:
    frame, boom = people(60), RuntimeError("boom")

    def report(progress: hb.ProgressReport) -> None:
        if progress.done == 3:
            raise boom

    with pytest.raises(RuntimeError) as raised:
        hb.upload(frame, **channel(server, progress=report, workers=2))
    assert raised.value is boom
    (checkpoint,) = state_checkpoints()
    stands = hb.status(checkpoint)
    assert (stands.killed_sessions, stands.totals["unconfirmed"]) == (0, 0)
    assert 3 <= stands.totals["created"] <= len(server.sandbox.contacts) < 60
    assert hb.upload(frame, **channel(server)).totals["created"] == len(server.sandbox.contacts) == 60


@pytest.mark.parametrize(
    ("call", "error", "what"),
    [
        (lambda given: hb.upload(people(), **{"typs": {}, **given}), TypeError, "Did you mean 'types'"),
        (lambda given: hb.rerun("none.checkpoint", **{"restart": True, **given}), TypeError, "'restart'"),
        (lambda given: hb.upload("none.csv", **given), hb.SheetError, "none.csv"),
        (lambda given: hb.upload(NO_SHEET, **given), hb.SheetError, "must be a file or a DataFrame, not int"),
        (lambda given: hb.upload(people(), worksheet="A", **given), hb.SettingsError, "are for files"),
        (
            lambda given: hb.upload(people(1).assign(phone="0300 1234567"), ignore="Joined", **given),
            hb.MappingError,
            r'region="PK", to send them with its code, or region="none"',
        ),
        (lambda given: hb.upload(people(), **given), hb.MappingError, r"custom_fields=True|ignore_unknown=True"),
        (
            lambda given: hb.export(**given),
            hb.SettingsError,
            r'where=\{"isLead": True\}, where_in=\{"phone": frame',
        ),
        (lambda given: hb.export(where_in=WRONG, **given), hb.SettingsError, "where_in must be a dict .* not 'x'"),
        (
            lambda given: hb.verify("none", sample=WRONG, **given),
            hb.SettingsError,
            "sample must be a whole number",
        ),
        (lambda given: hb.verify("none", sample=0, **given), hb.SettingsError, "sample must be 1 or more"),
        (lambda _: hb.upload(people()), hb.SettingsError, "the argument token, the environment variable"),
    ],
)
def test_errors_speak_python(
    call: Callable[[Any], object], error: type[Exception], what: str, server: SandboxServer
) -> None:
    with pytest.raises(error, match=what) as raised:
        call({"token": TOKEN, "url": server.url})
    assert "--" not in str(raised.value)
    assert TOKEN not in f"{raised.value!s}{raised.value!r}"


def test_the_token_is_in_no_repr_and_no_log(server: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result = hb.upload(people(), **channel(server))
    shown = f"{result!r}{result}{result.settings!r}{hb.status(result)!r}{hb.verify(result, progress=False)!r}"
    assert TOKEN not in shown + caplog.text
    assert TOKEN not in str(vars(result))


async def _use() -> None:
    """What a user writes, for the type checker: strict, and each mistake is found."""
    result: hb.RunResult = hb.upload(people(), types={"Joined": "date"}, ignore="Notes", max_failures="5%")
    failed: pd.DataFrame = result.failed
    failed.loc[0, "phone"] = "+923002"
    result = hb.rerun(result, failed, uncertain=True)
    frame: pd.DataFrame = hb.export(where={"isLead": [True]}, tags=["VIP"], columns="phone")
    ids: list[str] = [contact.id for contact in hb.export_contacts(known=True)]
    ids += [contact.id async for contact in hb.aio.export_contacts(ids=ids)]
    results = await asyncio.gather(hb.aio.upload("a.csv"), hb.aio.upload(frame))
    totals: dict[str, int] = results[0].totals
    version: str = hb.__version__
    del totals, version
    hb.upload(frame, typs={})  # type: ignore[call-arg]
    hb.rerun(result, restart=True)  # type: ignore[call-arg]
    hb.upload(3)  # type: ignore[arg-type]
    hb.uplaod(frame)  # type: ignore[attr-defined]


def test_a_frame_with_a_large_index_is_sent_with_its_row_numbers(server: SandboxServer) -> None:
    last = 2**32 - 1
    frame = pd.DataFrame({"phone": ["+4412341", "+4412342", "+4412341"]}, index=[5, last - 1, last])
    result = hb.upload(frame, **channel(server))
    assert (result.totals["created"], result.totals["invalid"]) == (2, 1)
    assert result.failed.index.tolist() == [last]
    assert "same phone as row 5" in result.failed["heyx message"].tolist()[0]
