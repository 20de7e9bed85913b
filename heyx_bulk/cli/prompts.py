"""Columns that nobody knows, asked about once on a terminal; the answers are kept in a mapping file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from heyx_bulk.cli.console import Voice, shown
from heyx_bulk.errors import Unwritable
from heyx_bulk.mapping import mapping_store as mapping
from heyx_bulk.mapping.column import Column, letter
from heyx_bulk.mapping.recognition import KnownFields, understood
from heyx_bulk.mapping.template import Seen, drafted
from heyx_bulk.sheets.sheet import Sheet
from heyx_bulk.upload.inspection import seen
from heyx_bulk.upload.options import Intent
from heyx_bulk.values.text import trim
from heyx_bulk.values.value_types import Kind

LEAVE_OUT = "-"


def asked_about(sheet: Sheet, intent: Intent, fields: KnownFields, voice: Voice) -> Intent:
    """The intent with what a person answers about the columns that nobody knows, if there are any.

    `fields` are those the channel is known to have.
    """
    found = understood(sheet.header, intent.wishes, sheet.blank, fields)
    if not found.unknown:
        return intent
    voice.say(f"Of {sheet.path.name} these columns are not understood. For each: HeyX's name of the field,")
    voice.say(f"tags for a list of tags, tag:VIP for yes and no to one tag, or {LEAVE_OUT} to leave it out.")
    looks = seen(sheet)
    wishes = intent.wishes
    for column, hint in found.unknown:
        answer = _answer(column, looks[column.position], hint.field if hint else LEAVE_OUT)
        name = _name(column)
        if answer == LEAVE_OUT:
            wishes = replace(wishes, ignore=(*wishes.ignore, name))
        else:
            wishes = replace(wishes, map=(*wishes.map, f"{name}={answer}"))
    answered = replace(intent, wishes=wishes)
    again = understood(sheet.header, wishes, sheet.blank, fields)
    if again.mistakes or wishes.mapping is not None:
        return answered
    text = drafted(sheet.path.name, _place(sheet).name, again, [Seen(look.samples, Kind.TEXT) for look in looks])
    if not _is_kept(sheet, text, voice):
        return answered
    return replace(intent, wishes=replace(intent.wishes, mapping=mapping.read(_place(sheet))))


def _answer(column: Column, look: Seen, default: str) -> str:
    values = f" ({', '.join(look.samples)})" if look.samples else ""
    try:
        return trim(typer.prompt(f"  {column}{values}", default=default, err=True))
    except typer.Abort:
        raise KeyboardInterrupt from None


def _is_kept(sheet: Sheet, text: str, voice: Voice) -> bool:
    """Whether the answers could be written into a mapping file beside the sheet; a person is told."""
    path = _place(sheet)
    try:
        mapping.write(path, text, sheet.header)
    except Unwritable as error:
        voice.say(f"Your answers hold for this time: {error.what}")
        return False
    voice.say(f"Your answers are kept in {shown(path)}; correct them there.")
    return True


def _place(sheet: Sheet) -> Path:
    return sheet.path.with_suffix(mapping.SUFFIX)


def _name(column: Column) -> str:
    return trim(column.header) or f"column {letter(column.position)}"
