"""How HeyX is spoken to, as far as a command line says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from heyx_bulk.models.option import option
from heyx_bulk.settings.rate import Rate, parse_share


def _rate_text(rate: Rate) -> str:
    return rate.text


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How HeyX is spoken to; None and False are not said. The environment variables say the rest."""

    rate: Rate | None = option(
        "--rate",
        metavar="CALLS/TIME",
        help="HeyX's limit: 200/min, 100/min, 200/3s [default: 200/min].",
        parse=Rate.parse,
        show=_rate_text,
        word=_rate_text,
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

    def given(self) -> dict[str, Any]:
        """What is said, by the names of the settings."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value is not False}

    def document(self) -> dict[str, Any]:
        """What is said as plain data."""
        return {name: value.text if isinstance(value, Rate) else value for name, value in self.given().items()}

    def or_else(self, document: Mapping[str, Any]) -> Self:
        """These, and where they are silent those that `document` holds."""
        before = {name: Rate.parse(value) if name == "rate" else value for name, value in document.items()}
        return type(self)(**{**before, **self.given()})
