"""The file of a channel's cache: where it lies, and its tables."""

from __future__ import annotations

import hashlib
from pathlib import Path

from heyx_bulk.database import Database, FileKind, open_shared
from heyx_bulk.settings.folders import state_folder

CACHE_FILE = FileKind(
    "The cache of this channel,",
    "Check the folder, or name another one in the environment variable HEYX_BULK_STATE.",
    "Move the file away: heyx-bulk learns the contacts again, but forgets all former exports.",
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS created (
    key TEXT NOT NULL,          -- a hash of channel, field and value
    owner TEXT NOT NULL,        -- the run and row that created it, or is about to
    contact_id TEXT,            -- NULL while its create is on the way, or unconfirmed
    at REAL NOT NULL,           -- epoch seconds, as all times here
    PRIMARY KEY (key, owner)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS created_by_owner ON created (owner);
CREATE TABLE IF NOT EXISTS field (
    name TEXT PRIMARY KEY,      -- a custom field
    booleans INTEGER NOT NULL,  -- how many values of each sort were seen
    dates INTEGER NOT NULL,
    others INTEGER NOT NULL,
    first_seen REAL,            -- NULL where the user named it and HeyX has not shown it
    last_seen REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS phone (
    spelling TEXT PRIMARY KEY,
    found INTEGER NOT NULL      -- how many searches in this spelling found their contact
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written (
    contact TEXT PRIMARY KEY,   -- a hash of channel and contact id
    at REAL,                    -- when it was last written; NULL once HeyX has shown it since
    fields TEXT NOT NULL        -- a JSON object: field, then `_Write`
);
CREATE TABLE IF NOT EXISTS mismatch (
    field TEXT PRIMARY KEY,     -- one that HeyX does not show as it was written
    kind TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,  -- of contact and text
    text TEXT NOT NULL          -- fields, tags, and when it was created, as JSON
);
CREATE TABLE IF NOT EXISTS contact (
    id TEXT PRIMARY KEY,
    document INTEGER NOT NULL,
    whole INTEGER NOT NULL,     -- whether HeyX has shown all of it
    seen REAL NOT NULL          -- when it did, or first accepted what we wrote
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS export (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,         -- of the file
    at REAL NOT NULL,
    contacts INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS exported (
    export INTEGER NOT NULL,
    id TEXT NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (export, id)
) WITHOUT ROWID;
"""


def cache_path(channel: str, folder: Path | None = None) -> Path:
    """Where the cache of a channel lies, by default in the user's state folder."""
    return (folder or state_folder() / "cache") / f"{channel}.sqlite"


def open_cache_file(path: Path) -> Database:
    """The cache in the file `path`, created if it does not exist; only this user can read it.

    Raises `WriteError` where it cannot be used.
    """
    return open_shared(path, CACHE_FILE, _SCHEMA)


def digest(channel: str, text: str) -> str:
    """The hash that stands for `text` in the cache of `channel`."""
    return hashlib.blake2b(f"{channel}\n{text}".encode(), digest_size=16).hexdigest()
