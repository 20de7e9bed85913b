"""Tags as people write them: each cell by its own separator, and nothing sent that reads two ways."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import heyx, left

SHEET = (
    'Phone,First Name,Tags\n+447700900500,Ann,"VIP, Lead"\n+447700900503,Dan,Fair; Spring\n+447700900504,Eve,vip\n'
)


def test_no_cell_is_read_by_the_separator_of_another_and_the_tags_are_shown_before(
    tmp_path: Path, server: SandboxServer
) -> None:
    (tmp_path / "contacts.csv").write_text(SHEET, encoding="utf-8")
    done = heyx(tmp_path, "upload", "contacts.csv", server=server)
    assert done.code == 0
    assert "Tags added: Fair 1, Lead 1, Spring 1, VIP 1, vip 1." in done.err
    assert "“VIP” (1) and “vip” (1) differ only in case" in done.err
    tags = {str(one.fields["firstName"]): set(one.tags) for one in server.sandbox.contacts}
    assert tags == {"Ann": {"VIP", "Lead"}, "Dan": {"Fair", "Spring"}, "Eve": {"vip"}}


def test_tags_are_listed_by_how_many_rows_add_them(tmp_path: Path, server: SandboxServer) -> None:
    rows = ["+447700900500,Lead;VIP,", "+447700900503,VIP;Lead,", "+447700900504,VIP;Fair,Lead"]
    (tmp_path / "contacts.csv").write_text("\n".join(["Phone,Tags,Remove Tags", *rows]), encoding="utf-8")
    done = heyx(tmp_path, "upload", "contacts.csv", "--add-tag", "Fair", "--add-tag", "Spring", server=server)
    assert "Tags added: Fair 3, Spring 3, VIP 3, Lead 2." in done.err
    assert "Tags removed: Lead 1." in done.err


def test_tags_that_read_two_ways_stop_the_upload_until_the_separator_is_named(
    tmp_path: Path, server: SandboxServer
) -> None:
    (tmp_path / "contacts.csv").write_text(SHEET + '+447700900505,Flo,"Smith, John; VIP"\n', encoding="utf-8")
    done = heyx(tmp_path, "upload", "contacts.csv", "--yes", server=server)
    assert (done.code, server.sandbox.calls.total(), left(tmp_path)) == (2, 0, {"contacts.csv"})
    assert "1 row with tags that can be read in two ways (row 5)" in done.err
    assert "“Smith, John”, “VIP” (by ;) or “Smith”, “John; VIP” (by ,)" in done.err
    assert "--tag-separator ';'" in done.err
    assert heyx(tmp_path, "upload", "contacts.csv", "--tag-separator", ";", server=server).code == 0
    (flo,) = (one for one in server.sandbox.contacts if one.fields["firstName"] == "Flo")
    assert set(flo.tags) == {"Smith, John", "VIP"}
