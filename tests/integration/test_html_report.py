"""The report with charts, from real runs against the sandbox."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Outcome, Status
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.html_report import headline, render_report, without_values, write_report
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.sandbox import Faults
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import RunPaths, run_paths
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.runs import Channel, settings

HEADER = "phone,email,firstName,City,tags\n"
SECRETS = ("+4477009", "Zacharias", "Timbuktu", "zacharias.private@example.com", "Quentin", "447700900123")
PEOPLE = HEADER + (
    "+447700900123,zacharias.private@example.com,Zacharias,Timbuktu,Spring fair;VIP\n"
    "+447700900124,,Quentin,Timbuktu,VIP\n"
    "+447700900125,no address,Zacharias,Timbuktu,\n"
    ",,Quentin,Timbuktu,\n"
)
OPTIONS = UploadOptions(mapping=MappingOptions(custom_fields=True))


class Outline(HTMLParser):
    """The texts of a page, its tags, and those that were not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  the parser's signature
        self.tags.append(tag)
        if tag not in ("meta", "br", "path", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def paths_of(folder: Path) -> RunPaths:
    return run_paths(folder / "people.csv", None, None, excel=False)


def uploaded(
    folder: Path,
    look: Callable[[Run, RunPaths], None],
    *,
    faults: Faults | None = None,
    text: str = PEOPLE,
    stops: StopConditions | None = None,
) -> None:
    """Send a sheet, and look at its run."""
    with runs.staged(folder, text, OPTIONS) as run, Channel(faults or Faults()) as channel:
        clock = lambda: 1_795_000_000.0 + channel.now  # noqa: E731  both clocks are the channel's
        monitor = StopMonitor(stops or StopConditions(same_error=False), clock=clock)
        recorder = CallRecorder(monitor, checkpoint=run.checkpoint, clock=clock)
        channel.send(run, settings(reconcile_delay=1), recorder=recorder)
        look(run, paths_of(folder))


def page_of(folder: Path, **more: object) -> str:
    pages: list[str] = []
    uploaded(folder, lambda run, paths: pages.append(render_report(run, paths)), **more)  # type: ignore[arg-type]
    return pages[0]


@pytest.mark.parametrize(
    ("totals", "sentence"),
    [
        (
            {Status.CREATED: 8312, Status.UPDATED: 2744, Status.UNCHANGED: 871, Status.INVALID: 553},
            "11,927 of 12,480 rows are in HeyX. 553 rows need your attention.",
        ),
        ({Status.CREATED: 1}, "1 of 1 row is in HeyX."),
        ({Status.CREATED: 1, Status.FAILED: 1}, "1 of 2 rows is in HeyX. 1 row needs your attention."),
        (
            {Status.SKIPPED: 2, "to do": 3, "unconfirmed": 1},
            "0 of 6 rows are in HeyX. 2 rows were skipped. 4 rows are still to do.",
        ),
    ],
)
def test_a_sentence_sums_the_run_up(totals: dict[str, int], sentence: str) -> None:
    assert headline(totals) == sentence


def test_a_report_shows_the_statuses_what_to_do_and_the_calls(tmp_path: Path) -> None:
    text = Outline(page_of(tmp_path)).text
    assert "2 of 4 rows are in HeyX. 2 rows need your attention." in text
    assert "2 created 2 invalid" in text
    assert "invalid not a valid email address 1 4" in text
    assert "look up" in text
    assert "The audit passed." in text
    assert "3 tags added. VIP 2 Spring fair 1" in text
    assert "Half of the answers came within 300 ms" in text
    assert re.search(r"200–300 ms 0 300–500 ms [1-9]", text)
    assert "HeyX’s limit, 200" in text


def test_a_report_is_whole_and_needs_neither_script_nor_network(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    outline = Outline(page)
    assert outline.open == []
    assert {"script", "link", "img", "iframe", "object", "form", "a"} & {*outline.tags} == set()
    assert re.search(r"https?://|url\(|@import|\bon\w+=", page) is None
    assert "default-src 'none'" in page
    assert len(page.encode()) < 100_000


def test_no_value_of_a_contact_is_in_a_report(tmp_path: Path) -> None:
    message = "Zacharias of 'Timbuktu' (\"Quentin\") has +447700900123. Done: zacharias.private@example.com."
    page = page_of(tmp_path, faults=Faults(refuse_every=1, refuse_message=message, lose_answers=0.2))
    assert "HeyX answered 403" in page
    assert [secret for secret in SECRETS if secret in page] == []


def test_a_session_that_rows_failing_alike_stopped_names_no_contact(tmp_path: Path) -> None:
    text = HEADER + "".join(f"+4477009{number:05},,Zacharias,Timbuktu,\n" for number in range(40))
    faults = Faults(refuse_every=1, refuse_message="Zacharias of Timbuktu is not welcome")
    page = page_of(tmp_path, text=text, faults=faults, stops=StopConditions())
    assert "failed with the same error: HeyX answered 403" in page
    assert [secret for secret in SECRETS if secret in page] == []


def test_rows_that_differ_only_in_what_heyx_said_have_one_reason(tmp_path: Path) -> None:
    def look(run: Run, paths: RunPaths) -> None:
        for number, name in ((2, "Ana"), (3, "Bo"), (4, "Ana")):
            run.checkpoint.queue.finish(Outcome(number, Status.FAILED, None, f"HeyX answered 422: not {name}"))
        text = Outline(render_report(run, paths)).text
        assert "failed HeyX answered 422 3 2, 3, 4" in text
        assert text.count("HeyX answered 422") == 1

    uploaded(tmp_path, look)


def test_what_a_sheet_brings_is_no_markup(tmp_path: Path) -> None:
    text = "phone,<script>alert(1)</script>,tags\n+447700900123,x,<script>alert(2)</script>\n"
    page = page_of(tmp_path, text=text)
    assert "<script" not in page
    assert "<script>alert(2)" in Outline(page).text


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("HeyX answered 422: the phone of Ana is taken. Done: …", "HeyX answered 422"),
        ("Stopped: 20 rows failed: HeyX answered 422: Ana:\nno.", "Stopped: 20 rows failed: HeyX answered 422"),
        ("HeyX does not accept the token: Ana revoked it", "HeyX does not accept the token"),
        ("the phone +44 7700 900123 is taken.", "the phone … is taken."),
        ("\"Ana\" and 'Bo' and “Cy” and ‘Di’ and «Ed»", "“…” and “…” and “…” and “…” and “…”"),
        ("the field 'City' is not known", "the field 'City' is not known"),
        ("HeyX's answer wasn't there", "HeyX's answer wasn't there"),
    ],
)
def test_a_message_loses_what_may_be_a_contacts_own(message: str, shown: str) -> None:
    assert without_values(message, frozenset({"City"})) == shown


def test_a_run_that_stopped_names_its_sessions_and_the_command_that_carries_on(tmp_path: Path) -> None:
    def look(run: Run, paths: RunPaths) -> None:
        text = Outline(render_report(run, paths, command="heyx-bulk upload people.csv")).text
        assert "2 rows are still to do." in text
        assert "To resume: heyx-bulk upload people.csv" in text
        assert "Stopped after 2 calls" in text

    uploaded(tmp_path, look, stops=StopConditions(same_error=False, max_calls=2))


def test_a_run_without_a_call_has_a_report_without_charts_of_calls(tmp_path: Path) -> None:
    with runs.staged(tmp_path, PEOPLE, OPTIONS) as run:
        text = Outline(render_report(run, paths_of(tmp_path))).text
    assert "2 rows are still to do." in text
    assert "Calls a minute" not in text


def test_a_report_that_a_person_changed_is_kept_and_an_unchanged_one_is_replaced(tmp_path: Path) -> None:
    def look(run: Run, paths: RunPaths) -> None:
        assert write_report(run, paths, failed=None) == tmp_path / "people.report.html"
        assert write_report(run, paths, failed=None) == tmp_path / "people.report.html"
        paths.report.write_text("my notes", encoding="utf-8")
        assert write_report(run, paths, failed=None) == tmp_path / "people.report-2.html"
        assert paths.report.read_text(encoding="utf-8") == "my notes"
        if hasattr(paths.report, "owner"):
            assert stat.S_IMODE((tmp_path / "people.report-2.html").stat().st_mode) == 0o600

    uploaded(tmp_path, look)


def test_an_audit_that_failed_is_named(tmp_path: Path) -> None:
    def look(run: Run, paths: RunPaths) -> None:
        broken = replace(run.checkpoint.info, rows=9)
        run.checkpoint.__dict__["info"] = broken
        text = Outline(render_report(run, paths)).text
        assert "The audit failed: the sheet has 9 rows, the checkpoint 4." in text

    uploaded(tmp_path, look)
