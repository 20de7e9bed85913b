"""The record a run leaves and resumes from: one SQLite file, the checkpoint.

The durable file is the queue. A row is `ready`, then `creating` (committed before its create leaves), then
`created` (with its id), then `done` (with its outcome); every step is one durable commit. A checkpoint is
filled as a draft beside its place and takes its name when it is whole, so it holds all rows or is not there.
"""

from heyx_bulk.journal.calls import Recorded, Start
from heyx_bulk.journal.disk import hold, is_held, put_away
from heyx_bulk.journal.draft import Draft
from heyx_bulk.journal.entry import Cause, Entry, Mended, State, text_of, texts_of
from heyx_bulk.journal.export import ExportJournal
from heyx_bulk.journal.journal import Journal
from heyx_bulk.journal.salvage import Salvaged, salvage
from heyx_bulk.journal.search import Covered, Progressed, Search, Values

__all__ = [
    "Cause",
    "Covered",
    "Draft",
    "Entry",
    "ExportJournal",
    "Journal",
    "Mended",
    "Progressed",
    "Recorded",
    "Salvaged",
    "Search",
    "Start",
    "State",
    "Values",
    "hold",
    "is_held",
    "put_away",
    "salvage",
    "text_of",
    "texts_of",
]
