"""What an upload plans, reports while it runs, and asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from heyx_bulk.api.client import Client, SessionSummary
from heyx_bulk.models.phrases import date_of
from heyx_bulk.planning.estimate import CallBudget, CallKind, CostEstimate, Effect, KnownAnswer, estimate
from heyx_bulk.rate_limit.learned_limit import LearnedLimit
from heyx_bulk.rate_limit.limiter import learned_limit_of
from heyx_bulk.reports.progress import Progress
from heyx_bulk.settings.environment import Settings
from heyx_bulk.settings.rate import Rate
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.storage.cache.known_contacts import KnownExport
from heyx_bulk.storage.checkpoint.run import Run
from heyx_bulk.upload.corrections import ImportedCorrections


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
            notes.append(f"On {date}, HeyX allowed this channel {rate}.")
        if settings.rate_share < 1:
            notes.append(f"{settings.rate_share:.0%} of {rate}: the rest is left to other programs.")
        rate = rate.share(settings.rate_share)
        if learned.spaced_share is not None:
            rate = rate.share(learned.spaced_share)
            notes.append(
                f"HeyX rejected calls that came too fast, last on {date}. Calls are spaced evenly: {rate}."
            )
        return cls(rate, tuple(notes))


class PlanDocument(TypedDict):
    """What a run costs: numbers, each as the least and the most."""

    calls: Annotated[list[int], "The calls, at least and at most."]
    calls_by_kind: Annotated[dict[CallKind, list[int]], "The calls of each kind, at least and at most."]
    rows: Annotated[dict[Effect, list[int]], "The rows by what they do to their contacts, at least and at most."]
    seconds: Annotated[float, "The time that the calls take at most, in seconds."]


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """At most so many calls, for rows of these kinds, at this rate."""

    cost: CostEstimate
    speed: PlannedRate

    @classmethod
    def of(cls, run: Run, speed: PlannedRate, known_answer: KnownAnswer | None = None) -> UploadPlan:
        """What the rows that a run still has to send cost, if no look-up is sent that has a `known_answer`."""
        blocked = run.checkpoint.queries.count_blocked()
        return cls(estimate(run.open_rows(), run.matching, blocked=blocked, known_answer=known_answer), speed)

    @property
    def seconds(self) -> float:
        """How long the calls take at most."""
        return CallBudget(self.cost.calls, self.speed.rate).seconds(self.cost.calls, 0)

    def document(self) -> PlanDocument:
        """The estimate as JSON: numbers of calls and rows, each as the least and the most; seconds at most."""
        due = self.cost
        return {
            "calls": [due.calls_low, due.calls],
            "calls_by_kind": {
                kind: [due.calls_by_kind[kind].low, due.calls_by_kind[kind].high] for kind in CallKind
            },
            "rows": {effect: [due.effects[effect].low, due.effects[effect].high] for effect in Effect},
            "seconds": round(self.seconds, 1),
        }


class UploadEvents:
    """Called as an upload goes on, and does nothing: override what is of interest."""

    def say(self, text: str) -> None:
        """A sentence about what is being done."""

    def check(self) -> None:
        """The upload waits for something: what this raises ends the waiting."""

    def progress(self, total: int, done: int) -> Progress:
        """What shows how far rows are: `done` of `total` now."""
        del total, done
        return Progress()

    def reading(self, budget: CallBudget) -> Progress:
        """What shows how many calls of those that read contacts are done."""
        del budget
        return Progress()

    def on_client(self, client: Client) -> None:
        """Calls are about to be made by `client`, whose `stop` ends the work; called in its event loop."""

    def on_remembered_export(self, sheet: Sheet, export: KnownExport) -> bool:
        """A new run's sheet seems to be an export: whether only what was changed since is to be sent."""
        del sheet, export
        return False

    def on_plan(self, run: Run, plan: UploadPlan) -> None:
        """A new run is ready to begin, and this is what it will do."""

    def confirm(self, run: Run, plan: UploadPlan) -> None:
        """Whether it is to begin: what this raises leaves everything as it was."""

    def on_resume(self, run: Run, plan: UploadPlan | None) -> None:
        """A run is carried on; without a plan, it was finished before."""

    def on_corrections(self, run: Run, given: ImportedCorrections) -> None:
        """Rows were given back, corrected."""

    def on_planned(self, run: Run) -> None:
        """All contacts were looked up: the checkpoint of `run` holds what is to be changed of each."""

    def on_sent(self, sent: SessionSummary) -> None:
        """The calls of this session have ended."""

    def on_ended(self, run: Run) -> None:
        """The upload ends now; the checkpoint of `run`, which may be thrown away afterwards, is still open."""
