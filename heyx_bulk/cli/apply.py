"""`heyx-bulk apply`: the approved changes of a plan, made in HeyX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli.command import ASK_ABOVE, AgreedTo, AskAbove, Without
from heyx_bulk.cli.console import Console
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions

PlanPath = Annotated[
    Path,
    typer.Argument(metavar="PLAN", help="The file that `heyx-bulk plan` wrote.", show_default=False),
]


def apply(
    plan: PlanPath,
    run_options: Annotated[RunOptions, Without(("out", "restart", "strict", "canary", "trust_cache"))],
    connection: ConnectionOptions,
    console: Console,
    *,
    yes: AgreedTo = False,
    ask_above: AskAbove = ASK_ABOVE,
) -> int:
    """Make the changes of a plan whose column apply? is yes, and no others.

    \b
    heyx-bulk apply plan.xlsx
    heyx-bulk apply plan.xlsx --yes

    heyx-bulk compares each contact with the plan before it writes: a row whose contact was changed in HeyX since
    is refused. To resume, run the same command again.
    """
    from heyx_bulk.cli.plan_runs import apply_file

    return apply_file(plan, run_options, connection, console, ask_above=None if yes else ask_above)
