"""Rows of one person under different keys, and people who share a key."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Match, Matching, Mode
from heyx_bulk.sandbox import Faults
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import revalidate, warnings_of
from tests.support import runs
from tests.support.runs import Channel, RecordedRequest, settings, statuses

HEADER = "phone,email,first name,tags\n"
FIRST_KEY = UploadOptions(matching=Matching(match=Match.FIRST))
ADA = "+447700900101,ada@x.org,Ada,t\n"
FAMILY = "".join(f"+44770090010{number},home@x.org,N{number},\n" for number in range(1, 8))


def phones(channel: Channel) -> list[str]:
    return sorted(str(contact.fields.get("phone")) for contact in channel.sandbox.contacts)


def test_a_contact_that_has_the_email_and_no_phone_is_updated_and_gets_the_phone(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ADA) as run:
        channel.sandbox.add({"email": "ada@x.org"})
        due = estimate(run.open_rows(), run.matching)
        sent = channel.send(run)
        assert (statuses(run), phones(channel)) == ({2: "updated"}, ["+447700900101"])
        assert (due.lesser_key_calls, sent.calls <= due.calls) == (1, True)


def test_a_contact_that_has_the_email_and_another_phone_is_left_alone_and_both_phones_are_named(
    tmp_path: Path,
) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ADA) as run:
        contact = channel.sandbox.add({"email": "ada@x.org", "phone": "+447700900109"})
        channel.send(run)
        assert (statuses(run), phones(channel)) == ({2: "failed"}, ["+447700900109"])
        message = run.checkpoint.queue.row(2).message
        assert f"contact {contact} has the email ada@x.org and the phone +447700900109" in message
        assert "but the row has the phone +447700900101" in message
        assert run.checkpoint.reopening.reopen_failed() == 1
        channel.send(run)
        assert (statuses(run), phones(channel)) == ({2: "failed"}, ["+447700900109"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (FIRST_KEY, ["+447700900101", "+447700900109"]),
        (UploadOptions(matching=Matching(mode=Mode.UPDATE)), ["+447700900109"]),
        (UploadOptions(matching=Matching(mode=Mode.CREATE)), ["+447700900109"]),
    ],
)
def test_an_option_says_whose_contact_it_is(tmp_path: Path, options: UploadOptions, expected: list[str]) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ADA, options) as run:
        channel.sandbox.add({"email": "ada@x.org", "phone": "+447700900109"})
        channel.send(run)
        assert phones(channel) == expected


def test_a_dry_run_says_the_same_and_costs_the_searches_alone(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ADA + "+447700900102,bob@x.org,Bob,\n") as run:
        channel.sandbox.add({"email": "ada@x.org", "phone": "+447700900109"})
        channel.sandbox.add({"email": "bob@x.org"})
        sent = channel.send(run, on_planned=lambda *_: None)
        assert (statuses(run), sent.calls) == ({2: "failed", 3: "updated"}, 6)


# Creates that went unanswered


def lose_creates(channel: Channel, *, effect: bool) -> None:
    def cut(_number: int, seen: RecordedRequest) -> None:
        if seen.creates and len(channel.transport.creates) == 1:
            raise httpx.ReadError("cut")

    if effect:
        channel.transport.after = cut
    else:
        channel.transport.before = cut


@pytest.mark.parametrize("effect", [True, False])
def test_after_a_lost_create_nobody_is_there_twice(tmp_path: Path, *, effect: bool) -> None:
    with Channel(Faults(lag=20)) as channel, runs.staged(tmp_path, HEADER + ADA) as run:
        lose_creates(channel, effect=effect)
        channel.send(run)
        assert (statuses(run), phones(channel)) == ({2: "created"}, ["+447700900101"])


@pytest.mark.parametrize(("phone", "status"), [("", "created"), ("+447700900109", "failed")])
def test_a_contact_that_came_while_a_create_was_lost_is_matched_as_any_other(
    tmp_path: Path, phone: str, status: str
) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ADA) as run:

        def cut(_number: int, seen: RecordedRequest) -> None:
            if seen.creates and len(channel.transport.creates) == 1:
                channel.sandbox.add({"email": "ada@x.org", "phone": phone})
                raise httpx.ReadError("cut")

        channel.transport.before = cut
        channel.send(run)
        assert (statuses(run), phones(channel)) == ({2: status}, [phone or "+447700900101"])
        assert len(channel.transport.creates) == 1


def test_a_lost_create_of_a_shared_email_is_found_by_its_phone_alone(tmp_path: Path) -> None:
    with Channel(Faults(lag=20)) as channel, runs.staged(tmp_path, HEADER + FAMILY) as run:
        lose_creates(channel, effect=False)
        channel.send(run, settings(workers=1))
        assert statuses(run) == dict.fromkeys(range(2, 9), "created")
        assert phones(channel) == [f"+44770090010{number}" for number in range(1, 8)]


# People who share an address


@pytest.mark.parametrize("duplicates", Duplicates)
def test_rows_that_share_an_email_and_have_different_phones_stay_different_contacts(
    tmp_path: Path, duplicates: Duplicates
) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + FAMILY, UploadOptions(duplicates=duplicates)) as run:
        (warning,) = warnings_of(run.checkpoint)
        assert (warning.what, warning.rows, warning.first) == (
            "same email as an earlier row, different phone: sent as different contacts",
            6,
            (3, 4, 5, 6, 7),
        )
        due = estimate(run.open_rows(), run.matching, blocked=run.checkpoint.queries.count_blocked())
        sent = channel.send(run)
        assert statuses(run) == dict.fromkeys(range(2, 9), "created")
        assert phones(channel) == [f"+44770090010{number}" for number in range(1, 8)]
        messages = [record.message for record in run.checkpoint.queue.rows()]
        assert messages == ["", *["same email as row 2, different phone"] * 6]
        assert (sent.calls, due.calls) == (3 * 7, 3 * 7)


def test_a_sheet_with_a_shared_email_changes_nothing_when_it_is_sent_again(tmp_path: Path) -> None:
    with Channel() as channel:
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            with runs.staged(tmp_path / name, HEADER + FAMILY) as run:
                channel.send(run)
                expected = "created" if name == "first" else "unchanged"
                assert statuses(run) == dict.fromkeys(range(2, 9), expected)


def test_a_run_with_a_shared_email_is_sent_again_as_it_began(tmp_path: Path) -> None:
    with Channel(Faults(refuse_creates=3)) as channel:
        path = runs.checkpoint(runs.sheet(tmp_path, HEADER + FAMILY))
        with runs.resumed(path) as run:
            channel.send(run)
            assert sorted(statuses(run).values()) == ["created"] * 4 + ["failed"] * 3
        with runs.resumed(path) as run:
            run.checkpoint.reopening.reopen_failed()
            channel.send(run)
            assert statuses(run) == dict.fromkeys(range(2, 9), "created")
        assert phones(channel) == [f"+44770090010{number}" for number in range(1, 8)]


def test_a_corrected_row_waits_for_nobody_who_only_shares_its_email(tmp_path: Path) -> None:
    with runs.staged(tmp_path, HEADER + FAMILY) as run:
        corrected = revalidate(run, 4, ("+447700900103", "home@x.org", "Nora", ""), None, ())
        run.checkpoint.reopening.apply_corrections([corrected])
        assert run.checkpoint.queries.count_blocked() == 0


TRIAL = ",pia@x.org,Pia,\n+447700900101,pia@x.org,Pia,\n+447700900101,,Pia,\n+447700900102,pia@x.org,Pia 2,\n"


def test_of_one_person_s_rows_those_that_cannot_be_told_apart_are_invalid_before_sending(tmp_path: Path) -> None:
    with runs.staged(tmp_path, HEADER + TRIAL) as run:
        problems = {record.number: record.message for record in run.checkpoint.queue.rows() if record.message}
    assert problems == {
        2: "same email as rows 3, 5, which differ in phone: add the phone of the contact that is meant, or upload "
        "with --match first",
        4: "same phone as row 3: leave one out, or upload with --duplicates merge or last",
    }


@pytest.mark.parametrize(
    ("duplicates", "expected"),
    [
        (Duplicates.ERROR, {2: "created", 3: "invalid", 4: "invalid"}),
        (Duplicates.LAST, {2: "skipped", 3: "skipped", 4: "created"}),
        (Duplicates.MERGE, {2: "created", 3: "created", 4: "created"}),
    ],
)
def test_rows_of_one_contact_are_settled_by_every_key(
    tmp_path: Path, duplicates: Duplicates, expected: dict[int, str]
) -> None:
    rows = ",pia@x.org,Pia,\n+447700900101,PIA@x.org,,\n+447700900101,,,late\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows, UploadOptions(duplicates=duplicates)) as run:
        channel.send(run)
        assert statuses(run) == expected
        assert len(channel.sandbox.contacts) == 1


def test_with_match_first_only_rows_with_the_same_first_key_are_duplicates(tmp_path: Path) -> None:
    with runs.staged(tmp_path, HEADER + TRIAL, FIRST_KEY) as run:
        assert (statuses(run), warnings_of(run.checkpoint)) == (
            {2: "ready", 3: "ready", 4: "invalid", 5: "ready"},
            [],
        )
