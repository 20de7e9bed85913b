"""Lists and columns come back as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.columns import Column, Columns, Use
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.tag_lists import join_list, split_list
from tests.support.cell_rows import recognize

NO_WISHES = MappingOptions()


def mistakes(header: list[str], mapping_options: MappingOptions = NO_WISHES) -> list[str]:
    """The lines of what is wrong with a header."""
    with pytest.raises(MappingError) as caught:
        recognize(header, mapping_options)
    return caught.value.what.splitlines()


BLANKS = (
    "".join(
        map(
            chr,
            (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029),
        )
    )
    + "\u202f\u205f\u2800\u3000\u3164"
)
"""The blanks at the ends of an item, which are not part of it."""
MARKS = frozenset(
    map(
        chr,
        (0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF),
    )
)
"""Characters that cannot be seen, which are taken out of lists."""


items_of_lists = st.lists(
    (st.text(st.sampled_from("ab,;\"\r\n 'é"), max_size=8) | st.text(st.characters(exclude_categories=["Cs"])))
    .map(lambda text: text.strip(BLANKS))
    .filter(lambda text: not MARKS.intersection(text))
    .filter(bool)
)


@pytest.mark.slow
@given(items_of_lists, st.sampled_from(",;"))
@settings(deadline=None)
def test_a_list_that_was_joined_is_split_into_the_same_items(items: list[str], separator: str) -> None:
    assert split_list(join_list(items, separator), separator) == items


columns_of_any_sheet = st.builds(
    Columns,
    st.lists(
        st.builds(Column, st.integers(0, 99), st.text(), st.sampled_from(Use), st.text(), st.sampled_from(",;"))
    ).map(tuple),
    st.lists(st.text()).map(tuple),
    no_match=st.booleans(),
    add_tags=st.lists(st.text()).map(tuple),
    remove_tags=st.lists(st.text()).map(tuple),
)


@pytest.mark.slow
@given(columns_of_any_sheet)
@settings(deadline=None)
def test_columns_survive_the_checkpoint(columns: Columns) -> None:
    assert Columns.from_document(json.loads(json.dumps(columns.document()))) == columns
