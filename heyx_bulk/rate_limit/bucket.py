"""The bucket that keeps the calls which a limit counts: the part that is the same wherever it lies.

The buckets of pyrate-limiter record when a call is acquired; the rule also needs to know when it was answered.
So this one has `complete`, `refund` and `pause` besides, on the library's `Limiter`, `Rate` and `Decision`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from secrets import token_hex

from pyrate_limiter import AbstractBucket, Decision, RateItem
from pyrate_limiter import Rate as LibraryRate

from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState
from heyx_bulk.settings.rate import Rate

LONGEST_WAIT_MS = 1000
"""A bucket is asked again after this: other processes may give parts of the limit back, and machines sleep."""


class Bucket(AbstractBucket):
    """The bucket of a process that uses a `share` of `rate`.

    `learned` is what is known of the limit, as this process last saw it, and `params` what follows from it. Calls
    have names that begin with `owner`, which no other process has. Methods that another process or machine could
    make fail raise `Stopped`.
    """

    is_async = False

    def __init__(self, rate: Rate, share: float = 1.0) -> None:
        super().__init__()
        self.rate = rate
        self.share = share
        self.owner = token_hex(8)
        self.rates = [LibraryRate(rate.calls, max(1, round(rate.window_seconds * 1000)))]
        self.learned = LearnedLimit()
        self.params = self.learned.params(rate, share)

    def adopt(self, learned: LearnedLimit) -> None:
        """Replace what is known of the limit in this process."""
        if learned != self.learned:
            self.learned = learned
            self.params = learned.params(self.rate, self.share)

    # The rule

    @abstractmethod
    def acquire(self, name: str) -> int:
        """Grant the call `name` if the rule allows one now, and return 0; else how many ms to wait."""

    @abstractmethod
    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """Record that the call `name` was answered now; or was lost, and may be counted up to `margin_ms` later.

        `used` is how many calls HeyX has counted: those that are not ours are another program's.
        """

    @abstractmethod
    def refund(self, name: str) -> None:
        """Forget the call `name`, which HeyX did not count."""

    @abstractmethod
    def pause(self, milliseconds: int) -> None:
        """Grant nothing for `milliseconds` from now."""

    @abstractmethod
    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        """Apply `change` to what is known of the limit, atomically for all who share the bucket."""

    @abstractmethod
    def state(self) -> BucketState:
        """The bucket as it is now."""

    @abstractmethod
    def wait_ms(self) -> int:
        """How long a call that asks now will wait, at least."""

    @abstractmethod
    def wall_time(self) -> float:
        """Seconds of the clock that dates what is learned."""

    # pyrate-limiter's interface

    def put(self, item: RateItem) -> bool:
        """Grant `item` if the rule allows a call now."""
        wait = self.acquire(item.name)
        if wait <= 0:
            return self._record(item, Decision())
        return self._record(item, Decision(failing_rate=self.rates[0], retry_after_ms=min(wait, LONGEST_WAIT_MS)))

    def count(self) -> int:
        return self.state().held

    def peek(self, index: int) -> RateItem | None:  # noqa: ARG002  the library's signature
        """Nothing: the library looks only where `put` does not say how long to wait."""
        return None

    def leak(self, current_timestamp: int | None = None) -> int:  # noqa: ARG002  the library's signature
        """Nothing to do: `acquire` removes outdated calls."""
        return 0

    def flush(self) -> None:
        raise NotImplementedError("calls that HeyX has counted cannot be forgotten")
