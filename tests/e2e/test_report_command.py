"""The report with charts, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from heyx_bulk.sandbox import SandboxServer
from tests.support.program import heyx, left, sheet

pytestmark = pytest.mark.e2e


def test_an_upload_writes_a_report_beside_its_results_unless_it_is_not_wanted(
    tmp_path: Path, server: SandboxServer
) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", "--no-report", server=server)
    assert "contacts.report.html" not in left(tmp_path)
    done = heyx(tmp_path, "upload", "contacts.csv", "--restart", server=server)
    assert "Report with charts: contacts.report.html\n" in done.err
    assert "rows are in HeyX." in (tmp_path / "contacts.report.html").read_text(encoding="utf-8")


def test_a_report_is_written_at_any_time(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", "--no-report", "--max-calls", "1", server=server)
    (tmp_path / "contacts.results.csv").unlink()
    done = heyx(tmp_path, "report", "contacts.csv.checkpoint", "--html")
    assert done.code == 3
    assert "contacts.results.csv" not in left(tmp_path)
    assert "still to do" in (tmp_path / "contacts.report.html").read_text(encoding="utf-8")


def test_a_new_run_keeps_the_report_of_the_run_before(tmp_path: Path, server: SandboxServer) -> None:
    sheet(tmp_path)
    heyx(tmp_path, "upload", "contacts.csv", server=server)
    first = (tmp_path / "contacts.report.html").read_text(encoding="utf-8")
    heyx(tmp_path, "upload", "contacts.csv", "--restart", server=server)
    (kept,) = tmp_path.glob("contacts.report.2*.html")
    assert kept.read_text(encoding="utf-8") == first


def test_a_damaged_checkpoint_has_no_charts(tmp_path: Path) -> None:
    done = heyx(tmp_path, "report", "contacts.csv.checkpoint", "--html", "--recover")
    assert (done.code, "--recover and --html cannot be combined." in done.err) == (2, True)
