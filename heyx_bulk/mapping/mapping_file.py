"""A mapping file: what the columns of a sheet mean, written once and corrected in one place. Pure.

It is TOML. A table `[columns."Header"]` says what one column is, a list of such tables (`[[columns."Header"]]`)
that it stands for several fields; whatever else holds for the whole sheet stands above them.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from heyx_bulk.errors import MappingError
from heyx_bulk.mapping.column import Use, parse_field_name
from heyx_bulk.mapping.rules import MappingRule, ValueOptions
from heyx_bulk.mapping.toml_lines import TomlLines
from heyx_bulk.mapping.transforms import REST, Transform
from heyx_bulk.models.calls import READ_ONLY_FIELDS
from heyx_bulk.models.contacts import Policy
from heyx_bulk.values.phone import is_region
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind

E = TypeVar("E", bound=StrEnum)

_TARGETS = ("field", "tag", "tags", "contact_id", "ignore")
_COLUMN = frozenset(
    {*_TARGETS, "type", "order", "allowed", "policy", "default", "transform", "separator", "prefix"}
)
_SHEET = frozenset(
    {
        "headers",
        "key",
        "region",
        "phone_format",
        "date_order",
        "lenient",
        "add_tags",
        "remove_tags",
        "constants",
        "columns",
    }
)
_LISTS = (Use.ADD_TAGS, Use.REMOVE_TAGS, Use.SET_TAGS)
_BELONGS: Mapping[str, tuple[tuple[Use, ...], str]] = {
    "type": ((Use.FIELD, Use.IGNORED), "a field"),
    "order": ((Use.FIELD, Use.IGNORED), "a field"),
    "allowed": ((Use.FIELD, Use.IGNORED), "a field"),
    "policy": ((Use.FIELD, Use.SET_TAGS, Use.IGNORED), 'a field, or to tags = "set"'),
    "default": ((Use.FIELD, *_LISTS, Use.TAG, Use.IGNORED), "a field or to tags"),
    "separator": ((*_LISTS, Use.IGNORED), "a list of tags"),
    "prefix": ((Use.SET_TAGS, Use.IGNORED), 'tags = "set"'),
}
"""What each word of a column goes with, and how that is told. A column left out may keep its words."""

_TAGS = {"add": Use.ADD_TAGS, "remove": Use.REMOVE_TAGS, "set": Use.SET_TAGS}
_PLAIN_STEPS = ("trim", "lower", "upper", "title")
_STEPS = {
    "replace": 'a list of two texts, {replace = ["old", "new"]}',
    "split": 'a separator and a part, {split = [" ", 1]} or {split = [" ", "rest"]}',
    "join": 'a column and what goes between, {join = ["Last Name", " "]}',
}


@dataclass(frozen=True, slots=True)
class MappingFile:
    """What a mapping file says; `name` is the file's, `headers` are those of the sheet it was written for.

    `digest` tells it from every file that says something else.
    """

    name: str
    digest: str
    headers: tuple[str, ...] = ()
    columns: tuple[MappingRule, ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    value_options: ValueOptions = field(default_factory=ValueOptions)


def parse_mapping(text: str, name: str) -> MappingFile:
    """The mapping that `text` holds; raises `MappingError` with every mistake, each with its line."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{name} is not written as TOML is: {error}.", "Mend that line.") from None
    reader = _Reader(name, TomlLines(text))
    mapping = reader.mapping(document, hashlib.sha256(text.encode()).hexdigest()[:12])
    if reader.mistakes:
        told = (f"{name}, line {line}: {what}." for line, what in sorted(reader.mistakes))
        raise MappingError("\n".join(told), "Mend these lines and give the command again.")
    return mapping


@dataclass(slots=True)
class _Reader:
    """Reads a document into what it says; what is wrong is collected, each with its line."""

    name: str
    lines: TomlLines
    table: int = 0
    """Which of the tables with the same name is read."""
    mistakes: set[tuple[int, str]] = field(default_factory=set)
    """Each with its line."""

    def mapping(self, document: Mapping[str, Any], digest: str) -> MappingFile:
        self._known(document, (), _SHEET)
        columns = document.get("columns", {})
        constants = document.get("constants", {})
        if not isinstance(columns, dict) or not isinstance(constants, dict):
            self._wrong((), 'columns and constants are tables, such as [columns."First Name"]')
            columns, constants = {}, {}
        return MappingFile(
            self.name,
            digest,
            headers=self._texts(document, ("headers",)),
            columns=tuple(said for header, tables in columns.items() for said in self._column(header, tables)),
            constants=tuple(self._constants(constants)),
            key=tuple(map(parse_field_name, self._texts(document, ("key",)))),
            add_tags=tuple(filter(None, map(trim, self._texts(document, ("add_tags",))))),
            remove_tags=tuple(filter(None, map(trim, self._texts(document, ("remove_tags",))))),
            value_options=ValueOptions(
                self._region(document),
                self._one_of(PhoneFormat, document, ("phone_format",)),
                self._one_of(DateOrder, document, ("date_order",)),
                bool(self._of(bool, document, ("lenient",), default=False)),
            ),
        )

    def _region(self, document: Mapping[str, Any]) -> str | None:
        region = trim(self._text(document, ("region",))).upper()
        if region and not is_region(region):
            self._wrong(
                ("region",), f"there is no country {region!r}: write its two letters, such as PK, GB or AE"
            )
            return None
        return region or None

    def _column(self, header: str, tables: object) -> Iterator[MappingRule]:
        path = ("columns", header)
        for number, table in enumerate(tables if isinstance(tables, list) else [tables]):
            if not isinstance(table, dict):
                self._wrong(path, f'a column is a table, such as [columns."{header}"]')
                continue
            yield self._rule(header, table, path, number)

    def _rule(self, header: str, table: Mapping[str, Any], path: tuple[str, ...], number: int) -> MappingRule:
        here = _Reader(self.name, self.lines, number, self.mistakes)
        here._known(table, path, _COLUMN)
        use, target = here._target(table, path)
        kind = here._one_of(ValueKind, table, (*path, "type"))
        allowed = here._texts(table, (*path, "allowed"))
        if (kind is ValueKind.LIST) != bool(table.get("allowed")):
            here._wrong((*path, "type"), 'type = "list" and allowed = [...] go together')
        policy = here._one_of(Policy, table, (*path, "policy")) or Policy.OVERWRITE
        if policy is Policy.CLEAR and target == "phone":
            here._wrong((*path, "policy"), "HeyX takes no empty phone, so a phone cannot be cleared")
        if policy not in (Policy.OVERWRITE, Policy.CLEAR) and use is Use.SET_TAGS:
            here._wrong((*path, "policy"), "a set of tags can be clear-when-blank, and nothing else")
        here._belonging(table, path, use)
        return MappingRule(
            header,
            f"{self.name}, line {self.lines.line_of(path, number)}",
            use,
            target,
            kind=kind,
            order=here._one_of(DateOrder, table, (*path, "order")),
            allowed=allowed,
            policy=policy,
            default=trim(here._text(table, (*path, "default"))),
            separator=here._text(table, (*path, "separator")),
            transforms=tuple(here._transforms(table, (*path, "transform"))),
            needed=use is not Use.IGNORED,
        )

    def _belonging(self, table: Mapping[str, Any], path: tuple[str, ...], use: Use) -> None:
        """AddProblem each word that says nothing of a column for `use`."""
        for word, (uses, belongs) in _BELONGS.items():
            if word in table and use not in uses:
                self._wrong((*path, word), f"{word} belongs to {belongs}")
        separator = table.get("separator", ",")
        if isinstance(separator, str) and (len(separator) != 1 or separator in '"\r\n '):
            self._wrong((*path, "separator"), f'separator is one sign, such as ";" or "|", not {separator!r}')

    def _target(self, table: Mapping[str, Any], path: tuple[str, ...]) -> tuple[Use, str]:
        """What a column is for: exactly one of the words that say it."""
        said = [word for word in _TARGETS if table.get(word) not in (None, False)]
        if len(said) != 1:
            words = 'field = "…", tag = "…", tags = "add", contact_id = true or ignore = true'
            self._wrong(path, f'the column "{path[-1]}" needs exactly one of {words}')
            return Use.IGNORED, ""
        word = said[0]
        text = self._text(table, (*path, word)) if word in ("field", "tag", "tags") else ""
        match word:
            case "field" if trim(text):
                return Use.FIELD, parse_field_name(text)
            case "tag" if trim(text):
                return Use.TAG, trim(text)
            case "tags" if text == "set" and not trim(self._text(table, (*path, "prefix"))):
                self._wrong((*path, "tags"), 'tags = "set" needs a prefix, the tags it speaks of: prefix = "seg:"')
            case "tags" if text in _TAGS:
                return _TAGS[text], self._text(table, (*path, "prefix")) if text == "set" else ""
            case "tags" if isinstance(table[word], str):
                self._wrong((*path, "tags"), 'tags is "add", "remove" or "set"')
            case "field" | "tag" if isinstance(table[word], str):
                self._wrong((*path, word), f'say which {word} the column "{path[-1]}" is, or ignore = true')
            case "contact_id" if self._of(bool, table, (*path, word), default=False):
                return Use.ID, ""
            case "ignore":
                self._of(bool, table, (*path, word), default=False)
        return Use.IGNORED, ""

    def _transforms(self, table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Transform]:
        steps = table.get("transform", [])
        for step in steps if isinstance(steps, list) else [steps]:
            match step:
                case str() if step in _PLAIN_STEPS:
                    yield Transform(step)
                case {"replace": [str(old), str(new)]} if len(step) == 1 and old:
                    yield Transform("replace", (old, new))
                case {"split": [str(separator), part]} if len(step) == 1 and separator and _is_part(part):
                    yield Transform("split", (separator, part))
                case {"join": [str(column), str(glue)]} if len(step) == 1:
                    yield Transform("join", (column, glue))
                case {**words} if len(words) == 1 and (known := next(iter(words))) in _STEPS:
                    self._wrong(path, f"{known} needs {_STEPS[known]}")
                case _:
                    names = ", ".join((*_PLAIN_STEPS, *_STEPS))
                    self._wrong(path, f"there is no transform {step!r}; there are {names}")

    def _constants(self, constants: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name in constants:
            path, field_name = ("constants", name), parse_field_name(name)
            value = trim(self._text(constants, path))
            if field_name in READ_ONLY_FIELDS:
                self._wrong(path, f"HeyX does not let {field_name} be written")
            elif not value and isinstance(constants[name], str):
                self._wrong(path, f"say a value for {name}, or leave the line out")
            elif value:
                yield field_name, value

    def _known(self, table: Mapping[str, Any], path: tuple[str, ...], words: frozenset[str]) -> None:
        for word in table:
            if word not in words:
                self._wrong((*path, word), f"there is no {word!r} here; there are {', '.join(sorted(words))}")

    def _texts(self, table: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...]:
        value = table.get(path[-1], [])
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            return tuple(texts)
        self._wrong(path, f'{path[-1]} is a list of texts, such as ["a", "b"]')
        return ()

    def _text(self, table: Mapping[str, Any], path: tuple[str, ...]) -> str:
        return str(self._of(str, table, path, default=""))

    def _of(self, kind: type, table: Mapping[str, Any], path: tuple[str, ...], *, default: object) -> object:
        value = table.get(path[-1], default)
        if isinstance(value, kind):
            return value
        shown = '"in quotes"' if kind is str else "true or false"
        self._wrong(path, f"{path[-1]} is written {shown}, not {value!r}")
        return default

    def _one_of(self, words: Callable[[str], E], table: Mapping[str, Any], path: tuple[str, ...]) -> E | None:
        text = self._text(table, path)
        if not text:
            return None
        try:
            return words(text)
        except ValueError:
            there = ", ".join(f'"{word}"' for word in words)  # type: ignore[attr-defined]
            self._wrong(path, f"{path[-1]} is one of {there}, not {text!r}")
            return None

    def _wrong(self, path: tuple[str, ...], what: str) -> None:
        self.mistakes.add((self.lines.line_of(path, self.table), what))


def _is_part(part: object) -> bool:
    return part == REST or (isinstance(part, int) and not isinstance(part, bool) and part != 0)
