"""Which channel is meant, and what every setting is: from options, the environment and the settings files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from heyx_bulk.errors import SettingsError
from heyx_bulk.models.phrases import did_you_mean
from heyx_bulk.settings.settings_file import (
    TOKEN_KEYS,
    SettingsFile,
    Value,
    check_names,
    parse_setting,
    read_folder_file,
    read_user_file,
    token_variable,
)

E = TypeVar("E", bound=StrEnum)

VARIABLES = {
    **{name: f"HEYX_{name.upper()}" for name in ("url", "rate_limit_redis", "account", "cache")},
    **{
        name: f"HEYX_BULK_{name.upper()}"
        for name in (
            *("rate", "rate_share", "workers", "timeout", "reconcile_delay", "viber"),
            *("region", "phone_format", "phone_lookup"),
        )
    },
}
"""The environment variables of settings."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What every setting is, and where it comes from; a setting that is as by default is missing.

    `channel` is the name of the channel, blank for one without a name; `names` are those of all channels.
    `token_source` says where the user's file has the token, `given` is what options said.
    """

    values: Mapping[str, Value]
    channel: str
    names: tuple[str, ...]
    token_source: Mapping[str, Value]
    given: Mapping[str, Any]
    file_settings: frozenset[str] = frozenset()
    """The settings that a file has decided."""

    def text(self, name: str) -> str:
        """The text of a setting; blank if it has none."""
        return str(self.values[name].value) if name in self.values else ""

    def one_of(self, name: str, words: type[E]) -> E | None:
        """The one of `words` that a setting is; None if it is as by default. Raises `SettingsError`."""
        text = self.text(name)
        try:
            return words(text) if text else None
        except ValueError:
            there = ", ".join(words)
            raise SettingsError(
                f"{name} ({self.values[name].origin}) is not one of {there}, but {text!r}.", "Write one of them."
            ) from None


def resolve(
    environment: Mapping[str, str], *, channel: str | None = None, remembered: str | None = None, **options: Any
) -> Resolved:
    """The settings with these options; raises `SettingsError`.

    `channel` names the channel, `remembered` is the one that a run was started in, which counts only where neither
    an option nor the environment says another. An option that is None is not given.
    """
    given = {name: value for name, value in options.items() if value is not None}
    user, folder = read_user_file(), read_folder_file()
    name = _choose(environment, channel, remembered, given, user, folder)
    table = user.channels.get(name, {}) if name else {}
    files = (user.general, table, folder.general)
    values = {key: value for layer in files for key, value in layer.items()}
    named = _variables(environment)
    for key, value in given.items():
        if key not in named or (named[key].value != value and value is not True):
            named[key] = Value(value, f"--{key.replace('_', '-')}")
        else:
            named[key] = Value(value, named[key].origin)  # A command line reads the variable of an option, too.
    source = table if name else user.general
    return Resolved(
        {key: value for key, value in (values | named).items() if key not in (*TOKEN_KEYS, "channel")},
        name,
        tuple(sorted(user.channels)),
        {key: source[key] for key in TOKEN_KEYS if key in source},
        given,
        frozenset(values) - named.keys(),
    )


def _variables(environment: Mapping[str, str]) -> dict[str, Value]:
    """The settings in the environment."""
    found = {}
    for key, variable in VARIABLES.items():
        if text := environment.get(variable, ""):
            try:
                found[key] = Value(parse_setting(key, text), variable)
            except SettingsError as error:
                flag = f"--{key.replace('_', '-')} "
                raise SettingsError(error.what.replace(flag, f"{variable}="), error.remedy) from None
    return found


def _choose(
    environment: Mapping[str, str],
    channel: str | None,
    remembered: str | None,
    given: Mapping[str, Any],
    user: SettingsFile,
    folder: SettingsFile,
) -> str:
    """The name of the channel that is meant; blank for one without a name, or if several can be meant."""
    if named := channel or ("token" not in given and environment.get("HEYX_BULK_CHANNEL", "").strip()):
        return _existing(named, "", environment, user)
    if {"token", "token_file"} & given.keys():
        return ""
    if any(environment.get(variable, "").strip() for variable in ("HEYX_TOKEN", "HEYX_TOKEN_FILE")):
        return ""
    if remembered in user.channels or (remembered and environment.get(token_variable(remembered))):
        return remembered or ""
    if (default := folder.general.get("channel") or user.general.get("channel")) is not None:
        return _existing(default.value, f" ({default.origin})", environment, user)
    return next(iter(user.channels)) if len(user.channels) == 1 else ""


def _existing(name: str, origin: str, environment: Mapping[str, str], user: SettingsFile) -> str:
    check_names([*user.channels, name])
    if name not in user.channels and not environment.get(token_variable(name), "").strip():
        there = (
            f"The channels are {', '.join(sorted(user.channels))}." if user.channels else "No channel is set up."
        )
        raise SettingsError(
            f"There is no channel “{name}”{origin}. {there}{did_you_mean(name, user.channels)}",
            f"Choose another, or set it up:\n  heyx-bulk channels add {name}",
        )
    return name
