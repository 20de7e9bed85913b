"""The tags of a sheet are counted before anything is sent."""

from __future__ import annotations

from heyx_bulk.mapping.mapped_frame import map_rows
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.tag_counts import TagCount, TagCounts, similar_tags
from tests.support.cell_rows import recognize

HEADER = ["phone", "tags", "remove tags", "tag:Lead"]


def counts(*rows: list[str], options: MappingOptions | None = None) -> list[TagCount]:
    columns = recognize(HEADER, options or MappingOptions())
    found = TagCounts(columns)
    found.see(map_rows(columns, dict(enumerate(rows, 2))))
    return found.counts()


def test_tags_are_counted_by_rows_the_most_frequent_first() -> None:
    rows = [["+4412341", "VIP, new", "", "yes"], ["+4412342", "VIP; VIP", "old", "no"], ["", "VIP", "", ""]]
    assert counts(*rows) == [
        TagCount("Lead", 1, 1),
        TagCount("VIP", 2, 0),
        TagCount("new", 1, 0),
        TagCount("old", 0, 1),
    ]


def test_tags_for_every_row_count_for_each() -> None:
    options = MappingOptions(add_tags=("all",), remove_tags=("none",))
    rows = [["+4412341", "", "", ""], ["+4412342", "", "", ""]]
    assert counts(*rows, options=options) == [TagCount("all", 2, 0), TagCount("none", 0, 2)]


def test_a_tag_counts_once_in_a_row_that_names_it_more_than_once() -> None:
    options = MappingOptions(add_tags=("VIP", "Lead"))
    rows = [["+4412341", "VIP; VIP", "", "yes"], ["+4412342", "", "", ""]]
    assert counts(*rows, options=options) == [TagCount("Lead", 2, 0), TagCount("VIP", 2, 0)]


def test_tags_that_differ_in_case_accents_or_signs_are_similar_and_others_are_not() -> None:
    tags = ["VIP", "vip", "Café-Club", "cafe club", "Lead", "Leads", "+", "-"]
    groups = similar_tags([TagCount(tag, 1, 0) for tag in tags])
    assert [[one.tag for one in group] for group in groups] == [["VIP", "vip"], ["Café-Club", "cafe club"]]
