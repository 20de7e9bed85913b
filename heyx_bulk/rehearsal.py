"""A whole run against a sandbox inside the process: no token, no waiting, nothing left behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from heyx_bulk.clock import VirtualTime
from heyx_bulk.progress import Progress
from heyx_bulk.run import Run
from heyx_bulk.sandbox import Misbehaviour, Sandbox, SandboxTransport
from heyx_bulk.settings import Settings
from heyx_bulk.upload import Sent, upload

ANSWER_SECONDS = 0.3
"""How long HeyX takes to answer, in the rehearsal's time."""

TOKEN = "rehearsal"  # noqa: S105  opens only the sandbox
"""The token of the sandbox."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal came to: totals by status, and what was sent in how many of HeyX's seconds."""

    totals: dict[str, int]
    sent: Sent


def rehearse(run: Run, settings: Settings, progress: Progress) -> Rehearsed:
    """Send a run, staged into a checkpoint that is thrown away, to a sandbox in virtual time.

    The sandbox has a contact for each id in the sheet; the settings' token must be `TOKEN`.
    """
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        sent = runner.run(_send(run, settings, progress))
    return Rehearsed(run.journal.totals(), sent)


async def _send(run: Run, settings: Settings, progress: Progress) -> Sent:
    rate = settings.rate
    clock = asyncio.get_running_loop().time
    behaves = Misbehaviour(viber=settings.viber)
    sandbox = Sandbox(behaves, tokens=(TOKEN,), limit=rate.calls, window_seconds=rate.window_seconds, clock=clock)
    for row in run.open_rows():
        if row.id is not None:
            sandbox.add({}, (), id=row.id)
    return await upload(
        run,
        settings,
        progress=progress,
        transport=SandboxTransport(sandbox, latency=ANSWER_SECONDS),
    )
