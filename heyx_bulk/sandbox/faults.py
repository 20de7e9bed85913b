"""Faults that a sandbox plays on request, and the seeded chance that decides when.

Much of HeyX's behavior is unknown; each variant that public clients have met is a fault here, to be simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Search = Literal["exact", "loose"]
ExistingPhone = Literal["twin", "conflict", "returns"]
IdSpelling = Literal["digits", "cus", "odd"]
PhoneSpelling = Literal["as-sent", "plus", "digits"]

_SHARES = (
    "lose_answers",
    "lose_create_answers",
    "lose_requests",
    "errors_after_write",
    "errors_before",
    "error_in_200",
)


@dataclass(frozen=True)
class Faults:
    """How this HeyX differs from one without faults, which is the default. Shares are from 0 to 1.

    Equal seeds and equal calls give equal faults; turning one on does not move another.
    """

    seed: int = 0
    """Decides which calls the faults hit, and the ids of new contacts."""

    lose_answers: float = 0.0
    """Share of all calls that take effect but get no response."""
    lose_create_answers: float = 0.0
    """The same, for creates only."""
    lose_requests: float = 0.0
    """Share of calls cut before HeyX saw them: no effect, and not counted against the limit."""
    errors_after_write: float = 0.0
    """Share of successful writes answered by a 5xx with an HTML body although the write took place."""
    errors_before: float = 0.0
    """Share of calls answered by a 5xx with an HTML body and without any effect."""
    error_in_200: float = 0.0
    """Share of calls answered 200 with the documented error body and without any effect."""

    lag: float = 0.0
    """Seconds until a search finds a new contact or a changed field; the contact it then shows is never stale."""
    queue: float = 0.0
    """Seconds during which a new contact answers 449 to reads by id, updates and tags."""

    refuse_creates: int = 0
    """How many creates, from the first on, are refused with 403."""
    refuse_every: int = 0
    """Refuse every Nth create with 403; 0 refuses none."""
    refuse_message: str = "The contact could not be created."
    """The message of those refusals."""
    revoke_after: int | None = None
    """The number of accepted calls after which a token is invalid (401)."""

    search: Search = "exact"
    """`loose` also finds values that share a word, in any case, and phones with the same last nine digits."""
    existing_phone: ExistingPhone = "twin"
    """A create for a phone that a contact has: makes a twin, is refused with 409, or updates that contact."""
    missing: Literal[403, 404] = 403
    """The status for an id that no contact has."""
    created_status: Literal[200, 201] = 200
    """The status of a create that succeeded."""
    ids: IdSpelling = "digits"
    """New ids: 16 digits, `cus_` and 12 digits, or with `/ + = @`."""
    viber: bool = False
    """Updates and tags need Base64 of the id in their path; reads accept either."""
    phones: PhoneSpelling = "as-sent"
    """How phones are stored: unchanged, `+` and digits, or digits only."""
    put_answers_other_id: bool = False
    """An update answers with another id than the one in its path."""
    rename_fields: Mapping[str, str] = field(default_factory=dict)
    """Custom fields written under one name (the key) and read under another; a search accepts both."""
    drop_fields: frozenset[str] = frozenset()
    """Fields that are accepted and not stored."""
    change_fields: frozenset[str] = frozenset()
    """Fields that are stored in capitals."""
    clean_tags: bool = False
    """Of a tag only letters, digits, blanks, `-` and `_` are stored."""
    largest_page: int = 10
    """The most contacts on a page where a search asks for more with `per_page`."""
    meta_links: bool = False
    """`meta` of a page has the array `links`."""
    trailing_slash: Literal["works", "redirects"] = "works"
    """Whether `POST /v1/contact/` does the same as without the slash, or answers 301."""

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")


class FaultSampler:
    """Seeded chance, one sequence for each fault."""

    def __init__(self, faults: Faults) -> None:
        self._seed = faults.seed
        shares = {name: getattr(faults, name) for name in _SHARES}
        self._faults = [(name, share, self.sequence(name)) for name, share in shares.items() if share]

    def sequence(self, name: str) -> Random:
        """Random numbers for one purpose, from the first."""
        return Random(f"{self._seed} {name}")  # noqa: S311 - chance in a simulation protects nothing

    def sample(self) -> frozenset[str]:
        """The faults of one call, by their names in `Faults`."""
        return frozenset(name for name, share, chance in self._faults if chance.random() < share)
