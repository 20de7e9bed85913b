"""Mapping rules, from the command line or a mapping file, and their application to the columns of a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from heyx_bulk.mapping.columns import (
    AS_TEXT,
    ID_COLUMN,
    Column,
    Use,
    letter_name,
    normalize_name,
    parse_field_name,
)
from heyx_bulk.mapping.columns import LISTS as LIST_USES
from heyx_bulk.mapping.transforms import REST, Transform
from heyx_bulk.models.calls import READ_ONLY_FIELDS
from heyx_bulk.models.contacts import Policy
from heyx_bulk.models.phrases import did_you_mean
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind, ValueType

SET_TAGS = "set-tags:"
"""What goes before the prefix of a set of tags, as in `--map "Segment=set-tags:seg:"`."""

TAG = "tag:"
"""What goes before a tag, in a header and as in `--map "VIP=tag:VIP"`."""

FULL_NAME = "firstName+lastName"
"""Stands for the two fields of a full name, as in `--map "Name=firstName+lastName"`."""

LISTS = {"tags": Use.ADD_TAGS, "addtags": Use.ADD_TAGS, "removetags": Use.REMOVE_TAGS}


@dataclass(frozen=True, slots=True)
class MappingRule:
    """What one column is for. `where` names the place of the rule, for messages.

    `target` is the field, tag or prefix. What is None or blank is left to the column: the rule for a field without
    a name is unfinished.
    """

    column: str = ""
    where: str = ""
    use: Use | None = None
    target: str = ""
    kind: ValueKind | None = None
    order: DateOrder | None = None
    allowed: tuple[str, ...] = ()
    policy: Policy = Policy.OVERWRITE
    default: str = ""
    separator: str = ""
    transforms: tuple[Transform, ...] = ()
    needed: bool = True
    """It is a mistake if the sheet has no such column."""
    is_further: bool = False
    """It gives the column a further field, beside that of the rule before."""

    @property
    def is_unfinished(self) -> bool:
        """Whether it says that the column is a field, but not which one."""
        return self.use is Use.FIELD and not self.target


@dataclass(frozen=True, slots=True)
class ValueOptions:
    """How values are read and written, whatever the column."""

    region: str | None = None
    phone_format: PhoneFormat | None = None
    date_order: DateOrder | None = None
    lenient: bool = False
    tag_separator: str = ""

    def value_type(self, field: str, rule: MappingRule) -> ValueType:
        """The type of the values of a column for this field."""
        return ValueType(
            rule.kind or _KINDS.get(field, ValueKind.TEXT),
            self.region,
            self.phone_format or (PhoneFormat.E164 if self.region else PhoneFormat.AS_TYPED),
            rule.order or self.date_order,
            rule.allowed,
        )


_KINDS = {"phone": ValueKind.PHONE, "email": ValueKind.EMAIL}


@dataclass(slots=True)
class RuleSet:
    """Rules applied to the columns of one sheet; their mistakes are collected.

    `typed` are the rules that give a column no more than a type, `unfinished` those that do not say which field.
    """

    header: Sequence[str]
    value_options: ValueOptions
    mistakes: list[str] = field(default_factory=list)
    columns: dict[int, Column] = field(default_factory=dict)
    more: list[Column] = field(default_factory=list)
    typed: dict[int, MappingRule] = field(default_factory=dict)
    unfinished: dict[int, MappingRule] = field(default_factory=dict)

    def apply(self, rules: Sequence[MappingRule], reason: str, *, several: bool = False) -> None:
        """Apply rules, except to columns that have one already; with `several` a column may have several rules."""
        before = frozenset(self.columns)
        for rule in chain.from_iterable(map(split_rule, rules)):
            position = self._position(rule, rule.column, needed=rule.needed)
            if position is None or position in before:
                continue
            if rule.use is None:
                self.typed[position] = rule
            elif rule.is_unfinished:
                self.unfinished[position] = rule
            elif mistake := _rule_mistake(rule):
                self.mistakes.append(mistake)
            elif position not in self.columns:
                self.columns[position] = self.column(position, rule, reason)
            elif several or rule.is_further:
                self.more.append(self.column(position, rule, reason))
            else:
                name = trim(self.header[position])
                self.mistakes.append(f'The column "{name}" has two meanings; remove one of the options.')
        for position in self.unfinished.keys() & (self.columns.keys() - before):
            where = self.unfinished[position].where
            self.mistakes.append(f"{where}: enter the name of the field, or delete this table.")

    def column(self, position: int, rule: MappingRule, reason: str) -> Column:
        """The column at `position` as a rule has it."""
        use, value_type = rule.use or Use.FIELD, AS_TEXT
        if use is Use.TAG:
            value_type = ValueType(ValueKind.BOOLEAN)
        elif use is Use.FIELD and rule.target:
            value_type = self.value_options.value_type(rule.target, rule)
        return Column(
            position,
            self.header[position],
            use,
            rule.target,
            separator=rule.separator or (self.value_options.tag_separator if use in LIST_USES else ""),
            reason=reason,
            value_type=value_type,
            policy=rule.policy,
            default=rule.default,
            transforms=tuple(self._transforms(rule)),
        )

    def _transforms(self, rule: MappingRule) -> Iterator[Transform]:
        """The transforms, each join with the position of the column it names."""
        for step in rule.transforms:
            if step.name != "join":
                yield step
            elif (position := self._position(rule, str(step.arguments[0]))) is not None:
                yield Transform("join", (position, step.arguments[1]))

    def _position(self, rule: MappingRule, name: str, *, needed: bool = True) -> int | None:
        """The position of the column that a rule names; several, and none if it is `needed`, are a mistake."""
        found = positions(self.header, name)
        if len(found) == 1:
            return found[0]
        if found:
            places = " and ".join(map(column_letter, found))
            self.mistakes.append(
                f'{rule.where}: "{trim(name)}" is the header of {len(found)} columns, {places}; rename one of '
                f'them, or name it by its letter: "column {column_letter(found[0])}".'
            )
        elif needed:
            there = ", ".join(f'"{trim(text)}"' for text in self.header if trim(text))
            near = did_you_mean(trim(name), map(trim, self.header))
            self.mistakes.append(f'{rule.where}: the sheet has no column "{trim(name)}"; it has {there}.{near}')
        return None


def positions(header: Sequence[str], name: str) -> list[int]:
    """The positions of the columns that a name stands for: a header, or `column C`."""
    normalized = normalize_name(name)
    exact = [position for position, text in enumerate(header) if trim(text) == trim(name)]
    alike = [position for position, text in enumerate(header) if normalize_name(text) == normalized]
    return exact or alike or [at for at in range(len(header)) if normalized == normalize_name(letter_name(at))]


def parse_rule(column: str, target: str, where: str) -> MappingRule:
    """The rule of `COLUMN=target` on a command line: a field, a list of tags, one tag, a set of tags."""
    name = trim(target)
    if normalize_name(name) in LISTS:
        return MappingRule(column, where, LISTS[normalize_name(name)])
    if name.casefold().startswith(SET_TAGS):
        return MappingRule(column, where, Use.SET_TAGS, name[len(SET_TAGS) :])
    if name.casefold().startswith(TAG):
        return MappingRule(column, where, Use.TAG, trim(name[len(TAG) :]))
    return MappingRule(column, where, Use.FIELD, parse_field_name(name))


def split_rule(rule: MappingRule) -> tuple[MappingRule, ...]:
    """A rule for `firstName+lastName` as two, split at the first blank; any other rule alone."""
    names = tuple(map(parse_field_name, rule.target.split("+")))
    if rule.use is not Use.FIELD or sorted(names) != sorted(FULL_NAME.split("+")):
        return (rule,)
    first, rest = (Transform("split", (" ", 1)), Transform("split", (" ", REST)))
    return (
        replace(rule, target=names[0], transforms=(*rule.transforms, first)),
        replace(rule, target=names[1], transforms=(*rule.transforms, rest), is_further=True),
    )


def _rule_mistake(rule: MappingRule) -> str:
    """Why a column cannot be used as a rule says; blank if it can."""
    if rule.use is Use.TAG and not rule.target:
        return f"{rule.where} names no tag; add it, as in tag:VIP."
    if rule.use is not Use.FIELD:
        return ""
    if normalize_name(rule.target) in map(normalize_name, (ID_COLUMN, "id", "contact id")):
        by = f'--id-column "{rule.column}"' if rule.where.startswith("--") else "contact_id = true"
        return f"{rule.where}: a column of contact ids needs {by}."
    if rule.target in READ_ONLY_FIELDS:
        return f"{rule.where}: HeyX does not allow writing {rule.target}."
    return ""
