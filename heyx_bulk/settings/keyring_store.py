"""Tokens in the system's keyring. A keyring may wait for its user, so another process speaks to it."""

from __future__ import annotations

import sys

from heyx_bulk.settings.keyring_process import DONE, LOCKED, MISSING, NO_KEYRING
from heyx_bulk.settings.limited_process import run_limited

SECONDS = 10.0
"""How long a keyring may take to answer where there is no terminal."""

DIALOG_SECONDS = 120.0
"""How long a user may take to unlock it."""

_REASONS = {
    NO_KEYRING: "this system has no keyring",
    LOCKED: "it is locked or refuses",
    MISSING: "it does not have the token",
}


class KeyringError(Exception):
    """Why the keyring did not do what it was asked to, as the end of a sentence."""


def get_token(name: str) -> str:
    """The token of a channel; raises `KeyringError`."""
    return _ask("get", name)


def set_token(name: str, token: str) -> None:
    """Keep the token of a channel; raises `KeyringError`."""
    _ask("set", name, token)


def delete_token(name: str) -> None:
    """Forget the token of a channel; raises `KeyringError`."""
    _ask("delete", name)


def _ask(action: str, name: str, token: str = "") -> str:
    dialogs = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    seconds = DIALOG_SECONDS if dialogs else SECONDS
    # -P: a file keyring.py in the current folder is not ours.
    arguments = [sys.executable, "-P", "-m", "heyx_bulk.settings.keyring_process", action, name]
    more = ["dialogs"] if dialogs else []
    ended = run_limited([*arguments, *more], seconds=seconds, text=token, interactive=dialogs)
    if ended is None:
        raise KeyringError(f"it did not answer within {seconds:g} s")
    code, output = ended
    if code != DONE:
        raise KeyringError(_REASONS.get(code, f"it failed (exit code {code})"))
    return output
