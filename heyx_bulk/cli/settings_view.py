"""Settings as `heyx-bulk settings` shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from heyx_bulk.cli.channel_documents import SettingEntry, SettingsDocument
from heyx_bulk.cli.console import Console
from heyx_bulk.errors import SettingsError
from heyx_bulk.models.phrases import count
from heyx_bulk.settings.environment import Settings, for_simulation
from heyx_bulk.settings.rate import Rate
from heyx_bulk.settings.resolution import Resolved, resolve
from heyx_bulk.settings.settings_file import FOLDER_FILE, Value, user_file
from heyx_bulk.settings.tokens import find_token, shorten_token

DEFAULT = "default"
_OURS = ("token", "channel_name", "file_settings")
_PHONE_DEFAULTS = {"region": "", "phone_format": "", "phone_lookup": "both"}


def show_settings(console: Console, given: Mapping[str, Any]) -> None:
    """Show what every setting is, and where it comes from."""
    resolved = resolve(os.environ, **given)
    for_simulation(resolved, "checked")
    shown = {"channel": _channel(resolved, given), "token": _token(resolved)}
    shown |= {name: _value(resolved, name, default) for name, default in _defaults().items()}
    wide = max(map(len, shown))
    texts = {name: _text(one.value) for name, one in shown.items()}
    wider = max(map(len, texts.values()))
    for name, one in shown.items():
        console.say(f"  {name.ljust(wide)}  {texts[name].ljust(wider)}  {one.origin}".rstrip())
    console.say(f"Your settings file: {user_file()}")
    console.say(f"The settings file of this folder: {FOLDER_FILE.absolute()}")
    found: dict[str, SettingEntry] = {
        name: {"value": _plain(one.value), "origin": one.origin} for name, one in shown.items()
    }
    document: SettingsDocument = {"settings": found}
    changed = sum(1 for one in shown.values() if one.origin != DEFAULT)
    console.result(f"{count(changed, 'setting')} not as by default", document)


def _defaults() -> dict[str, Any]:
    model = Settings.model_fields
    return {name: model[name].default for name in model if name not in _OURS} | _PHONE_DEFAULTS


def _value(resolved: Resolved, name: str, default: Any) -> Value:
    found = resolved.values.get(name, Value(default, DEFAULT))
    if name == "rate_limit_redis" and found.value:
        return Value("(set)", found.origin)
    return found


def _channel(resolved: Resolved, given: Mapping[str, Any]) -> Value:
    if not resolved.channel:
        return Value("", DEFAULT)
    variable = "HEYX_BULK_CHANNEL"
    if given.get("channel"):
        return Value(resolved.channel, variable if os.environ.get(variable) == resolved.channel else "--channel")
    return Value(resolved.channel, "the only channel" if len(resolved.names) == 1 else "settings file")


def _token(resolved: Resolved) -> Value:
    try:
        found = find_token(os.environ, resolved)
    except SettingsError as error:
        return Value("", error.what)
    return Value(shorten_token(found.value), found.origin)


def _text(value: Any) -> str:
    return str(_plain(value)).lower() if isinstance(value, bool) else str(_plain(value))


def _plain(value: Any) -> Any:
    match value:
        case None:
            return ""
        case Rate():
            return value.text
        case str():
            return str(value)
    return value
