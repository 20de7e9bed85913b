"""The options of the log of calls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from heyx_bulk.models.option import Panel, option


@dataclass(frozen=True, slots=True)
class CallLogOptions:
    """Where every call is logged, if anywhere, and whether with `values`."""

    panel: ClassVar = Panel.OUTPUT

    path: Path | None = option(
        "--log",
        metavar="FILE",
        help="Append a line of JSON for each call, with hashed ids and without values.",
        argument="log",
    )
    values: bool = option(
        "--log-values",
        default=False,
        help="With --log: write ids and values as they are.",
        argument="log_values",
    )
