"""How calls are sent, as far as a command line says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from heyx_bulk.models.option import option
from heyx_bulk.settings.rate import Rate, parse_share


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How calls are sent; None and False: not given. The environment variables give the rest."""

    rate: Rate | None = option(
        "--rate",
        metavar="CALLS/TIME",
        help="HeyX's limit: 200/min, 100/min, 200/3s [default: 200/min].",
        parse=Rate.parse,
        show=attrgetter("text"),
        word=attrgetter("text"),
    )
    rate_share: float | None = option(
        "--rate-share",
        metavar="SHARE",
        help="Use only so much of the limit, evenly, and leave the rest to a bot: 50%.",
        parse=parse_share,
    )
    workers: int | None = option(
        "--workers",
        metavar="N",
        help="Calls in flight at once, at most; fewer where answers come soon [default: 20].",
    )
    timeout: float | None = option("--timeout", metavar="SECONDS", help="For a whole call [default: 30].")
    reconcile_delay: float | None = option(
        "--reconcile-delay",
        metavar="SECONDS",
        help="The wait before looking for a contact whose create went unanswered [default: 60].",
    )
    viber: bool = option(
        "--viber", default=False, help="A Viber channel: ids travel as Base64 in updates and tags."
    )

    def given(self, before: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        """What is given, by the names of the settings; what is not is as `before`, a document, has it."""
        found = {name: Rate.parse(value) if name == "rate" else value for name, value in before.items()}
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return found | {name: value for name, value in values.items() if value is not None and value is not False}

    def document(self) -> dict[str, Any]:
        """What is given, as plain data."""
        return {name: value.text if isinstance(value, Rate) else value for name, value in self.given().items()}
