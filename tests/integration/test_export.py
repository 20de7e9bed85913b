"""What an export reads: everybody who has the value, each once, in as few calls as there are pages."""

from __future__ import annotations

import asyncio
import json
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import httpx
import pytest

from heyx_bulk.api.client import SessionSummary
from heyx_bulk.errors import Interrupted, LimitReached, SettingsError, Unreachable
from heyx_bulk.export.exporter import exported_contacts, open_export, read_contacts
from heyx_bulk.export.reader import ExportEvents
from heyx_bulk.export.request import ContactFilter, ExportRequest
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.progress import Progress
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.export_checkpoint.export_checkpoint import ExportCheckpoint
from heyx_bulk.storage.export_checkpoint.searches import SearchCoverage, SearchState, ValueCoverage
from heyx_bulk.values.equality import PhoneLookup
from tests.support.runs import Channel, RecordedRequest, ScriptedTransport, settings, told

MAY = Field("list", "May")
FROM_MAY = ExportRequest(where=(MAY,))

LAST = next(name for name in map(str, range(1_000_000)) if zlib.crc32(name.encode()) > 0xFFFF_0000)
"""An id that the sandbox shows behind nearly all others."""


class Export:
    """An export of a channel's contacts, in a checkpoint that outlives its starts."""

    def __init__(self, channel: Channel, folder: Path, request: ExportRequest = FROM_MAY) -> None:
        self.channel, self.path, self.request = channel, folder / "contacts.xlsx.export", request
        with open_export(self.path, request, "channel"):
            pass

    def start(
        self,
        *,
        stops: StopConditions | None = None,
        events: ExportEvents | None = None,
        progress: Progress | None = None,
        workers: int = 20,
    ) -> SessionSummary:
        with ExportCheckpoint.open(self.path) as checkpoint:
            return self.channel.run(
                read_contacts(
                    checkpoint,
                    self.request,
                    settings(workers=workers),
                    progress=progress,
                    recorder=CallRecorder(StopMonitor(stops)) if stops else None,
                    events=events,
                    transport=self.channel.transport,
                )
            )

    def ids(self) -> list[str]:
        with ExportCheckpoint.open(self.path) as checkpoint:
            return [contact.id for contact in checkpoint.contacts()]

    def covered(self) -> list[SearchCoverage]:
        with ExportCheckpoint.open(self.path) as checkpoint:
            return checkpoint.coverage()


def numbers(seen: Iterable[RecordedRequest]) -> list[int]:
    """The page that each request asked for."""
    return [int(httpx.URL(one.path).params.get("page", "1")) for one in seen]


def people(channel: Channel, count: int, value: str = "May") -> list[str]:
    return [channel.sandbox.add({"list": value, "number": str(number)}) for number in range(count)]


def exported(channel: Channel, request: ExportRequest) -> list[Contact]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        with open_export(path, request, "channel") as (checkpoint, _):
            channel.run(read_contacts(checkpoint, request, settings(), transport=channel.transport))
        return [*exported_contacts(path, request.selection)]


# Every page, once


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 57])
def test_every_page_is_read_once_and_no_link_is_followed(count: int, tmp_path: Path) -> None:
    with Channel(Faults(meta_links=True)) as channel:
        ids = people(channel, count)
        channel.sandbox.add({"list": "June"})
        export = Export(channel, tmp_path)
        export.start()
        pages = max(1, -(-count // 10))
        assert sorted(export.ids()) == sorted(ids)
        assert export.covered() == [SearchCoverage(MAY, count, count, complete=True, passes=1, partly=0)]
        assert sorted(numbers(channel.transport.seen)) == [*range(1, pages + 1)]
        assert {httpx.URL(seen.path).path for seen in channel.transport.seen} == {
            "/api/v1/contact/by_custom_field"
        }
        assert {seen.headers["host"] for seen in channel.transport.seen} == {"app.heyx.io"}


def test_pages_that_lie_side_by_side_are_read_far_apart_in_time(tmp_path: Path) -> None:
    with Channel() as channel:
        people(channel, 85)
        Export(channel, tmp_path).start(workers=1)
        assert numbers(channel.transport.seen) == [1, 3, 5, 7, 9, 8, 6, 4, 2]


def test_a_contact_comes_whole_and_the_oldest_first() -> None:
    with Channel() as channel:
        channel.run(asyncio.sleep(77))
        made = channel.sandbox.add({"list": "May", "vip": True, "city": ""}, ["a", "b"])
        channel.run(asyncio.sleep(1))
        younger = channel.sandbox.add({"list": "May"}, id="0")
        first, second = exported(channel, FROM_MAY)
        assert first == Contact(
            made, {"list": "May", "vip": True, "city": None}, frozenset("ab"), complete=True, created_at=77
        )
        assert second.id == younger


def test_a_loose_search_finds_only_what_was_asked_for(tmp_path: Path) -> None:
    with Channel(Faults(search="loose")) as channel:
        exact = channel.sandbox.add({"firstName": "Ann"})
        channel.sandbox.add({"firstName": "Ann Lee"})
        channel.sandbox.add({"firstName": "ann"})
        export = Export(channel, tmp_path, ExportRequest(where=(Field("firstName", "Ann"),)))
        export.start()
        assert export.ids() == [exact]
        assert [(one.found, one.total, one.complete) for one in export.covered()] == [(1, 3, True)]


@pytest.mark.parametrize(
    ("lookup", "ids"),
    [
        (PhoneLookup.BOTH, {"plus", "digits", "spaced"}),
        (PhoneLookup.PLUS, {"plus", "spaced"}),
        (PhoneLookup.DIGITS, {"digits", "spaced"}),
        (PhoneLookup.AS_WRITTEN, {"spaced"}),
    ],
)
def test_a_phone_is_searched_for_as_it_is_written_and_in_the_spellings_that_were_asked_for(
    lookup: PhoneLookup, ids: set[str]
) -> None:
    with Channel() as channel:
        for name, phone in {"plus": "+4412345678", "digits": "4412345678", "spaced": "+44 12345678"}.items():
            channel.sandbox.add({"phone": phone}, id=name)
        request = ExportRequest(listed=(Field("phone", "+44 12345678"),), phone_lookup=lookup)
        assert {contact.id for contact in exported(channel, request)} == ids


def test_a_contact_found_in_several_ways_comes_once(tmp_path: Path) -> None:
    with Channel() as channel:
        both = channel.sandbox.add({"list": "May", "city": "Oslo"})
        one = channel.sandbox.add({"city": "Oslo"})
        export = Export(channel, tmp_path, ExportRequest(where=(MAY, Field("city", "Oslo")), ids=(both, one)))
        export.start()
        assert sorted(export.ids()) == sorted((both, one))
        assert [(covered.wanted.value, covered.found) for covered in export.covered()] == [("May", 1), ("Oslo", 2)]
        assert len(channel.transport.seen) == 2, "what a search has shown needs no call of its own"


# Contacts that come and go


def churn(
    channel: Channel, at: Callable[[int], bool], mortal: list[str]
) -> Callable[[int, RecordedRequest], None]:
    """Before some requests, one contact goes and another one comes."""

    def change(number: int, _seen: RecordedRequest) -> None:
        if at(number):
            channel.sandbox.add({"list": "May"}, ["VIP"], id=f"late{number}")
            if mortal:
                channel.sandbox.remove(mortal.pop())

    return change


@pytest.mark.slow
def test_five_thousand_contacts_of_whom_some_come_and_go_are_complete(tmp_path: Path) -> None:
    with Channel() as channel:
        ids = [
            channel.sandbox.add({"list": "May"}, ["VIP"] if number % 3 else [], id=f"{number:05}")
            for number in range(5000)
        ]
        mortal, stay = ids[::97], set(ids) - set(ids[::97])
        channel.transport.before = churn(channel, lambda number: number % 23 == 0 and number < 700, mortal)
        export = Export(channel, tmp_path)
        export.start()
        found = export.ids()
        assert len(found) == len(set(found))
        assert stay <= set(found)
        assert all(one.complete for one in export.covered())
        there = {contact.id for contact in channel.sandbox.contacts}
        assert set(found) == there, "who went is not there, and who came is"


@pytest.mark.slow
def test_five_thousand_contacts_take_as_many_calls_as_there_are_pages(tmp_path: Path) -> None:
    with Channel() as channel:
        for number in range(5000):
            channel.sandbox.add({"list": "May"}, ["VIP"] if number % 3 else [])
        export = Export(channel, tmp_path)
        assert export.start().calls == 500
        wanted = ContactFilter(tags=("VIP",))
        with ExportCheckpoint.open(export.path) as checkpoint:
            assert sum(wanted.matches(contact) for contact in checkpoint.contacts()) == 3333


@pytest.mark.slow
@pytest.mark.parametrize("gone", [0, 4, 33, 77])
@pytest.mark.parametrize("at", [3, 4, 6, 9, 10])
def test_one_who_comes_as_another_goes_hides_nobody_though_the_total_is_the_same(
    tmp_path: Path, gone: int, at: int
) -> None:
    with Channel() as channel:
        people(channel, 100)
        in_order = [record.id for record in channel.sandbox._contacts.find("list", "May", channel.now)]

        def swap(number: int, _seen: RecordedRequest) -> None:
            if number == at:
                channel.sandbox.remove(in_order[gone])
                channel.sandbox.add({"list": "May"}, id=LAST)

        channel.transport.before = swap
        export = Export(channel, tmp_path)
        export.start(workers=1)
        assert set(in_order) - {in_order[gone]} <= set(export.ids())


def test_what_never_comes_to_rest_is_said_and_everybody_who_was_met_is_there(tmp_path: Path) -> None:
    with Channel() as channel:
        stay, mortal = set(people(channel, 60)), [*people(channel, 60)]
        channel.transport.before = churn(channel, lambda number: number % 2 == 0, mortal)
        export = Export(channel, tmp_path, ExportRequest(where=(MAY,), passes=2))
        export.start(workers=1)
        (covered,) = export.covered()
        assert (covered.complete, covered.passes) == (False, 2)
        assert covered.partly > 0
        assert stay <= set(export.ids())
        assert covered.found == len(export.ids())


def test_a_total_that_is_wrong_is_overruled_by_two_passes_that_agree(tmp_path: Path) -> None:
    with Channel() as channel:
        page = {"data": [{"id": "1", "custom_fields": {"list": "May"}}], "meta": {"last_page": 1, "total": 7}}
        channel.transport.behind = ScriptedTransport(told(200, page))
        export = Export(channel, tmp_path)
        export.start()
        assert [(one.found, one.total, one.complete, one.passes) for one in export.covered()] == [(1, 7, True, 2)]


def test_a_search_that_tells_no_total_is_read_by_its_pages(tmp_path: Path) -> None:
    with Channel() as channel:
        page = {"data": [{"id": "1", "custom_fields": {"list": "May"}}]}
        channel.transport.behind = ScriptedTransport(told(200, page))
        export = Export(channel, tmp_path)
        assert export.start().calls == 1
        assert [(one.found, one.total, one.complete) for one in export.covered()] == [(1, None, True)]


@pytest.mark.slow
def test_one_who_goes_from_one_search_to_another_while_both_are_read_is_there(tmp_path: Path) -> None:
    with Channel() as channel:
        for number in range(1000):
            channel.sandbox.add({"lead": number % 2 == 0}, id=f"{number:04}")
        mover = next(record.id for record in channel.sandbox._contacts.find("lead", "false", 0.0)[-3:])

        def move(number: int, _seen: RecordedRequest) -> None:
            if number == 99:
                record = channel.sandbox._contacts.records.get(mover)
                assert record is not None
                channel.sandbox._contacts.write(record, {"lead": True}, channel.now, found_at_once=True)

        channel.transport.before = move
        export = Export(channel, tmp_path, ExportRequest(where=(Field("lead", "true"), Field("lead", "false"))))
        export.start(workers=1)
        assert mover in export.ids()
        assert all(one.complete for one in export.covered())


# Larger pages


@pytest.mark.parametrize(("largest", "pages"), [(100, 3), (50, 5), (10, 25)])
def test_larger_pages_are_used_only_where_heyx_gives_them(tmp_path: Path, largest: int, pages: int) -> None:
    with Channel(Faults(largest_page=largest)) as channel:
        ids = people(channel, 250)
        export = Export(channel, tmp_path, ExportRequest(where=(MAY,), per_page=100))
        assert export.start().calls == pages
        assert sorted(export.ids()) == sorted(ids)
        with ExportCheckpoint.open(export.path) as checkpoint:
            assert checkpoint.page_size() == (largest if largest > 10 else None)


def test_pages_that_are_only_said_to_be_larger_are_not_believed(tmp_path: Path) -> None:
    with Channel() as channel:
        ids = people(channel, 25)
        honest = channel.transport.behind

        class Boasting(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                answer = await honest.handle_async_request(request)
                document = json.loads(answer.content)
                if "per_page" in request.url.params:
                    document["meta"] |= {"per_page": 100, "last_page": 1}
                return told(200, document)

        channel.transport.behind = Boasting()
        export = Export(channel, tmp_path, ExportRequest(where=(MAY,), per_page=100))
        export.start()
        assert sorted(export.ids()) == sorted(ids)


# By id, and lists of values


def test_ids_that_heyx_does_not_know_are_told_and_the_others_come(tmp_path: Path) -> None:
    with Channel() as channel:
        there = [channel.sandbox.add({"city": "Oslo"}, id=name) for name in ("a/b+c=@", "7")]
        gone: list[str] = []

        class Events(ExportEvents):
            def on_missing(self, contact_id: str) -> None:
                gone.append(contact_id)

        export = Export(channel, tmp_path, ExportRequest(ids=(*there, "nobody"), known=("was",)))
        export.start(events=Events())
        with ExportCheckpoint.open(export.path) as checkpoint:
            failed = [(contact_id, listed, state) for contact_id, listed, state, _ in checkpoint.failed_ids()]
        assert sorted(export.ids()) == sorted(there)
        assert failed == [("nobody", True, SearchState.NOT_FOUND), ("was", False, SearchState.NOT_FOUND)]
        assert sorted(gone) == ["nobody", "was"]


def test_a_value_of_a_list_that_heyx_refuses_is_told_and_the_others_are_searched_for(tmp_path: Path) -> None:
    with Channel() as channel:
        oslo = channel.sandbox.add({"city": "Oslo"})
        honest = channel.transport.behind

        class Refusing(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                refused = request.url.params["value"] == "Bad"
                return told(422) if refused else await honest.handle_async_request(request)

        channel.transport.behind = Refusing()
        cities = tuple(Field("city", name) for name in ("Bad", "Oslo", "Nowhere"))
        export = Export(channel, tmp_path, ExportRequest(listed=cities))
        export.start()
        with ExportCheckpoint.open(export.path) as checkpoint:
            assert checkpoint.value_coverage() == ValueCoverage(3, 1, 1, 0)
            assert [search.spelling for search in checkpoint.rejected_searches()] == ["Bad"]
        assert export.ids() == [oslo]


@pytest.mark.parametrize("refused", [1, 3, 4])
def test_a_value_of_a_list_may_be_refused_at_any_page_while_others_are_on_their_way(
    tmp_path: Path, refused: int
) -> None:
    with Channel() as channel:
        people(channel, 60)
        june = people(channel, 25, "June")
        honest = channel.transport.behind

        class Refusing(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                page = int(request.url.params.get("page", "1"))
                bad = request.url.params["value"] == "May" and page == refused
                return told(422) if bad else await honest.handle_async_request(request)

        channel.transport.behind = Refusing()
        export = Export(channel, tmp_path, ExportRequest(listed=(MAY, Field("list", "June"))))
        export.start()
        with ExportCheckpoint.open(export.path) as checkpoint:
            assert checkpoint.value_coverage() == ValueCoverage(2, 1, 1, 0)
        assert set(june) <= set(export.ids())


def test_a_search_that_heyx_refuses_ends_an_export_that_is_nothing_without_it(tmp_path: Path) -> None:
    with Channel() as channel:
        channel.transport.behind = ScriptedTransport(told(422))
        with pytest.raises(SettingsError, match="list=May"):
            Export(channel, tmp_path).start()


@pytest.mark.slow
def test_many_values_are_searched_for_side_by_side(tmp_path: Path) -> None:
    with Channel() as channel:
        for number in range(1200):
            channel.sandbox.add({"number": str(number)})
        request = ExportRequest(listed=tuple(Field("number", str(number)) for number in range(1200)))
        export = Export(channel, tmp_path, request)
        assert export.start().calls == 1200
        assert len(set(export.ids())) == 1200
        assert channel.now < (1200 - 200) / 200 * 60 + 10, "nothing but the limit holds them up"


# Stops


def test_an_export_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    with Channel() as channel:
        ids = people(channel, 500)
        export = Export(channel, tmp_path)
        for _ in range(4):
            with pytest.raises(LimitReached):
                export.start(stops=StopConditions(max_calls=11))
        export.start()
        assert sorted(export.ids()) == sorted(ids)
        assert sorted(numbers(channel.transport.seen)) == [*range(1, 51)]


def test_contacts_that_come_and_go_between_two_starts_are_noticed(tmp_path: Path) -> None:
    with Channel() as channel:
        ids = people(channel, 200)
        export = Export(channel, tmp_path)
        with pytest.raises(LimitReached):
            export.start(stops=StopConditions(max_calls=8))
        channel.sandbox.remove(ids.pop())
        ids.append(channel.sandbox.add({"list": "May"}))
        export.start()
        assert sorted(export.ids()) == sorted(ids)


def test_heyx_that_does_not_answer_stops_the_export_and_keeps_what_came(tmp_path: Path) -> None:
    with Channel() as channel:
        ids = people(channel, 100)
        honest, broken = channel.transport.behind, ScriptedTransport(told(500))

        def break_it(number: int, _seen: RecordedRequest) -> None:
            channel.transport.behind = broken if number > 5 else honest

        channel.transport.before = break_it
        export = Export(channel, tmp_path)
        with pytest.raises(Unreachable):
            export.start(workers=2)
        channel.transport.before = lambda _number, _seen: None
        channel.transport.behind = honest
        before = len(channel.transport.seen)
        export.start()
        assert sorted(export.ids()) == sorted(ids)
        assert len(channel.transport.seen) - before < 10


def test_the_listener_sees_every_contact_that_heyx_showed(tmp_path: Path) -> None:
    with Channel() as channel:
        ids = people(channel, 35)
        seen: list[Contact] = []

        class Events(ExportEvents):
            def on_contacts(self, contacts: Sequence[Contact]) -> None:
                seen.extend(contacts)

        heard: list[tuple[int, int, int]] = []

        class Shown(Progress):
            def advance(self, done: int, calls: int, contacts: int) -> None:
                heard.append((done, calls, contacts))

        Export(channel, tmp_path).start(events=Events(), progress=Shown())
        assert sorted(contact.id for contact in seen) == sorted(ids)
        assert heard[0] == (1, 4, 10)
        assert heard[-1] == (4, 4, 35)


def test_nothing_asked_for_is_said_before_anything_is_sent() -> None:
    with Channel() as channel:
        with pytest.raises(SettingsError, match="No contacts were named"):
            exported(channel, ExportRequest())
        assert channel.transport.seen == []


def test_an_export_that_is_interrupted_says_so(tmp_path: Path) -> None:
    with Channel() as channel:
        people(channel, 50)

        class Interrupting(Progress):
            def advance(self, done: int, calls: int, contacts: int) -> None:  # noqa: ARG002
                raise Interrupted(2)

        with pytest.raises(Interrupted):
            Export(channel, tmp_path).start(progress=Interrupting())
