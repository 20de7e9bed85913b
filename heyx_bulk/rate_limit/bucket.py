"""The bucket that keeps the calls which a limit counts: the steps that are the same wherever it lies.

The buckets of pyrate-limiter record when a call is acquired; the rule also needs to know when it was answered.
So this one has `complete`, `refund` and `pause` besides, on the library's `Limiter`, `Rate` and `Decision`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex
from typing import TypeVar

from pyrate_limiter import AbstractBucket, Decision, RateItem
from pyrate_limiter import Rate as LibraryRate

from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.rule import BucketState, next_free_at
from heyx_bulk.settings.rate import Rate

T = TypeVar("T")

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

    def acquire(self, name: str) -> int:
        """Grant the call `name` if the rule allows one now, and return 0; else how many ms to wait."""

        def step(state: BucketState) -> int:
            if self._is_held(name):
                return 0
            wait = self._wait_ms(state)
            if wait == 0:
                self._grant(name)
                self._store(state.after_grant(self.params))
            return wait

        return self._step(step)

    def complete(self, name: str, margin_ms: int = 0, used: int | None = None) -> None:
        """Record that the call `name` was answered now; or was lost, and may be counted up to `margin_ms` later.

        `used` is how many calls HeyX has counted: those that are not ours are another program's.
        """

        def step(state: BucketState) -> None:
            self._answer(name, state.now + margin_ms)
            if used is not None:
                external = max(0, used - state.held)
                self._store(replace(state, external_calls=external, external_at=state.now))

        self._step(step)

    def refund(self, name: str) -> None:
        """Forget the call `name`, which HeyX did not count."""
        self._step(lambda _: self._forget(name))

    def pause(self, milliseconds: int) -> None:
        """Grant nothing for `milliseconds` from now."""
        self._step(
            lambda state: self._store(
                replace(state, paused_until=max(state.paused_until, state.now + milliseconds))
            )
        )

    def learn(self, change: Callable[[LearnedLimit], LearnedLimit]) -> None:
        """Apply `change` to what is known of the limit, atomically for all who share the bucket."""
        stored: LearnedLimit | None = None

        def step(state: BucketState) -> None:
            nonlocal stored
            if self.learned != stored:
                stored = change(self.learned)
                self.adopt(stored)
                self._store_learned(str(stored))
                self._store(replace(state, spaced_at=min(state.spaced_at, state.now + self.params.gap_ms)))

        self._step(step)

    def state(self) -> BucketState:
        """The bucket as it is now."""
        return self._step(lambda state: state)

    def wait_ms(self) -> int:
        """How long a call that asks now will wait, at least."""
        return self._step(self._wait_ms)

    def _wait_ms(self, state: BucketState) -> int:
        return max(0, next_free_at(state, self.params, self._answered_at) - state.now)

    # Where the calls are kept

    @abstractmethod
    def wall_time(self) -> float:
        """Seconds of the clock that dates what is learned."""

    @abstractmethod
    def _step(self, step: Callable[[BucketState], T]) -> T:
        """Do `step` with the bucket as it is now, having adopted what was learned. Atomic for all who share it.

        A step may be done again although it took effect, where the reply that says so was lost. It writes by the
        methods below, after all that it reads.
        """

    @abstractmethod
    def _answered_at(self, number: int) -> int | None:
        """When the `number`-th oldest of the held calls was answered (from 0); None: in flight."""

    def _is_held(self, name: str) -> bool:  # noqa: ARG002  for a bucket whose steps may be done again
        """Whether an earlier try of this step has granted the call `name`."""
        return False

    @abstractmethod
    def _grant(self, name: str) -> None:
        """Add the call `name`, in flight."""

    @abstractmethod
    def _answer(self, name: str, at: int) -> None:
        """Record when the call `name` was answered."""

    @abstractmethod
    def _forget(self, name: str) -> None:
        """Remove the call `name`."""

    @abstractmethod
    def _store(self, state: BucketState) -> None:
        """Store the moments of `state`."""

    @abstractmethod
    def _store_learned(self, text: str) -> None:
        """Store what is known of the limit, as the text of a `LearnedLimit`."""

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
        raise NotImplementedError("calls that HeyX has counted cannot be removed")
