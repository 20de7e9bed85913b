"""What the estimate of an upload shows."""

from __future__ import annotations

import time
from datetime import datetime

from heyx_bulk.cli.console import Console
from heyx_bulk.models.phrases import count
from heyx_bulk.planning.estimate import CallKind, CostEstimate, Effect, time_for
from heyx_bulk.upload.events import PlannedRate, UploadPlan

SIGNS = {Effect.CREATE: "+", Effect.UPDATE: "~", Effect.UNCHANGED: "=", Effect.SKIP: "·", Effect.FAIL: "!"}
"""How the estimate marks what rows do to their contacts."""


def tell_estimate(console: Console, plan: UploadPlan) -> None:
    """Show how many calls the rows take, of which kind, for how long, and what they do."""
    due = plan.cost
    if not due.calls:
        console.say("Nothing to send.")
    else:
        at_most = "" if due.calls == due.calls_low else "At most "
        tell_cost(console, f"{at_most}{count(due.calls, 'call')}", due.calls, plan.speed)
    calls = [f"{kind} {due.calls_by_kind[kind]}" for kind in CallKind if due.calls_by_kind[kind].high]
    if calls:
        console.say(f"  Calls: {', '.join(calls)}.")
    effects = [
        f"{sign} {due.effects[effect]} {effect}" for effect, sign in SIGNS.items() if due.effects[effect].high
    ]
    if effects:
        console.say(f"  Contacts: {'   '.join(effects)}")
    if due.known_rows:
        console.say(f"  {count(due.known_rows, 'row')} without a look-up: their contacts are known already.")
    if due.lesser_key_calls:
        console.say(
            f"  {count(due.lesser_key_calls, 'look-up')} for further keys, if the first finds no contact; "
            "--match first saves them."
        )


def tell_savings(console: Console, due: CostEstimate) -> None:
    """Show which calls other look-ups of phones would save."""
    savings = [f"{other} {saved:,}" for other, saved in due.savings.most_common() if saved > 0]
    if savings:
        console.say(
            "  Phones are searched with and without +. If HeyX has them all in one form, --phone-lookup saves "
            f"calls, at most: {', '.join(savings)}."
        )


def tell_cost(console: Console, what: str, calls: int, speed: PlannedRate) -> None:
    """Show how long `calls` take at the planned rate, and why that is not HeyX's whole limit."""
    rate = speed.rate
    end = time.time() + calls / rate.calls * rate.window_seconds
    until = f", until {datetime.fromtimestamp(end):%H:%M}" if calls > rate.calls else ""
    console.say(f"{what}, at {rate}: {time_for(calls, rate)}{until}.")
    for note in speed.notes:
        console.say(f"  {note}")
