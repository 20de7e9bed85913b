"""What the network leaves behind: creates in doubt, contacts that are not ready, rows half done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from heyx_bulk.api.retry import LONGEST_BACKOFF_SECONDS
from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Contact, Field, Status
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Matching
from heyx_bulk.planning.reconcile import created_by_us, manual_check, predates_create
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.cell_rows import recognize
from tests.support.runs import Channel, RecordedRequest, settings, statuses

HEADER = "phone,email,first name,tags\n"
CUSTOM = UploadOptions(mapping=MappingOptions(custom_fields=True))
NO_MATCH = UploadOptions(mapping=MappingOptions(), matching=Matching(no_match=True))
STAMPED = UploadOptions(mapping=MappingOptions(tracking_field="mark"))
STAMPED_BLIND = UploadOptions(mapping=MappingOptions(tracking_field="mark"), matching=Matching(no_match=True))
THREE = ",,Ann,\n,,Bob,\n,,Cyd,\n"


def lose(channel: Channel, name: str, *, effect: bool, times: int = 1) -> None:
    """Lose the answers to creates of this first name, before or after they took effect."""
    lost: list[int] = []

    def cut(number: int, seen: RecordedRequest) -> None:
        if seen.creates and seen.fields.get("firstName") == name and len(lost) < times:
            lost.append(number)
            raise httpx.ReadError("cut")

    if effect:
        channel.transport.after = cut
    else:
        channel.transport.before = cut


def names(channel: Channel) -> list[str]:
    return sorted(str(contact.fields.get("firstName")) for contact in channel.sandbox.contacts)


# The mark


@pytest.mark.parametrize("effect", [True, False])
def test_with_a_mark_a_row_without_any_key_is_settled_and_nobody_is_made_twice(
    tmp_path: Path, *, effect: bool
) -> None:
    with Channel(Faults(lag=50)) as channel, runs.staged(tmp_path, HEADER + THREE, STAMPED_BLIND) as run:
        lose(channel, "Bob", effect=effect)
        channel.send(run, settings(workers=1))
        assert statuses(run) == dict.fromkeys((2, 3, 4), "created")
        assert names(channel) == ["Ann", "Bob", "Cyd"]
        assert len(channel.transport.creates) == (3 if effect else 4)


def test_the_mark_is_of_run_and_row_and_only_the_create_carries_it(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,\n+4421234,,Bob,\n", STAMPED) as run:
        channel.sandbox.add({"phone": "+4421234"})
        channel.send(run)
        mark = run.checkpoint.info.run_id[:12]
        assert [contact.fields.get("mark") for contact in channel.sandbox.contacts] == [None, f"{mark}-2"]


def test_the_mark_is_among_the_thirty_fields_of_the_create_and_in_the_bill(tmp_path: Path) -> None:
    columns = [f"f{number}" for number in range(29)]
    sheet = runs.written(tmp_path, ["phone", *columns], [["+4411234", *columns]])
    mapping_options = MappingOptions(custom_fields=True, tracking_field="mark")
    with (
        Channel() as channel,
        runs.resumed(runs.checkpoint(sheet, UploadOptions(mapping=mapping_options))) as run,
    ):
        due = estimate(run.open_rows(), run.matching)
        sent = channel.send(run)
        writes = [seen.fields for seen in channel.transport.seen if seen.writes]
        assert [len(fields) for fields in writes] == [30, 1]
        assert list(writes[0])[:2] == ["phone", "mark"]
        assert due.calls == 2 + 2 == sent.calls


def test_a_contact_shown_with_its_mark_under_another_name_is_ours_all_the_same(tmp_path: Path) -> None:
    told = Faults(rename_fields={"mark": "Mark 7"})
    with Channel(told) as channel, runs.staged(tmp_path, HEADER + THREE, STAMPED_BLIND) as run:
        lose(channel, "Bob", effect=True)
        channel.send(run, settings(workers=1))
        assert (statuses(run)[3], names(channel)) == ("created", ["Ann", "Bob", "Cyd"])


@pytest.mark.parametrize("effect", [True, False])
def test_where_heyx_finds_nobody_by_the_mark_its_silence_proves_nothing(tmp_path: Path, *, effect: bool) -> None:
    told = Faults(drop_fields=frozenset({"mark"}))
    with Channel(told) as channel, runs.staged(tmp_path, HEADER + THREE, STAMPED_BLIND) as run:
        lose(channel, "Bob", effect=effect)
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "created", 3: "uncertain", 4: "created"}
        assert len(channel.transport.creates) == 3
        assert "finds no contact at all by mark" in run.checkpoint.queue.row(3).message
        assert "firstName Bob" in run.checkpoint.queue.row(3).message


def test_where_no_other_contact_was_made_nothing_proves_that_marks_are_found(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + ",,Bob,\n", STAMPED_BLIND) as run:
        lose(channel, "Bob", effect=False)
        channel.send(run)
        assert (statuses(run), len(channel.transport.creates)) == ({2: "uncertain"}, 1)


@pytest.mark.parametrize("effect", [True, False])
def test_with_a_mark_a_twin_that_was_there_before_is_no_hindrance(tmp_path: Path, *, effect: bool) -> None:
    rows = "+4411234,,Ann,\n+4421234,,Bob,\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows, STAMPED_BLIND) as run:
        twin = channel.sandbox.add({"phone": "+4421234", "firstName": "Bob"})
        lose(channel, "Bob", effect=effect)
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "created", 3: "created"}
        assert names(channel) == ["Ann", "Bob", "Bob"]
        assert run.checkpoint.queue.row(3).contact_id != twin


def test_with_a_mark_a_matched_row_is_found_though_heyx_keeps_its_phone_in_a_way_nobody_searches_for(
    tmp_path: Path,
) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "03001,,Ann,\n", STAMPED) as run:
        lose(channel, "Ann", effect=True)
        inner = channel.sandbox

        def respell(_number: int, seen: RecordedRequest) -> None:
            if "value=" in seen.path:
                for contact in inner.contacts:
                    body = b'{"custom_fields": [{"name": "phone", "value": "+92 3001"}]}'
                    inner.handle("PUT", f"/v1/contact/{contact.id}", runs.TOKEN, body)

        channel.transport.before = respell
        channel.send(run)
        assert (statuses(run), len(channel.transport.creates)) == ({2: "created"}, 1)


@pytest.mark.parametrize(
    ("stamp", "said"),
    [("phone", "a separate custom field"), ("Created At", "custom field"), ("City", "is sent as this field")],
)
def test_a_mark_takes_a_custom_field_that_no_column_is_sent_as(stamp: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        recognize(["phone", "City"], MappingOptions(custom_fields=True, tracking_field=stamp))


# Uncertain rows


def test_an_uncertain_row_says_what_to_look_for_and_is_sent_again_only_knowingly(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + THREE, NO_MATCH) as run:
        lose(channel, "Bob", effect=False)
        channel.send(run, settings(workers=1))
        assert "firstName Bob" in run.checkpoint.queue.row(3).message
        assert "--uncertain" in run.checkpoint.queue.row(3).message
        run.checkpoint.reopening.reopen_failed()
        channel.send(run)
        assert (statuses(run)[3], len(channel.transport.creates)) == ("uncertain", 3)
        run.checkpoint.reopening.reopen_failed(uncertain=True)
        channel.send(run)
        assert statuses(run) == dict.fromkeys((2, 3, 4), "created")
        assert names(channel) == ["Ann", "Bob", "Cyd"]


def test_an_uncertain_row_with_a_key_is_looked_for_even_when_it_is_sent_knowingly(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,\n") as run:
        lose(channel, "Ann", effect=False, times=6)
        channel.send(run)
        assert statuses(run) == {2: "uncertain"}
        channel.sandbox.add({"phone": "+4411234", "firstName": "Ann"})
        run.checkpoint.reopening.reopen_failed(uncertain=True)
        channel.send(run)
        assert (statuses(run), names(channel)) == ({2: "unchanged"}, ["Ann"])


def test_what_to_check_names_the_first_values_and_the_command() -> None:
    fields = [Field(name, name.upper()) for name in "abcd"]
    assert manual_check(fields) == (
        "Search HeyX for a contact with a A, b B, c C. "
        "If it is not there, `heyx-bulk rerun` with --uncertain creates it."
    )


@pytest.mark.parametrize(
    ("created_at", "sent_at", "before"), [(9, 10.5, True), (10, 10.5, False), (11, 10.5, False)]
)
def test_a_contact_was_there_if_it_is_older_than_the_create_by_heyx_own_clock(
    created_at: int, sent_at: float, before: bool
) -> None:
    contact = Contact("7", {"a": "A"}, created_at=created_at)
    assert predates_create(contact, sent_at) is before
    assert created_by_us(contact, [Field("a", "A")], sent_at) is not before


def test_without_both_clocks_nothing_is_known_of_who_was_first() -> None:
    contact = Contact("7", {"a": "A"})
    assert not predates_create(contact, 5.0)
    assert not predates_create(Contact("7", created_at=4), None)
    assert not created_by_us(contact, [Field("a", "A")], 5.0)
    assert not created_by_us(Contact("7", {"a": "A"}, created_at=4), [Field("a", "A")], None)


# Creates that were answered with a contact that was there


def test_a_create_that_gives_back_an_old_contact_updates_it_and_its_tags_go(tmp_path: Path) -> None:
    rows = "phone,first name,remove tags\n03001,Ann,old;gone\n"
    with Channel(Faults(existing_phone="returns")) as channel, runs.staged(tmp_path, rows) as run:
        old = channel.sandbox.add({"phone": "(0) 3001", "firstName": "Anna"}, ["old", "kept"])
        channel.run(asyncio.sleep(1000))
        due = estimate(run.open_rows(), run.matching)
        sent = channel.send(run)
        assert [(record.status, record.contact_id) for record in run.checkpoint.queue.rows()] == [
            (Status.UPDATED, old)
        ]
        (contact,) = channel.sandbox.contacts
        assert (contact.fields["firstName"], sorted(contact.tags)) == ("Ann", ["kept"])
        assert sent.calls <= due.calls


def test_a_contact_that_was_really_made_is_read_once_where_tags_are_to_go_and_never_otherwise(
    tmp_path: Path,
) -> None:
    rows = "phone,first name,remove tags,city\n+4411234,Ann,old,Oslo\n+4421234,Bob,,Oslo\n"
    told = Faults(drop_fields=frozenset({"city"}))
    with Channel(told) as channel, runs.staged(tmp_path, rows, CUSTOM) as run:
        channel.send(run)
        assert statuses(run) == {2: "created", 3: "created"}
        reads = [seen.path for seen in channel.transport.of("GET") if "custom_field" not in seen.path]
        assert reads == [f"/api/v1/contact/{run.checkpoint.queue.row(2).contact_id}"]
        assert {seen.method for seen in channel.transport.seen if seen.writes} == {"POST"}


# Contacts that are not ready


@pytest.mark.parametrize("missing", ["queue", "403", "404"])
def test_a_contact_just_made_that_is_not_ready_is_asked_again_until_it_is(tmp_path: Path, missing: str) -> None:
    with Channel(Faults(queue=15)) as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,a\n") as run:
        if missing != "queue":
            channel.transport.behind = Renaming(channel.transport.behind, int(missing))
        channel.send(run)
        assert statuses(run) == {2: "created"}
        assert channel.contact(phone="+4411234").tags == {"a"}
        assert 15 <= channel.now < 32


class Renaming(httpx.AsyncBaseTransport):
    """Says `no such contact` in another way where the sandbox says that a contact is in the queue."""

    def __init__(self, behind: httpx.AsyncBaseTransport, status: int) -> None:
        self._behind = behind
        self._status = status

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._behind.handle_async_request(request)
        return (
            runs.told(self._status, {"message": "No such contact."}) if response.status_code == 449 else response
        )


def test_a_contact_that_is_not_ready_for_too_long_fails_its_row_and_a_rerun_goes_on(tmp_path: Path) -> None:
    with Channel(Faults(queue=200)) as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,a\n") as run:
        channel.send(run)
        message = run.checkpoint.queue.row(2).message
        assert statuses(run) == {2: "failed"}
        assert "not ready yet: a rerun goes on with it" in message
        assert "Done: created with 2 fields (phone, firstName). Not done: add 1 tag (a)." in message
        assert 20 <= channel.now < 20 + LONGEST_BACKOFF_SECONDS + 2
        channel.run(asyncio.sleep(200))
        run.checkpoint.reopening.reopen_failed()
        channel.send(run)
        assert (statuses(run), len(channel.transport.creates)) == ({2: "created"}, 1)
        assert channel.contact(phone="+4411234").tags == {"a"}


def test_how_long_is_waited_follows_settle(tmp_path: Path) -> None:
    with Channel(Faults(queue=200)) as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,a\n") as run:
        channel.send(run, settings(reconcile_delay=3))
        assert statuses(run) == {2: "failed"}
        # 449 is asked again in any case, as often as the table of retries says.
        assert channel.now < 35


def test_a_contact_of_an_earlier_start_is_given_time_from_this_start(tmp_path: Path) -> None:
    with Channel(Faults(queue=30)) as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,a\n") as run:
        channel.transport.behind = Renaming(channel.transport.behind, 404)
        run.checkpoint.queue.mark_create_pending(2, [Field("phone", "+4411234")], None)
        body = b'{"custom_fields": [{"name": "phone", "value": "+4411234"}]}'
        channel.sandbox.handle("POST", "/v1/contact", runs.TOKEN, body)
        run.checkpoint.queue.mark_created(2, channel.sandbox.contacts[0].id)
        channel.run(asyncio.sleep(15))
        channel.send(run)
        assert statuses(run) == {2: "created"}


def test_an_id_that_a_person_wrote_is_not_waited_for(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, "heyx contact id,phone\n77,+4411234\n") as run:
        channel.send(run)
        assert (statuses(run), len(channel.transport.seen)) == ({2: "failed"}, 1)
        assert "Is the contact id of this channel?" in run.checkpoint.queue.row(2).message


# Half-done rows


def failing(channel: Channel, fails: Callable[[RecordedRequest], bool]) -> None:
    """Let HeyX refuse the calls that are said to fail."""
    inner = channel.transport.behind

    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen = RecordedRequest(request.method, request.url.path, await request.aread(), request.headers, 0.0)
            return (
                runs.told(422, {"message": "Bad."}) if fails(seen) else await inner.handle_async_request(request)
            )

    channel.transport.behind = Refusing()


def wide(folder: Path) -> Path:
    columns = [f"f{number}" for number in range(40)]
    sheet = runs.written(
        folder, ["phone", *columns, "tags"], [["+4411234", *columns, ";".join(f"t{n}" for n in range(12))]]
    )
    return runs.checkpoint(sheet, CUSTOM)


CASES: list[tuple[Callable[[RecordedRequest], bool], str]] = [
    (
        lambda seen: seen.method == "PUT",
        "HeyX answered 422: Bad. Done: created with 30 fields (phone, f0, f1, f2, f3, …). Not done: write 11 "
        "fields (f29, f30, f31, f32, f33, …); add 10 tags (t0, t1, t2, t3, t4, …); add 2 tags (t10, t11).",
    ),
    (
        lambda seen: "t11" in seen.tags,
        "HeyX answered 422: Bad. Done: created with 30 fields (phone, f0, f1, f2, f3, …); 11 fields (f29, f30, "
        "f31, f32, f33, …) written; 10 tags (t0, t1, t2, t3, t4, …) added. Not done: add 2 tags (t10, t11).",
    ),
]


@pytest.mark.parametrize(("fails", "said"), CASES, ids=["fields", "tags"])
def test_a_half_done_row_names_both_halves_and_a_rerun_sends_only_the_rest(
    tmp_path: Path, fails: Callable[[RecordedRequest], bool], said: str
) -> None:
    with Channel() as channel, runs.resumed(wide(tmp_path)) as run:
        whole = channel.transport.behind
        failing(channel, fails)
        channel.send(run)
        assert (statuses(run), run.checkpoint.queue.row(2).message) == ({2: "failed"}, said)
        before = [(seen.method, seen.path, seen.body) for seen in channel.transport.seen if seen.status == 200]
        channel.transport.behind = whole
        channel.transport.seen.clear()
        run.checkpoint.reopening.reopen_failed()
        channel.send(run)
        assert statuses(run) == {2: "created"}
        writes = [(seen.method, seen.path, seen.body) for seen in channel.transport.seen if seen.writes]
        assert set(writes).isdisjoint(before)
        contact = channel.contact(phone="+4411234")
        assert (len(contact.fields), len(contact.tags)) == (41, 12)
        assert len(writes) == said.partition("Not done")[2].count(";") + 1


def test_a_row_that_failed_before_anything_was_done_names_no_halves(tmp_path: Path) -> None:
    with Channel(Faults(refuse_creates=1)) as channel, runs.resumed(wide(tmp_path)) as run:
        channel.send(run)
        assert run.checkpoint.queue.row(2).message == "HeyX answered 403: The contact could not be created."


def test_what_an_earlier_start_did_is_said_too(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,a\n") as run:
        failing(channel, lambda seen: bool(seen.tags))
        channel.send(run)
        run.checkpoint.reopening.reopen_failed()
        channel.send(run)
        assert run.checkpoint.queue.row(2).message == (
            "HeyX answered 422: Bad. Done: created before. Not done: add 1 tag (a)."
        )


def test_a_half_done_row_that_was_mended_gets_only_what_is_missing(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + "+4411234,,Ann,a\n") as run:
        whole = channel.transport.behind
        failing(channel, lambda seen: bool(seen.tags))
        channel.send(run)
        channel.transport.behind = whole
        channel.transport.seen.clear()
        mend(run, '["+4411234","","Anna","b"]')
        channel.send(run)
        assert [(seen.method, seen.fields or seen.tags) for seen in channel.transport.seen if seen.writes] == [
            ("PUT", {"firstName": "Anna"}),
            ("POST", ["b"]),
        ]
        assert (statuses(run), sorted(channel.contact(phone="+4411234").tags)) == ({2: "created"}, ["b"])


def mend(run: Run, cells: str) -> None:
    run.checkpoint.reopening.reopen_failed()
    run.checkpoint._db.execute("UPDATE row SET cells = ? WHERE number = 2", (cells,))
