"""The commands that look at a run: how it stands, what became of a row, whether HeyX holds what was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heyx_bulk.cli import options as o
from heyx_bulk.cli.console import Console, report_errors


def status(
    checkpoint: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CHECKPOINT]",
            help="The checkpoint of a run, or its sheet; without it, every run in this folder.",
            show_default=False,
        ),
    ] = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Say how a run stands, also while it goes on in another terminal.

    \b
    heyx-bulk status
    heyx-bulk status contacts.xlsx.checkpoint

    Rows by status, calls, what failed and why, pace, and when it ends. Needs no token; nothing is sent or changed.
    """
    from heyx_bulk.cli.status import status as run

    with report_errors():
        raise typer.Exit(run(checkpoint, Console(quiet=quiet, as_json=as_json)))


def explain(
    checkpoint: o.Checkpoint,
    row: Annotated[
        int, typer.Argument(metavar="ROW", help="The row's number, as the spreadsheet shows it.", min=1)
    ],
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Say what became of one row: its cells, what they ask for, every call with its answer, the outcome.

    \b
    heyx-bulk explain contacts.xlsx.checkpoint 12

    Needs no token; nothing is sent.
    """
    from heyx_bulk.cli.explain import explain_row

    with report_errors():
        raise typer.Exit(explain_row(checkpoint, row, Console(quiet=quiet, as_json=as_json)))


def verify(
    checkpoint: o.Checkpoint,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="So many rows, drawn at random [default: all]."),
    ] = None,
    rate: o.RateOption = None,
    timeout: o.Timeout = None,
    quiet: o.Quiet = False,
    as_json: o.Json = False,
) -> None:
    """Read back from HeyX what a run sent, and tell every difference: one call for each row.

    \b
    heyx-bulk verify contacts.xlsx.checkpoint
    heyx-bulk verify contacts.xlsx.checkpoint --sample 200

    Nothing is written to HeyX. Exit code 3 where anything differs.
    """
    from heyx_bulk.cli.verify import print_verification

    with report_errors():
        speaking = o.ConnectionOptions(rate=rate, timeout=timeout)
        raise typer.Exit(print_verification(checkpoint, sample, speaking, Console(quiet=quiet, as_json=as_json)))
