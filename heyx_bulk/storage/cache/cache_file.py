"""The file of a channel's memory: where it lies, and what is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from heyx_bulk.database import Database, FileKind, open_shared
from heyx_bulk.settings.folders import state_folder

CACHE_FILE = FileKind(
    "The memory of this channel,",
    "See to the folder, or name another one in the environment variable HEYX_BULK_STATE.",
    "Move the file away: what it held is learned anew, and exports before this are no longer known.",
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS created (
    key TEXT NOT NULL,          -- a hash of channel, field and value
    owner TEXT NOT NULL,        -- the run and row that created it, or is about to
    contact_id TEXT,            -- NULL while its create is on the way, or in doubt
    at REAL NOT NULL,           -- epoch seconds
    PRIMARY KEY (key, owner)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS created_by_owner ON created (owner);
CREATE TABLE IF NOT EXISTS field (
    name TEXT PRIMARY KEY,      -- a custom field
    booleans INTEGER NOT NULL,  -- how many values of each sort were seen
    dates INTEGER NOT NULL,
    others INTEGER NOT NULL,
    first_seen REAL,            -- epoch seconds; NULL where a person named it and HeyX has not shown it
    last_seen REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS phone (
    spelling TEXT PRIMARY KEY,
    found INTEGER NOT NULL      -- how many searches in this spelling found their contact
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trial (
    contact TEXT NOT NULL,      -- a hash of channel and contact id
    name TEXT NOT NULL,
    value TEXT NOT NULL,        -- a hash of channel and the value written
    at REAL NOT NULL,           -- when it was written, epoch seconds
    awaited INTEGER NOT NULL,   -- whether HeyX has not shown the contact since
    agreed INTEGER,             -- whether it showed the value; NULL where it never showed the contact
    shown TEXT,                 -- a hash of channel and what it showed
    other TEXT,                 -- the one other field that held the value
    times INTEGER NOT NULL,     -- after how many writes it showed the same other value
    PRIMARY KEY (contact, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trial_by_name ON trial (name);
CREATE TABLE IF NOT EXISTS peculiar (
    name TEXT PRIMARY KEY,      -- a field that HeyX does not show as it is written
    how TEXT NOT NULL,
    shown_as TEXT NOT NULL      -- the field that shows its values, or blank
) WITHOUT ROWID;
"""


def cache_path(channel: str, folder: Path | None = None) -> Path:
    """Where the memory of a channel lies, by default in the user's state folder."""
    return (folder or state_folder() / "memory") / f"{channel}.sqlite"


def open_cache_file(path: Path, more: str = "") -> Database:
    """The memory in the file `path`, which is made if it is not there, and is this user's alone.

    `more` are tables that it holds beside those of this page. Raises `WriteError` where it cannot be used.
    """
    return open_shared(path, CACHE_FILE, _SCHEMA + more)


def digest(channel: str, text: str) -> str:
    """What stands for `text` in the memory of `channel`."""
    return hashlib.blake2b(f"{channel}\n{text}".encode(), digest_size=16).hexdigest()
