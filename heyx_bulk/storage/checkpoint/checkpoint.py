"""An open checkpoint: what is to do, and what happened."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path

from heyx_bulk.errors import CheckpointDamaged, CheckpointMismatch, DiskFull, Stopped, WriteError
from heyx_bulk.storage.checkpoint.baseline import Baseline
from heyx_bulk.storage.checkpoint.call_statistics import CallStatistics
from heyx_bulk.storage.checkpoint.call_table import CallTable
from heyx_bulk.storage.checkpoint.change_table import ChangeTable
from heyx_bulk.storage.checkpoint.checkpoint_file import CheckpointFile, read_fact
from heyx_bulk.storage.checkpoint.locking import CHECKPOINT_FILE, remove_leftovers
from heyx_bulk.storage.checkpoint.queries import Queries
from heyx_bulk.storage.checkpoint.queue import Queue
from heyx_bulk.storage.checkpoint.reopening import Reopening
from heyx_bulk.storage.checkpoint.run_info import APPLICATION_ID, FORMAT, Facts, RunInfo
from heyx_bulk.storage.checkpoint.shared_keys import SharedKeys

_MAGIC = b"SQLite format 3\0"
_PAGE_BYTES = 4096


def _has_our_header(path: Path) -> bool:
    """Whether a file that cannot be read was a checkpoint: SQLite's, and with our application id."""
    with suppress(OSError), path.open("rb") as file:
        page = file.read(_PAGE_BYTES)
        is_whole = page.startswith(_MAGIC) and len(page) == _PAGE_BYTES
        return is_whole and page[68:72] == APPLICATION_ID.to_bytes(4)
    return False


class Checkpoint(CheckpointFile):
    """The open checkpoint of a run, by what is asked of it.

    `info` and `facts` are about the run as a whole; `queue` is its rows, one at a time, `queries` all of them at
    once; `reopening` opens rows again; `calls` are the calls made, one at a time, `call_statistics` all of them
    at once; `baseline` is what an export showed of the rows, `shared_keys` what rows of different contacts share;
    `changes` are what rows change of their contacts.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        super().__init__(path, synchronous="FULL" if durable else "OFF")
        self.facts = Facts(self._db)
        self.queue = Queue(self._db)
        self.queries = Queries(self._db)
        self.reopening = Reopening(self._db)
        self.calls = CallTable(self._db, durable=durable)
        self.call_statistics = CallStatistics(self._db)
        self.baseline = Baseline(self._db)
        self.shared_keys = SharedKeys(self._db)
        self.changes = ChangeTable(self._db)

    @classmethod
    def open(cls, path: Path, *, durable: bool = True) -> Checkpoint:
        """The checkpoint at `path`; raises `CheckpointMismatch` or `CheckpointDamaged` where it is no more."""
        if not path.is_file():
            raise CheckpointMismatch(
                f"There is no checkpoint {path}.", "Name the file that ends in .checkpoint, beside the sheet."
            )
        try:
            checkpoint = cls(path, durable=durable)
            checkpoint._check_whole()
            checkpoint._check_format()
        except (Stopped, WriteError, ValueError, TypeError) as error:
            if isinstance(error, DiskFull) and _has_our_header(path):
                raise CheckpointDamaged(error.what, error.remedy) from None
            raise CheckpointMismatch(
                f"{path} is not a checkpoint that this version can read: {error}.",
                "Move it away, or name the checkpoint of your run.",
            ) from None
        return checkpoint

    def _check_whole(self) -> None:
        said = str(self._db.value("PRAGMA quick_check(1)"))
        if said != "ok" and _has_our_header(self.path):
            raise CheckpointDamaged(*CHECKPOINT_FILE.damaged(self.path, said))

    def _check_format(self) -> None:
        match self._format():
            case int() as found if found > FORMAT:
                raise CheckpointMismatch(
                    f"{self.path} was written by a newer heyx-bulk (format {found}; this one reads {FORMAT}).",
                    "Nothing is lost: run the same command with the newer version.",
                )
            case int() as found if found < FORMAT:
                raise CheckpointMismatch(
                    f"{self.path} was written by an older heyx-bulk (format {found}; this one reads {FORMAT}).",
                    "Nothing is lost: resume with the older version. Or move the file away and upload the sheet "
                    "again: contacts that exist are found (but not with --no-match).",
                )
            case found if found != FORMAT:
                raise ValueError(f"its format is {found}, not {FORMAT}")

    def _format(self) -> object:
        """The format that the file says it has; before format 3 a table of another name said so."""
        if self._db.row("SELECT 1 FROM sqlite_master WHERE name = 'meta'") is None:
            return read_fact(self._db, "format")
        found = self._db.value("SELECT value FROM meta WHERE name = 'format'")
        return None if found is None else json.loads(found)

    def move(self, path: Path) -> None:
        """Close the checkpoint, and give its file, which then holds all of it, another name."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        remove_leftovers(self.path)
        remove_leftovers(path)
        self.path.replace(path)

    def transaction(self) -> AbstractContextManager[None]:
        """A block whose changes are all taken, or none where it raises."""
        return self._db.transaction()

    @cached_property
    def info(self) -> RunInfo:
        """What the run is; raises `ValueError` where the checkpoint does not say."""
        return RunInfo.read(self._db)

    def verify_contents(self) -> None:
        """Raise `CheckpointDamaged` where the rows' cells are not those that were stored."""
        if self.queries.digest() != (self.facts.corrected_digest or self.info.digest):
            raise CheckpointDamaged(
                *CHECKPOINT_FILE.damaged(self.path, "the values of its rows are not those that were stored")
            )
