"""A contact: as the sandbox keeps it, and as its user sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heyx_bulk.sandbox.requests import Value


@dataclass(frozen=True, slots=True)
class SandboxContact:
    """A contact as it was when it was read; `created_at` in epoch seconds."""

    id: str
    fields: Mapping[str, Value]
    tags: frozenset[str]
    created_at: int


@dataclass(slots=True, eq=False)
class Record:
    """A contact as it is kept: in the queue until `ready_at`, with its `place` in the order of search results."""

    id: str
    created_at: int
    ready_at: float
    place: tuple[int, str]
    fields: dict[str, Value] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The contact in the documented shape."""
        return {
            "id": self.id,
            "custom_fields": self.fields,
            "tags": list(self.tags),
            "created_at": self.created_at,
        }

    def snapshot(self) -> SandboxContact:
        return SandboxContact(self.id, dict(self.fields), frozenset(self.tags), self.created_at)
