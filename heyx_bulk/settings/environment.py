"""The settings of a connection, from options, the environment and the settings files, checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from heyx_bulk.errors import SettingsError
from heyx_bulk.settings.connection import ChannelOptions, ConnectionOptions
from heyx_bulk.settings.rate import Rate
from heyx_bulk.settings.resolution import VARIABLES, Resolved, resolve
from heyx_bulk.settings.settings_file import PHONE_KEYS, TOKEN_KEYS
from heyx_bulk.settings.tokens import find_token

DEFAULT_URL = "https://app.heyx.io/api"
REDIS = ("redis", "rediss", "unix")
LOOPBACK = ("127.0.0.1", "localhost", "::1")

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class Settings(BaseModel):
    """The settings of a connection to HeyX.

    `timeout` (seconds) bounds a whole call, `reconcile_delay` (seconds) is the wait before an unanswered create is
    looked for, `rate_share` is our part of the rate. The rate is counted on this machine, or in the Redis that
    `rate_limit_redis` names; for the token alone, or for all that share the budget called `account`. Without
    `cache` no contact is remembered on this machine. `channel_name` is how the user calls the channel, blank for
    one without a name; `file_settings` are the settings that a settings file decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = DEFAULT_URL
    token: SecretStr
    rate: Rate = Rate()
    rate_share: float = Field(default=1.0, gt=0, le=1)
    rate_limit_redis: SecretStr | None = None
    account: str = ""
    workers: int = Field(default=20, ge=1, le=200)
    timeout: float = Field(default=30.0, gt=0, le=600)
    reconcile_delay: float = Field(default=60.0, ge=0, le=3600)
    viber: bool = False
    cache: bool = True
    channel_name: str = ""
    file_settings: frozenset[str] = frozenset()

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        url = url.strip()
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not _HOST.fullmatch(host) or port == 0 or parts.scheme not in ("http", "https"):
            raise ValueError(f"HEYX_URL is not a web address; it looks like {DEFAULT_URL}")
        if "@" in parts.netloc or "?" in url or "#" in url or not url.isprintable() or " " in url:
            raise ValueError("HEYX_URL contains more than an address: remove the user, password, spaces, ? and #")
        if parts.scheme == "http" and host not in LOOPBACK:
            raise ValueError(
                f"HEYX_URL, http://{host}, would send the token unencrypted; use https:// "
                "(http:// is allowed for this machine only)"
            )
        return url.rstrip("/")

    @field_validator("rate_limit_redis")
    @classmethod
    def _check_redis(cls, address: SecretStr | None) -> SecretStr | None:
        if address is None:
            return None
        address = SecretStr(address.get_secret_value().strip())
        try:
            parts = urlsplit(address.get_secret_value())
            known = parts.scheme in REDIS and (parts.port or 1) > 0 and bool(parts.hostname or parts.path)
        except ValueError:
            known = False
        if not known:
            raise ValueError(
                "HEYX_RATE_LIMIT_REDIS is not the address of a Redis; it looks like redis://:password@host:6379/0"
            )
        return address

    @property
    def ready_seconds(self) -> float:
        """Seconds that a new contact, which no call may find yet, is asked for again: a third of the delay."""
        return self.reconcile_delay / 3

    def connection(self) -> ConnectionOptions:
        """The settings that differ from the defaults and that no file has, and the channel's name.

        Whether the channel is a Viber channel is said in any case: it shapes what is sent.
        """
        model = type(self).model_fields
        names = model.keys() & {one.name for one in dataclass_fields(ConnectionOptions)}
        values = {name: getattr(self, name) for name in names - self.file_settings | {"viber"}}
        changed = {name: value for name, value in values.items() if value != model[name].default}
        return ConnectionOptions(ChannelOptions(self.channel_name or None), **changed)

    @property
    def is_local(self) -> bool:
        """Whether HeyX is on this machine, as a sandbox is."""
        return urlsplit(self.url).hostname in LOOPBACK

    @property
    def channel(self) -> str:
        """An identifier of the channel that does not reveal the token: a hash of address and token."""
        return _hash(f"{self.url}\n{self.token.get_secret_value()}")

    @property
    def rate_limit_key(self) -> str:
        """An identifier of the rate limit, without the token: of the channel, or of all channels of an account."""
        return _hash(f"{self.url}\naccount {self.account}") if self.account else self.channel


def from_environment(environment: Mapping[str, str], **options: Any) -> Settings:
    """Settings from options, environment variables and settings files, with the token; see `resolve`.

    Raises `SettingsError`.
    """
    return settings_of(environment, resolve(environment, **options))


def settings_of(environment: Mapping[str, str], resolved: Resolved) -> Settings:
    """The settings that `resolve` found, with the token; raises `SettingsError`."""
    return _settings(resolved, find_token(environment, resolved).value)


def for_simulation(resolved: Resolved, token: str) -> Settings:
    """The settings for a HeyX of this machine that only `token` opens; raises `SettingsError`."""
    places = ("url", "account", "cache", "rate_limit_redis")
    return _settings(resolved, SecretStr(token), without=places)


def validate_settings(**options: object) -> Settings:
    """Settings from values that options gave; raises `SettingsError` that names all that is wrong."""
    return _validate(options, {})


def _validate(options: Mapping[str, object], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(options)
    except ValidationError as error:
        mistakes = "; ".join(_mistake(dict(mistake), origins) for mistake in error.errors())
        raise SettingsError(mistakes, "Correct this and run the command again.") from None


def _settings(resolved: Resolved, token: SecretStr, without: tuple[str, ...] = ()) -> Settings:
    values = {
        name: value for name, value in resolved.values.items() if name not in (*without, *TOKEN_KEYS, *PHONE_KEYS)
    }
    own = {"token": token, "channel_name": resolved.channel, "file_settings": resolved.file_settings}
    origins = {name: value.origin for name, value in values.items()}
    return _validate({**own, **{name: value.value for name, value in values.items()}}, origins)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def _mistake(mistake: Mapping[str, object], origins: Mapping[str, str]) -> str:
    place, message = mistake.get("loc"), str(mistake.get("msg", ""))
    name = str(place[0]) if isinstance(place, tuple) and place else ""
    flag, variable = f"--{name.replace('_', '-')}", VARIABLES.get(name, "")
    origin = origins.get(name, flag)
    if origin not in (flag, variable):
        origin = f"{name} ({origin})"
    if name in ("url", "rate_limit_redis"):
        return message.removeprefix("Value error, ").replace(variable, variable if origin == flag else origin)
    if name == "cache":
        return f"{variable if origin == flag else origin} must be on or off"
    return f"{origin}: {message[:1].lower()}{message[1:]}"
