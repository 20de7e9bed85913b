"""What a sheet means: which column is which field, list of tags or contact id; and cells to rows."""

from heyx_bulk.columns.columns import Columns
from heyx_bulk.columns.drafting import Seen, drafted
from heyx_bulk.columns.header import (
    ID_COLUMN,
    MESSAGE_COLUMN,
    OUR_COLUMNS,
    ROW_COLUMN,
    STATUS_COLUMN,
    Column,
    Use,
    field_named,
    folded,
    letter,
)
from heyx_bulk.columns.lists import join_list, split_list
from heyx_bulk.columns.mapping import MappingFile, parsed
from heyx_bulk.columns.mistakes import not_shown
from heyx_bulk.columns.reading import ID_KEY, Reading
from heyx_bulk.columns.recognition import (
    DEFAULT_KEYS,
    NO_FIELDS,
    KnownFields,
    Understood,
    Wishes,
    recognise,
    understood,
)
from heyx_bulk.columns.said import Said, positions

__all__ = [
    "DEFAULT_KEYS",
    "ID_COLUMN",
    "ID_KEY",
    "MESSAGE_COLUMN",
    "NO_FIELDS",
    "OUR_COLUMNS",
    "ROW_COLUMN",
    "STATUS_COLUMN",
    "Column",
    "Columns",
    "KnownFields",
    "MappingFile",
    "Reading",
    "Said",
    "Seen",
    "Understood",
    "Use",
    "Wishes",
    "drafted",
    "field_named",
    "folded",
    "join_list",
    "letter",
    "not_shown",
    "parsed",
    "positions",
    "recognise",
    "split_list",
    "understood",
]
