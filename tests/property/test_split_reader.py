"""Patterns and expat read every worksheet alike."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.sheet_files import raw_workbook
from tests.support.worksheet_xml import EXPAT_ALONE, HEADER, TEXTS, seen

CELLS = st.sampled_from(
    [
        '<c r="{0}" t="s"><v>0</v></c>',
        '<c r="{0}" t="s"><v>2</v></c>',
        '<c r="{0}" t="s"><v>9</v></c>',
        '<c r="{0}"><v>42</v></c>',
        '<c r="{0}" s="1"><v>60</v></c>',
        '<c r="{0}" s="1"/>',
        '<c r="{0}" t="b"><v>1</v></c>',
        '<c r="{0}" t="e"><v>#REF!</v></c>',
        '<c r="{0}" t="inlineStr"><is><t>x &amp; _xD800_</t></is></c>',
        '<c r="{0}" t="inlineStr"><is><r><t>rich</t></r></is></c>',
        '<c r="{0}"><f>1+1</f></c>',
        '<c r="{0}" t="str"><f>A1</f><v>&#233;</v></c>',
        '<c r="{0}"><v>1776025372480910</v></c>',
        '<c r="{0}" t="str"><v> </v></c>',
        "<c><v>7</v></c>",
        "",
    ]
)
ROWS = st.lists(st.tuples(st.integers(1, 3), st.lists(CELLS, max_size=4), st.sampled_from(["", ' hidden="1"'])))


@given(rows=ROWS)
def test_patterns_and_expat_read_the_same(rows: list[tuple[int, list[str], str]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("books")
    xml, number = HEADER, 1
    for gap, cells, hidden in rows:
        number += gap
        filled = "".join(cell.format(f"{'ABCD'[at]}{number}") for at, cell in enumerate(cells))
        xml += f'<row r="{number}"{hidden}>{filled}</row>'
    met = [
        seen(raw_workbook(folder, start + xml, codes=["yyyy-mm-dd"], texts=TEXTS)) for start in ("", EXPAT_ALONE)
    ]
    assert met[0] == met[1]
