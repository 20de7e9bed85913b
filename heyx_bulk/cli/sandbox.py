"""`heyx-bulk sandbox`: a HeyX of your own on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from secrets import token_hex
from typing import Annotated, Any, Literal

import typer

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import option
from heyx_bulk.settings.rate import Rate

SEEDS: tuple[tuple[dict[str, str | bool | None], tuple[str, ...]], ...] = (
    ({"firstName": "Mahin", "lastName": "Dar", "phone": "923244077087", "isLead": True}, ("Blog Updates",)),
    ({"firstName": "Zoë", "lastName": "Brandt", "phone": "+493023125012", "email": "zoe@example.com"}, ("VIP",)),
    ({"firstName": "Amaka", "lastName": "Obi", "email": "amaka.obi@example.com", "language": "en"}, ()),
)
"""A few contacts to start with: fields and tags."""


def _share(flag: str, what: str) -> Any:
    return option(flag, default=0.0, metavar="SHARE", least=0, most=1, help=f"Share (0 to 1) of {what}.")


@dataclass(frozen=True, slots=True)
class FaultOptions:
    """The faults that a sandbox plays, by the names that it has for them."""

    lose_answers: float = _share("--lose-answers", "answers that never come, though the call took effect")
    lose_create_answers: float = _share("--lose-create-answers", "creates whose answer never comes")
    errors_after_write: float = _share("--errors-after-write", "writes answered 5xx, though done")
    errors_before: float = _share("--errors-before", "calls answered 5xx and not done")
    lag: float = option(
        "--lag", default=0.0, metavar="SECONDS", least=0, help="Until a search finds a new contact."
    )
    refuse_creates: int = option(
        "--refuse-creates", default=0, metavar="N", least=0, help="Refuse the first N creates."
    )
    revoke_after: int | None = option("--revoke-after", metavar="N", help="The token is invalid after N calls.")
    drop_fields: tuple[str, ...] = option(
        "--drop-field", default=(), metavar="FIELD", help="Take this field and forget it. Repeatable."
    )
    clean_tags: bool = option(
        "--clean-tags", default=False, help="Keep only letters, digits, blanks, - and _ of a tag."
    )
    seed: int = option("--seed", default=0, help="Decides which calls the faults hit.")


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """The limit that a sandbox keeps."""

    rate: Rate = option(
        "--rate",
        default=Rate(),
        metavar="CALLS/TIME",
        help="The limit: 200/min, 100/min, or 200/3s to hurry [default: 200/min].",
        parse=Rate.parse,
        show_default=False,
    )
    window: Literal["fixed", "redis", "sliding", "bucket", "small-bucket"] = option(
        "--window", default="fixed", help="How the limit comes back: nobody knows which of these HeyX has."
    )
    limit_headers: bool = option(
        "--limit-headers/--no-limit-headers", default=True, help="Whether answers tell of the limit."
    )


def sandbox(
    limit: LimitOptions,
    faults: FaultOptions,
    *,
    port: Annotated[int, typer.Option("--port", help="0 takes any free one.")] = 0,
    latency: Annotated[
        float, typer.Option("--latency", metavar="SECONDS", min=0.0, help="How long an answer takes.")
    ] = 0.0,
    empty: Annotated[bool, typer.Option("--empty", help="Start without contacts.")] = False,
) -> None:
    """A HeyX of your own on this machine: all six calls, the limit, and faults on request.

    \b
    heyx-bulk sandbox --port 8765
    heyx-bulk sandbox --rate 200/3s --lose-create-answers 0.1 --lag 1.5

    It keeps its contacts in memory, and prints the two lines that point heyx-bulk to it. Every sandbox is a
    channel of its own, with a token that no other had.
    """
    from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer

    token = f"sandbox-{token_hex(4)}"
    rate = limit.rate
    played = Sandbox(
        Faults(**{**asdict(faults), "drop_fields": frozenset(faults.drop_fields)}),
        tokens=(token,),
        limit=rate.calls,
        window_seconds=rate.window_seconds,
        window=limit.window,
        limit_headers=limit.limit_headers,
    )
    for fields, tags in () if empty else SEEDS:
        played.add(fields, tags)
    try:
        server = SandboxServer(played, port, latency)
    except OSError as error:
        raise SettingsError(
            f"The port {port} is taken: {error.strerror}.", "Name another with --port, or none for any free one."
        ) from None
    typer.echo(f"export HEYX_URL={server.url}")
    typer.echo(f"export HEYX_TOKEN={token}")
    typer.echo("Copy the two lines above into another terminal; Ctrl-C ends the sandbox.", err=True)
    typer.echo(f"It allows {rate.calls} calls every {rate.window_seconds:g} s ({limit.window}).", err=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.close()
