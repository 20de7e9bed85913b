"""Killed at random calls and started again: nobody twice, nobody missing, nobody half done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.crash_runs import VARIANTS, survive

SEEDS = range(1, 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_killed_again_and_again_ends_with_every_contact_once_and_whole(seed: int, tmp_path: Path) -> None:
    names = list(VARIANTS)
    survived = survive(seed, VARIANTS[names[seed % len(names)]], tmp_path)
    assert survived.kills > 0
    assert survived.faults == ()
