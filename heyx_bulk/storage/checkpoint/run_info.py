"""What a checkpoint says of its run as a whole: what it is, and what became known since it began."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Generic, Self, TypeVar

from heyx_bulk.database import Database
from heyx_bulk.models.documents import restore
from heyx_bulk.storage.checkpoint.checkpoint_file import read_fact

T = TypeVar("T")

FORMAT = 5
"""The version of the checkpoint's tables."""

APPLICATION_ID = 0x48657958
"""What SQLite's header says of the checkpoint of a run (`HeyX`)."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run is: written when its sheet is staged, and never changed.

    `digest` is that of the sheet's cells. `columns`, `matching`, `options` (under their names on the command
    line) and `sheet_options` (how the sheet is read) are plain data. `warnings` are those of whole columns: a
    sentence, how many rows, the first of them. `phones` are the sheet's phones by country (blank: without country
    code), likewise. `tags` are its most frequent tags, and how many rows add and remove each. `started_at` is the
    moment as people write it.
    """

    run_id: str
    sheet: str
    path: str
    header: tuple[str, ...]
    rows: int
    digest: str
    columns: Mapping[str, Any]
    matching: Mapping[str, Any]
    options: Mapping[str, object]
    sheet_options: Mapping[str, Any]
    duplicates: str
    warnings: tuple[tuple[str, int, tuple[int, ...]], ...]
    phones: tuple[tuple[str, int, tuple[int, ...]], ...]
    tags: tuple[tuple[str, int, int], ...]
    started_at: str

    @classmethod
    def read(cls, db: Database) -> Self:
        """The info that a checkpoint holds; raises `ValueError` where some of it is missing."""
        found = {name: json.loads(value) for name, value in db.rows("SELECT name, value FROM info")}
        if missing := [field.name for field in fields(cls) if field.name not in found]:
            raise ValueError(f"it does not say its {', '.join(missing)}")
        return restore(cls, {field.name: found[field.name] for field in fields(cls)})

    @property
    def short_id(self) -> str:
        """The beginning of the run's id, by which people and files name it."""
        return self.run_id[:8]


@dataclass(frozen=True, slots=True)
class PlanInfo:
    """What is known of a run's plan: when it was made (epoch seconds), and of which run it undoes the changes.

    It is `complete` when all contacts were looked up, and `applied` once changes may have been sent.
    """

    made_at: float
    complete: bool = False
    applied: bool = False
    undoes: str = ""


class _Fact(Generic[T]):
    """A fact of a run that may change, stored as JSON under its name; `default` until it is set."""

    def __init__(self, default: T) -> None:
        self._default = default

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, facts: Facts, _: type) -> T:
        found: T | None = read_fact(facts.db, self._name)
        return self._default if found is None else found

    def __set__(self, facts: Facts, value: T) -> None:
        facts.db.execute("REPLACE INTO info VALUES (?, ?)", (self._name, json.dumps(value)))


class Facts:
    """What became known of a run since it began; each fact is read and written on its own."""

    channel = _Fact("")
    """The channel it goes to (`Settings.channel`)."""
    command = _Fact("")
    """The command that began it, ready to copy."""
    connection = _Fact[dict[str, Any]]({})
    """How its first session was connected to HeyX."""
    files = _Fact[dict[str, str]]({})
    """Where its results belong."""
    written_files = _Fact[dict[str, str]]({})
    """The digests of the results files it wrote, by their names."""
    corrected_digest = _Fact("")
    """The digest of its rows' texts, once corrections changed them."""
    canary = _Fact[dict[str, Any] | None](None)
    """The rows sent ahead, and whether they passed."""
    baseline = _Fact[dict[str, Any] | None](None)
    """The export its sheet was edited from, and what was changed since."""
    plan = _Fact[dict[str, Any] | None](None)
    """Of the run of a plan: its `PlanInfo`."""
    kept_cells = _Fact[dict[str, Any] | None](None)
    """The cells of its sheet that only a spreadsheet changed since an export, which keep their exported values."""

    def __init__(self, db: Database) -> None:
        self.db = db

    @property
    def plan_info(self) -> PlanInfo | None:
        """What is known of the run's plan; None where it has none."""
        return None if self.plan is None else PlanInfo(**self.plan)

    @plan_info.setter
    def plan_info(self, info: PlanInfo) -> None:
        self.plan = asdict(info)
