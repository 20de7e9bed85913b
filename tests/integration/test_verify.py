"""What was sent is read back, and every difference told: before the rest is sent (the canary) and afterwards."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random

import pytest

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.errors import VerificationError
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.reports.read_back import Comparison, Difference, verify_run
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.canary import Canary, choose
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.runs import PLAIN, Channel, settings

CUSTOM = UploadOptions(mapping=MappingOptions(custom_fields=True))
HEADER = "phone,email,first name,City,Street,tags,remove tags\n"
PEOPLE = HEADER + "".join(
    [
        *(f"+44123456{number:03},,Name {number},,,,\n" for number in range(30)),
        "+44123456900,,Ann,Lahore,,,\n",
        ",bob@x.org,Bob,,Mall Road,VIP!,\n",
        "+44123456901,,Cyd,,,,Old\n",
    ]
)
WRONG = {
    "drops": (Faults(drop_fields=frozenset({"City"})), 32, Difference("City", "Lahore", "")),
    "changes": (
        Faults(change_fields=frozenset({"Street"})),
        33,
        Difference("Street", "Mall Road", "MALL ROAD"),
    ),
    "cleans a tag": (Faults(clean_tags=True), 33, Difference("tag", "VIP!", "VIP")),
}


def send(channel: Channel, run: Run, rows: int) -> tuple[SessionSummary, list[str]]:
    told: list[str] = []
    return channel.send(run, work=Canary(run, rows, say=told.append)), told


def compared(channel: Channel, run: Run, sample: int | None = None) -> list[Comparison]:
    chance = Random(1)  # noqa: S311  a sample is no secret
    return channel.run(verify_run(run, settings(), sample=sample, chance=chance, transport=channel.transport))


# The canary


def test_the_first_rows_show_every_column_and_every_kind_of_call_and_then_the_rest_follows(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        sent, told = send(channel, run, 4)
        assert sent.stopped is None
        assert "4 rows (2, 32, 33, 34)" in told[0]
        assert "all as sent" in told[1]
        reads = [number for number, seen in enumerate(channel.transport.seen) if "/v1/contact/by" not in seen.path]
        first_read = next(n for n in reads if channel.transport.seen[n].method == "GET")
        assert {seen.fields["firstName"] for seen in channel.transport.seen[:first_read] if seen.creates} == {
            "Name 0",
            "Ann",
            "Bob",
            "Cyd",
        }
        assert run.checkpoint.queries.totals() == {"created": 33}


@pytest.mark.parametrize("what", WRONG)
def test_a_difference_stops_the_run_and_is_shown_and_the_rest_waits(tmp_path: Path, what: str) -> None:
    faults, number, difference = WRONG[what]
    with Channel(faults) as channel, runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        sent, _ = send(channel, run, 4)
        assert isinstance(sent.stopped, VerificationError)
        assert f"row {number}, contact " in sent.stopped.what
        held = f"“{difference.stored}”" if difference.stored else "nothing"
        assert f"{difference.what}: sent “{difference.sent}”, HeyX has {held}" in sent.stopped.what
        assert len(channel.sandbox.contacts) == 4
        assert run.checkpoint.queries.totals() == {"created": 3, "to do": 30}


def test_once_heyx_is_mended_the_same_command_sends_what_was_missing_and_then_the_rest(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, PEOPLE), CUSTOM)
    with Channel(Faults(drop_fields=frozenset({"City"}))) as channel:
        for _ in range(2):
            with runs.resumed(path) as run:
                sent, told = send(channel, run, 4)
                assert isinstance(sent.stopped, VerificationError)
                assert "(2, 32, 33, 34)" in told[0]
        channel.sandbox._contacts._faults = PLAIN
        with runs.resumed(path) as run:
            sent, _ = send(channel, run, 4)
            assert (sent.stopped, run.checkpoint.queries.totals()) == (None, {"created": 33})
            assert channel.contact(firstName="Ann").fields["City"] == "Lahore"
            assert len(channel.sandbox.contacts) == len(channel.transport.creates) == 33
            assert compared(channel, run) == [
                Comparison(record.number, record.contact_id or "", ()) for record in run.checkpoint.queue.rows()
            ]


def test_without_the_canary_the_rest_is_sent_as_things_are(tmp_path: Path) -> None:
    dropping = Faults(drop_fields=frozenset({"City"}))
    with Channel(dropping) as channel, runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        send(channel, run, 4)
        assert channel.send(run).stopped is None
        assert run.checkpoint.queries.totals() == {"created": 33}
        assert len(channel.sandbox.contacts) == 33


def test_a_row_that_heyx_refuses_ends_the_canary_and_is_sent_again(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, PEOPLE), CUSTOM)
    with Channel(Faults(refuse_creates=1)) as channel:
        with runs.resumed(path) as run:
            sent, _ = send(channel, run, 4)
            assert isinstance(sent.stopped, VerificationError)
            assert "failed: HeyX answered 403" in sent.stopped.what
        with runs.resumed(path) as run:
            assert send(channel, run, 4)[0].stopped is None
            assert run.checkpoint.queries.totals() == {"created": 33}
        assert len(channel.sandbox.contacts) == 33


def test_a_canary_that_passed_is_not_asked_again(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, PEOPLE), CUSTOM)
    with Channel() as channel:
        with runs.resumed(path) as run:
            channel.transport.before = partial(_cut_at, 40)
            with pytest.raises((runs.PowerCut, BaseExceptionGroup)):
                send(channel, run, 4)
        channel.transport.before = partial(_cut_at, 0)
        with runs.resumed(path) as run:
            sent, told = send(channel, run, 4)
            assert (sent.stopped, told, run.checkpoint.queries.totals()) == (None, [], {"created": 33})


def _cut_at(last: int, number: int, _: runs.RecordedRequest) -> None:
    if number == last:
        raise runs.PowerCut


def test_so_few_rows_that_a_column_is_not_among_them_are_told(tmp_path: Path) -> None:
    with runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        numbers, missing = choose(run.open_rows(), 1, run)
        assert numbers == [33]
        assert missing == ["City", "phone", "rows by phone", "tags to remove"]


# Verify


@pytest.mark.slow
@pytest.mark.parametrize("what", WRONG)
def test_verify_tells_every_difference(tmp_path: Path, what: str) -> None:
    faults, number, difference = WRONG[what]
    with Channel(faults) as channel, runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        channel.send(run)
        writes = sum(seen.writes for seen in channel.transport.seen)
        found = compared(channel, run)
        assert [(one.number, one.differences) for one in found if not one.matches] == [(number, (difference,))]
        assert len(found) == 33
        assert sum(seen.writes for seen in channel.transport.seen) == writes


def test_what_was_changed_in_heyx_since_is_told_too_and_a_contact_that_is_gone(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        channel.send(run)
        ann, cyd = (channel.contact(firstName=name).id for name in ("Ann", "Cyd"))
        records = channel.sandbox._contacts.records
        records[ann].fields["firstName"] = "Anna"
        records[cyd].tags["Old"] = None
        del records[channel.contact(firstName="Bob").id]
        wrong = {one.number: one for one in compared(channel, run) if not one.matches}
        assert wrong[32].differences == (Difference("firstName", "Ann", "Anna"),)
        assert wrong[34].differences == (Difference("removed tag", "Old", "Old"),)
        assert "no such contact" in wrong[33].read_error


def test_a_sample_is_so_many_rows_and_reads_no_other(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, PEOPLE, CUSTOM) as run:
        channel.send(run)
        before = len(channel.transport.seen)
        assert len(compared(channel, run, sample=5)) == len(channel.transport.seen) - before == 5
