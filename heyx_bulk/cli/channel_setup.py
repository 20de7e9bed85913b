"""Channels set up, listed, tested, renamed and removed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heyx_bulk.cli.asking import ask
from heyx_bulk.cli.channel_documents import (
    AddedChannelDocument,
    ChannelEntry,
    ChannelsDocument,
    FormerChannelDocument,
    TestedChannelsDocument,
)
from heyx_bulk.cli.console import Console
from heyx_bulk.cli.signals import Signals
from heyx_bulk.errors import Interrupted, SettingsError, Unauthorized
from heyx_bulk.models.option import command_line
from heyx_bulk.models.phrases import count, did_you_mean
from heyx_bulk.settings.environment import DEFAULT_URL, Settings, from_environment, settings_of
from heyx_bulk.settings.keyring_store import KeyringError, delete_token, get_token, set_token
from heyx_bulk.settings.rate import Rate
from heyx_bulk.settings.resolution import Resolved, resolve
from heyx_bulk.settings.settings_file import (
    TOKEN_KEYS,
    SettingsFile,
    Value,
    check_names,
    read_user_file,
    token_variable,
    user_file,
)
from heyx_bulk.settings.tokens import check_token
from heyx_bulk.storage import channel_file
from heyx_bulk.upload.options import UploadOptions
from heyx_bulk.upload.upload_session import try_channel

_ABOUT = (
    "Create a token in HeyX: Settings, the key beside the channel. Paste it here; asterisks stand for it.\n"
    "It is tried with one search, and kept in the keyring of this system."
)
_STOP = "Ctrl-C stops: nothing is saved."
_NOTHING_SAVED = "Nothing was saved."


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel that is being set up with what is `given` of its settings."""

    name: str
    given: Mapping[str, Any]
    console: Console

    def add(self, *, replace: bool) -> None:
        """Try the token, and keep it and the settings; raises `SettingsError` where it is not accepted."""
        file = read_user_file()
        check_names([*file.channels, self.name])
        before = _plain(file.channels.get(self.name, {}))
        if self.name in file.channels and not replace:
            raise SettingsError(
                f"There is a channel “{self.name}” already.",
                f"To replace its token, add --replace; to see it, run {command_line('channels', 'list')}.",
            )
        values = {key: value for key, value in before.items() if key not in TOKEN_KEYS}
        values |= {key: _as_text(value) for key, value in self.given.items()}
        if address := os.environ.get("HEYX_URL", ""):
            values.setdefault("url", address)
        settings = self._settings(values)
        self._try(settings)
        if values.get("url") is not None:
            values["url"] = settings.url
        place = self._keep(settings.token.get_secret_value(), values, before)
        if settings.url == DEFAULT_URL:
            values.pop("url", None)
        channel_file.write_channel(self.name, values)
        self.console.say(f"HeyX accepts the token. It is {place}.")
        self.console.say(f"The settings of the channel are in {user_file()}.")
        document: AddedChannelDocument = {"url": settings.url}
        self.console.use_channel(self.name)
        self.console.result(f"Channel “{self.name}” is set up", document)

    def _settings(self, values: Mapping[str, Any]) -> Settings:
        """The channel as it would be, with its token."""
        kept = {key: Value(values[key], f"--{key.replace('_', '-')}") for key in TOKEN_KEYS if key in values}
        if len(kept) > 1:
            raise SettingsError("--token-file and --token-command exclude each other.", "Leave out one of them.")
        connection = {key: value for key, value in self.given.items() if key not in TOKEN_KEYS}
        connection = {"url": values.get("url"), "account": values.get("account"), **connection}
        resolved = resolve({}, token="-", **connection)  # noqa: S106  no token: it stands for the one to come
        UploadOptions().with_settings(resolved)
        there = os.environ.get(token_variable(self.name), "").strip()
        token = None if kept or there else self._token()
        given = {} if token is None else {"token": token}
        found = Resolved(resolved.values, self.name, (), kept, given, frozenset())
        return settings_of(os.environ, found)

    def _token(self) -> str:
        """The token: asked for on a terminal, elsewhere the first line of standard input."""
        if self.console.can_ask:
            try:
                return ask(
                    self.console,
                    f"Token of channel “{self.name}”",
                    self._understood,
                    _ABOUT,
                    stop=_STOP,
                    secret=True,
                )
            except KeyboardInterrupt:
                raise Interrupted(signal.SIGINT, _NOTHING_SAVED, "") from None
        token = "" if sys.stdin.isatty() else sys.stdin.readline().strip()
        if not token:
            raise SettingsError(
                f"The token of channel “{self.name}” is missing: no terminal, and standard input is blank.",
                "Write the token to standard input, or add --token-file FILE or --token-command COMMAND.",
            )
        return token

    def _understood(self, text: str) -> str | None:
        try:
            return check_token(text).get_secret_value()
        except SettingsError as error:
            self.console.show(f"  {error.what} Copy only the token.")
            return None

    def _try(self, settings: Settings) -> None:
        try:
            _try(self.console, settings)
        except Unauthorized as error:
            raise SettingsError(
                f"{error.what.rstrip('.')}. {_NOTHING_SAVED}",
                f"It was tried at {settings.url}. Copy it from HeyX (Settings, the key beside the channel), and "
                "run the command again.",
            ) from None

    def _keep(self, token: str, values: dict[str, Any], before: Mapping[str, Any]) -> str:
        """Keep the token where it is to be found, and forget what was kept before; where it is, in words."""
        own = channel_file.token_path(self.name)
        if "token_file" in values:
            values["token_file"] = str(Path(values["token_file"]).expanduser().absolute())
        if named := next((key for key in TOKEN_KEYS if key in values), None):
            _forget_token(self.name, before)
            return f"read with {named} each time" if named == "token_command" else f"in {values[named]}"
        if os.environ.get(token_variable(self.name), "").strip():
            return f"in the environment variable {token_variable(self.name)}"
        try:
            set_token(self.name, token)
        except KeyringError as error:
            path = channel_file.write_token(self.name, token)
            values["token_file"] = str(path)
            self.console.warn(
                f"The keyring cannot be used: {error}. The token is kept unencrypted in a file that only your "
                "user can read. To read it from a password manager instead, use --token-command."
            )
            return f"in {path}"
        own.unlink(missing_ok=True)
        return "in the keyring of this system"


def show_channels(console: Console) -> None:
    """List the channels."""
    file = read_user_file()
    default = resolve(os.environ, token=None).channel if file.channels else ""
    found: list[ChannelEntry] = []
    for name, table in sorted(file.channels.items()):
        token = _place_of_token(name, table)
        settings = {key: value for key, value in _plain(table).items() if key not in TOKEN_KEYS}
        found.append({"name": name, "token": token, "default": name == default, "settings": settings})
        mark = " (used by default)" if name == default else ""
        more = "".join(f", {key} {value}" for key, value in settings.items())
        console.say(f"  {name}{mark}: token {token}{more}")
    if not found:
        console.suggest("To set up a channel", command_line("channels", "add", "NAME"))
    document: ChannelsDocument = {"channels": found, "file": str(file.path)}
    console.result(count(len(found), "channel"), document)


def test_channels(console: Console, name: str | None) -> None:
    """Make one call in a channel, or in each; raises `Unauthorized` at the first whose token HeyX refuses."""
    file = read_user_file()
    names = sorted(file.channels) if name is None else [name]
    if not names:
        raise SettingsError(
            "No channel is set up.", f"To set one up:\n  {command_line('channels', 'add', 'NAME')}"
        )
    for one in names:
        settings = from_environment(os.environ, channel=one)
        try:
            _try(console, settings)
        except Unauthorized as error:
            raise SettingsError(
                f"Channel “{one}”: {error.what}",
                f"Create a new token in HeyX (Settings, the key beside the channel), and set it:\n"
                f"  {command_line('channels', 'add', one, '--replace')}",
            ) from None
        console.say(f"  {one}: HeyX at {settings.url} accepts the token.")
    document: TestedChannelsDocument = {"channels": names}
    console.result(f"{count(len(names), 'channel')} tested", document)


def rename_channel(console: Console, old: str, new: str) -> None:
    """Give a channel another name, and its token too."""
    file = read_user_file()
    values = _plain(_existing(file, old))
    if new in file.channels:
        raise SettingsError(f"There is a channel “{new}” already.", "Choose another name.")
    check_names([*(name for name in file.channels if name != old), new])
    if values.get("token_file") == str(channel_file.token_path(old)):
        token = channel_file.token_path(old).read_text(encoding="utf-8").strip()
        values["token_file"] = str(channel_file.write_token(new, token))
    elif not values.keys() & {*TOKEN_KEYS}:
        try:
            set_token(new, get_token(old))
        except KeyringError as error:
            if not os.environ.get(token_variable(old), ""):
                raise SettingsError(
                    f"The token of channel “{old}” cannot be renamed in the keyring: {error}.",
                    "Unlock the keyring and run the command again.",
                ) from None
    channel_file.rename_channel(old, new, values)
    _forget_token(old, _plain(file.channels[old]))
    document: FormerChannelDocument = {"former": old}
    console.use_channel(new)
    console.result(f"Channel “{old}” is now “{new}”", document)


def remove_channel(console: Console, name: str) -> None:
    """Remove a channel with its token."""
    table = _plain(_existing(read_user_file(), name))
    channel_file.remove_channel(name)
    _forget_token(name, table)
    if (kept := table.get("token_file")) and kept != str(channel_file.token_path(name)):
        console.say(f"The file with its token is still there: {kept}")
    document: FormerChannelDocument = {"former": name}
    console.result(f"Channel “{name}” is removed from this machine", document)


def _existing(file: SettingsFile, name: str) -> Mapping[str, Value]:
    if name not in file.channels:
        raise SettingsError(
            f"There is no channel “{name}”.{did_you_mean(name, file.channels)}",
            f"To see your channels:\n  {command_line('channels', 'list')}",
        )
    return file.channels[name]


def _forget_token(name: str, table: Mapping[str, Any]) -> None:
    """Delete the token that we kept for a channel, in the keyring or in a file of ours."""
    if not table.keys() & {*TOKEN_KEYS}:
        with suppress(KeyringError):
            delete_token(name)
    channel_file.token_path(name).unlink(missing_ok=True)


def _place_of_token(name: str, table: Mapping[str, Value]) -> str:
    if os.environ.get(token_variable(name), "").strip():
        return f"in {token_variable(name)}"
    if "token_file" in table:
        return f"in {table['token_file'].value}"
    if "token_command" in table:
        return "from token_command"
    return f"in {user_file()}" if "token" in table else "in the keyring"


def _plain(table: Mapping[str, Value]) -> dict[str, Any]:
    return {key: _as_text(value.value) for key, value in table.items()}


def _as_text(value: Any) -> Any:
    """A setting as the settings file has it."""
    match value:
        case Rate():
            return value.text
        case Path():
            return str(value)
    return str(value) if isinstance(value, str) else value


def _try(console: Console, settings: Settings) -> None:
    with Signals(console) as signals:
        asyncio.run(try_channel(settings, signals.attach))
