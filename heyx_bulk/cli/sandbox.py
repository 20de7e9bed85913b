"""`heyx-bulk sandbox`: a local HeyX to practice with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal

import typer

from heyx_bulk.errors import Interrupted, SettingsError
from heyx_bulk.models.option import Panel, option
from heyx_bulk.settings.rate import Rate

SEEDS: tuple[tuple[dict[str, str | bool | None], tuple[str, ...]], ...] = (
    ({"firstName": "Mahin", "lastName": "Dar", "phone": "923244077087", "isLead": True}, ("Blog Updates",)),
    ({"firstName": "Zoë", "lastName": "Brandt", "phone": "+493023125012", "email": "zoe@example.com"}, ("VIP",)),
    ({"firstName": "Amaka", "lastName": "Obi", "email": "amaka.obi@example.com", "language": "en"}, ()),
)
"""A few contacts to start with: fields and tags."""


def _share(flag: str, what: str) -> Any:
    return option(flag, default=0.0, metavar="SHARE", least=0, most=1, help=f"Share, 0 to 1, of {what}.")


@dataclass(frozen=True, slots=True)
class FaultOptions:
    """The faults of a sandbox, by its names for them."""

    panel: ClassVar = Panel.FAULTS

    lose_answers: float = _share("--lose-answers", "calls that take effect but get no response")
    lose_create_answers: float = _share("--lose-create-answers", "creates that take effect but get no response")
    errors_after_write: float = _share("--errors-after-write", "writes that take effect but get a 5xx response")
    errors_before: float = _share("--errors-before", "calls that get a 5xx response and take no effect")
    lag: float = option(
        "--lag", default=0.0, metavar="SECONDS", least=0, help="The time until a search finds a new contact."
    )
    refuse_creates: int = option(
        "--refuse-creates", default=0, metavar="N", least=0, help="Reject the first N creates."
    )
    revoke_after: int | None = option("--revoke-after", metavar="N", help="Make the token invalid after N calls.")
    drop_fields: tuple[str, ...] = option(
        "--drop-field", default=(), metavar="FIELD", help="Accept this field but do not store it. Repeatable."
    )
    clean_tags: bool = option(
        "--clean-tags", default=False, help="Keep only letters, digits, spaces, - and _ in tags."
    )
    seed: int = option("--seed", default=0, metavar="N", help="Choose which calls have faults.")


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """The rate limit of a sandbox."""

    panel: ClassVar = Panel.LIMITS

    rate: Rate = option(
        "--rate",
        default=Rate(),
        metavar="CALLS/TIME",
        help="The rate limit, such as 200/min, 100/min or 200/3s [default: 200/min].",
        parse=Rate.parse,
        show_default=False,
    )
    window: Literal["fixed", "redis", "sliding", "bucket", "small-bucket"] = option(
        "--window",
        default="fixed",
        metavar="KIND",
        help="How the rate limit is counted: fixed, redis, sliding, bucket or small-bucket.",
    )
    limit_headers: bool = option(
        "--limit-headers/--no-limit-headers",
        default=True,
        help="Whether responses show the limit in their headers.",
    )


def sandbox(
    limit: LimitOptions,
    faults: FaultOptions,
    *,
    port: Annotated[
        int,
        typer.Option("--port", metavar="PORT", help="The port; 0 takes a free one.", rich_help_panel=Panel.USUAL),
    ] = 0,
    latency: Annotated[
        float,
        typer.Option(
            "--latency",
            metavar="SECONDS",
            min=0.0,
            help="How long a response takes.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = 0.0,
    empty: Annotated[
        bool, typer.Option("--empty", help="Start without contacts.", rich_help_panel=Panel.USUAL)
    ] = False,
) -> None:
    """Start a local HeyX to practice with: all six calls, the rate limit, and faults on request.

    \b
    heyx-bulk sandbox --port 8765
    heyx-bulk sandbox --rate 200/3s --lose-create-answers 0.1 --lag 1.5

    The sandbox keeps its contacts in memory. It prints the two lines that connect heyx-bulk to it. Each sandbox is
    a new channel with a new token.
    """
    from secrets import token_hex

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
            f"Port {port} cannot be used: {error.strerror}.",
            "Choose another port, or leave out --port to use a free one.",
        ) from None
    typer.echo(f"export HEYX_URL={server.url}")
    typer.echo(f"export HEYX_TOKEN={token}")
    typer.echo("Copy the two lines above into another terminal. Press Ctrl-C to stop the sandbox.", err=True)
    typer.echo(f"The rate limit is {rate.calls} calls every {rate.window_seconds:g} s ({limit.window}).", err=True)
    try:
        server.serve_forever()
    except (KeyboardInterrupt, Interrupted):
        server.close()
