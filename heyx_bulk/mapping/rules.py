"""What a person says of columns: on the command line, or in a mapping file. Both come to the same statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from heyx_bulk.mapping.column import ID_COLUMN, Column, Use, normalize_name, parse_field_name
from heyx_bulk.mapping.transforms import Transform
from heyx_bulk.models.calls import READ_ONLY_FIELDS
from heyx_bulk.models.contacts import Policy
from heyx_bulk.sheets.cell_reference import column_letter
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind, ValueType

SET_TAGS = "set-tags:"
"""What goes before the prefix of a set of tags, as in `--map "Segment=set-tags:seg:"`."""

TAG = "tag:"
"""What goes before a tag, in a header and as in `--map "VIP=tag:VIP"`."""

LISTS = {"tags": Use.ADD_TAGS, "addtags": Use.ADD_TAGS, "removetags": Use.REMOVE_TAGS}


@dataclass(frozen=True, slots=True)
class MappingRule:
    """What a person says of one column. `where` is where they say it, in words that they can find again.

    `target` is the field, tag or prefix. What is None or blank is left to the column.
    """

    column: str
    where: str
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


@dataclass(frozen=True, slots=True)
class ValueOptions:
    """How values are written and read, whatever the column."""

    region: str | None = None
    phone_format: PhoneFormat | None = None
    date_order: DateOrder | None = None
    lenient: bool = False

    def value_type(self, field: str, said: MappingRule | None = None) -> ValueType:
        """How the texts of a column for this field are to be understood."""
        kind = said.kind if said is not None and said.kind is not None else _KINDS.get(field, ValueKind.TEXT)
        return ValueType(
            kind,
            self.region,
            self.phone_format or (PhoneFormat.E164 if self.region else PhoneFormat.AS_TYPED),
            (said.order if said is not None else None) or self.date_order,
            said.allowed if said is not None else (),
        )


_KINDS = {"phone": ValueKind.PHONE, "email": ValueKind.EMAIL}


@dataclass(slots=True)
class RuleSet:
    """Statements taken to the columns of one sheet; what is wrong with them is collected."""

    header: Sequence[str]
    value_options: ValueOptions
    mistakes: list[str] = field(default_factory=list)
    columns: dict[int, Column] = field(default_factory=dict)
    more: list[Column] = field(default_factory=list)
    typed: dict[int, MappingRule] = field(default_factory=dict)

    def take(self, said: Sequence[MappingRule], reason: str, *, several: bool = False) -> None:
        """Take statements, none about a column of which something was said before; with `several` a column may
        stand for several fields.
        """
        before = frozenset(self.columns)
        for one in said:
            position = self._position(one)
            if position is None or position in before:
                continue
            if one.use is None:
                self.typed[position] = one
            elif mistake := _rule_mistake(one):
                self.mistakes.append(mistake)
            elif position not in self.columns:
                self.columns[position] = self._column(position, one, reason)
            elif several:
                self.more.append(self._column(position, one, reason))
            else:
                name = trim(self.header[position])
                self.mistakes.append(f'The column "{name}" is given two meanings; leave out one of the options.')

    def _column(self, position: int, one: MappingRule, reason: str) -> Column:
        assert one.use is not None, "a statement about the type alone names no use"  # noqa: S101  our own use
        meant = (
            ValueType(ValueKind.BOOLEAN) if one.use is Use.TAG else self.value_options.value_type(one.target, one)
        )
        return Column(
            position,
            self.header[position],
            one.use,
            one.target,
            separator=one.separator,
            reason=reason,
            value_type=meant if one.use in (Use.FIELD, Use.TAG) else ValueType(),
            policy=one.policy,
            default=one.default,
            transforms=tuple(self._steps(one)),
        )

    def _steps(self, one: MappingRule) -> Iterator[Transform]:
        """The transforms, each join with the position of the column it names."""
        for step in one.transforms:
            if step.name != "join":
                yield step
                continue
            name, glue = step.arguments
            position = self._position(replace(one, column=str(name), needed=True))
            if position is not None:
                yield Transform("join", (position, glue))

    def _position(self, one: MappingRule) -> int | None:
        found = positions(self.header, one.column)
        if len(found) == 1:
            return found[0]
        if one.needed or found:
            self.mistakes.append(_no_such_column(self.header, one, found))
        return None


def positions(header: Sequence[str], name: str) -> list[int]:
    """Where the column that a person names stands: by its header, or as `column C`."""
    exact = [position for position, text in enumerate(header) if trim(text) == trim(name)]
    alike = [position for position, text in enumerate(header) if normalize_name(text) == normalize_name(name)]
    by_letter = [
        position
        for position in range(len(header))
        if normalize_name(name) == f"column{column_letter(position).casefold()}"
    ]
    return exact or alike or by_letter


def parse_rule(column: str, target: str, where: str) -> MappingRule:
    """The statement `COLUMN=target` of a command line: a field, a list of tags, one tag, a set of tags."""
    name = trim(target)
    if normalize_name(name) in LISTS:
        return MappingRule(column, where, LISTS[normalize_name(name)])
    if name.casefold().startswith(SET_TAGS):
        return MappingRule(column, where, Use.SET_TAGS, name[len(SET_TAGS) :])
    if name.casefold().startswith(TAG):
        return MappingRule(column, where, Use.TAG, trim(name[len(TAG) :]))
    return MappingRule(column, where, Use.FIELD, parse_field_name(name))


def _rule_mistake(one: MappingRule) -> str:
    """Why a column cannot be what is said of it; blank if it can."""
    if one.use is Use.TAG and not one.target:
        return f"{one.where} names no tag: write it behind, as in tag:VIP."
    if one.use is not Use.FIELD:
        return ""
    if normalize_name(one.target) in map(normalize_name, (ID_COLUMN, "id", "contact id")):
        by = f'--id-column "{one.column}"' if one.where.startswith("--") else "contact_id = true"
        return f"{one.where}: a column of contact ids is named by {by}."
    if one.target in READ_ONLY_FIELDS:
        return f"{one.where}: HeyX does not let {one.target} be written."
    return ""


def _no_such_column(header: Sequence[str], one: MappingRule, found: Sequence[int]) -> str:
    if found:
        places = " and ".join(column_letter(position) for position in found)
        return (
            f'{one.where}: "{trim(one.column)}" stands above {len(found)} columns, {places}; rename one of them, '
            f'or name it by its letter: "column {column_letter(found[0])}".'
        )
    there = ", ".join(f'"{trim(text)}"' for text in header if trim(text))
    return f'{one.where}: the sheet has no column "{trim(one.column)}"; it has {there}.'
