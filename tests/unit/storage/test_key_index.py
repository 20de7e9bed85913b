from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.database import Database, FileKind
from heyx_bulk.mapping.mapped_frame import RowKey
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.sheets.frames import text_frame
from heyx_bulk.storage.checkpoint import key_index
from heyx_bulk.storage.checkpoint.key_index import KeyEntries, KeyIndex, hash_key, related_rows
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.staging import revalidate
from tests.support import runs


def index(folder: Path, values: dict[int, str]) -> KeyIndex:
    """An index of rows by phone."""
    db = Database(folder / "keys", FileKind("The file", "", ""))
    db.script(key_index.SCHEMA)
    entries = KeyEntries()
    entries.add(text_frame({"phone": [*values.values()]}, [*values]))
    found = KeyIndex(db)
    found.store(entries.in_order())
    return found


def test_the_rows_of_a_key_are_found_among_many_pages_of_others(tmp_path: Path) -> None:
    values = {number: f"{number % 9000}" for number in range(2, 20_002)}
    found = index(tmp_path, values)
    for value in ("0", "17", "8999"):
        assert found.rows("phone", value) == [number for number, text in values.items() if text == value]
    assert found.rows("phone", "9000") == found.rows("email", "17") == []


def test_a_key_that_is_added_is_found_with_the_others(tmp_path: Path) -> None:
    found = index(tmp_path, {number: f"{number % 9000}" for number in range(2, 10_002)})
    found.add([RowKey(77, 0, "phone", "17"), RowKey(78, 1, "email", "a@x.org"), RowKey(17, 0, "phone", "17")])
    assert found.rows("phone", "17") == [17, 77, 9017]
    assert found.rows("email", "a@x.org") == [78]


def test_an_index_of_no_rows_takes_a_key(tmp_path: Path) -> None:
    found = index(tmp_path, {})
    assert found.rows("phone", "17") == []
    found.add([RowKey(2, 0, "phone", "17"), RowKey(3, 0, "phone", "16")])
    assert (found.rows("phone", "17"), found.rows("phone", "16")) == ([2], [3])


def test_a_hash_is_the_same_in_every_version() -> None:
    assert (hash_key("phone", "923001234567"), hash_key("email", "ann@x.org")) == (972356257, 488391852)
    assert hash_key("email", "923001234567") != hash_key("phone", "923001234567")


def test_rows_that_share_a_hash_are_found_in_parts_and_blank_keys_are_not() -> None:
    entries = KeyEntries()
    entries.add(text_frame({"phone": ["1", "", "2", "1", ""], "email": ["", "a", "b", "c", "b"]}, [2, 3, 4, 5, 6]))
    assert related_rows(entries.in_order()) == ([2, 4, 5, 6], [2, 4, 2, 4])


def test_rows_are_in_one_part_also_by_way_of_others() -> None:
    entries = KeyEntries()
    emails = ["d", "a", "b", "c", "a", "x", "y"]
    entries.add(text_frame({"phone": ["1", "2", "3", "4", "3", "5", "5"], "email": emails}, [2, 3, 4, 5, 6, 7, 8]))
    entries.add(text_frame({"phone": ["1", "2"]}, [9, 10]))
    assert related_rows(entries.in_order()) == ([2, 3, 4, 6, 7, 8, 9, 10], [2, 3, 3, 3, 7, 7, 2, 3])


def test_where_all_rows_are_unlike_none_is_related() -> None:
    entries = KeyEntries()
    assert related_rows(entries.in_order()) == ([], [])


SHEET = "phone,email,city\n1,a@x.org,A\n2,b@x.org,B\n3,a@x.org,C\n1,,D\n4,,E\n4,d@x.org,F\n5,d@x.org,G\n"


@pytest.mark.parametrize("duplicates", Duplicates)
def test_keys_whose_hashes_are_all_the_same_are_told_apart_by_their_texts(
    tmp_path: Path, duplicates: Duplicates, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = UploadOptions(duplicates=duplicates, mapping=MappingOptions(custom_fields=True))

    def found(folder: str) -> list[object]:
        (tmp_path / folder).mkdir()
        with runs.staged(tmp_path / folder, SHEET, options) as run:
            before = [run.checkpoint.queue.blocked_by(number) for number in range(2, 9)]
            corrected = {5: ("9", "", "D"), 6: ("8", "a@x.org", "E"), 7: ("1", "d@x.org", "F")}
            rows = [revalidate(run, number, cells, None, ()) for number, cells in corrected.items()]
            run.checkpoint.reopening.apply_corrections(rows)
            after = [run.checkpoint.queue.blocked_by(number) for number in range(2, 9)]
            return [before, after, [*run.checkpoint.queue.rows()], [*run.open_rows()]]

    apart = found("apart")
    monkeypatch.setattr(key_index, "_HASH_MASK", 0)
    assert found("together") == apart
