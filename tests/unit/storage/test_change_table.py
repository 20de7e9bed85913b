"""What rows change of their contacts: what was there first stays known, whatever is written later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.planning.changes import Action, Change, undo_changes
from heyx_bulk.planning.contact_lookup import NotFound
from heyx_bulk.storage.checkpoint.run import Run
from tests.support import runs


def update(field: str, before: str | None, after: str) -> Change:
    return Change(field, "", before, after, Action.UPDATE, 1)


def tag(name: str, *, added: bool) -> Change:
    before, after = ("", name) if added else (name, "")
    return Change("", name, before, after, Action.ADD_TAGS if added else Action.REMOVE_TAGS, 2)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with runs.staged(tmp_path, "phone\n+447900000001\n+447900000002\n") as run:
        yield run


def test_of_a_row_that_is_written_again_the_first_values_stay_known(run: Run) -> None:
    changes = run.checkpoint.changes
    changes.start(2, "c1", [update("City", "Oslo", "Rome"), update("Code", "1", "2"), tag("VIP", added=True)])
    changes.start(2, "c1", [update("City", "Rome", "Bonn"), tag("VIP", added=False), tag("x", added=False)])
    known = {(one.field, one.tag): (one.before, one.after) for one in changes.of(2)}
    assert known == {
        ("City", ""): ("Oslo", "Bonn"),
        ("Code", ""): ("1", "2"),
        ("", "VIP"): ("", ""),
        ("", "x"): ("x", ""),
    }


def test_contacts_are_told_in_the_order_of_their_first_writes_with_all_their_rows(run: Run) -> None:
    changes = run.checkpoint.changes
    changes.start(3, "c2", [update("City", "", "Rome")])
    changes.start(2, "c1", [update("City", "", "Bonn")])
    assert [*changes.written_contacts()] == [("c2", [3]), ("c1", [2])]
    assert [one.after for one in changes.made_to("c2")] == ["Rome"]


def test_a_run_of_which_a_write_was_about_to_leave_has_begun(run: Run) -> None:
    assert run.checkpoint.queries.nothing_sent()
    run.checkpoint.changes.start(2, "c1", [update("City", "Oslo", "Rome")])
    assert not run.checkpoint.queries.nothing_sent()


def test_of_a_contact_that_was_there_although_it_was_to_be_created_nothing_before_is_known(run: Run) -> None:
    changes = run.checkpoint.changes
    planned = Change("City", "", "", "Rome", Action.CREATE, 1)
    changes.keep_lookup(2, NotFound())
    changes.set_plan(2, [planned, tag("VIP", added=True)])
    changes.start_unread(2, "c1", ())
    changes.start_unread(3, "c2", [Field("City", "Bonn")])
    there = Contact("c1", {"City": "Rome"}, frozenset(["VIP"]), complete=True)
    (left,) = undo_changes(there, changes.made_to("c1"))
    assert (left.action, left.note) == (Action.LEAVE, "what it was before is unknown")
    assert [(one.field, one.before, one.after) for one in changes.of(3)] == [("City", None, "Bonn")]


def test_the_rows_before_of_one_contact_are_found_by_it_or_by_the_row_that_creates_it(run: Run) -> None:
    changes = run.checkpoint.changes
    for number, known in ((2, NotFound()), (3, NotFound()), (5, Contact("c1", complete=True))):
        changes.keep_lookup(number, known)
    changes.set_plan(2, [update("City", "", "Rome")])
    changes.set_plan(3, [update("City", "Rome", "Bonn")], creator=2)
    changes.set_plan(5, [update("City", "", "Kiel")])
    assert (changes.earlier_rows_of(4, 2), changes.earlier_rows_of(3, 2)) == ([2, 3], [2])
    assert (changes.earlier_rows_of(9, "c1"), changes.earlier_rows_of(5, "c1")) == ([5], [])
