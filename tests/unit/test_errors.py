from __future__ import annotations

import inspect
import re

import pytest

from heyx_bulk import errors
from heyx_bulk.errors import HeyxBulkError, Interrupted, Rejected, Throttled

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, HeyxBulkError) and kind.__module__ == errors.__name__
}


def drawn() -> dict[str, str]:
    """The tree in the module's docstring: each name with the one it hangs from."""
    parents: dict[str, str] = {}
    branch = "HeyxBulkError"
    for line in re.sub(r"\n│ {5}\(", " (", errors.__doc__ or "").splitlines():
        found = re.match(r"([├└] |│   )(\w+(?:  \w+)*)(?=$| {3,})(.*)", line)
        if not found:
            continue
        stem, names, said = found.groups()
        if stem != "│   ":
            branch = names
        parents |= dict.fromkeys(names.split(), "HeyxBulkError" if stem != "│   " else branch)
        parents |= dict.fromkeys(re.findall(r"\(([A-Z]\w+): ", said), names)
    return parents


def test_the_tree_names_exactly_the_errors_that_exist_each_below_its_own() -> None:
    real = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items() if kind is not HeyxBulkError}
    assert drawn() == real


def test_every_error_says_in_its_docstring_what_it_is() -> None:
    assert [name for name, kind in CLASSES.items() if not (vars(kind).get("__doc__") or "").strip()] == []


@pytest.mark.parametrize(
    ("branch", "exit_code"), [("UsageError", 2), ("Stopped", 4), ("CallFailed", 1), ("UnconfirmedCreate", 1)]
)
def test_each_branch_has_its_exit_code_and_so_has_all_that_hangs_from_it(branch: str, exit_code: int) -> None:
    family = [kind for kind in CLASSES.values() if issubclass(kind, CLASSES[branch])]
    assert {kind.exit_code for kind in family} == {exit_code}


@pytest.mark.parametrize(("signal_number", "exit_code"), [(1, 129), (2, 130), (15, 143)])
def test_an_interrupted_run_ends_with_the_code_of_its_signal(signal_number: int, exit_code: int) -> None:
    assert (Interrupted(signal_number).exit_code, Interrupted.exit_code) == (exit_code, 4)


@pytest.mark.parametrize(("branch", "line_says"), [("UsageError", "exit 2"), ("Stopped", "exit 4")])
def test_the_tree_says_the_exit_code_of_a_branch(branch: str, line_says: str) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if line.startswith(f"├ {branch} ")]
    assert [line.endswith(line_says) for line in lines] == [True]


def test_an_error_says_what_happened_and_then_what_to_do() -> None:
    assert str(HeyxBulkError("There is no token.", "Make one.")) == "There is no token.\nMake one."


def test_an_error_without_a_remedy_is_one_line() -> None:
    assert str(HeyxBulkError("It was cut.")) == "It was cut."


def test_a_refusal_knows_its_status_and_a_throttled_call_is_a_429() -> None:
    throttled = Throttled("Too many requests", wait_seconds=3.0)
    assert (Rejected("no", status=422).status, throttled.status, throttled.wait_seconds) == (422, 429, 3.0)
