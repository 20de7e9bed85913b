"""Whether a create that may have happened did: what a contact that was found, or was not, says about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from heyx_bulk.errors import Ambiguous
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.planning.contact_lookup import NotFound, has_tracking_value, holds
from heyx_bulk.planning.matching import Matching
from heyx_bulk.values.equality import is_same

FIELDS_SHOWN = 3

RERUN_HINT = "If it is not there, `heyx-bulk rerun` with --uncertain creates it."


@dataclass(frozen=True, slots=True)
class SentCreate:
    """A create that left: its fields, and those of them that its contact can be looked for by.

    `sent_at` is HeyX's clock when it was about to leave, if known.
    """

    fields: tuple[Field, ...]
    keys: tuple[Field, ...] = ()
    tracking_field: Field | None = None
    sent_at: float | None = None

    @property
    def can_be_looked_for(self) -> bool:
        """Whether there is anything to look for its contact by."""
        return bool(self.keys or self.tracking_field)


class Verdict(StrEnum):
    """What is known of a create once its contact was looked for."""

    CREATED = "created"
    """The contact that was found is the one that the create made."""
    NOT_CREATED = "not created"
    """The create did not happen, and there is no contact that the row means."""
    MATCHED = "matched"
    """The contact that was found was there before, and it is the one that the row means."""
    UNCERTAIN = "uncertain"
    """Nobody can tell."""
    CHECK_TRACKING = "check tracking"
    """It depends on whether HeyX finds contacts by the tracking field, which is to be found out first."""


def reconcile(
    create: SentCreate,
    found: Contact | NotFound,
    matching: Matching,
    *,
    unconfirmed: bool = True,
    tracking_works: bool | None = None,
) -> Verdict:
    """What `found` says about a create, `unconfirmed` if its answer never came.

    `tracking_works` says whether HeyX finds contacts by the tracking field; None where that is not known.
    """
    uncertain = Verdict.CHECK_TRACKING if tracking_works is None and create.tracking_field else Verdict.UNCERTAIN
    if isinstance(found, NotFound):
        proves_nothing = unconfirmed and not create.keys and not tracking_works
        return uncertain if proves_nothing else Verdict.NOT_CREATED
    if create.tracking_field is not None and has_tracking_value(found, create.tracking_field):
        return Verdict.CREATED
    if not matching.spares_others:
        made = unconfirmed and not predates_create(found, create.sent_at)
        return Verdict.CREATED if made else Verdict.MATCHED
    if created_by_us(found, create.fields, create.sent_at):
        return Verdict.CREATED
    if unconfirmed and not tracking_works:
        return uncertain
    return Verdict.NOT_CREATED if matching.no_match else Verdict.MATCHED


def uncertainty(create: SentCreate, found: Contact | NotFound) -> Ambiguous:
    """Why the outcome of a create is unknown, and what to do about it."""
    if isinstance(found, Contact):
        held = next((f"has the {key.name} of this row" for key in create.keys if holds(found, key)), "was found")
        return Ambiguous(
            f"contact {found.id} {held}, but may not come from its create, which got no response",
            f"Check the contact in HeyX. {RERUN_HINT}",
        )
    name = create.tracking_field.name if create.tracking_field else ""
    return Ambiguous(
        f"its create got no response, and HeyX finds no contact at all by {name}, so the search for this one "
        "proves nothing",
        manual_check(create.fields),
    )


def predates_create(contact: Contact, sent_at: float | None) -> bool:
    """Whether `contact` is older than a create that left at `sent_at`, both by HeyX's clock."""
    return sent_at is not None and contact.created_at is not None and contact.created_at < int(sent_at)


def created_by_us(contact: Contact, sent: Sequence[Field], sent_at: float | None) -> bool:
    """Whether an unanswered create made `contact`: it was not there before, and holds every value sent."""
    if sent_at is None or contact.created_at is None or predates_create(contact, sent_at):
        return False
    return all(is_same(field.name, field.value, contact.fields.get(field.name)) for field in sent)


def manual_check(sent: Sequence[Field]) -> str:
    """What to search for in HeyX if the outcome of a create is unknown, and what to do then."""
    return f"Search HeyX for a contact with {sent_values(sent)}. {RERUN_HINT}"


def sent_values(sent: Sequence[Field]) -> str:
    """The first values that a create carried, keys first: `phone +4412345678, firstName Ann`."""
    return ", ".join(f"{field.name} {field.value}" for field in sent[:FIELDS_SHOWN])
