"""What an export is asked for: where contacts come from, and which of them are wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from enum import StrEnum

from heyx_bulk.errors import SettingsError
from heyx_bulk.mapping.columns import TAGS_COLUMN, normalize_name, parse_field_name
from heyx_bulk.models.contacts import Contact, Field
from heyx_bulk.values.equality import PhoneLookup, key_text, spellings, text_of
from heyx_bulk.values.text import trim

PASSES = 3
"""How often, at most, the pages of a search are read where contacts come and go meanwhile."""

_CONDITION = re.compile(r"(?P<field>[^=~<>]*?)\s*(?P<sign>!=|=|~|>|<)(?P<value>.*)", re.DOTALL)
_BLANK = re.compile(
    r"(?P<field>\S.*?)\s+(?P<word>is blank|is not blank|not blank|blank)", re.DOTALL | re.IGNORECASE
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


class Operator(StrEnum):
    """How a condition compares: `CONTAINS` looks for the text anywhere, in any case."""

    EQUAL = "="
    UNLIKE = "!="
    CONTAINS = "~"
    ABOVE = ">"
    BELOW = "<"
    BLANK = "blank"
    FILLED = "not blank"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field's value must be.

    Numbers are above and below each other as numbers, everything else as text, which puts ISO dates in order. A
    blank value is neither above nor below anything.
    """

    field: str
    operator: Operator
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Condition:
        """`City=Oslo`, `Score>10`, `Name~ann`, `Email blank`, `Email not blank`; raises `SettingsError`."""
        if (found := _BLANK.fullmatch(trim(text))) and not re.search(r"[=~<>]", found["field"]):
            sign = Operator.FILLED if "not" in found["word"].casefold() else Operator.BLANK
            return cls(parse_field_name(found["field"]), sign)
        found = _CONDITION.fullmatch(trim(text))
        if not found or not trim(found["field"]):
            raise SettingsError(
                f'--if "{text}" is not a valid condition.',
                "Write it like --if City=Oslo, with = != ~ (contains) > or <, or --if 'Email blank'.",
            )
        return cls(parse_field_name(found["field"]), Operator(found["sign"]), trim(found["value"]))

    def matches(self, contact: Contact) -> bool:
        """Whether the contact is as the condition says."""
        held = contact.id if self.field == "id" else text_of(contact.fields.get(self.field))
        match self.operator:
            case Operator.BLANK | Operator.FILLED:
                return (not held) is (self.operator is Operator.BLANK)
            case Operator.EQUAL | Operator.UNLIKE:
                alike = key_text(self.field, held) == key_text(self.field, self.value)
                return alike is (self.operator is Operator.EQUAL)
            case Operator.CONTAINS:
                return self.value.casefold() in held.casefold()
            case Operator.ABOVE | Operator.BELOW:
                return bool(held) and _is_above(self.operator, held, self.value)


def _is_above(sign: Operator, held: str, value: str) -> bool:
    numbers = _NUMBER.fullmatch(held) and _NUMBER.fullmatch(value)
    one, other = (float(held), float(value)) if numbers else (held, value)
    return one > other if sign is Operator.ABOVE else one < other  # type: ignore[operator]  # both of one type


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """The contacts that are wanted of those that were read.

    They have all of `tags`, any of `any_tags` if there are any, none of `not_tags`, and all `conditions` hold.
    They were made at or after `created_after` and before `created_before` (epoch seconds); a contact whose making
    HeyX does not tell is neither. Tags are compared with their case, unless `ignore_case`.
    """

    tags: tuple[str, ...] = ()
    any_tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    ignore_case: bool = False

    def __bool__(self) -> bool:
        return self != ContactFilter(ignore_case=self.ignore_case)

    def matches(self, contact: Contact) -> bool:
        """Whether `contact` is wanted."""
        has = self._folded(contact.tags)
        return (
            has.issuperset(self._folded(self.tags))
            and (not self.any_tags or not has.isdisjoint(self._folded(self.any_tags)))
            and has.isdisjoint(self._folded(self.not_tags))
            and self._is_of_the_time(contact.created_at)
            and all(condition.matches(contact) for condition in self.conditions)
        )

    def _folded(self, tags: tuple[str, ...] | frozenset[str]) -> frozenset[str]:
        return frozenset(map(str.casefold, tags)) if self.ignore_case else frozenset(tags)

    def _is_of_the_time(self, made: int | None) -> bool:
        if self.created_after is None and self.created_before is None:
            return True
        return (
            made is not None
            and (self.created_after is None or made >= self.created_after)
            and (self.created_before is None or made < self.created_before)
        )


def parse_moment(text: str, zone: tzinfo, option: str) -> float:
    """The moment that a person names by a date, or a date and a time, in `zone`; raises `SettingsError`."""
    try:
        text = trim(text)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return datetime.combine(date.fromisoformat(text), time(), zone).timestamp()
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f'{option} "{text}" is not a valid date.',
            f'Write it like {option} 2026-11-25 or {option} "2026-11-25 06:00".',
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def has_value(contact: Contact, wanted: Field) -> bool:
    """Whether the contact's field has the value: HeyX's search may be loose."""
    return key_text(wanted.name, contact.fields.get(wanted.name)) == key_text(wanted.name, wanted.value)


ALL = ContactFilter()

SOURCES = "--where FIELD=VALUE, --where-in FIELD=SHEET:COLUMN, --ids SHEET or --known"
"""How contacts are asked for on a command line."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Contacts found by any of these, each once, and of them those that `selection` takes.

    `where`: fields and the value they must have. `listed`: the same for many values, such as a column of a sheet;
    one that HeyX refuses does not end the export. `ids`: contacts by their id; `known`: ids of contacts that are
    known from before, which may have gone (None: not asked for). `per_page` asks HeyX for larger pages than its
    own.
    """

    where: tuple[Field, ...] = ()
    listed: tuple[Field, ...] = ()
    ids: tuple[str, ...] = ()
    known: tuple[str, ...] | None = None
    selection: ContactFilter = ALL
    phone_lookup: PhoneLookup = PhoneLookup.BOTH
    passes: int = PASSES
    per_page: int | None = None

    def searches(self) -> Iterator[tuple[Field, str, bool]]:
        """Every search, once: the field and value, its spelling, whether it is of a list."""
        seen: set[tuple[str, str]] = set()
        for wanted, listed in self._wanted():
            for text in spellings(wanted.name, wanted.value, self.phone_lookup):
                if (wanted.name, text) not in seen:
                    seen.add((wanted.name, text))
                    yield wanted, text, listed

    def named(self) -> Iterator[tuple[str, bool]]:
        """Every contact that is wanted by its id, and whether a person listed it."""
        yield from ((contact_id, True) for contact_id in self.ids)
        yield from ((contact_id, False) for contact_id in self.known or ())

    def _wanted(self) -> Iterable[tuple[Field, bool]]:
        yield from ((field, False) for field in self.where)
        yield from ((field, True) for field in self.listed)

    def check(self, sources: str = SOURCES) -> None:
        """Raise `SettingsError` where nothing is asked for, or what cannot be; `sources` says how to ask."""
        named = (field.name for field in (*self.where, *self.listed))
        for name in (*named, *(condition.field for condition in self.selection.conditions)):
            if normalize_name(name) == TAGS_COLUMN:
                raise SettingsError(
                    f"“{name}” is not a field, and HeyX cannot search for tags.",
                    f"Name the contacts with {sources}, and choose among them with --tag, --any-tag or --not-tag.",
                )
        if not (self.where or self.listed or self.ids or self.known):
            if self.known is not None:
                raise SettingsError(
                    "--known: no contact of this channel is known on this machine yet.",
                    "Uploads and exports add to the known contacts; start with --where FIELD=VALUE.",
                )
            raise SettingsError(
                "No contacts were named, and HeyX cannot list all of them.",
                f"Use {sources}.",
            )
        if self.passes < 1:
            raise SettingsError("--passes must be 1 or more.", "The default is 3.")
