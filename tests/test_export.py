from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from heyx_bulk.client import Client
from heyx_bulk.columns import Wishes
from heyx_bulk.export import Exported, Selection, export, write_contacts
from heyx_bulk.intent import Intent
from heyx_bulk.model import Contact, Field
from heyx_bulk.sandbox import Misbehaviour
from heyx_bulk.sheets import open_sheet
from heyx_bulk.values import PhoneLookup
from tests import scene
from tests.scene import World

LISTED = Field("list", "May")


def exported(world: World, selection: Selection, lookup: PhoneLookup = PhoneLookup.BOTH) -> Exported:
    async def talk(client: Client) -> Exported:
        return await export(client, selection, lookup)

    return world.speak(talk)


def found(world: World, *where: Field, **more: tuple[str, ...]) -> set[str]:
    return {contact.id for contact in exported(world, Selection(where, **more)).contacts}


def table(path: Path) -> list[list[str]]:
    sheet = open_sheet(path)
    return [list(sheet.header), *(row for chunk in sheet.chunks() for row in chunk.cells.to_numpy().tolist())]


# What is found


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 57])
def test_every_page_is_read_and_counted_and_no_link_is_followed(count: int) -> None:
    with World(Misbehaviour(meta_links=True)) as world:
        ids = {world.sandbox.add({"list": "May", "number": str(number)}) for number in range(count)}
        world.sandbox.add({"list": "June"})
        heard: list[int] = []

        async def talk(client: Client) -> Exported:
            return await export(client, Selection((LISTED,)), read=heard.append)

        came = world.speak(talk)
        assert ({contact.id for contact in came.contacts}, came.found, came.shifted) == (ids, count, False)
        assert heard == [*range(10, count, 10), *([count] if count else [])]
        pages = max(1, -(-count // 10))
        query = "/api/v1/contact/by_custom_field?name=list&value=May"
        assert [seen.path for seen in world.door.seen] == [
            query,
            *(f"{query}&page={number}" for number in range(2, pages + 1)),
        ]
        assert {seen.headers["host"] for seen in world.door.seen} == {"app.heyx.io"}


def test_a_contact_comes_whole() -> None:
    with World() as world:
        world.do(asyncio.sleep(77))
        made = world.sandbox.add({"list": "May", "vip": True, "city": ""}, ["a", "b"])
        assert exported(world, Selection((LISTED,))).contacts == (
            Contact(made, {"list": "May", "vip": True, "city": None}, frozenset("ab"), whole=True, created_at=77),
        )


def test_contacts_are_chosen_by_their_tags_on_our_side() -> None:
    with World() as world:
        tags = {"none": [], "a": ["a"], "ab": ["a", "b"], "abc": ["a", "b", "c"], "A": ["A"]}
        for name, having in tags.items():
            world.sandbox.add({"list": "May"}, having, id=name)
        assert found(world, LISTED) == set(tags)
        assert found(world, LISTED, tags=("a",)) == {"a", "ab", "abc"}
        assert found(world, LISTED, tags=("a", "b")) == {"ab", "abc"}
        assert found(world, LISTED, not_tags=("b", "A")) == {"none", "a"}
        assert found(world, LISTED, tags=("a",), not_tags=("c",)) == {"a", "ab"}
        assert exported(world, Selection((LISTED,), tags=("c",))).found == 5


def test_a_contact_found_by_several_values_comes_once() -> None:
    with World() as world:
        both = world.sandbox.add({"list": "May", "city": "Oslo"})
        one = world.sandbox.add({"city": "Oslo"})
        came = exported(world, Selection((LISTED, Field("city", "Oslo"))))
        assert sorted(contact.id for contact in came.contacts) == sorted((both, one))
        assert came.found == 2


def test_a_loose_search_finds_only_what_was_asked_for() -> None:
    with World(Misbehaviour(search="loose")) as world:
        exact = world.sandbox.add({"firstName": "Ann"})
        world.sandbox.add({"firstName": "Ann Lee"})
        world.sandbox.add({"firstName": "ann"})
        assert found(world, Field("firstName", "Ann")) == {exact}


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
    with World() as world:
        for name, phone in {"plus": "+4412345678", "digits": "4412345678", "spaced": "+44 12345678"}.items():
            world.sandbox.add({"phone": phone}, id=name)
        came = exported(world, Selection((Field("phone", "+44 12345678"),)), lookup)
        assert {contact.id for contact in came.contacts} == ids


def test_pages_that_shift_while_they_are_read_are_noticed() -> None:
    with World() as world:
        for number in range(25):
            world.sandbox.add({"list": "May"}, id=f"{number}")

        def insert(number: int, _seen: object) -> None:
            if number == 2:
                world.sandbox.add({"list": "May"}, id="late")

        world.door.before = insert
        came = exported(world, Selection((LISTED,)))
        assert came.shifted
        assert {f"{number}" for number in range(25)} <= {contact.id for contact in came.contacts}


def test_searches_for_different_values_do_not_look_like_a_shift() -> None:
    with World() as world:
        for number in range(12):
            world.sandbox.add({"phone": "+4412345678"}, id=f"{number}")
        assert not exported(world, Selection((Field("phone", "+4412345678"), LISTED))).shifted


def test_an_export_whose_pages_grow_fewer_ends() -> None:
    with World() as world:
        page = {"data": [], "meta": {"last_page": 9, "total": 0}}
        world.door.behind = scene.Script(scene.told(200, page))
        assert exported(world, Selection((LISTED,))) == Exported((), 0, shifted=False)
        assert len(world.door.seen) == 1


# What is written

RICH: Mapping[str, str | bool] = {
    "phone": "0044123456789",
    "email": "ann@x.org",
    "firstName": "Zoë 🙂",
    "lastName": "=HYPERLINK(1)",
    "list": "May",
    "vip": True,
    "number": "1776025372480910",
    "zip": "007",
    "note": "two\nlines, and; more",
    "date": "2026-11-23",
    "word": "NA",
    "gender": "f",
    "quoted": 'a "b" c',
    "plus": "+1",
    "at": "@x",
    "apostrophe": "'quoted",
    "escape": "_x000D_",
}
TAGS = ["plain", "a,b", "c;d", 'say "hi"', "e, f; g", "'", "=1+1", "ø"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_sheet_of_contacts_has_the_id_first_then_fields_tags_and_when_each_was_made(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"contacts{suffix}"
    contacts = [
        Contact(
            "1776025372480910", {"zeta": "1", "locale": "en", "phone": "+44", "firstName": "Ann"}, frozenset("ba")
        ),
        Contact("a/b+c=@", {"alpha": True, "email": None, "phone": "0044"}, created_at=1_700_000_000),
    ]
    write_contacts(path, contacts)
    assert table(path) == [
        *[["heyx contact id", "firstName", "phone", "email", "zeta", "alpha", "locale", "tags", "created_at"]],
        ["1776025372480910", "Ann", "+44", "", "1", "", "en", "a;b", ""],
        ["a/b+c=@", "", "0044", "", "", "true", "", "", "2023-11-14T22:13:20+00:00"],
    ]


def test_ids_and_phones_are_text_in_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "contacts.xlsx"
    write_contacts(path, [Contact("1776025372480910", {"phone": "4412345678"})])
    page = openpyxl.load_workbook(path).worksheets[0]
    assert [(cell.value, cell.data_type) for cell in page[2]][:2] == [
        ("1776025372480910", "s"),
        ("4412345678", "s"),
    ]


def test_nobody_is_a_sheet_with_a_header(tmp_path: Path) -> None:
    write_contacts(tmp_path / "contacts.xlsx", [])
    page = openpyxl.load_workbook(tmp_path / "contacts.xlsx").worksheets[0]
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["heyx contact id", "tags", "created_at"]
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("stored", ["as-sent", "plus", "digits"])
def test_what_was_exported_and_is_uploaded_again_changes_nothing(tmp_path: Path, suffix: str, stored: str) -> None:
    told = {
        "as-sent": Misbehaviour(),
        "plus": Misbehaviour(phones="plus"),
        "digits": Misbehaviour(phones="digits"),
    }
    path = tmp_path / f"contacts{suffix}"
    with World(told[stored]) as world:
        world.sandbox.add(RICH, TAGS)
        world.sandbox.add(
            {"list": "May", "email": "bob@x.org", "vip": False}, ["solo, but with a comma"], id="a/b+c=@"
        )
        for number in range(23):
            world.sandbox.add({"list": "May", "phone": f"+4412345{number:03}"}, [f"t{number}"] * (number % 2))
        contacts = exported(world, Selection((LISTED,))).contacts
        write_contacts(path, contacts)
        planned: list[object] = []
        intent = Intent(Wishes(custom_fields=True))
        checkpoint = scene.checkpoint(open_sheet(path), intent)
        with scene.resumed(checkpoint) as run:
            world.send(run, planned=lambda _row, _known, calls: planned.extend(calls))
            assert run.journal.totals() == {"unchanged": 25}
    assert (len(contacts), planned) == (25, [])


@pytest.mark.parametrize("tags", [["a"], ["a,b"], ["a;b"], ['"'], ["a,b", "c"], ["a;b", "c,d"], [], ["x" * 255]])
def test_tags_survive_the_way_through_a_sheet(tmp_path: Path, tags: list[str]) -> None:
    path = tmp_path / "contacts.csv"
    write_contacts(path, [Contact("7", {"phone": "+4412345678"}, frozenset(tags))])
    with scene.resumed(scene.checkpoint(open_sheet(path))) as run:
        (row,) = run.open_rows()
        assert sorted(row.add_tags) == sorted(tags)
