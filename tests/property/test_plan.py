"""A plan and its run never differ, and an undo puts back what the run found."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.planning.changes import Action
from heyx_bulk.planning.matching import Match, Matching, Mode
from heyx_bulk.reports.plan_lines import PlanLine, plan_lines, plan_totals
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.checkpoint.run_info import PlanInfo
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.plan import ChangesOf, changes_of_row, complete_plan, keep_lookups, open_approved
from heyx_bulk.upload.undo import changes_back, stage_undo, undo_paths
from tests.support import runs
from tests.support.rows_of_every_kind import CELLS, CONTACTS, MAPPING, state_of
from tests.support.runs import Channel, RecordedRequest

ACTIONS = {
    ("POST", False): Action.CREATE,
    ("PUT", False): Action.UPDATE,
    ("POST", True): Action.ADD_TAGS,
    ("DELETE", True): Action.REMOVE_TAGS,
}
ROWS = st.lists(CELLS, min_size=1, max_size=5)
OPTIONS = st.builds(
    UploadOptions,
    mapping=st.builds(
        MappingOptions,
        file=st.just(parse_mapping(MAPPING, "m.toml")),
        constants=st.sampled_from([(), ("source=fair",)]),
        tracking_field=st.sampled_from(["", "mark"]),
        created_tags=st.sampled_from([(), ("new",)]),
    ),
    duplicates=st.sampled_from(Duplicates),
    matching=st.builds(
        Matching, mode=st.sampled_from(Mode), match=st.sampled_from(Match), before_image=st.booleans()
    ),
)


@contextmanager
def uploaded(
    folder: Path, rows: list[dict[str, str]], contacts: list[dict[str, str]], options: UploadOptions
) -> Iterator[tuple[Channel, Run]]:
    """A run of these rows to a channel with these contacts."""
    with Channel() as channel:
        for number, fields in enumerate(contacts):
            held = {field: value for field, value in fields.items() if value}
            channel.sandbox.add(held, ["z", "seg:h"], id=str(number))
        channel.sandbox.add({"phone": "4412345679"}, ["a"], id="7")
        folder.mkdir()
        sheet = runs.written(folder, list(rows[0]), [list(row.values()) for row in rows])
        with runs.resumed(runs.checkpoint(sheet, options)) as run:
            yield channel, run


def planned(channel: Channel, run: Run, changes_of: ChangesOf = changes_of_row) -> Run:
    """The run, with its plan made."""
    if run.checkpoint.facts.plan_info is None:
        run.checkpoint.facts.plan_info = PlanInfo(made_at=0)
    before = len(channel.transport.seen)
    channel.send(run, on_planned=keep_lookups(run))
    assert not any(one.writes for one in channel.transport.seen[before:])
    complete_plan(run, changes_of)
    return Run.from_checkpoint(run.checkpoint)


def applied(channel: Channel, run: Run, refused: list[PlanLine]) -> list[RecordedRequest]:
    """The writes of a planned run, without the refused lines."""
    before = len(channel.transport.seen)
    open_approved(run.checkpoint, [(one.row, one.place) for one in refused])
    run.checkpoint.facts.plan_info = replace(run.checkpoint.facts.plan_info or PlanInfo(0), applied=True)
    channel.send(run)
    return [one for one in channel.transport.seen[before:] if one.writes]


def promised(lines: list[PlanLine]) -> Counter[tuple[Action, frozenset[tuple[str, str]]]]:
    """The writes that a plan promises: their kinds, and what each changes."""
    calls: dict[tuple[int, int], list[PlanLine]] = {}
    for line in lines:
        if line.can_be_applied:
            calls.setdefault((line.row, line.change.call), []).append(line)
    return Counter(
        (
            made[0].change.action,
            frozenset((one.change.field, one.change.tag or one.change.after) for one in made),
        )
        for made in calls.values()
    )


def sent(seen: list[RecordedRequest]) -> Counter[tuple[Action, frozenset[tuple[str, str]]]]:
    """The writes that were sent, in the same terms."""
    return Counter(
        (
            ACTIONS[one.method, one.path.endswith("/tags")],
            frozenset([*one.fields.items(), *(("", tag) for tag in one.tags)]),
        )
        for one in seen
    )


def failures(run: Run) -> list[str]:
    return [message for _, _, message in run.checkpoint.queries.failures()]


@pytest.mark.slow
@trying(max_examples=40)
@given(rows=ROWS, contacts=CONTACTS, options=OPTIONS)
def test_a_plan_promises_the_calls_of_its_run_and_what_an_upload_would_make_of_heyx(
    rows: list[dict[str, str]], contacts: list[dict[str, str]], options: UploadOptions
) -> None:
    with tempfile.TemporaryDirectory() as name:
        with uploaded(Path(name) / "plan", rows, contacts, options) as (channel, staged):
            run = planned(channel, staged)
            lines, totals = [*plan_lines(run)], plan_totals(run)
            assert sent(applied(channel, run, [])) == promised(lines)
            assert run.checkpoint.queries.totals() == totals, failures(run)
            found = unmarked(channel)
        with uploaded(Path(name) / "upload", rows, contacts, options) as (channel, run):
            channel.send(run)
            one_by_one = not totals.get("failed") and not _meets_itself(run)
            if one_by_one:  # else rows of one contact may be sent in another order
                assert (unmarked(channel), run.checkpoint.queries.totals()) == (found, totals)


def unmarked(channel: Channel) -> list[tuple[object, ...]]:
    """What the channel holds, but for what tells one run from another."""
    return sorted(
        (sorted((name, value) for name, value in one.fields.items() if name != "mark"), sorted(one.tags))
        for one in channel.sandbox.contacts
    )


def _meets_itself(run: Run) -> bool:
    """Whether two rows are of one contact."""
    ids = [one.contact_id for one in run.checkpoint.queue.rows() if one.contact_id and one.status != "skipped"]
    return len({*ids}) < len(ids)


@pytest.mark.slow
@trying(max_examples=40)
@given(rows=ROWS, contacts=CONTACTS, options=OPTIONS, data=st.data())
def test_only_the_approved_lines_are_sent(
    rows: list[dict[str, str]], contacts: list[dict[str, str]], options: UploadOptions, data: st.DataObject
) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        uploaded(Path(name) / "plan", rows, contacts, options) as (channel, staged),
    ):
        run = planned(channel, staged)
        lines = [*plan_lines(run)]
        created = {one.row for one in lines if one.change.action is Action.CREATE}
        refused = [one for one in lines if one.row not in created and data.draw(st.booleans())]
        wanted = Counter(_value(one) for one in lines if one not in refused)
        seen = applied(channel, run, refused)
        made = Counter(one for _, values in sent(seen).elements() for one in values)
        if failures(run):  # a line that was refused may have been what a later row of its contact builds on
            assert not made - wanted
        else:
            assert made == wanted


def _value(line: PlanLine) -> tuple[str, str]:
    return line.change.field, line.change.tag or line.change.after


@pytest.mark.slow
@trying(max_examples=40)
@given(rows=ROWS, contacts=CONTACTS, options=OPTIONS)
def test_an_undo_puts_back_what_was_there_and_its_undo_what_the_run_had_made(
    rows: list[dict[str, str]], contacts: list[dict[str, str]], options: UploadOptions
) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        uploaded(Path(name) / "run", rows, contacts, options) as (channel, run),
    ):
        before = {one.id: one for one in channel.sandbox.contacts}
        channel.send(run)
        after = state_of(channel.sandbox)
        if not [*run.checkpoint.changes.written_contacts()]:
            return
        left = _undone(channel, run.checkpoint)
        for one in channel.sandbox.contacts:
            if (there := before.get(one.id)) is not None:
                assert {*one.tags} == {*there.tags}
                for field in {*one.fields, *there.fields} - left.get(one.id, set()):
                    assert (one.fields.get(field) or "") == (there.fields.get(field) or ""), field
        paths = undo_paths(run.checkpoint, None)
        with Checkpoint.open(paths.checkpoint, durable=False) as undone:
            if [*undone.changes.written_contacts()]:
                assert not _undone(channel, undone)
                assert state_of(channel.sandbox) == after


def _undone(channel: Channel, source: Checkpoint) -> dict[str, set[str]]:
    """Undo a run; the fields that were left as they are, by contact."""
    paths = undo_paths(source, None)
    stage_undo(source, paths, runs.settings())
    with runs.resumed(paths.checkpoint) as staged:
        run = planned(channel, staged, changes_back(source))
        lines = [*plan_lines(run)]
        applied(channel, run, [])
        assert not failures(run)
    left: dict[str, set[str]] = {}
    for one in lines:
        if not one.can_be_applied:
            left.setdefault(one.contact_id, set()).add(one.change.field)
    return left
