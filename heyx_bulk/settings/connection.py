"""The options of a command line for how calls are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from heyx_bulk.models.option import Panel, option
from heyx_bulk.settings.rate import Rate, parse_share


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """Which channel is meant, and where its token is."""

    panel: ClassVar = Panel.USUAL

    channel: str | None = option(
        "--channel",
        metavar="NAME",
        help="The channel, by its name in `channels list`.",
        show_default=False,
    )
    token_file: Path | None = option(
        "--token-file",
        panel=Panel.LIMITS,
        metavar="FILE",
        help="A file that contains the channel's token.",
        show_default=False,
    )


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Where and how calls are sent; None and False: not given. Environment and settings files give the rest."""

    panel: ClassVar = Panel.LIMITS

    named: ChannelOptions = field(default_factory=ChannelOptions)
    rate: Rate | None = option(
        "--rate",
        metavar="CALLS/TIME",
        help="The rate limit of HeyX, such as 100/min or 200/3s [default: 200/min].",
        parse=Rate.parse,
        show=attrgetter("text"),
        word=attrgetter("text"),
    )
    rate_share: float | None = option(
        "--rate-share",
        metavar="SHARE",
        help="Use only this share of the rate limit, such as 50%, spaced evenly; leave the rest to a bot.",
        parse=parse_share,
        word="{:.6g}".format,
    )
    workers: int | None = option(
        "--workers",
        metavar="N",
        help="The most calls in flight at the same time [default: 20].",
    )
    timeout: float | None = option("--timeout", metavar="SECONDS", help="The timeout of a call [default: 30].")
    reconcile_delay: float | None = option(
        "--reconcile-delay",
        metavar="SECONDS",
        help="After a create without a response, wait this long before searching for its contact [default: 60].",
    )
    viber: bool = option(
        "--viber",
        panel=Panel.WRITE,
        default=False,
        help="The channel is a Viber channel: encode contact ids as Base64 in updates and tags.",
    )

    def given(self, before: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        """What is given, by the names of the settings; what is not is as `before`, a document, has it.

        The channel that is named there is `remembered`.
        """
        found = {name: Rate.parse(value) if name == "rate" else value for name, value in before.items()}
        if "channel" in found:
            found["remembered"] = found.pop("channel")
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "named"}
        values = {"channel": self.named.channel, "token_file": self.named.token_file, **own}
        return found | {name: value for name, value in values.items() if value is not None and value is not False}

    def document(self) -> dict[str, Any]:
        """What is given, as plain data; where the token is, is not part of it."""
        given = self.given()
        given.pop("token_file", None)
        return {name: value.text if isinstance(value, Rate) else value for name, value in given.items()}
