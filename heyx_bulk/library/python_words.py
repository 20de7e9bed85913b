"""Messages in the words of Python: `restart=True` where a command line says `--restart`.

Messages are written once, where they are raised, with the flags of the command line. Each option's declaration
says what its flag is in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import EnumType
from functools import cache
from typing import get_args

from heyx_bulk.errors import HeyxBulkError
from heyx_bulk.export.export_options import ExportOptions
from heyx_bulk.models.option import Declared, declared
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions
from heyx_bulk.upload.sync_options import SyncOptions

FUNCTIONS = (
    *("upload", "rerun", "simulate", "dry_run", "plan", "apply", "undo", "sync"),
    *("inspect", "verify", "status", "export"),
)
"""The functions that a command, or a flag that turns a command into another one, is called in Python."""

OWN_FLAGS = ("--uncertain", "--sample")
"""The flags of commands that are no options of an upload or an export."""

_VERBS = {**dict.fromkeys(("add", "say", "use", "give", "write"), "pass"), "write it like": "write it like"}
_QUOTED = r"\"[^\"]*\"|'[^']*'"
_PLACEHOLDER = r"[A-Z][A-Z%|]*(?:[=:\[\],/]+[A-Z%\]]+)*(?![a-z])"
_VALUE = rf"{_QUOTED}|{_PLACEHOLDER}|[^\s,;.()]*[\d=%/:](?:[^\s,;()]*[^\s,;.:()])?"

_REPEAT = re.compile(r"\b(?:([GR])|[gr])(?:ive|un) (the same|the|that) command\b(?! line)")
_RESUME = re.compile(r"^Nothing is lost[.:] ([a-z]?)|(?<= command) to resume\b")
_VARIABLE = re.compile("(?<!the argument token, )the environment variable HEYX_TOKEN")
_COMMAND = re.compile(r"\b((?:the same|the|that|this) (?:upload's )?)command\b(?! line)")


@contextmanager
def speaking_python(*, resumes: bool = True) -> Iterator[None]:
    """Let the errors that leave this block speak Python, of a call that `resumes` what it began or does not."""
    try:
        yield
    except HeyxBulkError as error:
        translate(error, resumes=resumes)
        raise


def translate(error: HeyxBulkError, *, resumes: bool = True) -> None:
    """Let an error speak Python: see `speaking_python`."""
    remedy = error.remedy if resumes else _RESUME.sub(_without_promise, error.remedy)
    error.what, error.remedy = in_python(error.what), in_python(remedy)
    error.args = (error.what,)


def _without_promise(found: re.Match[str]) -> str:
    return " again" if found[0] == " to resume" else (found[1] or "").upper()


def in_python(message: str) -> str:
    """A message with Python's arguments in place of flags, and calls in place of commands."""
    kept: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        if found["command"]:
            kept.append(found["command"])
            return f"\0{len(kept) - 1}\0"
        name = found["mentioned"] or found["bare"]
        return f"hb.{name}" if name else _argument(found)

    text = _mention().sub(replaced, message)
    text = _REPEAT.sub(lambda found: f"{'M' if found[1] else 'm'}ake {found[2]} call", text)
    text = _COMMAND.sub(r"\1call", text)
    text = _VARIABLE.sub(r"the argument token, \g<0>", text)
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)


def _argument(found: re.Match[str]) -> str:
    flag, verb, value = found["flag"].lower(), found["verb"] or "", (found["value"] or "").strip()
    name = flag[2:].replace("-", "_")
    if name in FUNCTIONS:
        return f"{_verb(verb, 'call')}hb.{name}{f' {value}' if value else ''}"
    written, rest = _flags()[flag](value) if flag in _flags() else (f"{name}=True", value)
    return f"{_verb(verb, _VERBS.get(verb.lower(), verb))}{written}{f' {rest}' if rest else ''}"


def _verb(said: str, instead: str) -> str:
    return f"{instead.capitalize() if said[:1].isupper() else instead} " if said else ""


@cache
def _mention() -> re.Pattern[str]:
    """A command, mentioned or to be copied, or a flag with the verb before it and the value behind it."""
    words = "|".join(sorted(_all_words(), key=len, reverse=True))
    flags = "|".join((*_flags(), *OWN_FLAGS, *(f"--{name.replace('_', '-')}" for name in FUNCTIONS)))
    return re.compile(
        rf"""
          heyx-bulk\ (?P<mentioned>{"|".join(FUNCTIONS)})(?=\ [a-z]+\ [a-z])
        | (?P<command>heyx-bulk\ [a-z-]+\ [^\n`]+)
        | `?heyx-bulk\ (?P<bare>{"|".join(FUNCTIONS)})\b`?
        | (?:(?P<verb>\b(?i:write\ it\ like|add|say|use|give|write))\ )?
          `?(?P<flag>{flags})(?![\w-])
          (?:\ (?P<value>(?:{words})(?:\ or\ (?:{words}))*\b|{_VALUE}))?`?
        """,
        re.VERBOSE,
    )


@cache
def _flags() -> dict[str, Callable[[str], tuple[str, str]]]:
    """For each flag, what makes an argument of a value, and the text that is not part of it."""
    return {
        flag: _writer(one, negative=bool(turn))
        for one in _options()
        for turn, flag in enumerate(one.option.flags[0].split("/"))
    }


def _options() -> Iterator[Declared]:
    for kind in (UploadOptions, RunOptions, SyncOptions, ConnectionOptions, ExportOptions):
        yield from declared(kind)


def _writer(one: Declared, *, negative: bool) -> Callable[[str], tuple[str, str]]:
    name, types = one.argument, get_args(one.type) or (one.type,)
    words = (*enumerated(one), *_special(one))
    numbers = int in types or (float in types and one.option.parse is None)

    def write(value: str) -> tuple[str, str]:
        plain = value.strip("\"'")
        if bool in types:
            return f"{name}={not negative}", value
        if not plain:
            return name, ""
        given = value.split(" or ")
        if {*given} <= {*words}:
            return f"{name}={' or '.join(map(_text, given))}", ""
        if {*given} <= _all_words():
            return name, value
        if "=" in (one.option.metavar or ""):
            return _pair(name, plain), ""
        is_number = numbers and re.fullmatch(r"\d+(?:\.\d+)?", plain)
        return f"{name}={plain if is_number else _text(plain)}", ""

    return write


@cache
def _all_words() -> frozenset[str]:
    return frozenset(word for one in _options() for word in (*enumerated(one), *_special(one)))


def _text(value: str) -> str:
    return f'"{value}"'


def _pair(name: str, text: str) -> str:
    key, equals, value = text.partition("=")
    return f"{name}={{{_text(key)}: {_text(value)}}}" if equals else f"{name}={_text(text)}"


def _special(one: Declared) -> tuple[str, ...]:
    """The words that an option takes beside values of its own: `none` of `PK|none`."""
    return tuple(word for word in (one.option.metavar or "").split("|") if word.islower())


def enumerated(one: Declared) -> tuple[str, ...]:
    """The words that an option takes; none where it takes any."""
    found: list[object] = []
    for kind in get_args(one.type) or (one.type,):
        found += [*kind] if isinstance(kind, EnumType) else ()
    return tuple(map(str, found))
