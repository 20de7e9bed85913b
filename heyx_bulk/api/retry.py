"""When to send a failed call again. Pure; the whole rule is one table.

A call that was one too many (`Throttled`) is sent again after the pause that `RateLimiter.throttled` begins.

| failure | idempotent call | create |
| --- | --- | --- |
| `Undelivered` | again with backoff and jitter, then the run stops | the same |
| `Unanswered` | again with backoff and jitter, then the row fails | never: it is unconfirmed |
| `NotFoundError`, just after our own create | the same for some seconds, then the row fails | – |
| `Rejected` 449, `in the queue` | again with backoff and jitter, then the row fails | (unconfirmed) |
| `Rejected` | never: the row fails | never: the row fails |
"""

from __future__ import annotations

import random

from heyx_bulk.errors import CallFailed, NotFoundError, Rejected, Unanswered, Undelivered
from heyx_bulk.models.calls import STATUS_IN_QUEUE, Call

LONGEST_BACKOFF_SECONDS = 30.0
CONNECTING_ATTEMPTS = 8
FIRST_ATTEMPTS = 3
ATTEMPTS = 6


def retry_delay(
    call: Call, failure: CallFailed, attempt: int, *, reached: bool = True, just_created: bool = False
) -> float | None:
    """Seconds to wait before `call` is sent again after its `attempt`-th sending failed; None: give up.

    Where HeyX was never `reached` in this session, it is given up sooner: its address is more likely wrong. A
    contact that was `just_created` may not be ready.
    """
    match failure:
        case Undelivered():
            return _backoff(attempt) if attempt < (CONNECTING_ATTEMPTS if reached else FIRST_ATTEMPTS) else None
        case Unanswered() if call.idempotent:
            return _backoff(attempt) if attempt < ATTEMPTS else None
        case NotFoundError() if just_created:
            return _backoff(attempt)
        case Rejected(status=status) if status == STATUS_IN_QUEUE and call.idempotent:
            return _backoff(attempt) if attempt < ATTEMPTS else None
        case _:
            return None


def _backoff(attempt: int) -> float:
    longest = min(LONGEST_BACKOFF_SECONDS, 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  jitter is no secret
