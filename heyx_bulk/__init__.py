"""Upload spreadsheets of contacts to HeyX, rerun the rows that failed, export contacts by tag.

`upload_sheet` is the command `heyx-bulk upload` as a function, `export` reads contacts. The errors are drawn as a
tree in `heyx_bulk.errors`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heyx_bulk.api.client import Client as Client
    from heyx_bulk.errors import HeyxBulkError as HeyxBulkError
    from heyx_bulk.errors import Stopped as Stopped
    from heyx_bulk.errors import UsageError as UsageError
    from heyx_bulk.export.exporter import export as export
    from heyx_bulk.export.exporter import export_frame as export_frame
    from heyx_bulk.export.layout import TableLayout as TableLayout
    from heyx_bulk.export.request import Condition as Condition
    from heyx_bulk.export.request import ContactFilter as ContactFilter
    from heyx_bulk.export.request import ExportRequest as ExportRequest
    from heyx_bulk.mapping.mapping_file import MappingFile as MappingFile
    from heyx_bulk.mapping.mapping_file import read_mapping as read_mapping
    from heyx_bulk.mapping.mapping_options import MappingOptions as MappingOptions
    from heyx_bulk.mapping.merge_rows import Duplicates as Duplicates
    from heyx_bulk.models.contacts import Contact as Contact
    from heyx_bulk.models.contacts import Field as Field
    from heyx_bulk.models.contacts import Outcome as Outcome
    from heyx_bulk.models.contacts import Status as Status
    from heyx_bulk.planning.matching import Matching as Matching
    from heyx_bulk.planning.matching import Mode as Mode
    from heyx_bulk.rate_limit.limiter import RateLimiter as RateLimiter
    from heyx_bulk.rate_limit.limiter import open_rate_limiter as open_rate_limiter
    from heyx_bulk.reports.stop_conditions import FailureLimit as FailureLimit
    from heyx_bulk.reports.stop_conditions import StopConditions as StopConditions
    from heyx_bulk.settings.environment import Settings as Settings
    from heyx_bulk.settings.environment import from_environment as from_environment
    from heyx_bulk.settings.rate import Rate as Rate
    from heyx_bulk.sheets.sheet_options import SheetOptions as SheetOptions
    from heyx_bulk.upload.events import UploadEvents as UploadEvents
    from heyx_bulk.upload.options import RunOptions as RunOptions
    from heyx_bulk.upload.options import UploadOptions as UploadOptions
    from heyx_bulk.upload.pipeline import upload_sheet as upload_sheet
    from heyx_bulk.upload.upload_result import UploadResult as UploadResult
    from heyx_bulk.values.equality import PhoneLookup as PhoneLookup

_MODULES = {
    "api.client": ["Client"],
    "errors": ["HeyxBulkError", "Stopped", "UsageError"],
    "export.exporter": ["export", "export_frame"],
    "export.layout": ["TableLayout"],
    "export.request": ["Condition", "ContactFilter", "ExportRequest"],
    "mapping.mapping_file": ["MappingFile", "read_mapping"],
    "mapping.merge_rows": ["Duplicates"],
    "mapping.mapping_options": ["MappingOptions"],
    "models.contacts": ["Contact", "Field", "Outcome", "Status"],
    "planning.matching": ["Matching", "Mode"],
    "rate_limit.limiter": ["RateLimiter", "open_rate_limiter"],
    "reports.stop_conditions": ["FailureLimit", "StopConditions"],
    "settings.environment": ["Settings", "from_environment"],
    "settings.rate": ["Rate"],
    "sheets.sheet_options": ["SheetOptions"],
    "upload.events": ["UploadEvents"],
    "upload.options": ["RunOptions", "UploadOptions"],
    "upload.pipeline": ["upload_sheet"],
    "upload.upload_result": ["UploadResult"],
    "values.equality": ["PhoneLookup"],
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605  one list of names, not two


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: who runs `--help` need not pay for all of them."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


class _Package(ModuleType):
    """The type of this module: `export` is the function, though importing its package would bind the package."""

    @property
    def export(self) -> object:
        return __getattr__("export")

    @export.setter
    def export(self, package: ModuleType) -> None:
        """Leave the name to the function."""


sys.modules[__name__].__class__ = _Package
