"""Mapping files: the meaning of a sheet's columns, written once and corrected in one place.

The format is TOML. A table `[columns."Header"]` describes one column, a list of such tables
(`[[columns."Header"]]`) a column that stands for several fields; options for the whole sheet come before them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from heyx_bulk.errors import MappingError, WriteError, translate_full_disk
from heyx_bulk.mapping.columns import Use, normalize_name, parse_field_name
from heyx_bulk.mapping.rules import MappingRule, ValueOptions
from heyx_bulk.mapping.tag_lists import separator_mistake
from heyx_bulk.mapping.transforms import PLAIN_TRANSFORMS, REST, Transform
from heyx_bulk.models.calls import READ_ONLY_FIELDS
from heyx_bulk.models.contacts import Policy
from heyx_bulk.models.phrases import did_you_mean_file
from heyx_bulk.models.toml_reader import TomlLines, TomlTable
from heyx_bulk.settings.folders import state_folder
from heyx_bulk.sheets.atomic_file import atomic_write
from heyx_bulk.sheets.sheet_options import NO_PRESET, SheetPreset, same_worksheet
from heyx_bulk.values.phone import NO_REGION, is_region
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import DateOrder, PhoneFormat, ValueKind

SUFFIX = ".toml"

_TARGETS = ("field", "tag", "tags", "contact_id", "ignore")
_TAGS = {"add": Use.ADD_TAGS, "remove": Use.REMOVE_TAGS, "set": Use.SET_TAGS}
_LISTS = tuple(_TAGS.values())
_BELONGS: Mapping[str, tuple[tuple[Use, ...], str]] = {
    "type": ((Use.FIELD,), "a field"),
    "order": ((Use.FIELD,), "a field"),
    "allowed": ((Use.FIELD,), "a field"),
    "policy": ((Use.FIELD, Use.SET_TAGS), 'a field, or to tags = "set"'),
    "default": ((Use.FIELD, *_LISTS, Use.TAG), "a field or to tags"),
    "separator": (_LISTS, "a list of tags"),
    "prefix": ((Use.SET_TAGS,), 'tags = "set"'),
}
"""The uses of a column that each option goes with, in words too. An ignored column may keep its options."""

_PRESET_KEYS = ("worksheet", "header_row")
_COLUMN_KEYS = frozenset((*_TARGETS, *_BELONGS, "transform"))
_SHEET_KEYS = frozenset(
    (
        *_PRESET_KEYS,
        *("headers", "key", "region", "phone_format", "date_order", "tag_separator", "lenient", "add_tags"),
        *("remove_tags", "constants", "columns"),
    )
)
_STEPS = {
    "replace": 'a list of two texts, {replace = ["old", "new"]}',
    "split": 'a separator and a part, {split = [" ", 1]} or {split = [" ", "rest"]}',
    "join": 'a column and what goes between, {join = ["Last Name", " "]}',
}


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The contents of a mapping file; `headers` are those of the sheet it was written for.

    `digest` distinguishes it from every file with other contents; `path` is where it was read, if it was.
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
    preset: SheetPreset = NO_PRESET
    path: Path = Path()

    def is_for(self, header: Iterable[str]) -> bool:
        """Whether it was written for a sheet with this header, or for none."""
        return not self.headers or _normalized(self.headers) == _normalized(header)


NO_MAPPING = MappingFile("", "")
"""A mapping file that says nothing."""


def parse_mapping(text: str, name: str) -> MappingFile:
    """Read the mapping in `text`; raise `MappingError` with every mistake, each with its line."""
    try:
        document = TomlTable(tomllib.loads(text), TomlLines(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{name} is not valid TOML: {error}.", "Correct that line.") from None
    document.check_keys(_SHEET_KEYS)
    columns, constants = document.values.get("columns", {}), document.values.get("constants", {})
    if not isinstance(columns, dict) or not isinstance(constants, dict):
        document.add_mistake('columns and constants must be tables, such as [columns."First Name"]')
        columns, constants = {}, {}
    mapping = MappingFile(
        name,
        hashlib.sha256(text.encode()).hexdigest()[:12],
        headers=document.texts("headers"),
        columns=tuple(_rules(document.subtable("columns", columns), name)),
        constants=tuple(_constants(document.subtable("constants", constants))),
        key=tuple(map(parse_field_name, document.texts("key"))),
        add_tags=tuple(filter(None, map(trim, document.texts("add_tags")))),
        remove_tags=tuple(filter(None, map(trim, document.texts("remove_tags")))),
        value_options=ValueOptions(
            _region(document),
            document.one_of(PhoneFormat, "phone_format"),
            document.one_of(DateOrder, "date_order"),
            document.flag("lenient"),
            _tag_separator(document),
        ),
        preset=_preset(document, name),
    )
    if document.mistakes:
        lines = (f"{name}, line {line}: {what}." for line, what in sorted(document.mistakes))
        raise MappingError("\n".join(lines), "Correct these lines, then run the command again.")
    return mapping


def _preset(document: TomlTable, file: str) -> SheetPreset:
    """How the sheet is read."""
    worksheet, header_row = (f"{file}, line {document.lines.line_of((key,))}" for key in _PRESET_KEYS)
    return SheetPreset(
        trim(document.text("worksheet")) or None, document.row_number("header_row"), worksheet, header_row
    )


def _tag_separator(document: TomlTable) -> str:
    separator = document.text("tag_separator")
    if separator and (mistake := separator_mistake(separator)):
        document.add_mistake(mistake, "tag_separator")
    return separator


def _region(document: TomlTable) -> str | None:
    region = trim(document.text("region")).upper()
    if not region or region == NO_REGION or is_region(region):
        return region or None
    document.add_mistake(
        f"unknown country {region!r}: enter its two-letter code, such as PK, GB or AE, or none", "region"
    )
    return None


def _constants(table: TomlTable) -> Iterator[tuple[str, str]]:
    for name, written in table.values.items():
        field_name, value = parse_field_name(name), trim(table.text(name))
        if field_name in READ_ONLY_FIELDS:
            table.add_mistake(f"HeyX does not allow writing {field_name}", name)
        elif value:
            yield field_name, value
        elif isinstance(written, str):
            table.add_mistake(f"enter a value for {name}, or delete the line", name)


def _rules(columns: TomlTable, file: str) -> Iterator[MappingRule]:
    for header, tables in columns.values.items():
        for index, table in enumerate(tables if isinstance(tables, list) else [tables]):
            if isinstance(table, dict):
                yield _rule(columns.subtable(header, table, index), header, file)
            else:
                columns.add_mistake(f'a column must be a table, such as [columns."{header}"]', header)


def _rule(table: TomlTable, header: str, file: str) -> MappingRule:
    table.check_keys(_COLUMN_KEYS)
    use, target = _use_and_target(table, header)
    unfinished = ("field",) if use is Use.FIELD and not target else ()
    rule = MappingRule(
        header,
        f"{file}, line {table.lines.line_of((*table.path, *unfinished), table.index)}",
        use,
        target,
        kind=table.one_of(ValueKind, "type"),
        order=table.one_of(DateOrder, "order"),
        allowed=table.texts("allowed"),
        policy=table.one_of(Policy, "policy") or Policy.OVERWRITE,
        default=trim(table.text("default")),
        separator=table.text("separator"),
        transforms=tuple(_transforms(table)),
        needed=use is not Use.IGNORED,
    )
    if (rule.kind is ValueKind.LIST) != bool(table.values.get("allowed")):
        table.add_mistake('type = "list" and allowed = [...] go together', "type")
    if rule.policy is Policy.CLEAR and target == "phone":
        table.add_mistake("HeyX does not allow an empty phone, so a phone cannot be cleared", "policy")
    if rule.policy not in (Policy.OVERWRITE, Policy.CLEAR) and use is Use.SET_TAGS:
        table.add_mistake("the policy of a set of tags can only be clear-when-blank", "policy")
    for key, (uses, belongs) in _BELONGS.items():
        if key in table.values and use not in (*uses, Use.IGNORED):
            table.add_mistake(f"{key} belongs to {belongs}", key)
    separator = table.values.get("separator", ",")
    if isinstance(separator, str) and (mistake := separator_mistake(separator)):
        table.add_mistake(mistake, "separator")
    return rule


def _use_and_target(table: TomlTable, header: str) -> tuple[Use, str]:
    """The use of a column, and its field, tag or prefix: exactly one key says them."""
    found = [key for key in _TARGETS if table.values.get(key) not in (None, False)]
    if len(found) != 1:
        keys = 'field = "…", tag = "…", tags = "add", contact_id = true or ignore = true'
        table.add_mistake(f'the column "{header}" needs exactly one of {keys}')
        return Use.IGNORED, ""
    key = found[0]
    if key in ("contact_id", "ignore"):
        return (Use.ID if table.flag(key) and key == "contact_id" else Use.IGNORED), ""
    text = table.text(key)
    match key:
        case "field" if isinstance(table.values[key], str):
            return Use.FIELD, parse_field_name(text)
        case "tag" if trim(text):
            return Use.TAG, trim(text)
        case "tags" if text == "set":
            prefix = table.text("prefix")
            if trim(prefix):
                return Use.SET_TAGS, prefix
            table.add_mistake('tags = "set" needs a prefix, such as prefix = "seg:"', "tags")
        case "tags" if text in _TAGS:
            return _TAGS[text], ""
        case "tags" if isinstance(table.values[key], str):
            table.add_mistake('tags is "add", "remove" or "set"', "tags")
        case _ if isinstance(table.values[key], str):
            table.add_mistake(f'enter the {key} of the column "{header}", or write ignore = true', key)
    return Use.IGNORED, ""


def _transforms(table: TomlTable) -> Iterator[Transform]:
    steps = table.values.get("transform", [])
    for step in steps if isinstance(steps, list) else [steps]:
        match step:
            case str() if step in PLAIN_TRANSFORMS:
                yield Transform(step)
            case {"replace": [str(old), str(new)]} if len(step) == 1 and old:
                yield Transform("replace", (old, new))
            case {"split": [str(separator), part]} if len(step) == 1 and separator and _is_part(part):
                yield Transform("split", (separator, part))
            case {"join": [str(column), str(glue)]} if len(step) == 1:
                yield Transform("join", (column, glue))
            case {**steps_named} if len(steps_named) == 1 and (known := next(iter(steps_named))) in _STEPS:
                table.add_mistake(f"{known} needs {_STEPS[known]}", "transform")
            case _:
                names = ", ".join((*PLAIN_TRANSFORMS, *_STEPS))
                table.add_mistake(f"unknown transform {step!r}; use one of {names}", "transform")


def _is_part(part: object) -> bool:
    return part == REST or (isinstance(part, int) and not isinstance(part, bool) and part != 0)


def read_mapping(path: Path) -> MappingFile:
    """Read the mapping file at `path`; raise `MappingError` if it cannot be read or has mistakes."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        near = "" if path.exists() else did_you_mean_file(path)
        raise MappingError(
            f"The mapping file {path} cannot be read: {reason}.{near}", "Name another with --mapping."
        ) from None
    return replace(parse_mapping(text, path.name), path=path)


def find_preset(sheet: Path) -> SheetPreset:
    """How the sheet is read, as the mapping file beside it with its name says; raises `MappingError`.

    Its header is not known before it is read, so files for the same headers cannot be found yet.
    """
    named = sheet.with_suffix(SUFFIX)
    return read_mapping(named).preset if _document(named).keys() & {*_PRESET_KEYS} else NO_PRESET


def find_mapping(sheet: Path, header: Sequence[str], worksheet: str | None = None) -> Path | None:
    """Find the mapping file for a sheet: one beside it for the same headers, else the one beside it with its name,
    else one for the same headers that was written on this machine before.

    A file with the sheet's name may be for another worksheet, so one for the same headers comes first, and one
    that names another worksheet is only for the same headers. One that says nothing of columns comes last.
    """
    names, named = _normalized(header), sheet.with_suffix(SUFFIX)
    for path in (named, *sorted(sheet.absolute().parent.glob(f"*{SUFFIX}"))):
        if _headers(path) == names:
            return path
    document = _document(named)
    is_other = isinstance(of := document.get("worksheet"), str) and not same_worksheet(of, worksheet or of)
    if isinstance(document.get("columns"), dict) and not is_other:
        return named
    place = _place(names)
    written = Path(place.read_text(encoding="utf-8")) if place.is_file() else None
    if written is not None and _headers(written) == names:
        return written
    return named if document.keys() & {*_PRESET_KEYS} and not is_other else None


def write_mapping(path: Path, text: str, header: Sequence[str]) -> None:
    """Write a mapping file to a new path, and remember it for sheets with this header."""
    create_mapping(path, text)
    remember_mapping(path, header)


def create_mapping(path: Path, text: str) -> None:
    """Write a mapping file to a new path. Only this user can read it: it holds values of the sheet as examples."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise WriteError(
            f"{path} already exists and was not overwritten.", "Edit it, or name another file."
        ) from None
    except OSError as error:
        raise WriteError(
            f"{path} cannot be written: {error.strerror}.", "Name a file in another folder."
        ) from None


def remember_mapping(path: Path, header: Sequence[str]) -> None:
    """Remember a mapping file for sheets with this header, wherever they are."""
    place = _place(_normalized(header))
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_text(str(path.absolute()), encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"{path} was written, but cannot be remembered for sheets in other folders: {error.strerror}.",
            "It is still found beside its sheet. To remember it, set HEYX_BULK_STATE to another folder.",
        ) from None


def rewrite_mapping(path: Path, text: str) -> None:
    """Replace the text of a mapping file, whole or not at all; who may read it stays as it is."""
    full = translate_full_disk(
        f"The disk of {path.absolute().parent} is full.",
        f"{path.name} is as it was. Free some space and run the same command again.",
    )
    with full, atomic_write(path) as written:
        written.write_bytes(text.encode())
        shutil.copymode(path, written)


def _place(names: frozenset[str]) -> Path:
    """The file that remembers the path of the mapping file for these headers."""
    text = json.dumps(sorted(names), ensure_ascii=False)
    return state_folder() / "mappings" / hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _normalized(header: Iterable[str]) -> frozenset[str]:
    return frozenset(name for text in header if (name := normalize_name(text)))


def _headers(path: Path) -> frozenset[str]:
    """The headers that a mapping file was written for; none if it is not a mapping file."""
    headers = _document(path).get("headers")
    texts = headers if isinstance(headers, list) else []
    return _normalized(text for text in texts if isinstance(text, str))


def _document(path: Path) -> dict[str, object]:
    """A TOML file as plain data; empty if it is not TOML. A broken file with tables of columns still has some."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {"columns": {}} if "[columns." in text else {}
