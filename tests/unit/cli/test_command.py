from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from heyx_bulk.cli.command import ExitCodes, build_command
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.reports.stop_conditions import FailureLimit, StopConditions

Given = tuple[Path, Matching, StopConditions, int, list[str] | None]


def read(*words: str) -> Given:
    """What a function is called with by a command line of these words."""
    seen: list[Given] = []

    def command(
        sheet: Annotated[Path, typer.Argument()],
        matching: Matching,
        stops: StopConditions,
        *,
        first: Annotated[int, typer.Option("--first")] = 5,
        add: Annotated[list[str] | None, typer.Option("--add")] = None,
    ) -> None:
        seen.append((sheet, matching, stops, first, add))

    build_command("command", command, ExitCodes("Done.")).main([*words], standalone_mode=False)
    return seen[0]


@pytest.mark.parametrize("mode", Mode)
def test_a_value_has_its_type_whether_it_was_given_or_not(mode: Mode) -> None:
    for given in ([], ["--mode", str(mode)]):
        _, matching, _, _, _ = read("a.csv", *given)
        assert type(matching.mode) is Mode
        assert matching.mode is (mode if given else Mode.UPSERT)


def test_each_kind_of_value_is_made_of_its_text() -> None:
    words = ("--first", "5", "--add", "1", "--add", "2", "--max-calls", "10", "--max-failures", "5%")
    path, _, stops, first, add = read("a.csv", *words)
    assert (path, first, add) == (Path("a.csv"), 5, ["1", "2"])
    assert (stops.max_calls, stops.max_failures) == (10, FailureLimit(share=0.05))
    assert (type(path), type(first)) == (type(Path()), int)


@pytest.mark.parametrize("words", [(), ("a.csv", "--max-calls", "0"), ("a.csv", "--mode", "x")], ids=str)
def test_a_missing_argument_and_a_wrong_value_are_mistakes(words: tuple[str, ...]) -> None:
    with pytest.raises(typer.BadParameter.__bases__[0]):
        read(*words)
