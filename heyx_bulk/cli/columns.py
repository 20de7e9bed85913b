"""`heyx-bulk columns`: what each column of a sheet is taken for, shown, and written down to be corrected."""

from __future__ import annotations

from pathlib import Path

from heyx_bulk.cli.console import Voice, command, count, shown
from heyx_bulk.cli.fields import known_here
from heyx_bulk.cli.inspect import meaning, tell_columns
from heyx_bulk.cli.mapping import MappingWish
from heyx_bulk.mapping import mapping_store as mapping
from heyx_bulk.mapping.column import letter
from heyx_bulk.mapping.recognition import Understood, understood
from heyx_bulk.mapping.template import drafted
from heyx_bulk.upload.inspection import seen
from heyx_bulk.upload.options import Intent


def show_columns(path: Path, intent: Intent, wish: MappingWish, save: Path | None, voice: Voice) -> int:
    """Show what the columns of a sheet are taken for, and save it where that is wanted; the exit code."""
    sheet = intent.open(path)
    intent = wish.applied(intent, sheet, voice)
    found = understood(sheet.header, intent.wishes, sheet.blank, known_here())
    looks = seen(sheet)
    tell_columns(voice, (*found.columns.columns, *found.columns.more), [look.samples for look in looks])
    mistakes = found.mistakes
    if save is None:
        for mistake in mistakes:
            voice.say(mistake)
        voice.say(f"To correct it in one place:\n  {command('columns', shown(path), '--save', _toml(path))}")
    else:
        mapping.write(save, drafted(sheet.path.name, save.name, found, looks), sheet.header)
        _tell_saved(voice, path, save, found)
    total = len(found.columns.columns)
    known = total - len(found.unknown)
    code = 2 if mistakes else 0
    voice.total(
        f"{count(total, 'column')}: {known} understood, {len(found.unknown)} not", _document(found, save, code)
    )
    return code


def _toml(path: Path) -> str:
    return shown(path.with_suffix(mapping.SUFFIX))


def _tell_saved(voice: Voice, path: Path, save: Path, found: Understood) -> None:
    voice.say(f"Written: {shown(save)}")
    if found.unknown:
        text = save.read_text(encoding="utf-8")
        open_ = [str(number) for number, line in enumerate(text.splitlines(), 1) if line.startswith('field = ""')]
        lines = f"line {open_[0]}" if len(open_) == 1 else f"lines {', '.join(open_)}"
        voice.say(f"{count(len(open_), 'column')} need{'s' if len(open_) == 1 else ''} a word of yours: {lines}.")
    by_itself = save.absolute() == path.with_suffix(mapping.SUFFIX).absolute()
    words = ["upload", shown(path), "--rehearse"] + ([] if by_itself else ["--mapping", shown(save)])
    voice.say(f"Then:\n  {command(*words)}")


def _document(found: Understood, save: Path | None, code: int) -> dict[str, object]:
    hints = {column.position: hint.field for column, hint in found.unknown if hint is not None}
    return {
        "columns": [
            {
                "column": letter(column.position),
                "header": column.header,
                "meaning": meaning(column),
                "reason": column.reason,
                "suggestion": hints.get(column.position),
            }
            for column in (*found.columns.columns, *found.columns.more)
        ],
        "mistakes": list(found.mistakes),
        "mapping": str(save) if save else None,
        "exit": code,
    }
