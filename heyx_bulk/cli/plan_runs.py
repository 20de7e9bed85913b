"""The commands that make planned changes: apply, and undo."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from heyx_bulk.cli.console import Console, same_command
from heyx_bulk.cli.estimate_view import tell_estimate
from heyx_bulk.cli.signals import Signals
from heyx_bulk.cli.summary import finish, finish_plan
from heyx_bulk.cli.upload_view import UploadView
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count, minute_of
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings, from_environment
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.locking import lock
from heyx_bulk.storage.checkpoint.lookup import checkpoint_of
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.storage.paths import short_path
from heyx_bulk.upload.events import UploadPlan
from heyx_bulk.upload.options import RunOptions
from heyx_bulk.upload.plan import checkpoint_of_plan
from heyx_bulk.upload.plan_decisions import lines_of_file
from heyx_bulk.upload.planned_run import apply_plan, undo


class PlannedRunView(UploadView):
    """Shows what the planned changes of a run are, and asks before many contacts are written."""

    preview: ClassVar = ""

    def on_plan(self, run: Run, plan: UploadPlan) -> None:
        info, changed = run.checkpoint.facts.plan_info, run.checkpoint.changes.totals()
        if info is not None and not info.undoes:
            self._console.say(f"Plan of {run.checkpoint.info.sheet}, made {minute_of(info.made_at)}.")
        if changed.refused:
            self._console.say(f"Left out: {count(changed.refused, 'change')}.")
        self.set_budget(plan)
        tell_estimate(self._console, plan)

    def on_planned(self, run: Run) -> None:
        super().on_planned(run)
        if not self._trial:  # else it is shown at the end
            self.plans.tell(self._console)

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        if plan is None:
            self._console.say("All of it was done before. Nothing was sent.")
            return
        super().on_resume(run, plan)


class UndoView(PlannedRunView):
    """Shows what setting back the changes of a run does."""

    preview: ClassVar = "-o FILE"


def apply_file(
    file: Path, run_options: RunOptions, connection: ConnectionOptions, console: Console, *, ask_above: int | None
) -> int:
    """Make the approved changes of the plan in a file; the exit code."""
    path = checkpoint_of_plan(file)
    with lock(path), Checkpoint.open(path) as checkpoint, Signals(console) as signals:
        settings = _settings(console, checkpoint, connection)
        view = PlannedRunView(console, signals, ask_above=ask_above)
        view.writes_to(settings)
        run_options = replace(run_options, command=same_command(sys.argv[1:]))
        given = lines_of_file(file)
        result = apply_plan(checkpoint, settings, run_options, view, given=given, name=file.name)
        return finish(console, result, view.document)


def undo_run(
    named: Path,
    run_options: RunOptions,
    connection: ConnectionOptions,
    console: Console,
    *,
    file: Path | None,
    first: int,
    ask_above: int | None,
) -> int:
    """Set back what a run changed, or write the plan of that to a file; the exit code."""
    path = checkpoint_of(named)
    with lock(path), Checkpoint.open(path) as source, Signals(console) as signals:
        settings = _settings(console, source, connection)
        trial = file is not None
        view = UndoView(console, signals, first=first, ask_above=ask_above, trial=trial)
        view.writes_to(settings)
        run_options = replace(run_options, command=same_command(sys.argv[1:], without=("--restart",)))
        _tell_source(console, source)
        result = undo(source, settings, run_options, view, file=file)
        if result.plan is not None:
            return finish_plan(console, result, view.plans, view.document)
        return finish(console, result, view.document)


def _tell_source(console: Console, source: Checkpoint) -> None:
    info = source.info
    console.say(f"Undo of the run of {info.sheet}, started {info.started_at}.")
    if source.queries.totals().get("to do"):
        again = source.facts.command or command_line("status", short_path(source.path))
        console.say(f"  That run is not finished. If you resume it, it writes again:\n  {again}")
    if created := sum(1 for _ in source.queries.created_contacts()):
        console.say(f"  It created {count(created, 'contact')}. HeyX cannot delete contacts, so they stay.")


def _settings(console: Console, checkpoint: Checkpoint, connection: ConnectionOptions) -> Settings:
    settings = from_environment(os.environ, **connection.given(checkpoint.facts.connection))
    console.use_channel(settings.channel)
    return settings
