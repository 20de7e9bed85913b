"""What a run will do and how fast, known before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from heyx_bulk.planning.estimate import CostEstimate, estimate
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.limiter import learned_limit_of
from heyx_bulk.settings.environment import Settings
from heyx_bulk.settings.rate import Rate
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.values.phrases import date_of


@dataclass(frozen=True, slots=True)
class PlannedRate:
    """How fast calls may go, and why that is not HeyX's whole limit."""

    rate: Rate
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, learned: LearnedLimit | None = None) -> PlannedRate:
        """The rate that `settings` ask for, as far as the limit that was `learned` allows; None: as stored."""
        learned = learned_limit_of(settings) if learned is None else learned
        rate, notes = learned.rate(settings.rate), []
        date = date_of(learned.learned_at)
        if learned.limit is not None and rate.calls < settings.rate.calls:
            notes.append(f"HeyX said on {date} that it allows this channel {rate}.")
        if settings.rate_share < 1:
            notes.append(f"{settings.rate_share:.0%} of {rate}: the rest is left to others.")
        rate = rate.share(settings.rate_share)
        if learned.spaced_share is not None:
            rate = rate.share(learned.spaced_share)
            notes.append(f"HeyX refused calls that came too fast, last on {date}: they are sent evenly, {rate}.")
        return cls(rate, tuple(notes))


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """At most so many calls, for rows of these kinds, at this rate."""

    cost: CostEstimate
    speed: PlannedRate


def plan_run(run: Run, speed: PlannedRate) -> UploadPlan:
    """What the rows that a run still has to send cost."""
    blocked = run.checkpoint.queries.count_blocked()
    return UploadPlan(estimate(run.open_rows(), run.matching, blocked=blocked), speed)
