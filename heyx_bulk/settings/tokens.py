"""The token of a channel: from an option, the environment, a file, a command or the keyring. It is never shown."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.option import command_line, split_command
from heyx_bulk.settings.keyring_store import KeyringError, get_token
from heyx_bulk.settings.limited_process import run_limited
from heyx_bulk.settings.resolution import Resolved
from heyx_bulk.settings.settings_file import Value, token_variable, user_file

COMMAND_SECONDS = 10.0
"""How long a token command may take."""

LAST_SHOWN = 4
_LONG_ENOUGH = 12
"""Of a shorter token, not even the last characters are shown."""

_OFFERED_TO_ALL: set[Path] = set()
"""The files with a token that others can read, of which the user has been warned."""

logger = logging.getLogger("heyx_bulk")


def find_token(environment: Mapping[str, str], resolved: Resolved) -> Value:
    """The token, and where it comes from; raises `SettingsError`."""
    found = _find(environment, resolved)
    return Value(check_token(found.value), found.origin)


def check_token(token: str) -> SecretStr:
    """A token that could be one; raises `SettingsError`."""
    token = token.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            "The token contains spaces, line breaks or characters that no token has.",
            "Copy only the token from HeyX to HEYX_TOKEN, or to the file that HEYX_TOKEN_FILE names.",
        )
    return SecretStr(token)


def shorten_token(token: SecretStr) -> str:
    """What may be shown of a token: that there is one, and its end, by which its owner knows it."""
    text = token.get_secret_value()
    return f"…{text[-LAST_SHOWN:]}" if len(text) >= _LONG_ENOUGH else "…"


def _find(environment: Mapping[str, str], resolved: Resolved) -> Value:
    given = resolved.given
    if (token := given.get("token")) is not None:
        return _not_blank(str(token), "token", resolved)
    if (file := given.get("token_file")) is not None:
        return _not_blank(_read_file(Path(file), "--token-file"), "--token-file", resolved)
    if resolved.channel:
        return _of_channel(environment, resolved)
    if environment.get("HEYX_TOKEN", "").strip():
        return Value(environment["HEYX_TOKEN"], "HEYX_TOKEN")
    if file := environment.get("HEYX_TOKEN_FILE", ""):
        return _not_blank(_read_file(Path(file), "HEYX_TOKEN_FILE"), "HEYX_TOKEN_FILE", resolved)
    if resolved.names:
        raise SettingsError(
            f"There are several channels, and none is chosen: {', '.join(resolved.names)}.",
            "Add --channel NAME.",
        )
    return _of_table(resolved.token_source, "") or _not_blank("", "", resolved)


def _not_blank(token: str, origin: str, resolved: Resolved) -> Value:
    if token.strip():
        return Value(token, origin)
    if resolved.channel:
        raise SettingsError(f"The token of channel “{resolved.channel}” is blank ({origin}).", "Set it again.")
    raise SettingsError(
        "There is no token for HeyX.",
        "Create a token in HeyX (Settings, the key beside the channel). To keep it in your system's keyring, run "
        "`heyx-bulk channels add NAME`; or set the environment variable HEYX_TOKEN to it, or HEYX_TOKEN_FILE to a "
        "file that contains it. With --simulate, an upload needs no token.",
    )


def _of_channel(environment: Mapping[str, str], resolved: Resolved) -> Value:
    name, variable = resolved.channel, token_variable(resolved.channel)
    if environment.get(variable, "").strip():
        return Value(environment[variable], variable)
    if (found := _of_table(resolved.token_source, name)) is not None:
        return found
    try:
        return Value(get_token(name), "keyring")
    except KeyringError as error:
        raise SettingsError(
            f"The keyring did not give the token of channel “{name}”: {error}.",
            f"Set the token again with {command_line('channels', 'add', name, '--replace')}. Where a job has no "
            f"terminal, set token_command or token_file in {user_file()}, or the environment variable {variable}.",
        ) from None


def _of_table(source: Mapping[str, Value], name: str) -> Value | None:
    """The token that a table of the user's file names; None if it names none."""
    of = f" of channel “{name}”" if name else ""
    for key, (value, origin) in source.items():
        match key:
            case "token":
                _warn_if_public(user_file())
                return Value(value, origin)
            case "token_file":
                return Value(_read_file(Path(value), origin), f"token_file ({origin})")
            case "token_command":
                return Value(_run(value, of), f"token_command ({origin})")
    return None


def _run(command: str, of: str) -> str:
    """The first line that a command prints; raises `SettingsError`. Its output is never shown."""
    try:
        words = split_command(command)
        ended = run_limited(words, seconds=COMMAND_SECONDS) if words else (0, "")
    except ValueError:
        why = "its quotation marks do not match"
    except OSError as error:
        why = f"it cannot be started ({error.strerror})"
    else:
        if ended is None:
            why = f"it did not end within {COMMAND_SECONDS:g} s"
        elif ended[0]:
            why = f"it ended with exit code {ended[0]}"
        elif not (token := ended[1].strip().partition("\n")[0]):
            why = "it printed nothing"
        else:
            return token
    raise SettingsError(
        f"The token_command{of} failed: {why}.",
        f"Run it yourself to see why. It is set in {user_file()}:\n  {command}",
    )


def _read_file(file: Path, origin: str) -> str:
    try:
        path = file.expanduser()
        token = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        if isinstance(error, UnicodeDecodeError):
            reason = "it is not a text file"
        raise SettingsError(
            f"The token file {file} ({origin}) cannot be read: {reason}.",
            f"Save the channel's token in a text file that you can read, and set {_setting(origin)} to its path.",
        ) from None
    _warn_if_public(path)
    return token


def _setting(origin: str) -> str:
    return origin if origin.startswith(("HEYX", "--")) else "token_file"


def _warn_if_public(file: Path) -> None:
    """Warn once of a file with a token that others can read."""
    if os.name == "nt" or file in _OFFERED_TO_ALL:
        return
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        _OFFERED_TO_ALL.add(file)
        logger.warning("Others can read the token in %s. To keep it to yourself:\n  chmod 600 %s", file, file)
