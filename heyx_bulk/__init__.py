"""Upload spreadsheets of contacts to HeyX, rerun the rows that failed, export contacts by tag.

`upload_sheet` is the command `heyx-bulk upload` as a function, `export` reads contacts. The errors are drawn as a
tree in `heyx_bulk.errors`.
"""

from heyx_bulk.api.client import Client
from heyx_bulk.errors import HeyxBulkError, Misuse, Stopped
from heyx_bulk.export.exporter import export, export_frame
from heyx_bulk.export.filters import Condition, Selection
from heyx_bulk.export.layout import Layout
from heyx_bulk.export.request import Request
from heyx_bulk.mapping.mapping_file import MappingFile
from heyx_bulk.mapping.mapping_store import read as read_mapping
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.mapping.recognition import Wishes
from heyx_bulk.models.contacts import Contact, Field, Outcome, Status
from heyx_bulk.planning.planner import Matching, Mode
from heyx_bulk.rate_limit.limiter import Pace, open_pace
from heyx_bulk.reports.stop_conditions import Failures, Stops
from heyx_bulk.settings import Rate, Settings, from_environment
from heyx_bulk.upload.options import Intent
from heyx_bulk.upload.runner import Manner, Uploaded, upload_sheet
from heyx_bulk.values.equality import PhoneLookup

__all__ = [
    "Client",
    "Condition",
    "Contact",
    "Duplicates",
    "Failures",
    "Field",
    "HeyxBulkError",
    "Intent",
    "Layout",
    "Manner",
    "MappingFile",
    "Matching",
    "Misuse",
    "Mode",
    "Outcome",
    "Pace",
    "PhoneLookup",
    "Rate",
    "Request",
    "Selection",
    "Settings",
    "Status",
    "Stopped",
    "Stops",
    "Uploaded",
    "Wishes",
    "export",
    "export_frame",
    "from_environment",
    "open_pace",
    "read_mapping",
    "upload_sheet",
]
