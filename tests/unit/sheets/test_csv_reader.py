"""Text files come in as the exact texts that stand in them, or are refused in words that say how to mend them."""

from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.sheets.open_sheet import open_sheet
from heyx_bulk.sheets.sheet_options import SheetOptions
from tests.support.sheet_files import csv_file, errors_of, numbers_of, refusal, rows_of, warnings_of


def test_csv_values_come_as_they_stand(tmp_path: Path) -> None:
    content = 'phone,name,note\r\n0012, Ann ,"x, ""y"""\r\n1E5,TRUE,NA\r\n+923244077087,null,\u200f٣\r\n'
    sheet = open_sheet(csv_file(tmp_path, content))
    assert sheet.header == ("phone", "name", "note")
    assert rows_of(sheet) == [
        ["0012", " Ann ", 'x, "y"'],
        ["1E5", "TRUE", "NA"],
        ["+923244077087", "null", "\u200f٣"],
    ]
    assert (sheet.format, sheet.worksheet, sheet.worksheets, sheet.notes) == ("CSV", None, (), ())


def test_csv_cells_are_an_object_frame_with_positions_for_columns(tmp_path: Path) -> None:
    cells, _ = next(open_sheet(csv_file(tmp_path, "a,a,\n1,,3\n")).frames())
    assert [*map(int, cells.columns)] == [0, 1, 2]
    assert {str(kind) for kind in cells.dtypes} == {"str"}
    assert cells.to_numpy().tolist() == [["1", "", "3"]]


def test_csv_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, 'a,b\n1,"x\ny"\n\n,\n2,z\n'))
    assert numbers_of(sheet) == [2, 5]
    assert rows_of(sheet) == [["1", "x\ny"], ["2", "z"]]
    assert sheet.row_count == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_lines_may_end_in_any_way(tmp_path: Path, end: str) -> None:
    sheet = open_sheet(csv_file(tmp_path, end.join(["a,b", '1,"x\r\ny"', "2,z"])))
    assert rows_of(sheet) == [["1", "x\r\ny"], ["2", "z"]]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_carriage_return_alone_is_a_part_of_a_value_where_lines_end_otherwise(tmp_path: Path, end: str) -> None:
    lines = ["a,b,c", "1,x\ry,2", '3,"z\rz",4', "5,6,u\rv", "short", "7,8,9", ""]
    sheet = open_sheet(csv_file(tmp_path, end.join(lines)))
    rows = [["1", "x\ry", "2"], ["3", "z\rz", "4"], ["5", "6", "u\rv"], ["short", "", ""], ["7", "8", "9"]]
    assert (rows_of(sheet), numbers_of(sheet)) == (rows, [2, 3, 4, 5, 6])
    assert "carriage returns alone are part of the values: rows end with a line feed" in sheet.notes


def test_a_carriage_return_that_ends_whole_rows_ends_them_in_any_file(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1,2\r3,4\r5,6\n7,8\r"))
    assert (rows_of(sheet), sheet.notes) == ([["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]], ())


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        (
            'Name,"two\nlines",City\rAnna,1,Paris\rBob,2\rCid,3,Rome\r',
            ("Name", "two\nlines", "City"),
            [["Anna", "1", "Paris"], ["Bob", "2", ""], ["Cid", "3", "Rome"]],
        ),
        ("sep=;\nName;Tel\rAnna;1\rBob\r", ("Name", "Tel"), [["Anna", "1"], ["Bob", ""]]),
        (
            'Name, "two\nlines",City\rAnna, "1",Paris\rBob, "2",Rome\r',
            ("Name", "two\nlines", "City"),
            [["Anna", "1", "Paris"], ["Bob", "2", "Rome"]],
        ),
    ],
)
def test_carriage_returns_end_the_rows_of_a_header_that_has_a_line_feed(
    tmp_path: Path, text: str, header: tuple[str, ...], rows: list[list[str]]
) -> None:
    sheet = open_sheet(csv_file(tmp_path, text))
    assert (sheet.header, rows_of(sheet)) == (header, rows)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_carriage_returns_within_values_stay_in_a_large_file(tmp_path: Path, end: str) -> None:
    rows = [[str(n), f"x\r{'y' * (n % 90)}", "z"] for n in range(40_000)]
    sheet = open_sheet(csv_file(tmp_path, end.join(["a,b,c", *map(",".join, rows)])))
    assert rows_of(sheet) == rows


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("marks", [1, 2, 3])
def test_byte_order_marks_before_a_quoted_header_are_no_text(tmp_path: Path, codec: str, marks: int) -> None:
    sheet = open_sheet(csv_file(tmp_path, ("\ufeff" * marks + '"a, b","c"\r\n1,2\r\n').encode(codec)))
    assert (sheet.header, rows_of(sheet)) == (("a, b", "c"), [["1", "2"]])


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\n\x1a\x1a\x1a", "\n\x1a\r\n"])
def test_a_control_z_at_the_end_is_no_text(tmp_path: Path, end: str) -> None:
    sheet = open_sheet(csv_file(tmp_path, f"a,b\n\x1a1,2\n3,4{end}"))
    assert (rows_of(sheet), sheet.notes) == ([["\x1a1", "2"], ["3", "4"]], ())


def test_unicode_line_separators_stay_inside_a_value(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1\u20282,x\x0by\x0cz\x85\n"))
    assert rows_of(sheet) == [["1\u20282", "x\x0by\x0cz\x85"]]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_in_every_form(tmp_path: Path, codec: str) -> None:
    content = "name,city\r\nZoë,Łódź 😀\r\nPlain,Lahore and the plain surroundings\r\n"
    sheet = open_sheet(csv_file(tmp_path, content.encode(codec)))
    assert sheet.header == ("name", "city")
    assert rows_of(sheet)[0] == ["Zoë", "Łódź 😀"]


@pytest.mark.slow
def test_one_bad_byte_far_down_makes_a_file_no_utf8(tmp_path: Path) -> None:
    content = b"name,city\n" + b"Ann,Lahore\n" * 200_000 + "René,Orléans\n".encode("cp1252")
    sheet = open_sheet(csv_file(tmp_path, content))
    assert rows_of(sheet)[-1] == ["René", "Orléans"]
    assert any("Windows-1252" in note for note in sheet.notes)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("имя,город\nИван,Москва\n", "cp1251"),
        ("имя,место\nиван,москва\n", "cp1251"),
        ("ad,şehir\nİbrahim,Muğla\nIşıl,Ağrı\n", "cp1254"),
        ("imię,miasto\nPaweł,Łódź\nMałgorzata,Świętochłowice\n", "cp1250"),
        ("名前,町\n山田太郎,東京都\n", "cp932"),
        ("nom,ville\nRené,Orléans\nÉmile,Nîmes\n", "mac_roman"),
    ],
)
def test_text_that_does_not_look_western_is_refused_with_candidates(tmp_path: Path, text: str, codec: str) -> None:
    error = refusal(csv_file(tmp_path, text.encode(codec)))
    assert "encoding could not be detected; it may be" in error.what
    assert "UTF-8" in error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "nom;âge;ville\nHélène d’Anjou;5 €;Orléans\nZoé;12°;«Nîmes»\n",
        "nombre;año\n¿José?;1º\n",
        "name;ort\nJürgen Groß;Köln – Süd\n",
    ],
)
def test_western_text_is_read_as_windows_1252_with_a_note(tmp_path: Path, text: str) -> None:
    sheet = open_sheet(csv_file(tmp_path, text.encode("cp1252")))
    assert [";".join(row) for row in rows_of(sheet)] == text.splitlines()[1:]
    assert any("Windows-1252" in note for note in sheet.notes)


def test_an_encoding_can_be_given_and_is_checked(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "имя,город\nИван,Москва\n".encode("cp1251"))
    assert open_sheet(path, SheetOptions(encoding="windows-1251")).header == ("имя", "город")
    assert "UTF-8" in refusal(path, encoding="utf-8").what
    assert "no encoding 'utf-9'" in refusal(path, encoding="utf-9").what


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_makes_rows_alike(tmp_path: Path, separator: str) -> None:
    rows = [["name", "amount", "note"], ["Ann", "25,5", "a|b"], ["Bob", "1,0", "c;d"]]
    lines = [separator.join(f'"{cell}"' if separator in cell else cell for cell in row) for row in rows]
    sheet = open_sheet(csv_file(tmp_path, "\n".join(lines)))
    assert rows_of(sheet) == rows[1:]
    assert sheet.notes == {",": (), "\t": ("separator is tab",)}.get(separator, (f"separator is {separator}",))


def test_the_header_tells_a_separator_from_decimal_commas(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a;b\n" + "1,5;2,5\n" * 9))
    assert (sheet.header, rows_of(sheet)[0]) == (("a", "b"), ["1,5", "2,5"])


@pytest.mark.parametrize("tags", [range(2, 3), range(15, 16), range(3, 18)])
@pytest.mark.parametrize(("separator", "other"), [(",", ";"), (";", ","), ("\t", "|"), ("|", ",")])
def test_a_long_list_in_one_cell_is_no_separator(tmp_path: Path, separator: str, other: str, tags: range) -> None:
    rows = [[str(n), other.join(f"t{t}" for t in range(tags[n % len(tags)]))] for n in range(30)]
    text = "\n".join(map(separator.join, [["phone", "remove_tags"], *rows]))
    sheet = open_sheet(csv_file(tmp_path, text))
    assert (sheet.header, rows_of(sheet)) == (("phone", "remove_tags"), rows)


def test_a_title_with_a_comma_does_not_part_the_table_below_it(tmp_path: Path) -> None:
    rows = [["id", *"abcdef", "sum"], *([str(n), *"uvwxyz", "1,5"] for n in range(9))]
    path = csv_file(tmp_path, "\n".join(["Customers, May", *map(";".join, rows)]))
    assert open_sheet(path, SheetOptions(header_row=2)).header == (*rows[0],)


def test_a_separator_does_not_split_quoted_values(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, 'id;"name, first"\n1;"Lee, Ann"\n2;"Roe, Bob"\n'))
    assert rows_of(sheet) == [["1", "Lee, Ann"], ["2", "Roe, Bob"]]


def test_the_separator_is_judged_by_more_than_the_first_rows(tmp_path: Path) -> None:
    text = "name;note" + "\nAnn;x, y" * 300 + "\nBob;z" * 1_200
    assert open_sheet(csv_file(tmp_path, text)).header == ("name", "note")


def test_a_sep_line_wins_and_is_no_row(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "sep=;\r\na,b;c\r\n1,2;3\r\n"))
    assert sheet.header == ("a,b", "c")
    assert (rows_of(sheet), numbers_of(sheet), sheet.header_row) == ([["1,2", "3"]], [3], 2)


def test_a_delimiter_can_be_given(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a:b\n1:2\n"), SheetOptions(separator=":"))
    assert rows_of(sheet) == [["1", "2"]]


def test_a_single_column_is_a_table_too(tmp_path: Path) -> None:
    assert rows_of(open_sheet(csv_file(tmp_path, "phone\n+1\n\n0012\n"))) == [["+1"], ["0012"]]


def test_an_unclosed_quote_is_refused_with_the_line_where_it_opened(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,b\n1,"x\ny"\n2,"fine","open\n3,z\n4,z\n')
    assert "row 3: the quote opened in line 4 is never closed" in refusal(path).what


def test_a_doubled_quote_is_no_end_of_the_value_it_stands_in(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,b\n"x ""y""\nz","open\n3,z\n')
    assert "the quote opened in line 3 is never closed" in refusal(path).what


def test_text_after_a_closing_quote_is_refused_with_the_line_where_the_value_opened(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,b\n1,x\n2,"open\n3,"z"\n')
    error = refusal(path)
    assert "row 3: in line 4, text follows the closing quote of the value opened in line 3" in error.what


def test_a_short_row_is_filled_with_blanks_and_told(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b,c\n1,2,3\n4\n5,6,7\n"))
    assert rows_of(sheet) == [["1", "2", "3"], ["4", "", ""], ["5", "6", "7"]]
    assert sheet.notes == ("1 row is shorter than the header; the missing values are blank (row 3)",)


def test_blanks_beyond_the_header_are_cut(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1,2,,\n3,4\n5,6\n"))
    assert rows_of(sheet) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert errors_of(sheet) == []
    assert any("longer than the header by blank values" in note for note in sheet.notes)


def test_text_beyond_the_header_is_a_fault_of_its_row_and_shifts_nothing(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n1,2,3\n" + "4,5\n" * 30))
    error = errors_of(sheet)[0]
    assert (error.row, error.column) == (2, 2)
    assert error.cause == "has 3 values where the header has 2 columns"
    assert rows_of(sheet)[0] == ["1", "2"]


def test_many_rows_too_long_are_a_wrong_separator_and_refused(tmp_path: Path) -> None:
    error = refusal(csv_file(tmp_path, "a,b\n1,2,3\n4,5\n"))
    assert "1 of 2 rows has more values than the header's 2 (row 2)" in error.what


def test_blanks_before_quotes_belong_to_the_separator_where_that_makes_rows_alike(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, 'a, b\n"1", "x, y"\n"2", "z"\n'))
    assert rows_of(sheet) == [["1", "x, y"], ["2", "z"]]
    assert "spaces after the separators are ignored" in sheet.notes


def test_a_nul_byte_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "line 3: contains a NUL byte" in refusal(csv_file(tmp_path, "a,b\n1,2\n\0,3\n")).what


@pytest.mark.slow
def test_blank_rows_and_columns_at_the_end_are_dropped_by_the_thousand(tmp_path: Path) -> None:
    blanks = "," * 2000
    sheet = open_sheet(csv_file(tmp_path, f"a,b{blanks}\n1,2{blanks}\n" + f"{blanks},\n" * 2000))
    assert sheet.header == ("a", "b")
    assert rows_of(sheet) == [["1", "2"]]


def test_a_blank_header_with_data_below_is_kept(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,,b,,\n1,2,3,4,\n"))
    assert sheet.header == ("a", "", "b", "")
    assert rows_of(sheet) == [["1", "2", "3", "4"]]


def test_a_guarded_csv_value_loses_its_guard(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n'=1+1,'s Gravenhage\n''=x,'+923244077087\n"))
    assert rows_of(sheet) == [["=1+1", "'s Gravenhage"], ["'=x", "'+923244077087"]]


def test_a_number_that_excel_cut_to_an_exponent_is_suspect(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "id,b\n1.78E+15,x\n177,1E5\n"))
    assert [(warning.row, warning.column) for warning in warnings_of(sheet)] == [(2, 0)]
    assert rows_of(sheet)[0] == ["1.78E+15", "x"]


def test_a_value_of_a_megabyte_is_read(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    assert rows_of(open_sheet(csv_file(tmp_path, f"a,b\n1,{long}\n"))) == [["1", long]]


@pytest.mark.slow
def test_many_rows_come_in_order_to_two_readers_at_once(tmp_path: Path) -> None:
    numbers = [str(n) for n in range(30_000)]
    sheet = open_sheet(csv_file(tmp_path, "a,b\n" + "".join(f"{n},{'x' * 300}\n" for n in numbers)))
    both = zip(sheet.frames(), sheet.frames(), strict=True)
    met = [(list(one.cells[0]), list(other.cells[0])) for one, other in both]
    assert [n for one, _ in met for n in one] == [n for _, other in met for n in other] == numbers


def test_frames_are_bounded_and_can_be_read_again(tmp_path: Path) -> None:
    sheet = open_sheet(csv_file(tmp_path, "a,b\n" + "".join(f"{n},x\n" for n in range(25))))
    for _ in range(2):
        assert [len(cells) for cells, _ in sheet.frames(10)] == [10, 10, 5]
        assert numbers_of(sheet) == list(range(2, 27))


@pytest.mark.slow
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_of_a_large_file_has_its_own_number_below_cells_of_several_lines(tmp_path: Path, end: str) -> None:
    rows = [[str(number), f"a{end}b" if number % 7 == 0 else "c" * (number % 60)] for number in range(60_000)]
    lines = [f'{number},"{text}"' for number, text in rows]
    sheet = open_sheet(csv_file(tmp_path, end.join(["n,t", *lines])))
    assert rows_of(sheet) == rows
    assert numbers_of(sheet) == [*range(2, 60_002)]


def test_a_mistake_below_pages_of_cells_of_several_lines_is_told_by_row_and_line(tmp_path: Path) -> None:
    rows = '1,"x\ny"\n' * 1_000
    path = csv_file(tmp_path, f'a,b\n{rows}2,"z"w\n')
    expected = "row 1002: in line 2002, text follows the closing quote of the value opened in line 2002"
    assert expected in refusal(path).what


def test_the_row_of_a_header_is_the_one_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = csv_file(tmp_path, '"A title\nof two lines"\n\na,b\n1,2\n')
    sheet = open_sheet(path, SheetOptions(header_row=3))
    assert (sheet.header, sheet.header_row, numbers_of(sheet)) == (("a", "b"), 3, [4])


def test_rows_before_a_mistake_are_looked_at_first(tmp_path: Path) -> None:
    path = csv_file(tmp_path, 'a,b\n1,2\n7,"x"y\n')
    assert "row 9 is blank or does not exist" not in refusal(path, header_row=9).what
    path = csv_file(tmp_path, 'a,b\n\n1,2\n3,4\n7,"x"y\n')
    assert refusal(path, header_row=2).what.endswith("there are values in row 1, 3")


def test_a_wide_row_among_many_narrow_ones_is_read(tmp_path: Path) -> None:
    rows = ["1,2"] * 900 + ["3" + "," * 9_000] + ["4"] * 900
    sheet = open_sheet(csv_file(tmp_path, "\n".join(["a,b", *rows])))
    assert rows_of(sheet) == [["1", "2"]] * 900 + [["3", ""]] + [["4", ""]] * 900
    assert sheet.notes == (
        "900 rows are shorter than the header; the missing values are blank (rows 903, 904, 905, 906, 907 …)",
        "1 row is longer than the header by blank values, which are ignored",
    )


def test_numbers_and_notes_hold_across_pages(tmp_path: Path) -> None:
    rows = [f'{n},"x\r\ny"' if n % 5 == 0 else "" if n % 7 == 0 else f"{n},z" for n in range(1_000)]
    sheet = open_sheet(csv_file(tmp_path, "\r\n".join(["a,b", *rows])))
    kept = [n for n in range(1_000) if rows[n]]
    assert [row[0] for row in rows_of(sheet)] == [*map(str, kept)]
    assert numbers_of(sheet) == [2 + n for n in kept]
