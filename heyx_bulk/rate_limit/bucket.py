"""What keeps the calls that a limit counts: a bucket for pyrate-limiter, wherever it lies.

pyrate-limiter's own buckets stamp a call when it is acquired; the rule wants it stamped again when its answer
came. So a budget is a bucket with `settle`, `forget` and `hold`, on the library's `Limiter`, `Rate`, `Decision`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from pyrate_limiter import AbstractBucket, Decision, RateItem
from pyrate_limiter import Rate as Ratio

from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState, next_free_at
from heyx_bulk.settings import Rate

LONGEST_WAIT_MS = 1000
"""A shared budget is looked at again after this: others may give turns back, and machines sleep."""


class Bucket(AbstractBucket):
    """The bucket of the rule for one process that wants a `share` of `rate`.

    Methods that another process or machine could make fail raise `Stopped`.
    """

    is_async = False

    def __init__(self, rate: Rate, share: float = 1.0) -> None:
        super().__init__()
        self.rate = rate
        self.share = share
        self.rates = [Ratio(rate.calls, max(1, round(rate.window_seconds * 1000)))]
        self._learned = LearnedLimit()
        self.params = self._learned.params(rate, share)

    @property
    def learned(self) -> LearnedLimit:
        """What was learned so far, as this process last saw it."""
        return self._learned

    def adopt(self, learned: LearnedLimit) -> None:
        """Take `learned` for what is known."""
        if learned != self._learned:
            self._learned = learned
            self.params = learned.params(self.rate, self.share)

    # The rule

    @abstractmethod
    def acquire(self, name: str) -> int:
        """Grant a turn to the call `name`, if the rule allows one now: 0; else how many ms to wait."""

    @abstractmethod
    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """The call `name` was answered now; or was lost, and may be counted up to `margin_ms` later.

        `used` is how many calls HeyX says it has counted: those that are not ours are somebody else's.
        """

    @abstractmethod
    def refund(self, name: str) -> None:
        """The call `name` was not counted by HeyX."""

    @abstractmethod
    def pause(self, milliseconds: int) -> None:
        """Grant nothing for so long from now."""

    @abstractmethod
    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        """Put in place of what is known what `change` makes of it, at once for all who share the budget."""

    @abstractmethod
    def state(self) -> BucketState:
        """The budget as it is now."""

    @abstractmethod
    def answered_at(self, number: int) -> int | None:
        """When the call that was answered first (`number` 0), second, … of those held was; None: in flight."""

    @abstractmethod
    def wall_time(self) -> float:
        """Seconds of the clock that lessons are dated by."""

    def wait_ms(self) -> int:
        """How long a call that asks now will wait, at least."""
        view = self.state()
        return max(0, next_free_at(view, self.params, self.answered_at) - view.now)

    # pyrate-limiter's interface

    def put(self, item: RateItem) -> bool:
        """Grant a turn to `item`, if the rule allows one now."""
        wait = self.acquire(item.name)
        if wait <= 0:
            return self._record(item, Decision())
        return self._record(item, Decision(failing_rate=self.rates[0], retry_after_ms=wait))

    def count(self) -> int:
        """Calls that hold a part of the limit."""
        return self.state().held

    def peek(self, index: int) -> RateItem | None:
        """The stamp `index` places from the newest."""
        stamps = [stamp for number in range(self.count()) if (stamp := self.answered_at(number)) is not None]
        return RateItem("answered", stamps[-1 - index]) if index < len(stamps) else None

    def leak(self, current_timestamp: int | None = None) -> int:  # noqa: ARG002  the library's signature
        """Nothing to do: a turn leaks what it finds."""
        return 0
