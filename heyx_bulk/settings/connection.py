"""The options of a command line for how calls are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

from heyx_bulk.models.option import Panel, option
from heyx_bulk.settings.rate import Rate, parse_share


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How calls are sent; None and False: not given. Environment variables give the rest."""

    panel: ClassVar = Panel.LIMITS

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
        """What is given, by the names of the settings; what is not is as `before`, a document, has it."""
        found = {name: Rate.parse(value) if name == "rate" else value for name, value in before.items()}
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return found | {name: value for name, value in values.items() if value is not None and value is not False}

    def document(self) -> dict[str, Any]:
        """What is given, as plain data."""
        return {name: value.text if isinstance(value, Rate) else value for name, value in self.given().items()}
