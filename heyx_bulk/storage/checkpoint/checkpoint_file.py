"""The file of a checkpoint, of a run or of an export: created as a whole or not at all, opened, deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from heyx_bulk.database import Database, Synchronous, create_private, translate_errors
from heyx_bulk.storage.checkpoint.locking import CHECKPOINT_FILE, delete_checkpoint, remove_leftovers, sync

_SCHEMA = "CREATE TABLE info (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"


def read_fact(db: Database, name: str) -> Any:
    """A fact that a checkpoint holds about itself; None where it is not known."""
    found = db.value("SELECT value FROM info WHERE name = ?", name)
    return None if found is None else json.loads(found)


class CheckpointDraft:
    """A checkpoint in the making, in a hidden file beside its place; discarded unless it is published."""

    db: Database

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        self._draft = path.with_name(f".{path.name}.draft")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._draft.unlink, missing_ok=True)
            with translate_errors(self.path, CHECKPOINT_FILE, starting=True):
                self._draft.unlink(missing_ok=True)
                create_private(self._draft)
            self.db = Database(self._draft, CHECKPOINT_FILE, synchronous="OFF", starting=True, named=self.path)
            stack.callback(self.db.close)
            self.db.script("PRAGMA journal_mode=OFF; BEGIN;" + _SCHEMA + self._schema)
            self._discard = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._discard.close()

    def publish(self, facts: Mapping[str, object], *, durable: bool = True) -> None:
        """Make the draft, with these facts about it, the checkpoint."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        self.db.executemany("INSERT INTO info VALUES (?, ?)", rows)
        self.db.execute("COMMIT")
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.close()
        with translate_errors(self.path, CHECKPOINT_FILE, starting=True):
            if durable:
                sync(self._draft)
            remove_leftovers(self.path)
            self._draft.replace(self.path)
            if durable:
                sync(self.path.parent)


class CheckpointFile:
    """The open file of a checkpoint. Whoever writes holds its lock (`lock`); reading needs none."""

    def __init__(self, path: Path, *, synchronous: Synchronous = "NORMAL") -> None:
        self.path = path
        self._db = Database(path, CHECKPOINT_FILE, synchronous=synchronous)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the checkpoint."""
        self._db.close()

    def delete(self) -> None:
        """Close the checkpoint and delete its file."""
        self.close()
        delete_checkpoint(self.path)
