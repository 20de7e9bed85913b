"""Calls counted, sent and recorded are the same number, whatever happens; and books that do not balance say so."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from functools import partial
from pathlib import Path

import httpx
import pytest

from heyx_bulk.api.call_log import CallLog, CallLogLine
from heyx_bulk.api.client import SessionSummary
from heyx_bulk.errors import DiskFull
from heyx_bulk.models.call_records import CallOutcome
from heyx_bulk.reports import results
from heyx_bulk.reports.audit import CallRecorder, audit_errors
from heyx_bulk.reports.run_status import run_status
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from tests.support import runs
from tests.support.json_schema import read_line
from tests.support.program import results as rows_of
from tests.support.runs import PLAIN, TOKEN, Channel, PowerCut, RecordedRequest, settings

HEADER = "phone,first name,tags,remove tags\n"
ROWS = HEADER + "".join(f"+44123456{number:03},Name {number},a;b,old\n" for number in range(40))
STORMY = Faults(seed=3, lose_answers=0.05, errors_before=0.05, errors_after_write=0.05, refuse_every=9)


def send(
    channel: Channel, run: Run, *, log: CallLog | None = None, stops: StopConditions | None = None
) -> SessionSummary:
    watch = StopMonitor(
        stops or StopConditions(same_error=False), open_between=run.checkpoint.queries.open_between
    )
    return channel.send(
        run, settings(reconcile_delay=1), recorder=CallRecorder(watch, checkpoint=run.checkpoint, log=log)
    )


MANY = int(os.environ.get("HEYX_BULK_ROWS", "1000"))
"""Rows of the longest run here; more are a matter of patience."""


def recorded(run: Run) -> Counter[CallOutcome]:
    found: Counter[CallOutcome] = Counter()
    for (_, _, what), count in run.checkpoint.calls.counts().items():
        found[what] += count
    return found


@pytest.mark.slow
@pytest.mark.parametrize("faults", [PLAIN, STORMY], ids=["calm", "stormy"])
def test_calls_counted_sent_and_recorded_are_the_same_number(tmp_path: Path, faults: Faults) -> None:
    silent = Channel(faults, limit=60, limit_headers=False)
    with silent as channel, runs.staged(tmp_path, ROWS) as run:
        sent = send(channel, run)
        calls = channel.sandbox.calls
        assert recorded(run).total() == sent.calls == len(channel.transport.seen)
        assert sent.calls == calls["accepted"] + calls["refused_429"]
        assert recorded(run)[CallOutcome.THROTTLED] == calls["refused_429"] > 0
        assert recorded(run)[CallOutcome.UNKNOWN] == 0
        kinds: Counter[str] = Counter()
        for (_, kind, what), count in run.checkpoint.calls.counts().items():
            kinds[kind.replace(" ", "_")] += count if what is not CallOutcome.THROTTLED else 0
        assert {name: calls[name] for name in kinds} == kinds
        assert audit_errors(run.checkpoint) == []


def test_a_call_that_never_left_is_recorded_and_not_counted(tmp_path: Path) -> None:
    nowhere = runs.ScriptedTransport(httpx.ConnectError("no route"))
    with Channel(behind=nowhere) as channel, runs.staged(tmp_path, ROWS) as run:
        sent = send(channel, run)
        assert sent.calls == 0
        assert set(recorded(run)) == {CallOutcome.UNDELIVERED}
        assert audit_errors(run.checkpoint) == []


def test_a_power_cut_leaves_at_most_one_unknown_call_for_each_worker_and_no_imbalance(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
    with Channel() as channel:
        for cuts in range(1, 5):
            channel.transport.after = partial(_cut_at, len(channel.transport.seen) + 21)
            with runs.resumed(path) as run:
                with pytest.raises((PowerCut, BaseExceptionGroup)):
                    send(channel, run)
                assert 0 < recorded(run)[CallOutcome.UNKNOWN] <= 10 * cuts
                assert audit_errors(run.checkpoint) == []
        channel.transport.after = partial(_cut_at, 0)
        with runs.resumed(path) as run:
            send(channel, run)
            assert run.checkpoint.queries.totals() == {"created": 40}
            assert recorded(run).total() == len(channel.transport.seen)
            assert [start.ended_at is None for start in run.checkpoint.calls.sessions()] == [True] * 4 + [False]


def _cut_at(last: int, number: int, _: RecordedRequest) -> None:
    if number == last:
        raise PowerCut


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("DELETE FROM call WHERE number = 7", "counted {calls} calls and recorded {fewer}"),
        ("UPDATE call SET happened = NULL WHERE number = 7", "1 of its calls have no answer"),
        ("DELETE FROM row WHERE number = 9", "the sheet has 40 rows, the checkpoint 39"),
        ("UPDATE row SET status = NULL WHERE number = 9", "rows without exactly one status: 9"),
        ("UPDATE row SET state = 'ready' WHERE number = 9", "rows without exactly one status: 9"),
        ("UPDATE row SET status = 'lost' WHERE number = 9", "rows without exactly one status: 9"),
    ],
)
def test_books_that_do_not_balance_say_what_is_amiss(tmp_path: Path, harm: str, says: str) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
    with Channel() as channel, runs.resumed(path) as run:
        calls = send(channel, run).calls
        assert audit_errors(run.checkpoint) == []
    db = sqlite3.connect(path)
    db.execute(harm)
    db.commit()
    db.close()
    with Checkpoint.open(path) as checkpoint:
        said = says.format(calls=calls, fewer=calls - 1)
        assert [said in wrong for wrong in audit_errors(checkpoint)] == [True]


def test_a_disk_that_is_full_as_an_answer_comes_does_not_lose_the_answer(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
    with Channel() as channel:
        with runs.resumed(path) as run:

            class Full(CallLog):
                def write(self, *_: object) -> None:
                    if len(channel.transport.creates) > 5:
                        raise DiskFull("The log takes no more.", "Nothing is lost.")

            sent = send(channel, run, log=Full(tmp_path / "log", run="r"))
            assert isinstance(sent.stopped, DiskFull)
            assert audit_errors(run.checkpoint) == []
        with runs.resumed(path) as run:
            assert send(channel, run).stopped is None
            assert run.checkpoint.queries.totals() == {"created": 40}
            assert len(channel.sandbox.contacts) == len(channel.transport.creates) == 40


@pytest.mark.slow
def test_a_run_stopped_by_a_full_disk_and_started_again_ends_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, ROWS))
    with Channel() as channel:
        stops = 0
        for room in range(1, 40):
            with runs.resumed(path) as run:
                (pages,) = run.checkpoint._db.execute("PRAGMA page_count").fetchone()
                run.checkpoint._db.execute(f"PRAGMA max_page_count={pages + room % 3}")
                stopped = send(channel, run).stopped
                assert audit_errors(run.checkpoint) == []
                assert stopped is None or isinstance(stopped, DiskFull)
                stops += stopped is not None
            if stopped is None:
                break
        assert stops >= 3
        with runs.resumed(path) as run:
            assert run.checkpoint.queries.totals() == {"created": 40}
            assert len(channel.sandbox.contacts) == len(channel.transport.creates) == 40


# The log


def _name(run: Run) -> str:
    return run.checkpoint.info.run_id


def logged(tmp_path: Path, *, values: bool = False) -> tuple[str, Channel]:
    path = tmp_path / "calls.jsonl"
    text = "phone,heyx contact id,first name,tags\n+441234567890,,Zenobia,Secret tag\n,1776025372480910,Ann,\n"
    with Channel(Faults(refuse_message="Zenobia is taken", refuse_creates=1)) as channel:
        channel.sandbox.add({"firstName": "Before"}, id="1776025372480910")
        with runs.staged(tmp_path, text) as run, CallLog(path, values=values, run=_name(run)) as log:
            send(channel, run, log=log)
    text = path.read_text(encoding="utf-8")
    assert all(read_line(line, CallLogLine) for line in text.splitlines())
    return text, channel


def test_the_log_has_a_line_for_each_call_and_no_value_of_any_contact(tmp_path: Path) -> None:
    text, channel = logged(tmp_path)
    lines = [read_line(line, CallLogLine) for line in text.splitlines()]
    assert len(lines) == len(channel.transport.seen) > 3
    assert {line["call"] for line in lines} >= {"find", "create", "update"}
    for secret in ("1234567890", "1776025372480910", "Zenobia", "Ann", "Secret", TOKEN):
        assert secret not in text
    assert ((tmp_path / "calls.jsonl").stat().st_mode & 0o777) == 0o600


def test_ids_in_the_log_are_hashed_alike_within_a_run_and_otherwise_in_another(tmp_path: Path) -> None:
    contacts = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        text, _ = logged(folder)
        contacts.append({line["contact"] for line in map(json.loads, text.splitlines())} - {None})
    assert [len(found) for found in contacts] == [1, 1]
    assert contacts[0] != contacts[1]


def test_with_log_values_the_log_tells_everything_but_the_token(tmp_path: Path) -> None:
    text, _ = logged(tmp_path, values=True)
    for told in ("1234567890", "1776025372480910", "Zenobia is taken", "Ann"):
        assert told in text
    assert TOKEN not in text


# A whole sheet


@pytest.mark.slow
def test_after_many_rows_with_3_percent_faults_every_account_of_the_run_agrees_to_the_call(tmp_path: Path) -> None:
    rows = "".join(f"+4412{number:07},Name {number},a;b,\n" for number in range(MANY))
    faulty = Faults(
        seed=5,
        lose_answers=0.01,
        lose_requests=0.005,
        errors_before=0.01,
        errors_after_write=0.005,
        refuse_every=33,
    )
    log_path = tmp_path / "calls.jsonl"
    with Channel(faulty, limit=200) as channel, runs.staged(tmp_path, HEADER + rows) as run:
        with CallLog(log_path, run=_name(run)) as log:
            watch = StopMonitor(StopConditions(), open_between=run.checkpoint.queries.open_between)
            sent = channel.send(run, settings(), recorder=CallRecorder(watch, checkpoint=run.checkpoint, log=log))
        stands = run_status(run)
        told = rows_of(results.write_results(run, tmp_path / "r.csv").path)
        failed = results.write_failed(run, tmp_path / "f.csv")
        assert failed is not None
        given_back = rows_of(failed.path)
        calls = channel.sandbox.calls
    lines = [read_line(line, CallLogLine) for line in log_path.read_text(encoding="utf-8").splitlines()]
    assert (sent.stopped, stands.audit_errors, stands.outcomes.get(CallOutcome.UNKNOWN, 0)) == (None, (), 0)
    by_sandbox = calls["accepted"] + calls["refused_429"] + calls["lost_requests"]
    assert [sent.calls, sum(stands.calls.values()), len(lines)] == [by_sandbox] * 3
    assert Counter(line["call"] for line in lines) == stands.calls
    assert Counter(line["outcome"] for line in lines) == {str(what): n for what, n in stands.outcomes.items()}
    assert stands.outcomes[CallOutcome.UNANSWERED] > 0.02 * len(lines)
    assert Counter(line["heyx status"] for line in told) == stands.totals
    assert len(told) == sum(stands.totals.values()) == MANY
    need = stands.totals["failed"] + stands.totals.get("uncertain", 0)
    assert len(given_back) == sum(cause.rows for cause in stands.causes) == need > 0.01 * MANY
    assert len({line["heyx contact id"] for line in told} - {""}) == len(channel.sandbox.contacts) == MANY - need
