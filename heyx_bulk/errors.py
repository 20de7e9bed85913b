"""Everything that can go wrong, named by what we then know happened.

HeyxBulkError
├ UsageError          a person can fix it; nothing was sent                                      exit 2
│   SettingsError  CheckpointMismatch  CheckpointDamaged  WriteError
│   SheetError          the sheet cannot be read as it stands
│     (WorksheetNeeded: nor say which worksheet is meant) (HeaderRowNeeded: nor which row has its headers)
│     (HeaderRowMissing: the row that should have them is blank or does not exist)
│   MappingError        the sheet's columns do not say what is meant
│     (RegionNeeded: nor do its phones say which country they are of)
│     (SeparatorNeeded: nor do its lists of tags say what separates them)
├ Stopped             the run cannot go on and has lost nothing; the same command resumes it     exit 4
│   Unauthorized  Unreachable  CheckpointBusy  DiskFull  TooManyFailures  LimitReached  VerificationError
│   Interrupted         by Ctrl-C, a signal or a closed terminal                        exit 130, 143, 129
├ CallFailed          one call failed: its row fails, the run goes on
│   Rejected            HeyX said no: it did not happen
│     (Throttled: because we asked too often) (NotFoundError: it knows no such contact, perhaps not yet)
│   Undelivered         it never reached HeyX: it did not happen
│   Unanswered          it was sent and no answer came: it may have happened
│   Ambiguous           the key names several contacts, and we do not guess
│     (KeysDisagree: a lesser key finds one, whose better key is another)
│   Conflict            HeyX was changed since the export, and we do not write over it
└ UnconfirmedCreate   a create went unanswered; its row waits for the end of the run

Exit codes of the program: 0 every row succeeded · 1 our bug (with a traceback) · 2 usage error, nothing was
sent · 3 finished, but some rows failed, are invalid or uncertain · 4 stopped, the same command resumes ·
129, 130 and 143 interrupted, likewise.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a full disk, or of a user's full quota."""


class HeyxBulkError(Exception):
    """What happened, and what to do about it (`remedy`, empty if there is nothing to do)."""

    exit_code: int = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n{self.remedy}" if self.remedy else self.what


class UsageError(HeyxBulkError):
    """Nothing was sent; the message says what to correct."""

    exit_code = 2


class SheetError(UsageError):
    """The sheet cannot be read."""


class WorksheetNeeded(SheetError):
    """The workbook has several worksheets with data, of these `names`, and none was chosen.

    `of_results` are those of them that hold rows of runs, in a column `heyx row`.
    """

    def __init__(self, what: str, remedy: str, names: tuple[str, ...], of_results: tuple[str, ...] = ()) -> None:
        super().__init__(what, remedy)
        self.names = names
        self.of_results = of_results


class HeaderRowNeeded(SheetError):
    """The first row looks like a title; `rows` are the numbers and cells of the first ones, and of `suggested`.

    `is_plain` is whether no other row than `suggested` can have the headers.
    """

    def __init__(
        self,
        what: str,
        remedy: str,
        suggested: int,
        rows: tuple[tuple[int, tuple[str, ...]], ...],
        *,
        is_plain: bool,
    ) -> None:
        super().__init__(what, remedy)
        self.suggested = suggested
        self.rows = rows
        self.is_plain = is_plain


class HeaderRowMissing(SheetError):
    """The row that is said to have the headers is blank or does not exist."""


class MappingError(UsageError):
    """The meaning of the sheet's columns is incomplete or contradictory."""


class RegionNeeded(MappingError):
    """Phones have no country code, and no region was chosen for them.

    `suggested` is the region that most other phones are of; blank if there is no single one.
    """

    def __init__(self, what: str, remedy: str, suggested: str = "") -> None:
        super().__init__(what, remedy)
        self.suggested = suggested


class SeparatorNeeded(MappingError):
    """Lists of tags can be read in two ways, and no separator was chosen for them."""


class SettingsError(UsageError):
    """A setting of the connection to HeyX is missing or invalid."""


class CheckpointMismatch(UsageError):
    """The checkpoint belongs to another sheet, other options or another channel."""


class CheckpointDamaged(UsageError):
    """The checkpoint cannot be read as it was written."""


class WriteError(UsageError):
    """A file that must be written cannot be."""


class Stopped(HeyxBulkError):
    """The run cannot continue and has lost nothing; the same command resumes it."""

    exit_code = 4


class Unauthorized(Stopped):
    """HeyX does not accept the token (401)."""


class Unreachable(Stopped):
    """HeyX cannot be reached, or has let nothing through for too long."""


class CheckpointBusy(Stopped):
    """Another process is working on the run."""


class DiskFull(Stopped):
    """The disk took no more, or does not give back what it took."""


@contextmanager
def translate_full_disk(what: str, remedy: str) -> Iterator[None]:
    """Raise `DiskFull` in place of the system's error where a disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL_ERRNOS:
            raise
        raise DiskFull(what, remedy) from None


class TooManyFailures(Stopped):
    """So many rows failed that something is wrong with more than the rows."""


class LimitReached(Stopped):
    """A limit that the user set for the session is reached."""


class VerificationError(Stopped):
    """What HeyX holds after the first rows is not what was sent."""


class Interrupted(Stopped):
    """A person or the system ended the run; the exit code is 128 and the signal's number."""

    def __init__(
        self,
        signal_number: int,
        what: str = "Interrupted.",
        remedy: str = "Nothing is lost: run the same command to resume.",
    ) -> None:
        super().__init__(what, remedy)
        self.exit_code = 128 + signal_number


class CallFailed(HeyxBulkError):
    """One call failed: its row fails, the run goes on."""


class Rejected(CallFailed):
    """HeyX said no: it did not happen. `status` is the answer's HTTP status."""

    def __init__(self, what: str, *, status: int) -> None:
        super().__init__(what)
        self.status = status


class Throttled(Rejected):
    """HeyX said no because we asked too often; `wait_seconds` is what it told us to wait, if it did."""

    def __init__(self, what: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(what, status=429)
        self.wait_seconds = wait_seconds


class NotFoundError(Rejected):
    """HeyX knows no contact with this id, or it is not ready: for seconds after a create that is no last word."""


class Undelivered(CallFailed):
    """The call never reached HeyX: it did not happen."""


class Unanswered(CallFailed):
    """The call was sent and no readable answer came: it may have happened."""


class Ambiguous(CallFailed):
    """The key names several contacts, and we do not guess."""


class KeysDisagree(Ambiguous):
    """A row's lesser key finds a contact whose better key is another, and no contact has the row's better key."""


class Conflict(CallFailed):
    """HeyX was changed since the export that a row was edited in, and we do not write over it."""


class UnconfirmedCreate(HeyxBulkError):
    """A create went unanswered; its row waits for the end of the run."""
