"""Upload spreadsheets of contacts to HeyX, rerun the rows that failed, export contacts by tag.

`upload_sheet` is the command `heyx-bulk upload` as a function, `export` reads contacts. The errors are drawn as a
tree in `heyx_bulk.errors`.
"""

from heyx_bulk.client import Client
from heyx_bulk.columns import MappingFile, Wishes
from heyx_bulk.errors import HeyxBulkError, Misuse, Stopped
from heyx_bulk.export import Request, export, export_frame
from heyx_bulk.intent import Intent
from heyx_bulk.listing import Layout
from heyx_bulk.mapping import read as read_mapping
from heyx_bulk.merging import Duplicates
from heyx_bulk.model import Contact, Field, Outcome, Status
from heyx_bulk.pace import Pace, open_pace
from heyx_bulk.plan import Matching, Mode
from heyx_bulk.selection import Condition, Selection
from heyx_bulk.settings import Rate, Settings, from_environment
from heyx_bulk.starts import Manner, Uploaded, upload_sheet
from heyx_bulk.stops import Failures, Stops
from heyx_bulk.values import PhoneLookup

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
