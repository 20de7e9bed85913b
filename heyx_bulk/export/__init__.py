"""Contacts out of HeyX: found by values and ids, read page by page, each once."""

from heyx_bulk.export.export import Read, begin, check_same, export, export_frame, first_page, read
from heyx_bulk.export.lists import Listing, texts_in
from heyx_bulk.export.reading import Listener, Told
from heyx_bulk.export.request import PASSES, Request

__all__ = [
    "PASSES",
    "Listener",
    "Listing",
    "Read",
    "Request",
    "Told",
    "begin",
    "check_same",
    "export",
    "export_frame",
    "first_page",
    "read",
    "texts_in",
]
