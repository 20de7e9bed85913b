"""Upload spreadsheets and DataFrames of contacts to HeyX, rerun the rows that failed, export contacts.

>>> import heyx_bulk as hb
>>> result = hb.upload("contacts.xlsx", ignore="Notes")
>>> result.totals, result.failed

Every function has an asynchronous twin in `heyx_bulk.aio`. The errors are drawn as a tree in `heyx_bulk.errors`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heyx_bulk.errors import CheckpointBusy as CheckpointBusy
    from heyx_bulk.errors import CheckpointMismatch as CheckpointMismatch
    from heyx_bulk.errors import HeyxBulkError as HeyxBulkError
    from heyx_bulk.errors import MappingError as MappingError
    from heyx_bulk.errors import SettingsError as SettingsError
    from heyx_bulk.errors import SheetError as SheetError
    from heyx_bulk.errors import Stopped as Stopped
    from heyx_bulk.errors import UsageError as UsageError
    from heyx_bulk.library import aio as aio
    from heyx_bulk.library.front import dry_run as dry_run
    from heyx_bulk.library.front import export as export
    from heyx_bulk.library.front import export_contacts as export_contacts
    from heyx_bulk.library.front import inspect as inspect
    from heyx_bulk.library.front import rerun as rerun
    from heyx_bulk.library.front import simulate as simulate
    from heyx_bulk.library.front import status as status
    from heyx_bulk.library.front import sync as sync
    from heyx_bulk.library.front import upload as upload
    from heyx_bulk.library.front import verify as verify
    from heyx_bulk.library.outcomes import Estimate as Estimate
    from heyx_bulk.library.outcomes import RunResult as RunResult
    from heyx_bulk.library.outcomes import RunStatus as RunStatus
    from heyx_bulk.library.outcomes import SheetInspection as SheetInspection
    from heyx_bulk.library.outcomes import Verification as Verification
    from heyx_bulk.library.plan_front import apply as apply
    from heyx_bulk.library.plan_front import estimate as estimate
    from heyx_bulk.library.plan_front import plan as plan
    from heyx_bulk.library.plan_front import undo as undo
    from heyx_bulk.library.watching import ProgressReport as ProgressReport
    from heyx_bulk.models.contacts import Contact as Contact
    from heyx_bulk.models.contacts import Status as Status

    __version__: Final[str] = ...  # type: ignore[assignment]

_MODULES = {
    "errors": [
        *("CheckpointBusy", "CheckpointMismatch", "HeyxBulkError", "MappingError", "SettingsError"),
        *("SheetError", "Stopped", "UsageError"),
    ],
    "library.aio": ["aio"],
    "library.front": [
        *("dry_run", "export", "export_contacts", "inspect", "rerun", "simulate", "status", "sync", "upload"),
        "verify",
    ],
    "library.plan_front": ["apply", "estimate", "plan", "undo"],
    "library.outcomes": ["Estimate", "RunResult", "RunStatus", "SheetInspection", "Verification"],
    "library.watching": ["ProgressReport"],
    "models.contacts": ["Contact", "Status"],
}
_HOME = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605  one list of names, not two


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for: `--help` need not wait for all of them."""
        if name == "__version__":
            return import_module("importlib.metadata").version("heyx-bulk")
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(_HOME[name])
        return getattr(module, name, module)


def __dir__() -> list[str]:
    return [*__all__]


class _Package(ModuleType):
    """The type of this module: `upload` and `export` are functions, though two packages have these names too."""

    def __setattr__(self, name: str, value: object) -> None:
        """Leave a public name to what it names when the package or module of that name is imported."""
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
