from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from heyx_bulk.errors import CheckpointMismatch, MappingError
from heyx_bulk.mapping.columns import Use
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Problem
from heyx_bulk.planning.estimate import estimate, match_kind
from heyx_bulk.planning.matching import Matching
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.sheets.writer import write_sheet
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import check_unchanged, stage
from heyx_bulk.values.equality import PhoneLookup
from tests.support import runs

HEADER = "phone,email,first name,tags\n"
PEOPLE = HEADER + "+4412345678,ann@x.org,Ann,a;b\n+4412345679,bob@x.org,Bob,\n"


def problems(run: Run) -> dict[int, tuple[Problem, ...]]:
    return {record.number: record.problems for record in run.checkpoint.queue.rows() if record.problems}


def causes(run: Run) -> dict[int, list[str]]:
    return {number: [problem.cause for problem in found] for number, found in problems(run).items()}


# What is staged


def test_a_checkpoint_knows_every_row_as_text_and_what_the_columns_mean(tmp_path: Path) -> None:
    with runs.staged(tmp_path, HEADER + "0044 123,ann@x.org,  Ann ,\n\n,,,\n1.00.0,,007,x\n") as run:
        assert [(record.number, record.cells) for record in run.checkpoint.queue.rows()] == [
            (2, ("0044 123", "ann@x.org", "  Ann ", "")),
            (5, ("1.00.0", "", "007", "x")),
        ]
        assert [column.use for column in run.columns.columns] == [Use.FIELD] * 3 + [Use.ADD_TAGS]
        assert [row.number for row in run.open_rows()] == [2, 5]
        info = run.checkpoint.info
    assert (info.sheet, info.rows, info.started_at) == ("people.csv", 2, runs.BEGUN_AT)
    assert info.header == ("phone", "email", "first name", "tags")


def test_a_run_of_a_journal_is_the_run_that_was_staged(tmp_path: Path) -> None:
    matching = Matching(phone_lookup=PhoneLookup.PLUS, trust_ids=True)
    options = UploadOptions(
        mapping=MappingOptions(key=("email",), add_tags=("all",), remove_tags=("none",)), matching=matching
    )
    with runs.staged(tmp_path, PEOPLE, options) as run:
        assert run.matching == replace(matching, read_first=False)
        assert (run.columns.keys, run.columns.add_tags, run.columns.remove_tags) == (
            ("email",),
            ("all",),
            ("none",),
        )
        assert [row.key for row in run.open_rows()] == [row.fields[1] for row in run.open_rows()]


def test_each_list_is_split_by_its_own_separator_whatever_other_cells_have(tmp_path: Path) -> None:
    rows = "".join(f'+441{number:07},,,"a, b"\n' for number in range(300))
    with runs.staged(tmp_path, HEADER + rows + "+449912,,,c;d\n") as run:
        tags = [row.add_tags for row in run.open_rows()]
    assert Counter(tags) == {("a", "b"): 300, ("c", "d"): 1}


def test_a_run_with_a_mistake_in_its_columns_leaves_nothing(tmp_path: Path) -> None:
    sheet = runs.sheet(tmp_path, "phone,shoe size\n+4412345678,44\n")
    with pytest.raises(MappingError):
        runs.checkpoint(sheet)
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_values_without_a_header_are_told_with_their_columns_and_nothing_is_left(tmp_path: Path) -> None:
    sheet = runs.sheet(tmp_path, "phone,,city,\n+4412345678,,Oslo,\n+4412345679,x,,y\n")
    options = UploadOptions(mapping=MappingOptions(custom_fields=True))
    with pytest.raises(MappingError) as caught:
        runs.checkpoint(sheet, options)
    assert "column B, column D" in caught.value.what
    assert '--ignore "column B"' in caught.value.what
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_values_without_a_header_may_be_ignored_or_given_a_field(tmp_path: Path) -> None:
    sheet = runs.sheet(tmp_path, "phone,,,tags\n+4412345678,x,y,\n")
    path = runs.checkpoint(
        sheet, UploadOptions(mapping=MappingOptions(ignore=("column B",), map=("column C=city",)))
    )
    with runs.resumed(path) as run:
        (row,) = run.open_rows()
        assert [(field.name, field.value) for field in row.fields] == [("phone", "+4412345678"), ("city", "y")]


def test_blank_cells_without_a_header_are_no_mistake(tmp_path: Path) -> None:
    with runs.staged(tmp_path, "phone,,,tags\n+4412345678, ,,\n") as run:
        assert run.checkpoint.queries.totals() == {"to do": 1}


# Rows that cannot be sent


def test_invalid_rows_leave_the_valid_ones_alone(tmp_path: Path) -> None:
    rows = "+4412345678,,Ann,\n,,Bob,\n1.78E+15,,Cyd,\nnone,,Dan,\n+4412345679,,Eve,\n"
    with runs.Channel() as channel, runs.staged(tmp_path, HEADER + rows) as run:
        assert causes(run) == {
            3: ["no phone or email"],
            4: ["a phone that the spreadsheet has rounded"],
            5: ["a phone without digits"],
        }
        channel.send(run)
        assert runs.statuses(run) == {2: "created", 3: "invalid", 4: "invalid", 5: "invalid", 6: "created"}
        assert {contact.fields["firstName"] for contact in channel.sandbox.contacts} == {"Ann", "Eve"}


def test_a_faulty_cell_makes_its_row_invalid_only_where_its_column_is_sent(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for cells in (["phone", "city", "note"], ["+4412345678", "=1/0", "x"], ["+4412345679", "Oslo", "=1/0"]):
        page.append(cells)
    page["B2"].data_type = page["C3"].data_type = "e"
    page["B2"].value = page["C3"].value = "#DIV/0!"
    path = tmp_path / "people.xlsx"
    book.save(path)
    options = UploadOptions(mapping=MappingOptions(custom_fields=True, ignore=("note",)))
    with runs.resumed(runs.checkpoint(open_sheet(path), options)) as run:
        ((number, (problem,)),) = problems(run).items()
        assert (number, "column B “city”" in problem.detail) == (2, True)
        assert runs.statuses(run) == {2: "invalid", 3: "ready"}


def test_a_row_with_more_values_than_columns_is_invalid(tmp_path: Path) -> None:
    others = "".join(f"+441{number:07},b@x.org{number}\n" for number in range(300))
    with runs.staged(tmp_path, f"phone,email\n+4412345678,a@x.org,what is this\n{others}") as run:
        assert causes(run) == {2: ["a cell that has 3 values where the header has 2 columns"]}


def ids(folder: Path) -> Path:
    """A workbook whose ids are numbers: one that may have been rounded, one that fits."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for cells in (
        ["heyx contact id", "city", "size"],
        [1776025372480910, "Oslo", 1],
        [177602537248, "Oslo", 2**60],
    ):
        page.append(cells)
    path = folder / "ids.xlsx"
    book.save(path)
    return path


def test_an_id_that_the_spreadsheet_may_have_rounded_is_invalid_unless_it_is_accepted(tmp_path: Path) -> None:
    sheet = open_sheet(ids(tmp_path))
    options = UploadOptions(mapping=MappingOptions(custom_fields=True))
    with runs.resumed(runs.checkpoint(sheet, options)) as run:
        assert runs.statuses(run) == {2: "invalid", 3: "ready"}
    with runs.resumed(runs.checkpoint(sheet, replace(options, accept_rounded_ids=True))) as run:
        assert runs.statuses(run) == {2: "ready", 3: "ready"}


def test_a_row_with_the_key_of_an_earlier_one_is_invalid_and_names_it(tmp_path: Path) -> None:
    rows = "+44 1234-5678,,Ann,\n4412345678,,Bob,\n,ANN@x.org,Cyd,\n,ann@X.org,Dan,\n(+44) 12345678,,Eve,\n"
    with runs.staged(tmp_path, HEADER + rows) as run:
        assert {number: found[0].detail for number, found in problems(run).items()} == {
            3: "same phone as row 2: leave one out, or upload with --duplicates merge or last",
            5: "same email as row 4: leave one out, or upload with --duplicates merge or last",
            6: "same phone as row 2: leave one out, or upload with --duplicates merge or last",
        }
        assert [cause[:3] for cause in run.checkpoint.queries.invalid_causes()] == [
            ("same phone as an earlier row", 2, [3, 6]),
            ("same email as an earlier row", 1, [5]),
        ]


def test_phones_in_other_peoples_digits_are_the_same_phone(tmp_path: Path) -> None:
    with runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n+٤٤١٢٣٤٥٦٧٨,,Bob,\n") as run:
        assert runs.statuses(run) == {2: "ready", 3: "invalid"}


def test_a_row_with_the_id_of_an_earlier_one_is_invalid_and_one_with_its_second_key_is_not(tmp_path: Path) -> None:
    rows = "7,+4412345678,a@x.org\n7,+4412345679,b@x.org\n8,+4412345678,c@x.org\n,+4412345680,a@x.org\n"
    with runs.staged(tmp_path, "heyx contact id,phone,email\n" + rows) as run:
        assert {number: found[0].detail for number, found in problems(run).items()} == {
            3: "same contact id as row 2: leave one out, or upload with --duplicates merge or last"
        }
        assert [run.checkpoint.queue.blocked_by(number) for number in (2, 4, 5)] == [None, 2, None]


def test_a_row_is_not_invalid_for_the_key_of_a_row_that_is_invalid_itself(tmp_path: Path) -> None:
    rows = '+4412345678,,Ann,"a"\n+4412345678,,Bob,\n'
    options = UploadOptions(mapping=MappingOptions(remove_tags=("a",)))
    with runs.staged(tmp_path, HEADER + rows, options) as run:
        assert causes(run) == {2: ["a tag both added and removed"]}


def test_without_matching_the_same_key_twice_is_invalid_all_the_same(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(), matching=Matching(no_match=True))
    with runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n4412345678,,Bob,\n,,Cyd,\n,,,x\n", options) as run:
        assert causes(run) == {
            3: ["same phone as an earlier row"],
            5: ["no field to create a contact with"],
        }


# The sheet known again


def workbook(folder: Path) -> Path:
    path = folder / "people.xlsx"
    write_sheet(path, ("phone", "first name"), [("+4412345678", "Ann"), ("+4412345679", "Bob")])
    return path


def test_a_workbook_saved_again_with_other_styles_is_the_same_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path)
    before = path.read_bytes()
    with runs.resumed(runs.checkpoint(open_sheet(path))) as run:
        book = openpyxl.load_workbook(path)
        page = book.worksheets[0]
        page.column_dimensions["A"].width = 77
        for row in page.iter_rows():
            for cell in row:
                cell.font, cell.fill = Font(bold=True), PatternFill("solid", "00FF00")
        book.save(path)
        assert path.read_bytes() != before
        check_unchanged(run.checkpoint, open_sheet(path), UploadOptions())


def test_a_csv_with_other_quotes_separators_and_encoding_is_the_same_sheet(tmp_path: Path) -> None:
    with runs.staged(tmp_path, "phone,first name\n+4412345678,Zoë\n") as run:
        path = tmp_path / "people.csv"
        path.write_bytes('"phone";"first name"\r\n"+4412345678";"Zoë"\r\n'.encode("utf-16"))
        check_unchanged(run.checkpoint, open_sheet(path), UploadOptions())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (PEOPLE.replace("Ann", "Anne"), "some cells have changed"),
        (PEOPLE.replace("Ann", " Ann"), "some cells have changed"),
        (PEOPLE + "+4412345680,,Cyd,\n", "it had 2 rows and has 3"),
        (PEOPLE.replace("first name", "First Name"), "the header has changed"),
        (PEOPLE.replace("\n", "\n\n", 1), "some cells have changed"),
        ("".join([HEADER, *reversed(PEOPLE.splitlines(keepends=True)[1:])]), "some cells have changed"),
    ],
    ids=["a cell", "a blank", "a row more", "a header", "a row's number", "the order"],
)
def test_a_changed_sheet_is_refused_saying_what_changed(tmp_path: Path, text: str, what: str) -> None:
    with runs.staged(tmp_path, PEOPLE) as run:
        with pytest.raises(CheckpointMismatch) as caught:
            check_unchanged(run.checkpoint, runs.sheet(tmp_path, text), UploadOptions())
        assert what in caught.value.what
        assert "--restart" in caught.value.remedy


# What it will cost


def test_a_bill_counts_rows_by_kind_and_calls_and_what_other_look_ups_would_save(tmp_path: Path) -> None:
    rows = [
        "7,,,Ann,",  # one write
        "8,+4412345678,,Bob,x",  # one read, two writes
        ",+4412345679,,Cyd,",  # two searches (with + and without), one write
        ",+44 12345680,,Dan,",  # three searches (as it is written, besides), one write
        ',,eve@x.org,Eve,"' + ";".join(f"t{number}" for number in range(11)) + '"',  # one search, three writes
    ]
    with runs.staged(tmp_path, "heyx contact id,phone,email,first name,tags\n" + "\n".join(rows) + "\n") as run:
        total = estimate(run.open_rows(), run.matching)
    assert total.kinds == {"by contact id": 2, "by phone": 2, "by email": 1}
    assert (total.calls, total.contacts_written) == (1 + 3 + 3 + 4 + 4, 5)
    assert +total.savings == {PhoneLookup.PLUS: 2, PhoneLookup.DIGITS: 1, PhoneLookup.AS_WRITTEN: 3}


def test_rows_that_are_created_without_looking_are_a_kind_of_their_own(tmp_path: Path) -> None:
    options = UploadOptions(mapping=MappingOptions(), matching=Matching(no_match=True))
    with runs.staged(tmp_path, HEADER + "+4412345678,,Ann,\n,,Bob,\n", options) as run:
        assert [match_kind(row, run.matching) for row in run.open_rows()] == ["created without a search"] * 2
        assert estimate(run.open_rows(), run.matching).calls == 2


@pytest.mark.slow
def test_staging_tells_how_many_rows_it_has_read(tmp_path: Path) -> None:
    heard: list[int] = []
    sheet = runs.written(tmp_path, ["phone"], [[f"+441{number:07}"] for number in range(25_000)])
    path = tmp_path / "x.checkpoint"
    stage(sheet, UploadOptions(), path, channel="c", started_at="now", durable=False, read=heard.append)
    assert len(heard) >= 3
    assert heard[-1] == 25_000
    assert all(0 < later - earlier <= 10_000 for earlier, later in pairwise([0, *heard]))


ORDINARY = UploadOptions(mapping=MappingOptions(map=("mobile=phone",), add_tags=("a", "b")))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (replace(ORDINARY, mapping=MappingOptions(add_tags=("a", "b"))), "--map was mobile=phone, now not given"),
        (replace(ORDINARY, mapping=replace(ORDINARY.mapping, ignore=("x",))), "--ignore was not given, now x"),
        (
            replace(ORDINARY, mapping=replace(ORDINARY.mapping, add_tags=("b", "a"))),
            "--add-tag was a, b, now b, a",
        ),
        (replace(ORDINARY, mapping=replace(ORDINARY.mapping, remove_tags=("c",))), "--remove-tag"),
        (
            replace(ORDINARY, mapping=replace(ORDINARY.mapping, custom_fields=True)),
            "--custom-fields was not given, now given",
        ),
        (replace(ORDINARY, mapping=replace(ORDINARY.mapping, id_column="x")), "--id-column"),
        (replace(ORDINARY, mapping=replace(ORDINARY.mapping, key=("email",))), "--key was not given, now email"),
        (replace(ORDINARY, matching=Matching(no_match=True)), "--no-match was not given, now given"),
        (
            replace(ORDINARY, matching=Matching(phone_lookup=PhoneLookup.PLUS)),
            "--phone-lookup was not given, now plus",
        ),
        (replace(ORDINARY, matching=Matching(trust_ids=True)), "--trust-ids"),
        (replace(ORDINARY, sheet=SheetOptions(worksheet="May")), "--worksheet was not given, now May"),
        (replace(ORDINARY, accept_rounded_ids=True), "--accept-rounded-ids"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_options_are_refused_by_name(tmp_path: Path, options: UploadOptions, what: str) -> None:
    text = "mobile,first name\n+4412345678,Ann\n"
    with runs.staged(tmp_path, text, ORDINARY) as run:
        sheet = runs.sheet(tmp_path, text)
        check_unchanged(run.checkpoint, sheet, ORDINARY)
        with pytest.raises(CheckpointMismatch) as caught:
            check_unchanged(run.checkpoint, sheet, options)
        assert what in caught.value.what
        assert ("--restart" in caught.value.remedy) is not options.matching.no_match
