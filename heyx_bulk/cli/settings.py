"""`heyx-bulk settings`: what every setting is, and where it comes from."""

from __future__ import annotations

from typing import Annotated

from heyx_bulk.cli.command import Only, PlainConsole
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.planning.matching import Matching
from heyx_bulk.settings.connection import ConnectionOptions


def settings(
    connection: ConnectionOptions,
    mapping: Annotated[MappingOptions, Only(("region", "phone_format"))],
    matching: Annotated[Matching, Only(("phone_lookup",))],
    console: PlainConsole,
) -> None:
    """Show every setting of a channel, and where it comes from: an option, a variable, a file, or the default.

    \b
    heyx-bulk settings
    heyx-bulk settings --channel main --json

    An option comes first, then an environment variable, heyx-bulk.toml in the current folder, and your own
    settings file: the channel's table, then its general part. Of the token, only the last four characters are
    shown.
    """
    from heyx_bulk.cli.settings_view import show_settings

    given = {**connection.given(), "region": mapping.region, "phone_format": mapping.phone_format}
    show_settings(console, {**given, "phone_lookup": matching.phone_lookup})
