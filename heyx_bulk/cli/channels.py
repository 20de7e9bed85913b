"""`heyx-bulk channels`: channels by name, with their settings, and their tokens where nobody else finds them."""

from __future__ import annotations

from typing import Annotated

import typer

from heyx_bulk.cli.command import Only, PlainConsole
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.option import Panel
from heyx_bulk.planning.matching import Matching
from heyx_bulk.settings.connection import ConnectionOptions

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The name of the channel: letters (A-Z), digits, - and _.", show_default=False
    ),
]


def add(
    name: Name,
    connection: Annotated[ConnectionOptions, Only(("token_file", "rate", "rate_share", "viber"))],
    mapping: Annotated[MappingOptions, Only(("region", "phone_format"))],
    matching: Annotated[Matching, Only(("phone_lookup",))],
    console: PlainConsole,
    *,
    token_command: Annotated[
        str | None,
        typer.Option(
            "--token-command",
            metavar="COMMAND",
            help='A command that prints the token: --token-command "pass show heyx/main". It runs each time.',
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="HeyX's address [default: HEYX_URL, else https://app.heyx.io/api].",
            show_default=False,
            rich_help_panel=Panel.USUAL,
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="NAME",
            help="Channels of the same account share one rate limit.",
            rich_help_panel=Panel.LIMITS,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="The channel exists: replace its token, and the settings that are given.",
            rich_help_panel=Panel.USUAL,
        ),
    ] = False,
) -> None:
    """Set up a channel: its token, tried and kept in the system's keyring, and its settings.

    \b
    heyx-bulk channels add main
    heyx-bulk channels add shop --region GB --rate 100/min
    heyx-bulk channels add main --token-command "pass show heyx/main"
    heyx-bulk channels add main --replace < token.txt

    A terminal asks for the token and shows asterisks while you type or paste it. Elsewhere, the token is the first
    line of standard input. One search tells whether HeyX accepts it. Without a keyring, the token is kept in a
    file that only your user can read.
    """
    from heyx_bulk.cli.channel_setup import NewChannel

    given = {**connection.given(), "url": url, "account": account, "token_command": token_command}
    given |= {
        "region": mapping.region,
        "phone_format": mapping.phone_format,
        "phone_lookup": matching.phone_lookup,
    }
    NewChannel(name, {key: value for key, value in given.items() if value is not None}, console).add(
        replace=replace
    )


def list(console: PlainConsole) -> None:  # noqa: A001  the command's name
    """List the channels, where their tokens are, and their settings. Reads no token.

    \b
    heyx-bulk channels list
    """
    from heyx_bulk.cli.channel_setup import show_channels

    show_channels(console)


def test(
    console: PlainConsole,
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The channel to test [default: each].", show_default=False),
    ] = None,  # noqa: PT028  a command, not a test
) -> None:
    """Make one search in a channel, to see whether HeyX accepts its token.

    \b
    heyx-bulk channels test
    heyx-bulk channels test main
    """
    from heyx_bulk.cli.channel_setup import test_channels

    test_channels(console, name)


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name of the channel.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", show_default=False)],
    console: PlainConsole,
) -> None:
    """Give a channel another name. Its token and its settings stay as they are.

    \b
    heyx-bulk channels rename main shop
    """
    from heyx_bulk.cli.channel_setup import rename_channel

    rename_channel(console, old, new)


def remove(name: Name, console: PlainConsole) -> None:
    """Remove a channel, its settings and its token from this machine. HeyX keeps the channel and the token.

    \b
    heyx-bulk channels remove main
    """
    from heyx_bulk.cli.channel_setup import remove_channel

    remove_channel(console, name)
