"""An upload: rows leave the journal, become calls until there is none left to make, and end with an outcome."""

from heyx_bulk.upload.sending import Sent, has_contact, upload
from heyx_bulk.upload.upload import Planned, Upload

__all__ = ["Planned", "Sent", "Upload", "has_contact", "upload"]
