"""Runs that only create or only update, rows of one contact made one, and what the bill says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.contacts import ContactRow, Field, Outcome, Policy, Status, TagSet
from heyx_bulk.planning.estimate import estimate
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.planning.planner import max_calls
from heyx_bulk.reports import results
from heyx_bulk.reports.run_totals import exit_code, totals_line
from heyx_bulk.sandbox import Faults
from heyx_bulk.sheets.frames import row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import import_corrections
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.runs import Channel, settings, statuses

HEADER = "phone,email,first name,tags,remove tags\n"


def in_mode(mode: Mode, **mapping_options: object) -> UploadOptions:
    return UploadOptions(mapping=MappingOptions(**mapping_options), matching=Matching(mode=mode))  # type: ignore[arg-type]


def told(duplicates: Duplicates, mode: Mode = Mode.UPSERT) -> UploadOptions:
    return UploadOptions(matching=Matching(mode=mode), duplicates=duplicates)


def writes(channel: Channel) -> list[str]:
    return [seen.method for seen in channel.transport.seen if seen.writes]


# Modes


def test_create_touches_no_contact_that_is_there_and_says_which(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a,\n+4412345679,,Bob,,\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows, in_mode(Mode.CREATE)) as run:
        there = channel.sandbox.add({"phone": "4412345678", "firstName": "Old"}, ["z"])
        channel.send(run)
        assert statuses(run) == {2: "skipped", 3: "created"}
        assert run.checkpoint.queue.row(2).contact_id == there
        assert run.checkpoint.queue.row(2).message == (
            f"contact {there} exists already, and --mode create does not change existing contacts"
        )
        assert writes(channel) == ["POST"]
        assert exit_code(run.checkpoint.queries.totals()) == 0


def test_update_creates_nobody(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a,\n+4412345679,,Bob,,\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows, in_mode(Mode.UPDATE)) as run:
        channel.sandbox.add({"phone": "4412345678", "firstName": "Old"}, ["z"])
        channel.send(run)
        assert statuses(run) == {2: "updated", 3: "skipped"}
        assert (
            run.checkpoint.queue.row(3).message
            == "HeyX has no such contact, and --mode update does not create contacts"
        )
        assert (len(channel.sandbox.contacts), writes(channel)) == (1, ["PUT", "POST"])


def test_a_row_by_id_is_skipped_under_create_without_a_call(tmp_path: Path) -> None:
    rows = "heyx contact id,first name\n7,Ann\n"
    with Channel() as channel, runs.staged(tmp_path, rows, in_mode(Mode.CREATE)) as run:
        channel.sandbox.add({}, id="7")
        assert channel.send(run).calls == 0
        assert statuses(run) == {2: "skipped"}


@pytest.mark.parametrize("mode", [Mode.CREATE, Mode.UPDATE])
def test_a_dry_run_shows_skipped_rows_as_such_and_plans_nothing_for_them(tmp_path: Path, mode: Mode) -> None:
    on_planned: list[int] = []
    rows = "+4412345678,,Ann,a,\n+4412345679,,Bob,,\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows, in_mode(mode)) as run:
        channel.sandbox.add({"phone": "4412345678"})
        channel.send(run, on_planned=lambda row, _known, _calls: on_planned.append(row.number))
        skipped = 2 if mode is Mode.CREATE else 3
        assert statuses(run)[skipped] == "skipped"
        assert (on_planned, writes(channel)) == ([5 - skipped], [])


def test_a_create_whose_answer_was_lost_is_ours_if_it_was_not_there_before_and_all_is_equal(
    tmp_path: Path,
) -> None:
    rows = "+4412345678,,Ann,a,\n"
    with (
        Channel(Faults(lose_create_answers=1.0)) as channel,
        runs.staged(tmp_path, HEADER + rows, in_mode(Mode.CREATE)) as run,
    ):
        channel.send(run, settings(reconcile_delay=5, timeout=1))
        assert statuses(run) == {2: "created"}
        assert channel.contact(phone="+4412345678").tags == frozenset("a")
        assert len(channel.transport.creates) == 1


def test_somebody_else_s_contact_found_after_a_doubtful_create_is_not_touched(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,a,\n"
    with Channel() as channel, runs.staged(tmp_path, HEADER + rows, in_mode(Mode.CREATE)) as run:

        def another(_number: int, seen: runs.RecordedRequest) -> None:
            if seen.creates:
                channel.sandbox.add({"phone": "+4412345678", "firstName": "Anna"})
                raise httpx.ReadTimeout("too slow")

        channel.transport.before = another
        channel.send(run, settings(reconcile_delay=5, timeout=1))
        assert statuses(run) == {2: "uncertain"}
        assert channel.contact(phone="+4412345678").tags == frozenset()
        assert "Check the contact in HeyX." in run.checkpoint.queue.row(2).message


# Rows for the same contact

TWINS = "+4412345678,,Ann,a;b,\n+4412345679,,Bob,,\n4412345678,ann@x.org,,c,a\n0044 12345678,,Anna,,\n"


def test_a_later_row_of_a_contact_is_invalid_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    with runs.staged(tmp_path, HEADER + TWINS) as run:
        assert statuses(run) == {2: "ready", 3: "ready", 4: "invalid", 5: "ready"}
        assert run.checkpoint.queue.row(4).message.startswith("same phone as row 2")


def test_rows_of_a_contact_are_made_one_and_each_has_its_outcome(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + TWINS, told(Duplicates.MERGE)) as run:
        due = estimate(run.open_rows(), run.matching)
        sent = channel.send(run)
        ann = channel.contact(firstName="Ann")
        assert (dict(ann.fields), ann.tags) == (
            {"phone": "4412345678", "email": "ann@x.org", "firstName": "Ann"},
            frozenset("bc"),
        )
        assert sorted(outcome.number for outcome in channel.progress.outcomes) == [2, 3, 4, 5]
        assert {run.checkpoint.queue.row(number).contact_id for number in (2, 4)} == {ann.id}
        assert (sent.calls <= due.calls, run.checkpoint.queries.totals()) == (True, {"created": 4})
        assert (
            totals_line(run.checkpoint.queries.totals(), run.checkpoint.queries.count_contacts())
            == "4 rows for 3 contacts: 4 created"
        )


def test_only_the_last_row_of_a_contact_is_sent_and_the_others_name_it(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + TWINS, told(Duplicates.LAST)) as run:
        assert run.checkpoint.queries.nothing_sent()
        channel.send(run)
        assert statuses(run) == {2: "skipped", 3: "created", 4: "created", 5: "created"}
        assert run.checkpoint.queue.row(2).message == "row 4 is the same contact, and the last one is sent"
        assert channel.contact(email="ann@x.org").tags == frozenset("c")
        assert exit_code(run.checkpoint.queries.totals()) == 0


def test_a_run_that_skipped_what_it_looked_for_is_not_as_if_it_had_never_been(tmp_path: Path) -> None:
    with (
        Channel() as channel,
        runs.staged(tmp_path, HEADER + "+4412341,,Ann,,\n", in_mode(Mode.UPDATE)) as run,
    ):
        channel.send(run)
        assert (statuses(run), run.checkpoint.queries.nothing_sent()) == ({2: "skipped"}, False)


def test_results_hold_every_row_of_a_merged_contact_with_its_outcome(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, HEADER + TWINS, told(Duplicates.MERGE)) as run:
        channel.send(run)
        path = results.write_results(run, tmp_path / "people.results.csv").path
        lines = next(row_texts(cells) for cells, _ in open_sheet(path).frames())
        assert [(line[0], line[5], line[8]) for line in lines] == [
            ("+4412345678", "created", "2"),
            ("+4412345679", "created", "3"),
            ("4412345678", "created", "4"),
            ("0044 12345678", "created", "5"),
        ]
        assert lines[0][6] == lines[2][6] != lines[1][6]


def test_a_merged_run_that_was_cut_off_carries_on_and_sends_nothing_twice(tmp_path: Path) -> None:
    path = runs.checkpoint(runs.sheet(tmp_path, HEADER + TWINS), told(Duplicates.MERGE))
    with Channel() as channel:

        def cut(number: int, _seen: runs.RecordedRequest) -> None:
            if number == 4:
                raise runs.PowerCut

        channel.transport.after = cut
        with runs.resumed(path) as run, pytest.raises(BaseException):  # noqa: B017, PT011 - a power cut is none
            channel.send(run, settings(workers=1))
        channel.transport.after = lambda _number, _seen: None
        with runs.resumed(path) as run:
            channel.send(run, settings(reconcile_delay=1))
            assert run.checkpoint.queries.totals() == {"created": 4}
            assert len(channel.sandbox.contacts) == 3
            assert channel.contact(email="ann@x.org").tags == frozenset("bc")


def test_a_merged_contact_that_failed_is_sent_again_as_one(tmp_path: Path) -> None:
    with (
        Channel(Faults(refuse_creates=1)) as channel,
        runs.staged(tmp_path, HEADER + TWINS, told(Duplicates.MERGE)) as run,
    ):
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "failed", 3: "created", 4: "failed", 5: "created"}
        assert run.checkpoint.reopening.reopen_failed() == 2
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 4}
        assert channel.contact(email="ann@x.org").tags == frozenset("bc")


def test_two_rows_found_to_be_one_contact_are_told(tmp_path: Path) -> None:
    rows = "heyx contact id,phone,first name\n7,,Ann\n,+4412345678,Anna\n"
    with Channel() as channel, runs.staged(tmp_path, rows) as run:
        channel.sandbox.add({"phone": "4412345678"}, id="7")
        channel.send(run, settings(workers=1))
        assert statuses(run) == {2: "updated", 3: "updated"}
        assert [run.checkpoint.queue.row(number).message for number in (2, 3)] == ["", "the same contact as row 2"]


def test_what_was_sent_as_it_stands_is_told_with_the_outcome(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(lenient=True, types=("age=number",), map=("age=age",)))
    with Channel() as channel, runs.staged(tmp_path, "phone,age\n+4412345678,many\n", options) as run:
        channel.send(run)
        assert channel.contact(age="many").id == run.checkpoint.queue.row(2).contact_id
        assert run.checkpoint.queue.row(2).message.startswith("sent unchanged: column B “age” holds 'many': ")


# Rows of a merged contact given back


def given_back(run: Run, folder: Path, changed: dict[int, dict[str, str]], *, only: Sequence[int] = ()) -> None:
    """Give back the rows that need a person, some with other cells."""
    written = results.write_failed(run, folder / "people.failed.csv")
    assert written is not None
    opened = open_sheet(written.path)
    header = list(opened.header)
    lines = []
    for frame in opened.frames():
        for cells in map(list, row_texts(frame.cells)):
            number = int(cells[header.index("heyx row")].split()[1])
            for name, text in changed.get(number, {}).items():
                cells[header.index(name)] = text
            if not only or number in only:
                lines.append(cells)
    mended = runs.written(folder, header, lines, "mended.csv")
    import_corrections(run, mended)


REFUSED = Faults(refuse_creates=3)
BACK = HEADER + TWINS + "none,,Zoe,z,\n"


@pytest.mark.parametrize("only", [(2,), (4,), (2, 4), (4, 2)])
def test_rows_of_one_contact_that_are_given_back_unchanged_are_sent_as_one(
    tmp_path: Path, only: tuple[int, ...]
) -> None:
    with Channel(REFUSED) as channel, runs.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        channel.send(run)
        given_back(run, tmp_path, {}, only=only)
        channel.send(run)
        assert {number: status for number, status in statuses(run).items() if number in (2, 4)} == {
            2: "created",
            4: "created",
        }
        assert channel.contact(email="ann@x.org").tags == frozenset("bc")


@pytest.mark.slow
@pytest.mark.parametrize("leaving", [2, 4])
@pytest.mark.parametrize("only", [(2, 4), (4, 2), ()])
def test_a_row_mended_to_mean_somebody_else_stands_alone(
    tmp_path: Path, leaving: int, only: tuple[int, ...]
) -> None:
    with Channel(REFUSED) as channel, runs.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        channel.send(run)
        given_back(run, tmp_path, {leaving: {"phone": "+4498765432"}}, only=only)
        channel.send(run)
        assert [statuses(run)[number] for number in (2, 4)] == ["created", "created"]
        alone, stayed = (run.checkpoint.queue.row(number).contact_id for number in (leaving, 6 - leaving))
        assert alone != stayed
        tags = {contact.id: contact.tags for contact in channel.sandbox.contacts}
        assert (tags[str(alone)], tags[str(stayed)]) == (
            (frozenset("ab"), frozenset("c")) if leaving == 2 else (frozenset("c"), frozenset("ab"))
        )


@pytest.mark.parametrize("leaving", [2, 4])
@pytest.mark.parametrize("only", [(2, 4), (4, 2)])
def test_a_row_mended_into_an_invalid_one_holds_up_no_other(
    tmp_path: Path, leaving: int, only: tuple[int, ...]
) -> None:
    with Channel(REFUSED) as channel, runs.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        channel.send(run)
        given_back(run, tmp_path, {leaving: {"phone": "none", "email": ""}}, only=only)
        channel.send(run)
        assert (statuses(run)[leaving], statuses(run)[6 - leaving]) == ("invalid", "created")


def test_a_row_mended_into_another_one_s_contact_joins_it_where_rows_are_merged(tmp_path: Path) -> None:
    with Channel() as channel, runs.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 4, "invalid": 1}
        given_back(run, tmp_path, {6: {"phone": "+4412345679"}})
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 5}
        zoe = channel.contact(firstName="Zoe")
        assert (zoe.id, zoe.tags) == (run.checkpoint.queue.row(3).contact_id, frozenset("z"))
        assert len(channel.sandbox.contacts) == 3


def test_two_rows_mended_into_the_same_new_contact_are_one(tmp_path: Path) -> None:
    rows = HEADER + "none,,Ann,a,\nnone,,Bob,b,\n"
    with Channel() as channel, runs.staged(tmp_path, rows, told(Duplicates.MERGE)) as run:
        channel.send(run)
        given_back(run, tmp_path, {number: {"phone": "+4412345678"} for number in (2, 3)})
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 2}
        assert channel.contact(firstName="Bob").tags == frozenset("ab")


def test_an_earlier_row_that_joins_late_is_still_the_earlier_one(tmp_path: Path) -> None:
    rows = HEADER + "none,,Ann,a,\n+4412345678,,Bob,b,\n"
    with Channel() as channel, runs.staged(tmp_path, rows, told(Duplicates.MERGE)) as run:
        channel.send(run)
        given_back(run, tmp_path, {2: {"phone": "+4412345678"}})
        channel.send(run)
        assert run.checkpoint.queries.totals() == {"created": 2}
        assert channel.contact(firstName="Bob").tags == frozenset("ab")


def test_an_uncertain_merged_row_that_is_given_back_is_looked_for_and_not_made_again(tmp_path: Path) -> None:
    with runs.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        run.checkpoint.queue.mark_create_pending(2, (Field("phone", "+4412345678"),), 0.0)
        run.checkpoint.queue.finish(Outcome(2, Status.UNCERTAIN, None, "?"))
        given_back(run, tmp_path, {}, only=(4, 2))
        assert (run.checkpoint.queue.row(2).state, run.checkpoint.queue.row(4).state) == (
            "create_pending",
            "ready",
        )


def test_a_merged_row_that_leaves_an_uncertain_one_has_made_nobody_itself(tmp_path: Path) -> None:
    with runs.staged(tmp_path, BACK, told(Duplicates.MERGE)) as run:
        run.checkpoint.queue.mark_create_pending(2, (Field("phone", "+4412345678"),), 0.0)
        run.checkpoint.queue.finish(Outcome(2, Status.UNCERTAIN, None, "?"))
        given_back(run, tmp_path, {4: {"phone": "none", "email": ""}}, only=(4,))
        assert run.checkpoint.queue.row(4).status == "invalid"
        run.checkpoint.reopening.reopen_failed()
        assert run.checkpoint.queue.row(2).state == "create_pending"
        assert (run.checkpoint.queue.row(4).state, run.checkpoint.queue.row(4).status) == ("done", "invalid")


# What the bill says


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
