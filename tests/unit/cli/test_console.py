from __future__ import annotations

import pytest

from heyx_bulk.cli.console import Console, ProgressForm
from heyx_bulk.reports.progress import JsonLines, Lines, Progress
from heyx_bulk.reports.progress_bar import Bar


@pytest.mark.parametrize(
    ("form", "quiet", "kind"),
    [
        (ProgressForm.AUTO, False, Lines),
        (ProgressForm.AUTO, True, Progress),
        (ProgressForm.NONE, False, Progress),
        (ProgressForm.LINES, True, Lines),
        (ProgressForm.JSON, True, JsonLines),
        (ProgressForm.BAR, True, Bar),
    ],
)
def test_a_quiet_program_shows_only_the_progress_that_was_asked_for(
    form: ProgressForm, quiet: bool, kind: type[Progress]
) -> None:
    assert type(Console(quiet=quiet, progress_form=form).progress(0)) is kind
