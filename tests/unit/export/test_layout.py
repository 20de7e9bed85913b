"""Contacts as a table in a file: its columns, its kinds, and that it is what HeyX had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from heyx_bulk.cli.export_target import ExportTarget
from heyx_bulk.errors import SettingsError, UsageError
from heyx_bulk.export.layout import TableLayout, as_texts, build_table, headers_by_field
from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.models.contacts import Contact
from heyx_bulk.sheets.frames import row_texts
from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.writer import to_frame
from heyx_bulk.values.value_types import ValueKind
from tests.support import runs

PLAIN = TableLayout()


def written(path: Path, contacts: Sequence[Contact], layout: TableLayout = PLAIN) -> Path:
    return ExportTarget.of(str(path), raw_csv=False).write(build_table(lambda: iter(contacts), layout))


def rows(path: Path) -> list[list[str]]:
    sheet = open_sheet(path)
    return [list(sheet.header), *(list(row) for cells, _ in sheet.frames() for row in row_texts(cells))]


def listed(contacts: Iterable[Contact], layout: TableLayout = PLAIN) -> list[list[str]]:
    kept = list(contacts)
    made = build_table(lambda: iter(kept), layout)
    return [list(made.header), *as_texts(made.rows)]


TWO = (
    Contact(
        "1776025372480910", {"zeta": "1", "locale": "en", "phone": "+44", "firstName": "Ann"}, frozenset("ba")
    ),
    Contact("a/b+c=@", {"Alpha": True, "email": None, "phone": "0044"}, created_at=1_700_000_000),
)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_id_comes_first_then_heyx_fields_custom_ones_by_name_read_only_ones_tags_and_when(
    tmp_path: Path, suffix: str
) -> None:
    assert rows(written(tmp_path / f"contacts{suffix}", TWO)) == [
        ["heyx contact id", "firstName", "phone", "email", "Alpha", "zeta", "locale", "tags", "created_at"],
        ["1776025372480910", "Ann", "+44", "", "", "1", "en", "a;b", ""],
        ["a/b+c=@", "", "0044", "", "true", "", "", "", "2023-11-14T22:13:20+00:00"],
    ]


def test_columns_are_those_asked_for_in_their_order_and_one_that_nobody_has_is_blank_and_told() -> None:
    layout = TableLayout(("tags", "phone", "Nothing", "heyx contact id", "tag:a", "tag:none"))
    assert listed(TWO, layout) == [
        ["tags", "phone", "Nothing", "heyx contact id", "tag:a", "tag:none"],
        ["a;b", "+44", "", "1776025372480910", "true", "false"],
        ["", "0044", "", "a/b+c=@", "false", "false"],
    ]
    assert build_table(lambda: iter(TWO), layout).missing == ("Nothing", "tag:none")


def test_each_tag_may_have_a_column_of_its_own() -> None:
    assert listed(TWO, TableLayout(("phone", "tags"), tag_columns=True)) == [
        ["phone", "tag:a", "tag:b"],
        ["+44", "true", "true"],
        ["0044", "false", "false"],
    ]


def test_headers_may_be_renamed_and_two_of_the_same_are_refused() -> None:
    assert listed(TWO, TableLayout(("phone", "tags"), {"phone": "Mobile"}))[0] == ["Mobile", "tags"]
    with pytest.raises(SettingsError, match="“tags”"):
        listed(TWO, TableLayout(("phone", "tags"), {"phone": "tags"}))


def test_fields_whose_names_differ_in_case_alone_have_a_column_each() -> None:
    assert listed([Contact("1", {"isLead": "a", "islead": "b"})])[1][:3] == ["1", "a", "b"]


def test_a_mapping_file_gives_its_headers_the_other_way_round() -> None:
    mapping = parse_mapping(
        """
        [columns."Mobile"]
        field = "phone"
        [columns."Labels"]
        tags = "add"
        [columns."Big spender"]
        tag = "VIP"
        [columns."No"]
        contact_id = true
        [columns."Notes"]
        ignore = true
        [[columns."Name"]]
        field = "firstName"
        transform = [{split = [" ", 1]}]
        [[columns."Name"]]
        field = "lastName"
        transform = [{split = [" ", "rest"]}]
        """,
        "contacts.toml",
    )
    assert headers_by_field(["email=Mail"], mapping) == {
        "phone": "Mobile",
        "tags": "Labels",
        "tag:VIP": "Big spender",
        "heyx contact id": "No",
        "email": "Mail",
    }
    assert headers_by_field(["Phone=Handy"], mapping)["phone"] == "Handy"
    with pytest.raises(SettingsError, match="--rename"):
        headers_by_field(["phone"], None)


def test_when_a_contact_was_made_is_told_in_the_time_zone_asked_for() -> None:
    layout = TableLayout(("created_at",), zone=ZoneInfo("Asia/Karachi"))
    assert listed(TWO, layout)[2] == ["2023-11-15T03:13:20+05:00"]


def test_ids_and_phones_are_text_in_a_workbook(tmp_path: Path) -> None:
    path = written(tmp_path / "contacts.xlsx", [Contact("1776025372480910", {"phone": "4412345678"})])
    page = openpyxl.load_workbook(path).worksheets[0]
    cells = [(cell.value, cell.data_type) for cell in page[2]]
    assert cells[:2] == [("1776025372480910", "s"), ("4412345678", "s")]


def test_nobody_is_a_sheet_with_a_header(tmp_path: Path) -> None:
    page = openpyxl.load_workbook(written(tmp_path / "contacts.xlsx", [])).worksheets[0]
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["heyx contact id", "tags", "created_at"]
    ]


STRANGE: Mapping[str, str | bool] = {
    "firstName": "Zoë 🙂",
    "lastName": '=HYPERLINK("http://x")',
    "word": "NA",
    "zip": "007",
    "vip": True,
    "note": "two\nlines, and; more",
    "number": "17760253724809101",
    "half": "\ud83d",
}


def test_lines_of_json_keep_true_lists_and_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "contacts.jsonl", [Contact("1", STRANGE, frozenset(("a;b", "c"))), Contact("2")])
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first == {
        "heyx contact id": "1",
        **STRANGE,
        "half": "\ufffd",
        "tags": ["a;b", "c"],
        "created_at": None,
    }
    assert second["vip"] is None
    assert second["tags"] == []


def test_a_parquet_file_keeps_true_lists_texts_and_moments(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    whole = {name: value for name, value in STRANGE.items() if name != "half"}
    contacts = [
        Contact("1", {**whole, "mixed": True}, frozenset(("a;b", "c")), created_at=1_700_000_000),
        Contact("2", {"mixed": "no"}),
    ]
    first, second = pq.read_table(written(tmp_path / "contacts.parquet", contacts)).to_pylist()
    made = first.pop("created_at")
    assert made == datetime.fromisoformat("2023-11-14T22:13:20+00:00")
    assert first == {"heyx contact id": "1", **whole, "mixed": "true", "tags": ["a;b", "c"]}
    assert (second["mixed"], second["vip"], second["tags"], second["created_at"]) == ("no", None, [], None)


def test_a_frame_holds_values_as_heyx_has_them() -> None:
    made = build_table(lambda: iter(TWO), TableLayout(("heyx contact id", "Alpha", "tags")))
    held = to_frame(made.header, made.rows)
    assert held.columns.tolist() == ["heyx contact id", "Alpha", "tags"]
    assert held.to_numpy().tolist() == [["1776025372480910", None, ("a", "b")], ["a/b+c=@", True, ()]]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("mine", encoding="utf-8")
    assert written(path, TWO) == tmp_path / "contacts-2.csv"
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("out", ["contacts.pdf", "contacts", "x.xls"])
def test_a_kind_of_file_that_nobody_writes_is_told_first(out: str) -> None:
    with pytest.raises(SettingsError, match=r"\.parquet"):
        ExportTarget.of(out, raw_csv=False)


@pytest.mark.parametrize("tags", [["a"], ["a,b"], ["a;b"], ['"'], ["a,b", "c"], ["a;b", "c,d"], [], ["x" * 255]])
def test_tags_survive_the_way_through_a_sheet(tmp_path: Path, tags: list[str]) -> None:
    path = written(tmp_path / "contacts.csv", [Contact("7", {"phone": "+4412345678"}, frozenset(tags))])
    with runs.resumed(runs.checkpoint(open_sheet(path))) as run:
        (row,) = run.open_rows()
        assert sorted(row.add_tags) == sorted(tags)


def test_a_missing_writer_of_parquet_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heyx_bulk.sheets.writer.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="pyarrow"):
        ExportTarget.of("x.parquet", raw_csv=False)


# What is a true value in a workbook


def kinds(contacts: tuple[Contact, ...], layout: TableLayout = PLAIN) -> dict[str, ValueKind | None]:
    table = build_table(lambda: iter(contacts), layout)
    return dict(zip(table.header, table.kinds, strict=True))


def test_a_column_is_typed_where_heyx_s_json_or_the_mapping_says_what_it_holds() -> None:
    people = (
        Contact("1", {"phone": 447700900123, "VIP": True, "Score": 5, "Mixed": True, "Zip": "00427"}),
        Contact("2", {"VIP": None, "Score": 0.5, "Mixed": "yes", "birthday": "1988-03-14"}),
    )
    layout = TableLayout(kinds={"birthday": ValueKind.DATE}, tag_columns=True)
    assert {name: kind for name, kind in kinds(people, layout).items() if kind is not None} == {
        "VIP": ValueKind.BOOLEAN,
        "Score": ValueKind.NUMBER,
        "birthday": ValueKind.DATE,
    }
    assert kinds(TWO, TableLayout(("tag:a", "phone"))) == {"tag:a": ValueKind.BOOLEAN, "phone": None}


def test_a_typed_cell_is_a_true_value_and_reads_as_the_same_text(tmp_path: Path) -> None:
    people = (
        Contact("1776025372480910", {"VIP": True, "Score": 5.5, "birthday": "1988-03-14", "phone": "00447"}),
        Contact("2", {"VIP": False, "Score": 12345678901234, "birthday": "14.3.88", "phone": None}),
    )
    columns = ("heyx contact id", "VIP", "Score", "birthday", "phone")
    path = written(tmp_path / "a.xlsx", people, TableLayout(columns, kinds={"birthday": ValueKind.DATE}))
    page = openpyxl.load_workbook(path)["Contacts"]
    assert [[cell.data_type for cell in row] for row in page.iter_rows(min_row=2)] == [
        ["s", "b", "n", "d", "s"],
        ["s", "b", "s", "s", "n"],  # the last is blank
    ]
    assert rows(path) == [
        list(columns),
        ["1776025372480910", "true", "5.5", "1988-03-14", "00447"],
        ["2", "false", "12345678901234", "14.3.88", ""],
    ]
