from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import httpx
import pytest

from heyx_bulk.api.client import Client, SessionSummary
from heyx_bulk.errors import DiskFull, Interrupted, Unauthorized, Unreachable
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.calls import Call
from heyx_bulk.models.contacts import Contact, ContactRow, Field, Outcome, Status
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Match, Matching
from heyx_bulk.rate_limit.concurrency import AT_FIRST
from heyx_bulk.sandbox import Faults, SandboxContact
from heyx_bulk.sandbox.faults import ExistingPhone, PhoneSpelling, Search
from heyx_bulk.settings.rate import Rate
from heyx_bulk.storage.cache.channel_cache import ChannelCache, KeyLock
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.row_record import RowState
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.sender import RowSender
from heyx_bulk.upload.upload_session import send_rows
from heyx_bulk.values.text import digits
from tests.support import runs
from tests.support.runs import (
    PLAIN,
    Channel,
    PowerCut,
    RecordedRequest,
    RecordingProgress,
    settings,
    statuses,
)

HEADER = "phone,email,first name,tags\n"
FIRST_KEY = UploadOptions(matching=Matching(match=Match.FIRST))
"""Rows that share only a lesser key are then no duplicates."""

NO_MATCH = UploadOptions(mapping=MappingOptions(), matching=Matching(no_match=True))
CUSTOM = UploadOptions(mapping=MappingOptions(custom_fields=True))


def people(channel: Channel) -> dict[str, list[SandboxContact]]:
    """The sandbox's contacts by the digits of their phones."""
    found: dict[str, list[SandboxContact]] = {}
    for contact in channel.sandbox.contacts:
        found.setdefault(digits(str(contact.fields.get("phone") or "")), []).append(contact)
    return found


def plain(contact: SandboxContact) -> tuple[dict[str, object], frozenset[str]]:
    return dict(contact.fields), contact.tags


# What becomes of rows


def test_rows_are_created_updated_or_left_alone(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a;b\n+4412345679,bob@x.org,Bob,a\n,cyd@x.org,Cyd,a\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:
        bob = channel.sandbox.add({"phone": "4412345679", "firstName": "Robert"}, ["z"])
        cyd = channel.sandbox.add({"email": "cyd@x.org", "firstName": "Cyd"}, ["a", "z"])
        sent = channel.send(run)
        ann = channel.contact(phone="+4412345678").id
        assert sorted(channel.progress.outcomes, key=lambda outcome: outcome.number) == [
            Outcome(2, Status.CREATED, ann),
            Outcome(3, Status.UPDATED, bob),
            Outcome(4, Status.UNCHANGED, cyd),
        ]
        assert plain(channel.contact(firstName="Ann")) == (
            {"phone": "+4412345678", "firstName": "Ann"},
            frozenset("ab"),
        )
        assert plain(channel.contact(firstName="Bob")) == (
            {"phone": "4412345679", "firstName": "Bob", "email": "bob@x.org"},
            frozenset("az"),
        )
        assert (sent.stopped, sent.throttled, sent.calls) == (None, 0, len(channel.transport.seen))
        assert run.checkpoint.queries.totals() == {"created": 1, "updated": 1, "unchanged": 1}


def test_a_row_with_an_id_and_no_key_is_written_without_looking(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, "heyx contact id,first name\na/b+c=@,Ann\n") as run:
        channel.sandbox.add({"firstName": "Ann"}, id="a/b+c=@")
        channel.send(run)
        assert [(seen.method, seen.path) for seen in channel.transport.seen] == [
            ("PUT", "/api/v1/contact/a%2Fb%2Bc%3D%40")
        ]
        assert channel.progress.outcomes == [Outcome(2, Status.UPDATED, "a/b+c=@")]


def test_a_row_with_an_id_and_a_key_is_read_first_and_refused_where_they_disagree(tmp_path: Path) -> None:
    rows = "heyx contact id,phone,first name\n7,+4412345678,Ann\n8,+4412345679,Bob\n9,+4412345670,Cyd\n"
    with Channel() as channel, runs.staged(tmp_path, rows) as run:
        channel.sandbox.add({"phone": "4412345678"}, id="7")
        channel.sandbox.add({"phone": "4499999999"}, id="8")
        channel.send(run)
        assert statuses(run) == {2: "updated", 3: "failed", 4: "failed"}
        assert "4499999999" in run.checkpoint.queue.row(3).message
        assert "no such contact" in run.checkpoint.queue.row(4).message
        assert [seen.path for seen in channel.transport.seen if seen.writes] == ["/api/v1/contact/7"]


def test_a_trusted_id_is_written_whatever_its_key(tmp_path: Path) -> None:
    options = UploadOptions(matching=Matching(trust_ids=True))
    with (
        Channel() as channel,
        runs.staged(tmp_path, "heyx contact id,phone\n8,+4412345679\n", options) as run,
    ):
        channel.sandbox.add({"phone": "4499999999"}, id="8")
        channel.send(run)
        assert (statuses(run), len(channel.transport.seen)) == ({2: "updated"}, 1)


def test_many_fields_and_tags_go_in_as_few_calls_as_can_be(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(44)]
    tags = [f"t{number}" for number in range(23)]
    sheet = runs.written(
        tmp_path, [*names, "phone", "tags"], [[*(f"v {name}" for name in names), "+4412345678", ";".join(tags)]]
    )
    with Channel() as channel, runs.resumed(runs.checkpoint(sheet, CUSTOM)) as run:
        channel.send(run)
        writes = [seen for seen in channel.transport.seen if seen.writes]
        assert [(len(seen.fields), len(seen.tags)) for seen in writes] == [
            (30, 0),
            (15, 0),
            (0, 10),
            (0, 10),
            (0, 3),
        ]
        assert writes[0].fields["phone"] == "+4412345678"
        assert plain(channel.contact(phone="+4412345678")) == (
            {**{name: f"v {name}" for name in names}, "phone": "+4412345678"},
            frozenset(tags),
        )
        assert statuses(run) == {2: "created"}


@pytest.mark.parametrize("stored", ["as-sent", "plus", "digits"])
def test_a_phone_is_found_however_it_is_spelled(tmp_path: Path, stored: str) -> None:
    spelled = {"as-sent": "+44 12345678", "plus": "+4412345678", "digits": "4412345678"}[stored]
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+44 12345678,,Ann,\n") as run:
        channel.sandbox.add({"phone": spelled, "firstName": "Ann"})
        channel.send(run)
        assert (statuses(run), channel.transport.creates) == ({2: "unchanged"}, [])


def test_a_loose_search_is_read_to_its_end_and_every_match_compared(tmp_path: Path) -> None:
    with (
        Channel(Faults(search="loose")) as channel,
        runs.staged(
            tmp_path, HEADER + ",,Ann Lee,\n", UploadOptions(mapping=MappingOptions(key=("firstName",)))
        ) as run,
    ):
        for number in range(35):
            channel.sandbox.add({"firstName": f"Ann {number}"}, id=f"{number:04}")
        wanted = channel.sandbox.add({"firstName": "Ann Lee"})
        channel.send(run)
        assert run.checkpoint.queue.row(2).contact_id == wanted
        assert [seen.path.rpartition("page=")[2][:2] for seen in channel.transport.seen[1:4]] == ["2", "3", "4"]


def test_a_key_that_several_contacts_have_fails_the_row(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n+4412345679,,Bob,\n") as run,
    ):
        for contact_id in "78":
            channel.sandbox.add({"phone": "+4412345678"}, id=contact_id)
        channel.send(run)
        assert statuses(run) == {2: "failed", 3: "created"}
        assert "7, 8" in run.checkpoint.queue.row(2).message


def test_a_refused_call_fails_its_row_and_the_others_go_on(tmp_path: Path) -> None:
    rows = "".join(f"+44123456{number:02},,P{number},\n" for number in range(20))
    with Channel(Faults(refuse_every=5, refuse_message="Too tall.")) as channel:
        with runs.staged(tmp_path, HEADER + rows) as run:
            channel.send(run)
            assert run.checkpoint.queries.totals() == {"created": 16, "failed": 4}
            messages = {record.message for record in run.checkpoint.queue.rows() if record.status is Status.FAILED}
            assert messages == {"HeyX answered 403: Too tall."}
        assert len(channel.sandbox.contacts) == 16


def test_a_field_that_heyx_never_takes_is_written_once_in_a_run(tmp_path: Path) -> None:
    with Channel(Faults(drop_fields=frozenset(["city"]), put_answers_other_id=True)) as channel:
        channel.sandbox.add({"phone": "+4412345678"})
        with runs.staged(tmp_path, "phone,city,tags\n+4412345678,Oslo,a\n", CUSTOM) as run:
            channel.send(run)
            assert statuses(run) == {2: "updated"}
            assert Counter(seen.method for seen in channel.transport.seen) == {"GET": 1, "PUT": 1, "POST": 1}


def test_tags_are_removed_where_the_contact_has_them(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, "phone,remove tags\n+4412345678,a;b\n+4412345679,a\n") as run,
    ):
        channel.sandbox.add({"phone": "+4412345678"}, ["b", "c"])
        channel.sandbox.add({"phone": "+4412345679"}, ["c"])
        channel.send(run)
        assert statuses(run) == {2: "updated", 3: "unchanged"}
        assert [seen.tags for seen in channel.transport.of("DELETE")] == [["b"]]


def test_a_finished_run_sends_nothing(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n") as run:
        channel.send(run)
        assert channel.send(run) == SessionSummary(calls=0, throttled=0, seconds=0, stopped=None)


def test_an_empty_sheet_is_a_finished_run(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ",,Ann,\n") as run:
        assert channel.send(run).calls == 0


# Whose turn a row has


def test_no_more_calls_are_under_way_than_there_are_workers(tmp_path: Path) -> None:
    rows = "".join(f"+44123456{number:02},,P{number},\n" for number in range(40))
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:
        channel.send(run, settings(workers=3))
        began = [seen.began for seen in channel.transport.seen]
        assert max(sum(s.began <= at < (s.ended or at) for s in channel.transport.seen) for at in began) == 3


@pytest.mark.slow
def test_heyx_refuses_no_call_of_a_run_as_one_too_many(tmp_path: Path) -> None:
    rows = "".join(f"+4412345{number:03},,P{number},\n" for number in range(300))
    chance = Random(7)  # noqa: S311  traffic is no secret
    latency = partial(chance.uniform, 0.05, 0.8)
    with Channel(limit=200, latency=latency) as channel, runs.staged(tmp_path, HEADER + rows) as run:
        sent = channel.send(run)
        assert (run.checkpoint.queries.totals(), sent.throttled, sent.calls) == ({"created": 300}, 0, 900)
        assert sent.seconds == pytest.approx(245, abs=10)
        assert max(channel.progress.waits) > 50


def overlapping(seen: Sequence[RecordedRequest]) -> list[tuple[RecordedRequest, RecordedRequest]]:
    ordered = sorted(seen, key=lambda one: one.began)
    return [(one, other) for one, other in pairwise(ordered) if one.ended is None or other.began < one.ended]


def test_rows_that_share_any_key_value_are_never_worked_on_at_once(tmp_path: Path) -> None:
    rows = [
        *["+4412345670,a@x.org,P0,t", "+4412345671,A@X,P1,t;u", ",a@x.org,P2,v", "+4412345673,a@x.org,P3,"],
        *["+4412345674,b@x.org,P4,t", "+4412345675,A@x.org,P5,t"],
    ]
    with (
        Channel(Faults(lag=20)) as channel,
        runs.staged(tmp_path, HEADER + "\n".join(rows[:4]) + "\n", FIRST_KEY) as run,
    ):
        channel.send(run)
        assert len(channel.transport.seen) > 8
        assert overlapping(channel.transport.seen) == []
    with Channel() as channel, runs.staged(tmp_path, HEADER + "\n".join(rows) + "\n", FIRST_KEY) as run:
        channel.send(run)
        assert overlapping(channel.transport.seen) != []


def test_a_later_row_takes_the_contact_of_an_earlier_one_though_no_search_finds_it_yet(tmp_path: Path) -> None:
    rows = "+4412345670,a@x.org,Ann,\n+4412345671,b@x.org,Bob,\n,A@x.org,Annie,late\n"
    with Channel(Faults(lag=10_000)) as channel, runs.staged(tmp_path, HEADER + rows, FIRST_KEY) as run:
        channel.send(run)
        assert statuses(run) == {2: "created", 3: "created", 4: "updated"}
        ann = channel.contact(phone="+4412345670")
        assert run.checkpoint.queue.row(4).contact_id == ann.id
        assert plain(ann) == ({**ann.fields, "firstName": "Annie"}, frozenset({"late"}))
        assert len(channel.sandbox.contacts) == 2


def test_a_later_row_waits_until_the_doubt_of_an_earlier_one_is_settled(tmp_path: Path) -> None:
    rows = "+4412345670,a@x.org,Ann,\n,a@x.org,Annie,late\n"
    with (
        Channel(Faults(lose_create_answers=1, lag=40)) as channel,
        runs.staged(tmp_path, HEADER + rows, FIRST_KEY) as run,
    ):
        channel.send(run)
        assert statuses(run) == {2: "created", 3: "updated"}
        assert len(channel.sandbox.contacts) == 1
        assert channel.contact(phone="+4412345670").fields["firstName"] == "Annie"


def test_later_rows_go_on_when_an_earlier_one_failed(tmp_path: Path) -> None:
    rows = "+4412345670,a@x.org,Ann,\n,a@x.org,Annie,late\n"
    with Channel(Faults(refuse_creates=1)) as channel, runs.staged(tmp_path, HEADER + rows, FIRST_KEY) as run:
        channel.send(run)
        assert statuses(run) == {2: "failed", 3: "created"}


# The order of writes


def test_what_is_about_to_happen_is_in_the_journal_before_it_does(tmp_path: Path) -> None:
    heard: list[object] = []
    with (
        Channel(Faults(ids="cus")) as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,a@x.org,Ann,a\n") as run,
    ):
        path = run.checkpoint.path

        def look(_number: int, seen: RecordedRequest) -> None:
            with Checkpoint.open(path) as checkpoint:
                record = checkpoint.queue.row(2)
                sent = (
                    None
                    if record.create_payload is None
                    else {field.name: field.value for field in record.create_payload}
                )
                heard.append((seen.method, record.state, sent, record.contact_id))

        def look_too(outcome: Outcome) -> None:
            with Checkpoint.open(path) as checkpoint:
                heard.append((outcome.status, checkpoint.queue.row(2).status))

        channel.transport.before = look
        channel.send(run, progress=RecordingProgress(look_too))
        contact = channel.contact(phone="+4412345678").id
    sent = {"phone": "+4412345678", "email": "a@x.org", "firstName": "Ann"}
    assert heard == [
        *[("GET", RowState.READY, None, None)] * 3,
        ("POST", RowState.CREATE_PENDING, sent, None),
        ("POST", RowState.CREATED, sent, contact),
        ("created", "created"),
    ]


def test_that_a_contact_was_changed_is_in_the_journal_before_its_rows_next_call(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n") as run:
        contact = channel.sandbox.add({"phone": "+4412345678"})
        heard: list[tuple[str, bool, str | None]] = []

        def look(_number: int, seen: RecordedRequest) -> None:
            with Checkpoint.open(run.checkpoint.path) as checkpoint:
                heard.append(
                    (seen.method, checkpoint.queue.row(2).updated_by_run, checkpoint.queue.row(2).contact_id)
                )

        channel.transport.before = look
        channel.send(run)
    assert heard == [("GET", False, None), ("PUT", False, None), ("POST", True, contact)]


def test_a_create_is_written_down_only_when_its_turn_has_come(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ",a@x.org,Ann,\n") as run:
        states: list[str] = []
        channel.loop.call_later(30, lambda: states.append(run.checkpoint.queue.row(2).state))
        channel.send(run, settings(rate=Rate(1, 60)))
        assert states == [RowState.READY]


def test_a_create_that_a_stop_kept_from_leaving_is_no_doubt(tmp_path: Path) -> None:
    rows = "".join(f",p{number}@x.org,P,\n" for number in range(12))
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:

        def stop_soon(client: Client) -> None:
            channel.loop.call_later(0.1, client.stop, Interrupted(2))

        sent = channel.send(run, started=stop_soon)
        assert isinstance(sent.stopped, Interrupted)
        assert (run.checkpoint.queries.totals(), len(channel.transport.seen)) == ({"to do": 12}, AT_FIRST)
        assert run.checkpoint.queries.nothing_sent()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.35, 0.7, 1.0, 1.3, 2.0])
def test_a_stop_loses_nothing_and_the_next_start_carries_on(tmp_path: Path, seconds: float) -> None:
    rows = "".join(f"+44123456{number:02},,P{number},a\n" for number in range(25))
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:

        def stop_soon(client: Client) -> None:
            channel.loop.call_later(seconds, client.stop, Interrupted(2))

        sent = channel.send(run, started=stop_soon)
        assert isinstance(sent.stopped, Interrupted)
        assert sent.seconds <= seconds + 0.31
        assert run.checkpoint.queue.unconfirmed_creates() == []
        calls = len(channel.transport.seen)
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 25}
        assert [len(found) for found in people(channel).values()] == [1] * 25
        assert (len(channel.transport.creates), calls < len(channel.transport.seen)) == (25, True)


def test_a_token_that_is_no_longer_accepted_stops_the_run_with_nothing_lost(tmp_path: Path) -> None:
    rows = "".join(f"+44123456{number:02},,P{number},a\n" for number in range(25))
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:

        def revoke(number: int, _seen: RecordedRequest) -> None:
            if number == 47:
                channel.sandbox.tokens = ("another",)

        channel.transport.before = revoke
        sent = channel.send(run)
        assert isinstance(sent.stopped, Unauthorized)
        assert (len(channel.transport.seen) <= 47 + 10, run.checkpoint.queue.unconfirmed_creates()) == (True, [])
        assert 0 < len(channel.sandbox.contacts) < 25
        channel.sandbox.tokens = (runs.TOKEN,)
        assert channel.send(run).stopped is None
        assert run.checkpoint.queries.totals() == {"created": 25}
        assert [len(found) for found in people(channel).values()] == [1] * 25


def test_a_network_that_is_gone_stops_the_run_with_nothing_lost(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n+4412345679,,Bob,a\n") as run,
    ):

        def cut(number: int, _seen: RecordedRequest) -> None:
            if number >= 6:
                raise httpx.ConnectError("no route to host")

        channel.transport.before = cut
        assert isinstance(channel.send(run).stopped, Unreachable)
        assert run.checkpoint.queries.totals() == {"to do": 2}
        channel.transport.before = lambda *_: None
        channel.send(run)
        assert [len(found) for found in people(channel).values()] == [1, 1]


@pytest.mark.slow
def test_a_full_disk_stops_the_run_with_nothing_lost(tmp_path: Path) -> None:
    rows = "".join(f"+44123456{number:02},,{'P' * 900},a\n" for number in range(25))
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:
        (pages,) = run.checkpoint._db.execute("PRAGMA page_count").fetchone()
        run.checkpoint._db.execute(f"PRAGMA max_page_count={pages + 2}")
        sent = channel.send(run)
        assert isinstance(sent.stopped, DiskFull)
        assert len(channel.sandbox.contacts) < 25
        run.checkpoint._db.execute("PRAGMA max_page_count=100000")
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 25}
        assert [len(found) for found in people(channel).values()] == [1] * 25


def test_a_row_that_failed_half_way_goes_on_from_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n") as run:

        def break_tags(_number: int, seen: RecordedRequest) -> None:
            if seen.tags:
                raise httpx.ReadError("cut")

        channel.transport.before = break_tags
        channel.send(run)
        contact = channel.contact(phone="+4412345678").id
        assert [(o.status, o.contact_id) for o in channel.progress.outcomes] == [("failed", contact)]
        channel.transport.before = lambda *_: None
        channel.transport.seen.clear()
        assert run.checkpoint.reopening.reopen_failed() == 1
        channel.send(run)
        assert statuses(run) == {2: "created"}
        assert [(seen.method, seen.path) for seen in channel.transport.seen] == [
            ("GET", f"/api/v1/contact/{contact}"),
            ("POST", f"/api/v1/contact/{contact}/tags"),
        ]


# Doubts


@pytest.mark.slow
@pytest.mark.parametrize("phones", ["as-sent", "plus", "digits"])
@pytest.mark.parametrize("existing", ["twin", "conflict", "returns"])
@pytest.mark.parametrize("search", ["exact", "loose"])
@pytest.mark.parametrize(
    "faults",
    [
        Faults(lose_create_answers=0.6, lag=40, seed=1),
        Faults(lose_requests=0.2, lose_answers=0.1, lag=59, seed=2),
        Faults(errors_after_write=0.4, errors_before=0.1, lag=20, seed=3),
        Faults(lose_create_answers=0.5, error_in_200=0.1, queue=5, seed=4),
    ],
    ids=["lost answers", "cuts", "errors", "queue"],
)
def test_nobody_is_made_twice_and_nobody_is_missing(
    tmp_path: Path, faults: Faults, search: Search, existing: ExistingPhone, phones: PhoneSpelling
) -> None:
    told = replace(faults, search=search, existing_phone=existing, phones=phones)
    rows = "".join(f"+44 1{number:03} 5678{number:02},,P{number},a;b\n" for number in range(12))
    with Channel(told) as channel, runs.staged(tmp_path, HEADER + rows) as run:
        channel.sandbox.add({"phone": "441003567803", "firstName": "old"})
        for _ in range(5):
            channel.send(run)
            if not run.checkpoint.reopening.reopen_failed():
                break
        assert set(run.checkpoint.queries.totals()) <= {"created", "updated", "unchanged"}
        assert [len(found) for found in people(channel).values()] == [1] * 12
        assert {contact.tags for contact in channel.sandbox.contacts} == {frozenset("ab")}
        assert {str(contact.fields["firstName"]) for contact in channel.sandbox.contacts} == {
            f"P{number}" for number in range(12)
        }


def test_a_doubt_is_looked_at_only_when_its_contact_had_time_to_appear(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,\n+4412345679,,Bob,\n"
    with (
        Channel(Faults(lose_create_answers=1, lag=79)) as channel,
        runs.staged(tmp_path, HEADER + rows) as run,
    ):
        channel.send(run, settings(reconcile_delay=80, workers=1))
        lost = max(seen.ended or 0 for seen in channel.transport.creates)
        looks = [seen.began for seen in channel.transport.of("GET") if seen.began > lost]
        assert min(looks) >= lost + 80
        assert (statuses(run), len(channel.transport.creates)) == ({2: "created", 3: "created"}, 2)


@pytest.mark.parametrize(("status", "text"), [(409, "exists"), (449, "in the queue"), (500, ""), (404, "?")])
def test_an_error_behind_which_a_contact_was_made_makes_no_second_one(
    tmp_path: Path, status: int, text: str
) -> None:
    class Lying(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await inner.handle_async_request(request)
            return runs.told(status, {"message": text}) if request.url.path.endswith("/v1/contact") else response

    with (
        Channel(Faults(lag=30)) as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n") as run,
    ):
        inner = channel.transport.behind
        channel.transport.behind = Lying()
        channel.send(run)
        assert (statuses(run), len(channel.transport.creates)) == ({2: "created"}, 1)
        assert channel.contact(phone="+4412345678").tags == {"a"}


def test_a_create_that_was_lost_before_heyx_saw_it_is_sent_again_after_looking(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,a@x.org,Ann,\n") as run:
        lost: list[int] = []

        def lose(number: int, seen: RecordedRequest) -> None:
            if seen.creates and len(lost) < 2:
                lost.append(number)
                raise httpx.ReadError("cut")

        channel.transport.before = lose
        channel.send(run)
        assert (statuses(run), len(channel.sandbox.contacts), len(channel.transport.creates)) == (
            {2: "created"},
            1,
            3,
        )
        for earlier, later in pairwise(channel.transport.creates):
            between = [seen for seen in channel.transport.seen if earlier.began < seen.began < later.began]
            assert len(between) == 3
            assert later.began >= earlier.began + 60


def test_a_create_that_is_lost_again_and_again_leaves_its_row_uncertain(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,a@x.org,Ann,\n,a@x.org,Anna,\n", FIRST_KEY) as run,
    ):

        def lose(_number: int, seen: RecordedRequest) -> None:
            if "phone" in seen.fields:
                raise httpx.ReadError("cut")

        channel.transport.before = lose
        channel.send(run)
        assert statuses(run) == {2: "uncertain", 3: "created"}
        assert len(channel.transport.creates) == 6 + 1
        channel.transport.before = lambda *_: None
        assert run.checkpoint.reopening.reopen_failed() == 1
        channel.send(run)
        assert statuses(run) == {2: "created", 3: "created"}


def test_a_create_that_is_refused_once_nobody_was_found_fails_its_row(tmp_path: Path) -> None:
    with (
        Channel(Faults(refuse_creates=1)) as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n") as run,
    ):

        def lose(number: int, _seen: RecordedRequest) -> None:
            if number == 3:
                raise httpx.ReadError("cut")

        channel.transport.before = lose
        channel.send(run)
        assert statuses(run) == {2: "failed"}


def test_every_row_is_worked_on_once_and_reported_once_however_many_doubts_there_are(tmp_path: Path) -> None:
    rows = "".join(f"+44123456{number:02},,P{number},a\n" for number in range(36))
    with Channel(Faults(lose_create_answers=1)) as channel, runs.staged(tmp_path, HEADER + rows) as run:
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 36}
        assert Counter(outcome.number for outcome in channel.progress.outcomes) == dict.fromkeys(range(2, 38), 1)
        assert sum(bool(seen.tags) for seen in channel.transport.seen) == 36


def test_a_doubt_from_an_earlier_start_waits_from_this_start(tmp_path: Path) -> None:
    with Channel(Faults(lag=50)) as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n") as run:
        cut(channel, run, 3, after=True)
        assert run.checkpoint.queries.totals() == {"unconfirmed": 1}
        channel.run(asyncio.sleep(10_000))
        began, calls = channel.now, len(channel.transport.seen)
        channel.send(run)
        assert channel.transport.seen[calls].began == pytest.approx(began + 60, abs=0.1)
        assert (statuses(run), len(channel.sandbox.contacts)) == ({2: "created"}, 1)


def test_a_doubt_is_settled_by_the_values_its_create_carried_though_the_row_was_mended(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n") as run:
        cut(channel, run, 3, after=True)
        cells = '["+4499999999","","Ann",""]'
        run.checkpoint._db.execute("UPDATE row SET cells = ? WHERE number = 2", (cells,))
        channel.send(run)
        assert len(channel.sandbox.contacts) == 1


# Without looking


def lost_create(channel: Channel, *, before: bool) -> Callable[[int, RecordedRequest], None]:
    """Lose the first create, before HeyX saw it or after it took effect."""
    lost: list[int] = []

    def lose(number: int, seen: RecordedRequest) -> None:
        if seen.creates and not lost:
            lost.append(number)
            raise httpx.ReadError("cut")

    if before:
        channel.transport.before = lose
    else:
        channel.transport.after = lose
    return lose


def test_without_matching_every_row_makes_a_contact(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n,,Bob,\n", NO_MATCH) as run,
    ):
        channel.sandbox.add({"phone": "+4412345678"})
        channel.send(run)
        assert (statuses(run), len(channel.sandbox.contacts)) == ({2: "created", 3: "created"}, 3)
        assert channel.transport.of("GET") == []


def test_without_matching_a_lost_create_is_ours_if_it_was_not_there_before_and_has_our_values(
    tmp_path: Path,
) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345670,,Zoe,\n+4412345678,,Ann,a\n", NO_MATCH) as run,
    ):
        channel.run(asyncio.sleep(1000))
        seen: list[int] = []

        def lose(number: int, call: RecordedRequest) -> None:
            if call.fields.get("firstName") == "Ann" and not seen:
                seen.append(number)
                raise httpx.ReadError("cut")

        channel.transport.after = lose
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "created", 3: "created"}
        assert len(channel.transport.creates) == 2
        assert channel.contact(firstName="Ann").tags == {"a"}


@pytest.mark.parametrize(
    "other", [{"firstName": "Ann"}, {"firstName": "Bob"}], ids=["equal values", "other values"]
)
@pytest.mark.parametrize("effect", [True, False])
def test_without_matching_an_old_contact_with_the_key_leaves_the_row_uncertain(
    tmp_path: Path, other: dict[str, str], *, effect: bool
) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345670,,Zoe,\n+4412345678,,Ann,\n", NO_MATCH) as run,
    ):
        channel.sandbox.add({"phone": "+4412345678", **other})
        channel.run(asyncio.sleep(1000))
        seen: list[int] = []

        def lose(number: int, call: RecordedRequest) -> None:
            if call.fields.get("firstName") == "Ann" and not seen:
                seen.append(number)
                raise httpx.ReadError("cut")

        if effect:
            channel.transport.after = lose
        else:
            channel.transport.before = lose
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "created", 3: "uncertain"}
        assert len(channel.transport.creates) == 2


def test_without_matching_a_new_contact_with_other_values_is_not_taken_for_ours(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412345670,,Zoe,\n+4412345678,,Ann,\n", NO_MATCH) as run,
    ):

        def lose(_number: int, call: RecordedRequest) -> None:
            if call.fields.get("firstName") == "Ann":
                channel.sandbox.add({"phone": "+4412345678", "firstName": "Somebody else's"})
                raise httpx.ReadError("cut")

        channel.transport.before = lose
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "created", 3: "uncertain"}


def test_without_matching_a_lost_create_that_nobody_finds_is_sent_again(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n", NO_MATCH) as run:
        lost_create(channel, before=True)
        channel.send(run)
        assert (statuses(run), len(channel.sandbox.contacts), len(channel.transport.creates)) == (
            {2: "created"},
            1,
            2,
        )


@pytest.mark.parametrize("before", [True, False])
def test_a_lost_create_without_any_key_is_uncertain_and_never_sent_again(tmp_path: Path, *, before: bool) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ",,Ann,\n,,Bob,\n", NO_MATCH) as run:
        lost_create(channel, before=before)
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "uncertain", 3: "created"}
        run.checkpoint.reopening.reopen_failed()
        channel.send(run)
        assert (statuses(run)[2], len(channel.transport.creates)) == ("uncertain", 2)


# Other runs at the same time


def remembered(folder: Path, channel: Channel, seconds: float = 60) -> ChannelCache:
    return ChannelCache("channel", seconds, folder=folder / "cache", clock=channel.loop.time)


def both(channel: Channel, one: Run, other: Run, memories: Sequence[ChannelCache]) -> None:
    """Send two runs at the same time."""

    async def sending() -> None:
        async with asyncio.TaskGroup() as group:
            for run, cache in zip((one, other), memories, strict=True):
                group.create_task(
                    send_rows(
                        run, settings(), progress=RecordingProgress(), transport=channel.transport, cache=cache
                    )
                )

    channel.run(sending())


@pytest.mark.slow
@pytest.mark.parametrize(
    "told",
    [
        PLAIN,
        Faults(lag=55),
        Faults(lag=55, lose_create_answers=0.5, seed=2),
        Faults(refuse_every=3),
    ],
    ids=["plain", "lag", "lost answers", "refusals"],
)
def test_two_runs_at_the_same_time_make_nobody_twice(tmp_path: Path, told: Faults) -> None:
    texts = [
        HEADER + "".join(f"{sign}4412345{number:03},,{name}{number},{name}\n" for number in range(20))
        for sign, name in (("+", "a"), ("", "b"))
    ]
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with (
        Channel(told) as channel,
        runs.staged(folders[0], texts[0]) as one,
        runs.staged(folders[1], texts[1]) as other,
        remembered(tmp_path, channel) as first,
        remembered(tmp_path, channel) as second,
    ):
        both(channel, one, other, (first, second))
        for run in (one, other, one, other):
            run.checkpoint.reopening.reopen_failed()
            channel.send(run)
        assert [len(found) for found in people(channel).values()] == [1] * 20
        assert {contact.tags for contact in channel.sandbox.contacts} == {frozenset("ab")}


def test_a_run_right_after_another_takes_the_contacts_that_no_search_finds_yet(tmp_path: Path) -> None:
    with Channel(Faults(lag=50)) as channel, remembered(tmp_path, channel) as cache:
        for name in ("Ann", "Anna"):
            folder = tmp_path / name
            folder.mkdir()
            with runs.staged(folder, HEADER + f"+4412345678,,{name},\n") as run:
                assert channel.send(run, cache=cache).seconds < 10
        assert channel.contact(phone="+4412345678").fields["firstName"] == "Anna"


def test_rows_of_one_run_that_share_a_second_key_are_no_hindrance_to_each_other(tmp_path: Path) -> None:
    rows = "+4412345670,a@x.org,Ann,\n+4412345671,a@x.org,Bob,\n"
    with (
        Channel() as channel,
        remembered(tmp_path, channel) as cache,
        runs.staged(tmp_path, HEADER + rows) as run,
    ):
        due = estimate(run.open_rows(), run.matching)
        sent = channel.send(run, cache=cache)
        assert statuses(run) == {2: "created", 3: "created"}
        assert [len(found) for found in people(channel).values()] == [1, 1]
        assert (sent.calls <= due.calls, sent.seconds < 10) == (True, True)


@pytest.mark.parametrize(
    ("options", "second"), [(FIRST_KEY, "created"), (UploadOptions(), "failed")], ids=["first", "any"]
)
def test_a_row_of_another_run_that_shares_only_a_second_key_keeps_nobody_waiting(
    options: UploadOptions, second: str, tmp_path: Path
) -> None:
    with Channel() as channel, remembered(tmp_path, channel) as cache:
        for name, phone, status in (("Ann", "+4412345670", "created"), ("Bob", "+4412345671", second)):
            folder = tmp_path / name
            folder.mkdir()
            with runs.staged(folder, HEADER + f"{phone},a@x.org,{name},\n", options) as run:
                due = estimate(run.open_rows(), run.matching)
                sent = channel.send(run, cache=cache)
                assert statuses(run) == {2: status}
                assert (sent.calls <= due.calls + 1, sent.seconds < 10) == (True, True)


def test_a_contact_that_another_run_made_by_its_email_alone_is_waited_for(tmp_path: Path) -> None:
    with Channel(Faults(lag=30)) as channel, remembered(tmp_path, channel) as cache:
        for name, text, status in (
            ("first", ",a@x.org,Ann,", "created"),
            ("second", "+4412345678,a@x.org,Ann,", "updated"),
        ):
            folder = tmp_path / name
            folder.mkdir()
            with runs.staged(folder, f"{HEADER}{text}\n") as run:
                channel.send(run, cache=cache)
                assert statuses(run) == {2: status}
        channel.contact(phone="+4412345678", email="a@x.org")
        assert len(channel.sandbox.contacts) == 1


def test_a_row_is_not_kept_waiting_by_its_own_create_that_never_left(tmp_path: Path) -> None:
    with Channel() as channel, remembered(tmp_path, channel) as cache:

        def refuse(_number: int, seen: RecordedRequest) -> None:
            if seen.creates and len(channel.transport.creates) == 1:
                raise httpx.ConnectError("refused")

        channel.transport.before = refuse
        with runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n") as run:
            sent = channel.send(run, cache=cache)
            assert (statuses(run), sent.seconds < 10, len(channel.transport.creates)) == ({2: "created"}, True, 2)


def test_a_contact_of_another_run_that_has_the_key_no_more_is_passed_over(tmp_path: Path) -> None:
    with Channel() as channel, remembered(tmp_path, channel) as cache:
        for name, text in (("Ann", "+4412345678,,Ann,"), ("Anna", "+4412345678,,Anna,")):
            folder = tmp_path / name
            folder.mkdir()
            with runs.staged(folder, f"{HEADER}{text}\n") as run:
                sent = channel.send(run, cache=cache)
                assert (statuses(run), sent.seconds < 10) == ({2: "created"}, True)
            body = b'{"custom_fields": [{"name": "phone", "value": "+4499999999"}]}'
            for contact in channel.sandbox.contacts:
                channel.sandbox.handle("PUT", f"/v1/contact/{contact.id}", runs.TOKEN, body)
        assert len(channel.sandbox.contacts) == 2


def test_a_create_that_another_run_died_with_is_waited_for_no_longer_than_it_takes_to_appear(
    tmp_path: Path,
) -> None:
    with Channel(Faults(lag=50)) as channel, remembered(tmp_path, channel) as cache:
        for folder in (tmp_path / "dead", tmp_path / "alive"):
            folder.mkdir()
        with runs.staged(tmp_path / "dead", HEADER + "+4412345678,,Ann,\n") as run:
            cut(channel, run, 3, after=True, cache=cache)
        with runs.staged(tmp_path / "alive", HEADER + "+4412345678,,Ann,\n") as run:
            sent = channel.send(run, cache=cache)
            assert (statuses(run), len(channel.sandbox.contacts)) == ({2: "unchanged"}, 1)
            assert sent.seconds == pytest.approx(62, abs=3)


def test_a_stop_ends_the_wait_for_another_run(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        remembered(tmp_path, channel) as cache,
        runs.staged(tmp_path, HEADER + "+4412341,,A,\n") as run,
    ):
        cache.lock_keys(KeyLock("another", (Field("phone", "4412341"),), ()))
        sent = channel.send(
            run, cache=cache, started=lambda client: channel.loop.call_later(10, client.stop, Interrupted(2))
        )
        assert isinstance(sent.stopped, Interrupted)
        assert sent.seconds == pytest.approx(10, abs=0.1)
        assert run.checkpoint.queries.totals() == {"to do": 1}


# Power cuts


def cut(
    channel: Channel,
    run: Run,
    call: int,
    *,
    after: bool,
    options: Mapping[str, object] | None = None,
    cache: ChannelCache | None = None,
) -> bool:
    """Send until the power goes at the `call`-th call, before or after its effect; whether it went."""
    offset = len(channel.transport.seen)

    def fall(number: int, _seen: RecordedRequest) -> None:
        if number - offset == call:
            raise PowerCut

    channel.transport.before, channel.transport.after = (
        (lambda *_: None, fall) if after else (fall, lambda *_: None)
    )
    try:
        channel.send(run, settings(**(options or {})), cache=cache)
    except BaseExceptionGroup as group:
        if group.split(PowerCut)[1] is not None:
            raise
        return True
    finally:
        channel.transport.before = channel.transport.after = lambda *_: None
    return False


@dataclass(frozen=True)
class Night:
    """A way for HeyX to behave, in which the power goes."""

    faults: Faults = PLAIN
    options: UploadOptions = CUSTOM
    workers: int = 1


NIGHTS = {
    "plain": Night(),
    "ten workers": Night(workers=10),
    "lag": Night(Faults(lag=45, search="loose"), workers=3),
    "digits": Night(Faults(phones="digits", ids="odd", existing_phone="conflict"), workers=2),
    "lost": Night(Faults(lose_create_answers=0.5, seed=3, lag=30), workers=2),
}

WANTED = {
    "441234567800": ({"firstName": "Ann", "email": "ann@x.org"}, {"a", "b"}),
    "441234567801": ({"firstName": "Bob"}, {"old", "a"}),
    "441234567802": ({"firstName": "Cyd"}, {"a"}),
    "441234567803": ({"firstName": "Annie 2"}, set()),
    "441234567804": ({"firstName": "Fay", "f0": "v0", "f34": "v34"}, {f"t{number}" for number in range(12)}),
}


def mixed(folder: Path) -> Path:
    """A sheet with something of everything, as a checkpoint: new, old, equal, by id, wide, sharing a key."""
    wide = {f"f{number}": f"v{number}" for number in range(35)}
    columns = ["heyx contact id", "phone", "email", "first name", "tags", *wide]
    rows = [
        ["", "+44 1234 5678 00", "ann@x.org", "Ann", "a;b"],
        ["", "441234567801", "", "Bob", "a"],
        ["", "+441234567802", "", "Cyd", "a"],
        ["7", "", "", "Dan", "a"],
        ["", "+441234567803", "ann@x.org", "Annie 2", ""],
        ["", "+441234567804", "", "Fay", ";".join(f"t{number}" for number in range(12)), *wide.values()],
        ["", "", "", "Nobody", ""],
    ]
    padded = [[*row, *[""] * (len(columns) - len(row))] for row in rows]
    return runs.checkpoint(runs.written(folder, columns, padded), CUSTOM)


def seeded(night: Night) -> Channel:
    channel = Channel(night.faults)
    channel.sandbox.add({"phone": "+441234567801", "firstName": "Robert"}, ["old"])
    channel.sandbox.add({"phone": "441234567802", "firstName": "Cyd"}, ["a"])
    channel.sandbox.add({"firstName": "Daniel"}, ["old"], id="7")
    return channel


def assert_as_wanted(channel: Channel, run: Run) -> None:
    found = people(channel)
    by_id = {contact.id: contact for contact in channel.sandbox.contacts}
    assert Counter({phone: len(contacts) for phone, contacts in found.items()}) == {
        **dict.fromkeys(WANTED, 1),
        "": 1,
    }
    assert plain(by_id["7"]) == ({"firstName": "Dan"}, frozenset({"old", "a"}))
    for phone, (fields, tags) in WANTED.items():
        (contact,) = found[phone]
        assert {**contact.fields, **fields} == contact.fields
        assert contact.tags == tags
    totals = run.checkpoint.queries.totals()
    assert totals.pop("invalid") == 1
    assert set(totals) <= {"created", "updated", "unchanged"}
    assert sum(totals.values()) == 6
    ids = {record.contact_id for record in run.checkpoint.queue.rows() if record.status is not Status.INVALID}
    assert ids == set(by_id)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_whenever_the_power_goes_the_next_start_ends_as_wanted_with_nobody_twice(
    tmp_path: Path, night: Night, *, after: bool
) -> None:
    options = {"workers": night.workers}
    whole = mixed(tmp_path).read_bytes()
    path = tmp_path / "people.csv.checkpoint"
    call, went = 0, True
    while went:
        call += 1
        path.write_bytes(whole)
        with seeded(night) as channel:
            with runs.resumed(path) as run:
                went = cut(channel, run, call, after=after, options=options)
            with runs.resumed(path) as run:
                assert channel.send(run, settings(**options)).stopped is None
                assert_as_wanted(channel, run)
    assert call > 15


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_however_often_the_power_goes_the_last_start_ends_as_wanted(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  nights are no secret
    night = chance.choice(list(NIGHTS.values()))
    path = mixed(tmp_path)
    with seeded(night) as channel:
        for _ in range(12):
            with runs.resumed(path) as run:
                cut(
                    channel,
                    run,
                    chance.randint(1, 7),
                    after=chance.random() < 0.5,
                    options={"workers": night.workers},
                )
        with runs.resumed(path) as run:
            channel.send(run)
            assert_as_wanted(channel, run)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_without_matching_the_next_start_makes_nobody_twice_either(tmp_path: Path, *, after: bool) -> None:
    sheet = runs.sheet(tmp_path, HEADER + "+4412345670,,Ann,a\n+4412345671,,Bob,a\n,c@x.org,Cyd,\n")
    whole = runs.checkpoint(sheet, NO_MATCH).read_bytes()
    path = tmp_path / "people.csv.checkpoint"
    call, went = 0, True
    while went:
        call += 1
        path.write_bytes(whole)
        with Channel() as channel:
            channel.run(asyncio.sleep(1000))
            with runs.resumed(path) as run:
                went = cut(channel, run, call, after=after, options={"workers": 1})
            with runs.resumed(path) as run:
                channel.send(run, settings(workers=1))
                names = Counter(str(contact.fields["firstName"]) for contact in channel.sandbox.contacts)
                assert names == {"Ann": 1, "Bob": 1, "Cyd": 1}
                uncertain = run.checkpoint.queries.totals().pop("uncertain", 0)
                # Before the first answer HeyX's clock is not known, so the very first create stays uncertain.
                assert uncertain == (1 if call == 1 and after else 0)
    assert call == 6


# Dry runs, and doubts that are only looked at


class Plans:
    """Hears every plan of a dry run."""

    def __init__(self) -> None:
        self.calls: dict[int, tuple[Call, ...]] = {}

    def __call__(self, row: ContactRow, known: NotFound | Contact, calls: tuple[Call, ...]) -> None:
        del known
        assert row.number not in self.calls
        self.calls[row.number] = calls


def shape(call: Call) -> tuple[str, object, object]:
    request = call.request()
    seen = RecordedRequest(request.method, request.path, request.body or b"", httpx.Headers(), 0.0)
    return request.method, tuple(seen.fields.items()), tuple(seen.tags)


def test_a_dry_run_writes_nothing_and_plans_what_a_run_then_writes(tmp_path: Path) -> None:
    path = mixed(tmp_path)
    untouched = path.read_bytes()
    plans = Plans()
    with seeded(Night()) as channel:
        before = [plain(contact) for contact in channel.sandbox.contacts]
        with runs.resumed(path) as run:
            channel.send(run, on_planned=plans)
            assert [seen for seen in channel.transport.seen if seen.writes] == []
            assert [plain(contact) for contact in channel.sandbox.contacts] == before
            assert statuses(run) == {
                **dict.fromkeys((2, 6, 7), "created"),
                **dict.fromkeys((3, 5), "updated"),
                4: "unchanged",
                8: "invalid",
            }
            assert run.checkpoint.queue.unconfirmed_creates() == []
        path.write_bytes(untouched)
        channel.transport.seen.clear()
        with runs.resumed(path) as run:
            channel.send(run)
        written = Counter(
            (seen.method, tuple(seen.fields.items()), tuple(seen.tags))
            for seen in channel.transport.seen
            if seen.writes
        )
    assert sorted(plans.calls) == [2, 3, 4, 5, 6, 7]
    assert Counter(shape(call) for calls in plans.calls.values() for call in calls) == written


def test_a_doubt_that_nobody_finds_when_it_is_only_looked_at_failed(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345670,,Ann,a\n") as run:
        cut(channel, run, 3, after=False)
        assert run.checkpoint.queries.totals() == {"unconfirmed": 1}
        calls = len(channel.transport.seen)
        channel.send(run, on_planned=lambda *_: None, work=RowSender.reconcile)
        assert [seen for seen in channel.transport.seen[calls:] if seen.writes] == []
        assert statuses(run) == {2: "failed"}


def test_a_doubt_that_is_found_when_it_is_only_looked_at_is_created(tmp_path: Path) -> None:
    with (
        Channel(Faults(lag=40)) as channel,
        runs.staged(tmp_path, HEADER + "+4412345670,,Ann,a\n") as run,
    ):
        cut(channel, run, 3, after=True)
        began, calls = channel.now, len(channel.transport.seen)
        channel.send(run, on_planned=lambda *_: None, work=RowSender.reconcile)
        assert channel.transport.seen[calls].began >= began + 60
        assert [seen for seen in channel.transport.seen[calls:] if seen.writes] == []
        assert (statuses(run), run.checkpoint.queue.row(2).contact_id) == (
            {2: "created"},
            channel.contact(phone="+4412345670").id,
        )


def test_a_doubt_without_a_key_stays_uncertain_when_it_is_only_looked_at(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ",,Ann,\n", NO_MATCH) as run:
        cut(channel, run, 1, after=True)
        channel.send(run, on_planned=lambda *_: None, work=RowSender.reconcile)
        assert statuses(run) == {2: "uncertain"}


# What is told


def test_progress_hears_ticks_and_its_end_once(tmp_path: Path) -> None:
    rows = "".join(f"+44123456{number:02},,P{number},\n" for number in range(20))
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:
        sent = channel.send(run, settings(rate=Rate(10, 10)))
        assert len(channel.progress.waits) == pytest.approx(sent.seconds, abs=1.5)
        assert (max(channel.progress.waits) > 5, channel.progress.closed) == (True, 1)


def test_the_sandbox_counts_as_many_calls_as_are_told(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4412345678,,Ann,a\n") as run:
        assert channel.send(run).calls == channel.sandbox.calls["accepted"] == len(channel.transport.seen)
