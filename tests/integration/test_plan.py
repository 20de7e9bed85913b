"""A plan in a file or a DataFrame: what a person may change in it, what is sent, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import heyx_bulk as hb
from heyx_bulk.errors import CheckpointMismatch, SheetError, UsageError
from heyx_bulk.sandbox import Sandbox, SandboxServer
from tests.support.program import TOKEN

SHEET = """\
phone,First Name,City,Tags
+447700900001,Ann,Oslo,VIP
+447700900002,Bob,Rome,
+447700900003,Cleo,Bonn,"VIP, New"
"""
WRITES = ("create", "update", "add_tags", "remove_tags")
OPTIONS: dict[str, Any] = {"custom_fields": True, "progress": False, "tag_separator": ","}


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox(tokens=(TOKEN,), limit=10_000)
    sandbox.add({"phone": "+447700900001", "firstName": "Anne", "City": "Oslo"}, (), id="1")
    sandbox.add({"phone": "+447700900002", "firstName": "Bob", "City": "Rome"}, (), id="2")
    return sandbox


@pytest.fixture(autouse=True)
def _channel(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HEYX_URL", server.url)
        monkeypatch.setenv("HEYX_TOKEN", TOKEN)
        yield


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(SHEET, encoding="utf-8")
    return path


def contact(sandbox: Sandbox, contact_id: str) -> tuple[dict[str, Any], set[str]]:
    found = next(one for one in sandbox.contacts if one.id == contact_id)
    return dict(found.fields), set(found.tags)


def change(sandbox: Sandbox, contact_id: str, **fields: str) -> None:
    """Somebody else changes a contact."""
    held, tags = contact(sandbox, contact_id)
    sandbox.remove(contact_id)
    sandbox.add({**held, **fields}, tags, id=contact_id)


def writes(sandbox: Sandbox) -> dict[str, int]:
    counted = Counter(sandbox.calls)
    return {kind: counted[kind] for kind in WRITES if counted[kind]}


def planned(sheet: Path, name: str = "plan.xlsx") -> Path:
    path = sheet.with_name(name)
    hb.plan(sheet, path, **OPTIONS)
    return path


def rows_of(path: Path) -> list[list[Any]]:
    page = openpyxl.load_workbook(path)["Plan"]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    header = next(number for number, row in enumerate(rows) if row[0] == "line")
    return rows[header:]


def edit(path: Path, change: Callable[[Any], None]) -> None:
    book = openpyxl.load_workbook(path)
    change(book["Plan"])
    book.save(path)


def test_a_plan_lists_each_change_and_writes_nothing(sandbox: Sandbox, sheet: Path) -> None:
    header, *rows = rows_of(planned(sheet))
    assert header == ["line", "row", "who", "heyx contact id", "field", "old", "new", "call", "apply?"]
    assert rows == [
        ["1", "2", "Ann", "1", "firstName", "Anne", "Ann", "update", "yes"],
        ["2", "2", "Ann", "1", "tags", None, "VIP", "add tags", "yes"],
        ["3", "4", "Cleo", None, "phone", None, "+447700900003", "create", "yes"],
        ["4", "4", "Cleo", None, "firstName", None, "Cleo", "create", "yes"],
        ["5", "4", "Cleo", None, "City", None, "Bonn", "create", "yes"],
        ["6", "4", "Cleo", None, "tags", None, "VIP", "add tags", "yes"],
        ["7", "4", "Cleo", None, "tags", None, "New", "add tags", "yes"],
    ]
    assert writes(sandbox) == {}


def test_a_workbook_has_totals_on_top_colors_and_a_drop_down(sheet: Path) -> None:
    page = openpyxl.load_workbook(planned(sheet))["Plan"]
    assert page["A2"].value == "+ 1 create   ~ 1 update   = 1 unchanged   + 3 tags"
    (offered,) = page.data_validations.dataValidation
    assert (str(offered.sqref), offered.formula1) == ("I7:I13", '"yes,no"')
    fills = {page[f"H{row}"].value: page[f"H{row}"].fill.start_color.rgb for row in range(7, 14)}
    assert len({*fills.values()}) == len(fills) == 3
    assert page.freeze_panes == "A7"


def test_a_plan_a_dry_run_and_its_file_are_one_list(sheet: Path) -> None:
    shown, plan = hb.dry_run(sheet, **OPTIONS), hb.plan(sheet, sheet.with_name("plan.json"), **OPTIONS)
    assert shown.equals(plan)
    lines = json.loads(sheet.with_name("plan.json").read_text("utf-8"))["lines"]
    assert [line["new"] for line in lines] == plan["new"].tolist()
    assert [line["row"] for line in lines] == [str(row) for row in plan.index]
    assert {name: number for name, number in plan.attrs["totals"].items() if number} == {
        "created": 1,
        "updated": 1,
        "unchanged": 1,
    }


@pytest.mark.parametrize("name", ["plan.xlsx", "plan.csv", "plan.json"])
def test_all_approved_changes_are_made_and_nothing_else(sandbox: Sandbox, sheet: Path, name: str) -> None:
    result = hb.apply(planned(sheet, name), progress=False)
    assert {status: rows for status, rows in result.totals.items() if rows} == {
        "created": 1,
        "updated": 1,
        "unchanged": 1,
    }
    assert writes(sandbox) == {"create": 1, "update": 1, "add_tags": 2}
    assert contact(sandbox, "1") == ({"phone": "+447700900001", "firstName": "Ann", "City": "Oslo"}, {"VIP"})
    assert hb.apply(sheet.with_name(name), progress=False).calls == 0


def test_a_line_set_to_no_or_deleted_is_not_sent(sandbox: Sandbox, sheet: Path) -> None:
    def decide(page: Any) -> None:
        page["I7"] = "No"
        page.delete_rows(12)

    path = planned(sheet)
    edit(path, decide)
    hb.apply(path, progress=False)
    assert contact(sandbox, "1") == ({"phone": "+447700900001", "firstName": "Anne", "City": "Oslo"}, {"VIP"})
    made = next(one for one in sandbox.contacts if one.fields["firstName"] == "Cleo")
    assert made.tags == {"New"}
    assert writes(sandbox) == {"create": 1, "add_tags": 2}


def test_a_row_without_approved_lines_is_skipped(sandbox: Sandbox, sheet: Path) -> None:
    plan = hb.plan(sheet, **OPTIONS)
    plan.loc[4, "apply?"] = "no"
    result = hb.apply(plan, progress=False)
    assert result.rows["heyx status"].tolist() == ["updated", "unchanged", "skipped"]
    assert result.rows["heyx message"][4] == "not approved in the plan"
    assert len(sandbox.contacts) == 2


def test_sorted_filtered_and_reformatted_lines_are_taken(sandbox: Sandbox, sheet: Path) -> None:
    path = planned(sheet, "plan.csv")
    header, *lines = path.read_text("utf-8-sig").splitlines()
    kept = [line for line in reversed(lines) if ",tags," not in line]
    changed = [line.replace("+447700900003", "447700900003").replace(",yes", ",TRUE") for line in kept]
    path.write_text("\n".join([header, *changed]), encoding="utf-8")
    hb.apply(path, progress=False)
    assert {one.fields["phone"] for one in sandbox.contacts} >= {"+447700900003"}
    assert writes(sandbox) == {"create": 1, "update": 1}


MISTAKES: dict[str, tuple[Callable[[Any], None], str]] = {
    "changed": (lambda page: page.__setitem__("G7", "Anna"), "row 7, column new: “Anna” was “Ann” when the plan"),
    "other contact": (lambda page: page.__setitem__("D7", "2"), "row 7, column heyx contact id: “2” was “1”"),
    "repeated": (lambda page: page.__setitem__("A8", "1"), "row 8: line 1 of the plan is already in row 7"),
    "unknown": (lambda page: page.__setitem__("A8", "99"), "row 8: the plan has no line 99"),
    "no number": (lambda page: page.__setitem__("A8", "two"), "row 8: “two” is not the number of a line"),
    "unclear": (lambda page: page.__setitem__("I7", "maybe"), "row 7, column apply?: “maybe” is not yes or no"),
    "blank": (lambda page: page.__setitem__("I7", None), "row 7, column apply?: “” is not yes or no"),
    "key": (lambda page: page.__setitem__("I9", "no"), "row 4 of the sheet: a contact is not created without its"),
}


@pytest.mark.parametrize("kind", [*MISTAKES])
def test_a_line_that_is_not_as_it_was_is_refused_with_its_row(sandbox: Sandbox, sheet: Path, kind: str) -> None:
    spoil, told = MISTAKES[kind]
    path = planned(sheet)
    edit(path, spoil)
    with pytest.raises(SheetError) as caught:
        hb.apply(path, progress=False)
    assert told in caught.value.what
    assert writes(sandbox) == {}


def test_all_mistakes_in_a_plan_are_named_at_once(sheet: Path) -> None:
    def spoil(page: Any) -> None:
        page["G7"], page["I8"] = "Anna", "perhaps"

    path = planned(sheet)
    edit(path, spoil)
    with pytest.raises(SheetError, match=r"(?s)row 7, column new.*row 8, column apply"):
        hb.apply(path, progress=False)


def test_a_row_that_has_drifted_is_refused_with_both_values(sandbox: Sandbox, sheet: Path) -> None:
    path = planned(sheet)
    change(sandbox, "1", firstName="Anita")
    sandbox.add({"phone": "+447700900003", "firstName": "Clea"}, (), id="3")
    result = hb.apply(path, progress=False)
    assert result.rows["heyx status"].tolist() == ["failed", "unchanged", "failed"]
    changed, there = result.rows["heyx message"][2], result.rows["heyx message"][4]
    assert "firstName: the plan showed “Anne”, HeyX has “Anita”, the plan has “Ann”" in changed
    assert "the plan creates this contact, but HeyX has it now: contact 3" in there
    assert writes(sandbox) == {}


def test_what_changed_in_heyx_beside_the_plan_stays(sandbox: Sandbox, sheet: Path) -> None:
    path = planned(sheet)
    change(sandbox, "1", City="Bergen")
    hb.apply(path, progress=False)
    assert contact(sandbox, "1")[0] == {"phone": "+447700900001", "firstName": "Ann", "City": "Bergen"}


def test_a_plan_is_bound_to_its_sheet_and_channel(sandbox: Sandbox, sheet: Path, tmp_path: Path) -> None:
    path = planned(sheet)
    other = Sandbox(tokens=("other",), limit=10_000)
    with SandboxServer(other) as server, pytest.raises(CheckpointMismatch, match="another channel"):
        hb.apply(path, url=server.url, token="other", progress=False)
    sheet.write_text(SHEET.replace("Bob", "Rob"), encoding="utf-8")
    with pytest.raises(CheckpointMismatch, match=r"people\.csv has changed since its plan was made: some"):
        hb.apply(path, progress=False)
    sheet.write_text(SHEET, encoding="utf-8")
    moved = tmp_path / "other.xlsx"
    path.rename(moved)
    with pytest.raises(CheckpointMismatch, match="no checkpoint"):
        hb.apply(moved, progress=False)
    moved.rename(path)
    assert writes(sandbox) == {}
    assert hb.apply(path, progress=False).totals["updated"] == 1


def test_a_plan_that_was_not_applied_cannot_be_rerun(sandbox: Sandbox, sheet: Path) -> None:
    path = planned(sheet)
    with pytest.raises(CheckpointMismatch, match="nothing was sent yet"):
        hb.rerun(path, progress=False)
    assert hb.status(path).totals["to do"] == 2
    assert writes(sandbox) == {}


def test_a_row_without_a_planned_change_is_never_sent(sandbox: Sandbox, sheet: Path) -> None:
    twins = [sandbox.add({"phone": "+447700900009"}, ()) for _ in range(2)]
    sheet.write_text(f"{SHEET}+447700900009,Dora,Kiel,\n", encoding="utf-8")
    path = planned(sheet)
    with pytest.raises(CheckpointMismatch, match="nothing was sent yet"):
        hb.rerun(path, progress=False)
    for twin in twins:
        sandbox.remove(twin)
    assert hb.apply(path, progress=False).totals["failed"] == 1
    again = hb.rerun(path, progress=False)
    assert again.rows["heyx message"][5] == "the plan has no approved change for this row; make a new plan"
    assert again.calls == 0
    assert "+447700900009" not in {one.fields["phone"] for one in sandbox.contacts}


def test_rows_of_a_plan_cannot_be_corrected_one_by_one(sandbox: Sandbox, sheet: Path) -> None:
    sheet.write_text(f"{SHEET}12,Dora,Kiel,\n", encoding="utf-8")
    result = hb.apply(planned(sheet), progress=False)
    assert (result.totals["invalid"], result.failed_file) == (1, None)
    corrected = result.failed
    corrected["phone"] = "+447700900009"
    with pytest.raises(CheckpointMismatch, match="cannot be corrected"):
        hb.rerun(result, corrected, progress=False)
    assert "+447700900009" not in {one.fields["phone"] for one in sandbox.contacts}


def test_an_apply_that_was_stopped_is_resumed_by_the_same_file(sandbox: Sandbox, tmp_path: Path) -> None:
    sheet = tmp_path / "shared.csv"
    sheet.write_text("phone,email,City\n+447700900005,a@example.com,Oslo\n,a@example.com,Bonn\n", "utf-8")
    path = sheet.with_name("plan.csv")
    plan = hb.plan(sheet, path, match="first", **OPTIONS)
    assert plan["call"].tolist() == ["create", "create", "create", "update"]
    calls = 0
    while (result := hb.apply(path, progress=False, max_calls=3)).stopped is not None:
        calls += result.calls
        assert calls < 20
    assert result.rows["heyx status"].tolist() == ["created", "updated"]
    assert [one.fields["City"] for one in sandbox.contacts if one.fields.get("email")] == ["Bonn"]


def test_a_plan_for_reading_and_a_file_that_is_none_are_refused(sheet: Path) -> None:
    page = planned(sheet, "plan.html")
    assert "<td>Anne</td>" in page.read_text("utf-8")
    with pytest.raises(SheetError, match="for reading only"):
        hb.apply(page, progress=False)
    path = planned(sheet)
    path.write_bytes(sheet.read_bytes())
    with pytest.raises(UsageError):
        hb.apply(path, progress=False)
    with pytest.raises(UsageError, match=r"\.xlsx, \.csv, \.json or \.html"):
        planned(sheet, "plan.txt")


def test_a_file_that_a_person_changed_is_not_replaced_by_a_new_plan(sheet: Path) -> None:
    path = planned(sheet)
    assert planned(sheet) == path
    edit(path, lambda page: page.__setitem__("I7", "no"))
    with pytest.raises(UsageError, match=r"plan\.xlsx exists already"):
        planned(sheet)
    assert hb.apply(path, progress=False).totals["created"] == 1


def test_rows_of_one_contact_are_planned_one_on_the_other(sandbox: Sandbox, tmp_path: Path) -> None:
    sheet = tmp_path / "both.csv"
    sheet.write_text(
        "heyx contact id,phone,City\n,+447700900001,Rome\n1,,Bonn\n,+447700900004,Kiel\n",
        encoding="utf-8",
    )
    plan = hb.plan(sheet, **OPTIONS, read_first=True)
    assert plan[["old", "new"]].loc[[2, 3]].to_numpy().tolist() == [["Oslo", "Rome"], ["Rome", "Bonn"]]
    result = hb.apply(plan, progress=False)
    assert result.rows["heyx status"].tolist() == ["updated", "updated", "created"]
    assert contact(sandbox, "1")[0]["City"] == "Bonn"


def test_an_estimate_needs_no_call(sandbox: Sandbox, sheet: Path) -> None:
    found = hb.estimate(sheet, custom_fields=True, tag_separator=",")
    assert found.rows["create"] == (0, 3)
    assert found.calls_by_kind["look-ups"] == (3, 6)
    assert not sandbox.calls
    known = hb.estimate(sheet, custom_fields=True, tag_separator=",", index={"City": "Oslo"}, lookup="index")
    assert known.rows["create"] == (0, 2)
    assert found.calls[1] > known.calls[1]


def test_an_index_that_takes_more_calls_than_it_saves_is_not_read(sandbox: Sandbox, sheet: Path) -> None:
    for number in range(50):
        sandbox.add({"phone": f"+4477009010{number:02d}", "City": "Oslo"}, ())
    hb.dry_run(sheet, **OPTIONS, index={"City": "Oslo"})
    assert Counter(sandbox.calls)["find"] == 1 + 1 + 1 + 2  # the first page, and three rows, one of them not found
    hb.dry_run(sheet, **OPTIONS, index={"City": "Oslo"}, lookup="single")
    assert Counter(sandbox.calls)["find"] == 5 + 4
    hb.dry_run(sheet, **OPTIONS, index={"City": "Oslo"}, lookup="index")
    assert Counter(sandbox.calls)["find"] == 9 + 6 + 1 + 2
    with pytest.raises(UsageError, match="needs"):
        hb.dry_run(sheet, **OPTIONS, lookup="index")
