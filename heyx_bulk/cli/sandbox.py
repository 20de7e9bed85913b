"""`heyx-bulk sandbox`: a HeyX of your own on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex

import typer

from heyx_bulk.errors import SettingsError
from heyx_bulk.sandbox import Faults, Sandbox, SandboxServer, WindowKind
from heyx_bulk.settings import Rate

SEEDS: tuple[tuple[dict[str, str | bool | None], tuple[str, ...]], ...] = (
    ({"firstName": "Mahin", "lastName": "Dar", "phone": "923244077087", "isLead": True}, ("Blog Updates",)),
    ({"firstName": "Zoë", "lastName": "Brandt", "phone": "+493023125012", "email": "zoe@example.com"}, ("VIP",)),
    ({"firstName": "Amaka", "lastName": "Obi", "email": "amaka.obi@example.com", "language": "en"}, ()),
)
"""A few contacts to start with: fields and tags."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit that a sandbox keeps, and whether its answers tell of it."""

    rate: Rate
    window: WindowKind
    headers: bool


def serve(faults: Faults, limit: Limit, *, port: int, latency: float, empty: bool) -> None:
    """Serve until interrupted, after printing the two lines that point `heyx-bulk` here.

    Every sandbox is a channel of its own, with a token that no other had.
    """
    token = f"sandbox-{token_hex(4)}"
    rate = limit.rate
    sandbox = Sandbox(
        faults,
        tokens=(token,),
        limit=rate.calls,
        window_seconds=rate.window_seconds,
        window=limit.window,
        limit_headers=limit.headers,
    )
    for fields, tags in () if empty else SEEDS:
        sandbox.add(fields, tags)
    try:
        server = SandboxServer(sandbox, port, latency)
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
