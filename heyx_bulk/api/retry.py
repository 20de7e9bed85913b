"""When to send a call again. Pure; the whole rule is one table.

| failure | idempotent call | create |
| --- | --- | --- |
| `Undelivered` | again with backoff and jitter, then the run stops | the same |
| `Throttled` | everybody holds, then again; not an attempt | the same |
| `Unanswered` | again with backoff and jitter, then the row fails | never: it is in doubt |
| `Absent`, just after our own create | again with backoff and jitter for some seconds, then the row fails | – |
| `Refused` 449, `in the queue` | again with backoff and jitter, then the row fails | (in doubt) |
| `Refused` | never: the row fails | never: the row fails |
"""

from __future__ import annotations

import random

from heyx_bulk.errors import Absent, CallFailed, Refused, Throttled, Unanswered, Undelivered
from heyx_bulk.models.calls import QUEUED, Call

LONGEST_BACKOFF_SECONDS = 30.0
CONNECTING_ATTEMPTS = 8
FIRST_ATTEMPTS = 3
ATTEMPTS = 6


def delay(
    call: Call, failure: CallFailed, attempt: int, *, heard: bool = True, young: bool = False
) -> float | None:
    """Seconds to wait before `call` is sent again after its `attempt`-th sending failed; None: give up.

    A HeyX that was never `heard` in this start is given up sooner: its address is more likely wrong. A contact
    that is `young` was created just now and may not be ready.
    """
    match failure:
        case Throttled():
            return 0.0
        case Undelivered():
            return _backoff(attempt) if attempt < (CONNECTING_ATTEMPTS if heard else FIRST_ATTEMPTS) else None
        case Unanswered() if call.idempotent:
            return _backoff(attempt) if attempt < ATTEMPTS else None
        case Absent() if young:
            return _backoff(attempt)
        case Refused(status=status) if status == QUEUED and call.idempotent:
            return _backoff(attempt) if attempt < ATTEMPTS else None
        case _:
            return None


def _backoff(attempt: int) -> float:
    longest = min(LONGEST_BACKOFF_SECONDS, 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  jitter is no secret
