"""Columns that nobody knows, asked about once on a terminal; the answers are kept in a mapping file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from heyx_bulk import mapping
from heyx_bulk.cli.say import Voice, shown
from heyx_bulk.columns import Column, KnownFields, Seen, Understood, drafted, letter, understood
from heyx_bulk.errors import Unwritable
from heyx_bulk.inspection import seen
from heyx_bulk.intent import Intent
from heyx_bulk.sheets import Sheet
from heyx_bulk.values import Kind, trim

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
    return _kept(sheet, answered, again, voice)


def _answer(column: Column, look: Seen, default: str) -> str:
    values = f" ({', '.join(look.samples)})" if look.samples else ""
    try:
        return trim(typer.prompt(f"  {column}{values}", default=default, err=True))
    except typer.Abort:
        raise KeyboardInterrupt from None


def _kept(sheet: Sheet, intent: Intent, found: Understood, voice: Voice) -> Intent:
    """The intent by a mapping file that holds the answers, where one can be written beside the sheet."""
    path = Path(sheet.path).with_suffix(mapping.SUFFIX)
    plain = [Seen(look.samples, Kind.TEXT) for look in seen(sheet)]
    try:
        mapping.write(path, drafted(sheet.path.name, path.name, found, plain), sheet.header)
    except Unwritable as error:
        voice.say(f"Your answers hold for this time: {error.what}")
        return intent
    voice.say(f"Your answers are kept in {shown(path)}; correct them there.")
    return replace(intent, wishes=replace(intent.wishes, map=(), ignore=(), mapping=mapping.read(path)))


def _name(column: Column) -> str:
    return trim(column.header) or f"column {letter(column.position)}"
