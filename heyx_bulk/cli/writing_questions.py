"""What is asked on a terminal before an upload writes to HeyX."""

from __future__ import annotations

import signal

from heyx_bulk.cli.asking import confirm, require_yes
from heyx_bulk.cli.console import Console
from heyx_bulk.errors import Interrupted
from heyx_bulk.models.phrases import count
from heyx_bulk.settings.environment import Settings

_NOTHING_SENT = "Nothing was sent."
_ABOUT_WRITING = (
    "If you enter y, the contacts are written. Ctrl-C stops at any time, and the same command resumes.\n"
    "If you enter n, nothing is sent."
)
_ABOUT_CHANGES = (
    "If you enter y, only what you changed in the sheet is sent, as with --since-export; a cleared cell clears\n"
    "its field. If you enter n, values in HeyX that differ from the sheet are overwritten; blank cells do nothing."
)


def agrees_to_send_changes(console: Console, *, can_go_back: bool) -> bool:
    """Whether the user wants to send only what was changed in an export."""
    question = "Send only what was changed since?"
    try:
        return confirm(console, question, _ABOUT_CHANGES, can_go_back=can_go_back)
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, _NOTHING_SENT, "") from None


def confirm_writing(console: Console, contacts: int, place: str, *, preview: str, can_go_back: bool) -> None:
    """Ask whether to write to this number of contacts; a no raises `UsageError`, which names the `preview`."""
    question = f"Write to {count(contacts, 'contact')} in {place}?"
    remedy = f"To see each change first, add {preview}." if preview else ""
    require_yes(console, question, _ABOUT_WRITING, nothing=_NOTHING_SENT, remedy=remedy, can_go_back=can_go_back)


def destination(settings: Settings) -> str:
    """Where contacts are written: HeyX, or a sandbox on this machine, with the address."""
    place = "the sandbox" if settings.is_local else "HeyX"
    named = f", channel “{settings.channel_name}”," if settings.channel_name else ""
    return f"{place}{named} at {settings.url}"
