"""Uploads learn how HeyX shows what they write, and how it spells phones: less is written, less is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.planning.matching import Matching
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.cache.field_mismatches import FieldMismatch, MismatchKind
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.values.equality import PhoneLookup
from tests.support import runs
from tests.support.runs import Channel, settings, statuses

CUSTOM = UploadOptions(mapping=MappingOptions(custom_fields=True))
NAMES = ("Ann", "Bob", "Cyd", "Dan", "Eve")
PEOPLE = "phone,First Name,Home Town,Shoe\n" + "".join(
    f"+441234567{number},{name},{name}ville,{40 + number}\n" for number, name in enumerate(NAMES)
)


def remembered(folder: Path, channel: Channel) -> ChannelCache:
    return ChannelCache("channel", 60, folder=folder / "cache", clock=channel.loop.time)


def uploaded(folder: Path, channel: Channel, text: str, options: UploadOptions = CUSTOM) -> list[str]:
    """What was written, field by field, by a run of its own that one start's memory accompanies."""
    before = len(channel.transport.seen)
    with remembered(folder, channel) as cache:
        path = folder / str(before)
        path.mkdir()
        with runs.staged(path, text, options) as run:
            channel.send(run, settings(workers=1), cache=cache)
            assert set(statuses(run).values()) <= {"created", "updated", "unchanged"}
    return [name for seen in channel.transport.seen[before:] if seen.writes for name in seen.fields]


def looks(channel: Channel, since: int) -> list[str]:
    """The phones that were searched for, in order, as the sandbox was asked."""
    return [seen.path.rpartition("value=")[2].replace("%2B", "+") for seen in channel.transport.seen[since:]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "found"),
    [
        (Faults(rename_fields={"Home Town": "cf_7"}), FieldMismatch("Home Town", MismatchKind.NOTHING)),
        (Faults(change_fields=frozenset({"Home Town"})), FieldMismatch("Home Town", MismatchKind.VALUE)),
        (Faults(drop_fields=frozenset({"Home Town"})), FieldMismatch("Home Town", MismatchKind.NOTHING)),
    ],
    ids=["another name", "another value", "not at all"],
)
def test_a_field_that_heyx_shows_otherwise_is_written_noticed_and_then_left_alone(
    tmp_path: Path, told: Faults, found: FieldMismatch
) -> None:
    with Channel(told) as channel:
        assert len(uploaded(tmp_path, channel, PEOPLE)) == 4 * len(NAMES)
        channel.run(asyncio.sleep(3600))
        noticing = uploaded(tmp_path, channel, PEOPLE)
        assert (set(noticing), len(noticing)) == ({"Home Town"}, len(NAMES))
        channel.run(asyncio.sleep(3600))
        assert uploaded(tmp_path, channel, PEOPLE) == []
        with remembered(tmp_path, channel) as cache:
            assert cache.field_mismatches() == (found,)
        changed = PEOPLE.replace("Annville", "Karachi")
        for _ in range(1 + (found.kind is MismatchKind.VALUE)):
            assert uploaded(tmp_path, channel, changed) == ["Home Town"]
            channel.run(asyncio.sleep(3600))
        assert uploaded(tmp_path, channel, changed) == []


def test_a_key_that_heyx_shows_under_another_name_makes_nobody_twice(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(custom_fields=True, key=("Customer",)))
    rows = "Customer,First Name\n" + "".join(f"C{number},{name}\n" for number, name in enumerate(NAMES))
    with Channel(Faults(rename_fields={"Customer": "cf_7"})) as channel:
        for _ in range(3):
            uploaded(tmp_path, channel, rows, options)
            channel.run(asyncio.sleep(3600))
        assert [contact.fields["firstName"] for contact in channel.sandbox.contacts] == [*NAMES]


@pytest.mark.slow
def test_a_dropped_field_of_thousands_is_left_alone_from_the_third_upload_on(tmp_path: Path) -> None:
    many = 220
    rows = "phone,Shoe\n" + "".join(f"+44123456{number:04},{number}\n" for number in range(many))
    with Channel(Faults(drop_fields=frozenset({"Shoe"}))) as channel:
        written = []
        for _ in range(3):
            written.append(len(uploaded(tmp_path, channel, rows)))
            channel.run(asyncio.sleep(3600))
        assert written[0] == 2 * many
        assert written[2] == 0


# Phones


def people(channel: Channel, count: int, sign: str) -> str:
    """A sheet of phones with `+` whose contacts are in HeyX with `sign` in front."""
    phones = [f"44123456{number:03}" for number in range(count)]
    for phone in phones:
        channel.sandbox.add({"phone": sign + phone, "firstName": "Ann"})
    return "phone,first name\n" + "".join(f"+{phone},Ann\n" for phone in phones)


@pytest.mark.parametrize("workers", [1, 10])
def test_after_the_first_phones_are_found_the_others_are_looked_up_in_their_spelling(
    tmp_path: Path, workers: int
) -> None:
    with Channel() as channel, remembered(tmp_path, channel) as cache:
        with runs.staged(tmp_path, people(channel, 50, "")) as run:
            sent = channel.send(run, settings(workers=workers), cache=cache)
            assert set(statuses(run).values()) == {"unchanged"}
        assert sent.calls == 50 + workers


def test_the_spelling_of_phones_is_remembered_for_the_channel(tmp_path: Path) -> None:
    with Channel() as channel:
        text = people(channel, 5, "")
        uploaded(tmp_path, channel, text)
        before = len(channel.transport.seen)
        uploaded(tmp_path, channel, text)
        assert looks(channel, before) == [f"44123456{number:03}" for number in range(5)]


def test_a_phone_in_another_spelling_than_most_is_still_found(tmp_path: Path) -> None:
    with Channel() as channel:
        text = people(channel, 5, "")
        channel.sandbox.add({"phone": "+4412399", "firstName": "Ann"})
        assert uploaded(tmp_path, channel, f"{text}+4412399,Ann\n44 1239 8,Bob\n") == ["phone", "firstName"]
        before = len(channel.transport.seen)
        assert uploaded(tmp_path, channel, "phone,first name\n44 1239 8,Bob\n") == []
        assert looks(channel, before) == ["4412398", "+4412398", "44%201239%208"]


def test_what_phone_lookup_leaves_out_stays_out(tmp_path: Path) -> None:
    with Channel() as channel:
        uploaded(tmp_path, channel, people(channel, 5, ""))
        before = len(channel.transport.seen)
        options = UploadOptions(matching=Matching(phone_lookup=PhoneLookup.AS_WRITTEN))
        uploaded(tmp_path, channel, "phone,first name\n+44123456000,Ann\n", options)
        assert looks(channel, before)[0] == "+44123456000"
        assert len(channel.transport.creates) == 1


def test_a_rehearsal_without_memory_asks_in_the_written_order(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, people(channel, 5, "")) as run:
        assert channel.send(run, settings(workers=1)).calls == 10
        assert looks(channel, 0)[:2] == ["+44123456000", "44123456000"]
