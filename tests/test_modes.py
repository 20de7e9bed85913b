"""Runs that only create or only update, rows of one contact made one, and what the bill says of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Policy, Status, TagSet
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.planning.planner import max_calls
from heyx_bulk.reports import results
from heyx_bulk.sandbox import Faults
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import import_corrections
from heyx_bulk.upload.options import UploadOptions
from tests import scene
from tests.scene import World, settings, statuses

HEADER = "phone,email,first name,tags,remove tags\n"


def in_mode(mode: Mode, **mapping_options: object) -> UploadOptions:
    return UploadOptions(mapping=MappingOptions(**mapping_options), matching=Matching(mode=mode))  # type: ignore[arg-type]


def told(duplicates: Duplicates, mode: Mode = Mode.UPSERT) -> UploadOptions:
    return UploadOptions(matching=Matching(mode=mode), duplicates=duplicates)


def writes(world: World) -> list[str]:
    return [seen.method for seen in world.door.seen if seen.writes]


# Modes


def test_create_touches_no_contact_that_is_there_and_says_which(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a,\n+4412345679,,Bob,,\n"
    with World() as world, scene.staged(tmp_path, HEADER + rows, in_mode(Mode.CREATE)) as run:
        there = world.sandbox.add({"phone": "4412345678", "firstName": "Old"}, ["z"])
        world.send(run)
        assert statuses(run) == {2: "skipped", 3: "created"}
        assert run.checkpoint.queue.row(2).contact_id == there
        assert run.checkpoint.queue.row(2).message == (
            f"the contact {there} is there already, and --mode create touches none that is"
        )
        assert writes(world) == ["POST"]
        assert results.exit_code(run.checkpoint.queries.totals()) == 0


def test_update_creates_nobody(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a,\n+4412345679,,Bob,,\n"
    with World() as world, scene.staged(tmp_path, HEADER + rows, in_mode(Mode.UPDATE)) as run:
        world.sandbox.add({"phone": "4412345678", "firstName": "Old"}, ["z"])
        world.send(run)
        assert statuses(run) == {2: "updated", 3: "skipped"}
        assert run.checkpoint.queue.row(3).message == "HeyX has no such contact, and --mode update creates none"
        assert (len(world.sandbox.contacts), writes(world)) == (1, ["PUT", "POST"])


def test_a_row_by_id_is_skipped_under_create_without_a_call(tmp_path: Path) -> None:
    rows = "heyx contact id,first name\n7,Ann\n"
    with World() as world, scene.staged(tmp_path, rows, in_mode(Mode.CREATE)) as run:
        world.sandbox.add({}, id="7")
        assert world.send(run).calls == 0
        assert statuses(run) == {2: "skipped"}


@pytest.mark.parametrize("mode", [Mode.CREATE, Mode.UPDATE])
def test_a_dry_run_shows_skipped_rows_as_such_and_plans_nothing_for_them(tmp_path: Path, mode: Mode) -> None:
    on_planned: list[int] = []
    rows = "+4412345678,,Ann,a,\n+4412345679,,Bob,,\n"
    with World() as world, scene.staged(tmp_path, HEADER + rows, in_mode(mode)) as run:
        world.sandbox.add({"phone": "4412345678"})
        world.send(run, on_planned=lambda row, _known, _calls: on_planned.append(row.number))
        skipped = 2 if mode is Mode.CREATE else 3
        assert statuses(run)[skipped] == "skipped"
        assert (on_planned, writes(world)) == ([5 - skipped], [])


def test_a_create_whose_answer_was_lost_is_ours_if_it_was_not_there_before_and_all_is_equal(
    tmp_path: Path,
) -> None:
    rows = "+4412345678,,Ann,a,\n"
    with (
        World(Faults(lose_create_answers=1.0)) as world,
        scene.staged(tmp_path, HEADER + rows, in_mode(Mode.CREATE)) as run,
    ):
        world.send(run, settings(reconcile_delay=5, timeout=1))
        assert statuses(run) == {2: "created"}
        assert world.contact(phone="+4412345678").tags == frozenset("a")
        assert len(world.door.creates) == 1


def test_somebody_else_s_contact_found_after_a_doubtful_create_is_not_touched(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a,\n"
    with World() as world, scene.staged(tmp_path, HEADER + rows, in_mode(Mode.CREATE)) as run:

        def another(_number: int, seen: scene.Seen) -> None:
            if seen.creates:
                world.sandbox.add({"phone": "+4412345678", "firstName": "Anna"})
                raise httpx.ReadTimeout("too slow")

        world.door.before = another
        world.send(run, settings(reconcile_delay=5, timeout=1))
        assert statuses(run) == {2: "uncertain"}
        assert world.contact(phone="+4412345678").tags == frozenset()
        assert "Look at it in HeyX." in run.checkpoint.queue.row(2).message


# Rows for the same contact

TWINS = "+4412345678,,Ann,a;b,\n+4412345679,,Bob,,\n4412345678,ann@x.org,,c,a\n0044 12345678,,Anna,,\n"


def test_a_later_row_of_a_contact_is_invalid_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    with scene.staged(tmp_path, HEADER + TWINS) as run:
        assert statuses(run) == {2: "ready", 3: "ready", 4: "invalid", 5: "ready"}
        assert run.checkpoint.queue.row(4).message.startswith("same phone as row 2")


def test_rows_of_a_contact_are_made_one_and_each_has_its_outcome(tmp_path: Path) -> None:
    with World() as world, scene.staged(tmp_path, HEADER + TWINS, told(Duplicates.MERGE)) as run:
        due = estimate(run.open_rows(), run.matching)
        sent = world.send(run)
        ann = world.contact(firstName="Ann")
        assert (dict(ann.fields), ann.tags) == (
            {"phone": "4412345678", "email": "ann@x.org", "firstName": "Ann"},
            frozenset("bc"),
        )
        assert sorted(outcome.number for outcome in world.progress.outcomes) == [2, 3, 4, 5]
        assert {run.checkpoint.queue.row(number).contact_id for number in (2, 4)} == {ann.id}
        assert (sent.calls <= due.calls, run.checkpoint.queries.totals()) == (True, {"created": 4})
        assert (
            results.totals_line(run.checkpoint.queries.totals(), run.checkpoint.queries.count_contacts())
            == "4 rows for 3 contacts: 4 created"
        )


def test_only_the_last_row_of_a_contact_is_sent_and_the_others_name_it(tmp_path: Path) -> None:
    with World() as world, scene.staged(tmp_path, HEADER + TWINS, told(Duplicates.LAST)) as run:
        assert run.checkpoint.queries.nothing_sent()
        world.send(run)
        assert statuses(run) == {2: "skipped", 3: "created", 4: "created", 5: "created"}
        assert run.checkpoint.queue.row(2).message == "row 4 is the same contact, and the last one is sent"
        assert world.contact(email="ann@x.org").tags == frozenset("c")
        assert results.exit_code(run.checkpoint.queries.totals()) == 0


def test_a_run_that_skipped_what_it_looked_for_is_not_as_if_it_had_never_been(tmp_path: Path) -> None:
    with World() as world, scene.staged(tmp_path, HEADER + "+441,,Ann,,\n", in_mode(Mode.UPDATE)) as run:
        world.send(run)
        assert (statuses(run), run.checkpoint.queries.nothing_sent()) == ({2: "skipped"}, False)


def test_results_hold_every_row_of_a_merged_contact_with_its_outcome(tmp_path: Path) -> None:
    with World() as world, scene.staged(tmp_path, HEADER + TWINS, told(Duplicates.MERGE)) as run:
        world.send(run)
        path = results.write_results(run, tmp_path / "people.results.csv")
        lines = next(chunk.rows() for chunk in open_sheet(path).chunks())
        assert [(line[0], line[5], line[8]) for line in lines] == [
            ("+4412345678", "created", "2"),
            ("+4412345679", "created", "3"),
            ("4412345678", "created", "4"),
            ("0044 12345678", "created", "5"),
        ]
        assert lines[0][6] == lines[2][6] != lines[1][6]


def test_a_merged_run_that_was_cut_off_carries_on_and_sends_nothing_twice(tmp_path: Path) -> None:
    path = scene.checkpoint(scene.sheet(tmp_path, HEADER + TWINS), told(Duplicates.MERGE))
    with World() as world:

        def cut(number: int, _seen: scene.Seen) -> None:
            if number == 4:
                raise scene.PowerCut

        world.door.after = cut
        with scene.resumed(path) as run, pytest.raises(BaseException):  # noqa: B017, PT011 - a power cut is none
            world.send(run, settings(workers=1))
        world.door.after = lambda _number, _seen: None
        with scene.resumed(path) as run:
            world.send(run, settings(reconcile_delay=1))
            assert run.checkpoint.queries.totals() == {"created": 4}
            assert len(world.sandbox.contacts) == 3
            assert world.contact(email="ann@x.org").tags == frozenset("bc")


def test_a_merged_contact_that_failed_is_sent_again_as_one(tmp_path: Path) -> None:
    with (
        World(Faults(refuse_creates=1)) as world,
        scene.staged(tmp_path, HEADER + TWINS, told(Duplicates.MERGE)) as run,
    ):
        world.send(run, settings(workers=1))
        assert statuses(run) == {2: "failed", 3: "created", 4: "failed", 5: "created"}
        assert run.checkpoint.reopening.reopen_failed() == 2
        world.send(run)
        assert run.checkpoint.queries.totals() == {"created": 4}
        assert world.contact(email="ann@x.org").tags == frozenset("bc")


def test_two_rows_found_to_be_one_contact_are_told(tmp_path: Path) -> None:
    rows = "heyx contact id,phone,first name\n7,,Ann\n,+4412345678,Anna\n"
    with World() as world, scene.staged(tmp_path, rows) as run:
        world.sandbox.add({"phone": "4412345678"}, id="7")
        world.send(run, settings(workers=1))
        assert statuses(run) == {2: "updated", 3: "updated"}
        assert [run.checkpoint.queue.row(number).message for number in (2, 3)] == ["", "the same contact as row 2"]


def test_what_was_sent_as_it_stands_is_told_with_the_outcome(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(lenient=True, types=("age=number",), map=("age=age",)))
    with World() as world, scene.staged(tmp_path, "phone,age\n+4412345678,many\n", options) as run:
        world.send(run)
        assert world.contact(age="many").id == run.checkpoint.queue.row(2).contact_id
        assert run.checkpoint.queue.row(2).message.startswith("sent as it stands: column B “age” holds 'many': ")


# Rows of a merged contact given back


def given_back(run: Run, folder: Path, changed: dict[int, dict[str, str]], *, only: Sequence[int] = ()) -> None:
    """Give back the rows that need a person, some with other cells."""
    path = results.write_failed(run, folder / "people.failed.csv")
    assert path is not None
    opened = open_sheet(path)
    header = list(opened.header)
    lines = []
    for chunk in opened.chunks():
        for cells in map(list, chunk.rows()):
            number = int(cells[header.index("heyx row")].split()[1])
            for name, text in changed.get(number, {}).items():
                cells[header.index(name)] = text
            if not only or number in only:
                lines.append(cells)
    mended = scene.written(folder, header, lines, "mended.csv")
    import_corrections(run, mended)


REFUSED = Faults(refuse_creates=3)
BACK = HEADER + TWINS + "none,,Zoe,z,\n"


@pytest.mark.parametrize("only", [(2,), (4,), (2, 4), (4, 2)])
def test_rows_of_one_contact_that_are_given_back_unchanged_are_sent_as_one(
    tmp_path: Path, only: tuple[int, ...]
) -> None:
    with World(REFUSED) as world, scene.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        world.send(run)
        given_back(run, tmp_path, {}, only=only)
        world.send(run)
        assert {number: status for number, status in statuses(run).items() if number in (2, 4)} == {
            2: "created",
            4: "created",
        }
        assert world.contact(email="ann@x.org").tags == frozenset("bc")


@pytest.mark.parametrize("leaving", [2, 4])
@pytest.mark.parametrize("only", [(2, 4), (4, 2), ()])
def test_a_row_mended_to_mean_somebody_else_stands_alone(
    tmp_path: Path, leaving: int, only: tuple[int, ...]
) -> None:
    with World(REFUSED) as world, scene.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        world.send(run)
        given_back(run, tmp_path, {leaving: {"phone": "+4499999999"}}, only=only)
        world.send(run)
        assert [statuses(run)[number] for number in (2, 4)] == ["created", "created"]
        alone, stayed = (run.checkpoint.queue.row(number).contact_id for number in (leaving, 6 - leaving))
        assert alone != stayed
        tags = {contact.id: contact.tags for contact in world.sandbox.contacts}
        assert (tags[str(alone)], tags[str(stayed)]) == (
            (frozenset("ab"), frozenset("c")) if leaving == 2 else (frozenset("c"), frozenset("ab"))
        )


@pytest.mark.parametrize("leaving", [2, 4])
@pytest.mark.parametrize("only", [(2, 4), (4, 2)])
def test_a_row_mended_into_an_invalid_one_holds_up_no_other(
    tmp_path: Path, leaving: int, only: tuple[int, ...]
) -> None:
    with World(REFUSED) as world, scene.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        world.send(run)
        given_back(run, tmp_path, {leaving: {"phone": "none", "email": ""}}, only=only)
        world.send(run)
        assert (statuses(run)[leaving], statuses(run)[6 - leaving]) == ("invalid", "created")


def test_a_row_mended_into_another_one_s_contact_joins_it_where_rows_are_merged(tmp_path: Path) -> None:
    with World() as world, scene.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        world.send(run)
        assert run.checkpoint.queries.totals() == {"created": 4, "invalid": 1}
        given_back(run, tmp_path, {6: {"phone": "+4412345679"}})
        world.send(run)
        assert run.checkpoint.queries.totals() == {"created": 5}
        zoe = world.contact(firstName="Zoe")
        assert (zoe.id, zoe.tags) == (run.checkpoint.queue.row(3).contact_id, frozenset("z"))
        assert len(world.sandbox.contacts) == 3


def test_two_rows_mended_into_the_same_new_contact_are_one(tmp_path: Path) -> None:
    rows = HEADER + "none,,Ann,a,\nnone,,Bob,b,\n"
    with World() as world, scene.staged(tmp_path, rows, told(Duplicates.MERGE)) as run:
        world.send(run)
        given_back(run, tmp_path, {number: {"phone": "+4412345678"} for number in (2, 3)})
        world.send(run)
        assert run.checkpoint.queries.totals() == {"created": 2}
        assert world.contact(firstName="Bob").tags == frozenset("ab")


def test_an_earlier_row_that_joins_late_is_still_the_earlier_one(tmp_path: Path) -> None:
    rows = HEADER + "none,,Ann,a,\n+4412345678,,Bob,b,\n"
    with World() as world, scene.staged(tmp_path, rows, told(Duplicates.MERGE)) as run:
        world.send(run)
        given_back(run, tmp_path, {2: {"phone": "+4412345678"}})
        world.send(run)
        assert run.checkpoint.queries.totals() == {"created": 2}
        assert world.contact(firstName="Bob").tags == frozenset("ab")


def test_an_uncertain_merged_row_that_is_given_back_is_looked_for_and_not_made_again(tmp_path: Path) -> None:
    with scene.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        run.checkpoint.queue.mark_create_pending(2, (Field("phone", "+4412345678"),), 0.0)
        run.checkpoint.queue.finish(Outcome(2, Status.UNCERTAIN, None, "?"))
        given_back(run, tmp_path, {}, only=(4, 2))
        assert (run.checkpoint.queue.row(2).state, run.checkpoint.queue.row(4).state) == (
            "create_pending",
            "ready",
        )


# What the bill says

MAPPING = """\
[columns.city]
field = "city"
policy = "fill-blank"
[columns.shoe]
field = "shoe"
policy = "clear-when-blank"
[columns.nick]
field = "nick"
policy = "never"
[columns.email]
field = "email"
policy = "fill-blank"
[columns.segment]
tags = "set"
prefix = "seg:"
policy = "clear-when-blank"
"""

CELLS = st.fixed_dictionaries(
    {
        "heyx contact id": st.sampled_from(["", "", "", "7"]),
        "phone": st.sampled_from(["", "+4412345670", "4412345671", "44 12345672"]),
        "email": st.sampled_from(["", "a@x.org", "B@x.org", "<clear>"]),
        "city": st.sampled_from(["", "Oslo", "Rome", "<clear>"]),
        "shoe": st.sampled_from(["", "42"]),
        "nick": st.sampled_from(["", "Al"]),
        "segment": st.sampled_from(["", "gold", ",".join(f"g{number}" for number in range(12))]),
        "tags": st.sampled_from(["", "a", "a;b"]),
        "remove tags": st.sampled_from(["", "z", ";".join(f"z{number}" for number in range(10))]),
    }
)


@trying(max_examples=25, deadline=None)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=5),
    mode=st.sampled_from(Mode),
    duplicates=st.sampled_from(Duplicates),
    no_match=st.booleans(),
)
def test_no_run_of_any_mode_makes_more_calls_than_its_bill_says_and_a_second_one_changes_nothing(
    *, rows: list[dict[str, str]], mode: Mode, duplicates: Duplicates, no_match: bool
) -> None:
    no_match = no_match and mode is not Mode.UPDATE
    mapping_options = MappingOptions(file=parse_mapping(MAPPING, "m.toml"), constants=("source=fair",))
    options = UploadOptions(
        mapping=mapping_options, matching=Matching(no_match=no_match, mode=mode), duplicates=duplicates
    )
    with tempfile.TemporaryDirectory() as folder, World() as world:
        held = [f"seg:h{number}" for number in range(8)]
        world.sandbox.add({"phone": "4412345670", "email": "a@x.org", "city": "Bonn"}, ["z", *held], id="7")
        world.sandbox.add({"phone": "+4412345671", "email": "c@x.org", "shoe": "40"}, ["a"], id="8")
        sheet = scene.written(Path(folder), list(rows[0]), [list(row.values()) for row in rows])
        with scene.resumed(scene.checkpoint(sheet, options)) as run:
            due = estimate(run.open_rows(), run.matching, blocked=run.checkpoint.queries.count_blocked())
            sent = world.send(run)
            assert sent.calls <= due.calls
            totals = run.checkpoint.queries.totals()
            assert set(totals) <= {"created", "updated", "unchanged", "skipped", "failed", "invalid"}
            assert sum(totals.values()) == sum(any(row.values()) for row in rows)
        if no_match or any(row["heyx contact id"] for row in rows):
            return
        before = len(writes(world))
        again = scene.written(Path(folder), list(rows[0]), [list(row.values()) for row in rows], "again.csv")
        with scene.resumed(scene.checkpoint(again, options)) as run:
            world.send(run, settings(workers=1))
        keys = [row["phone"].replace(" ", "") for row in rows if row["phone"]] + [row["email"] for row in rows]
        if len(set(keys)) == len(keys):
            assert len(writes(world)) == before


@pytest.mark.parametrize(
    ("row", "matching", "calls"),
    [
        (ContactRow(2, "7", (), (Field("city", "x", Policy.NEVER),)), Matching(), 0),
        (ContactRow(2, "7", (), (Field("city", "x", Policy.FILL),)), Matching(), 2),
        (ContactRow(2, "7", (), (), ("seg:a",), (), (), (TagSet("seg:", ("seg:a",)),)), Matching(), 3),
        (ContactRow(2, "7", (), (), (), ("z",), (), (TagSet("seg:", ()),)), Matching(), 3),
        (ContactRow(2, "7", (), (Field("city", "x"),)), Matching(mode=Mode.CREATE), 0),
        (ContactRow(2, None, (), (Field("a", "x"), Field("city", ""))), Matching(no_match=True), 2),
        (ContactRow(2, None, (), (Field("a", "x"), Field("city", ""))), Matching(), 1),
    ],
)
def test_the_bill_of_a_row_counts_what_its_policies_and_sets_cost(
    row: ContactRow, matching: Matching, calls: int
) -> None:
    assert max_calls(row, matching) == calls
