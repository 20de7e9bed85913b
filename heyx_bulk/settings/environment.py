"""The settings of a connection, from the environment and the options of a command, checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from heyx_bulk.errors import SettingsError
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.rate import Rate

DEFAULT_URL = "https://app.heyx.io/api"
REDIS = ("redis", "rediss", "unix")
LOOPBACK = ("127.0.0.1", "localhost", "::1")

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class Settings(BaseModel):
    """The settings of a connection to HeyX.

    `timeout` (seconds) bounds a whole call, `reconcile_delay` (seconds) is the wait before an unanswered create is
    looked for, `rate_share` is our part of the rate. The rate is counted on this machine, or in the Redis that
    `rate_limit_redis` names; for the token alone, or for all that share the budget called `account`. Without
    `cache` no contact is remembered on this machine.
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
        """The settings that differ from the defaults, without the token."""
        fields = type(self).model_fields
        values = {one.name: getattr(self, one.name) for one in dataclass_fields(ConnectionOptions)}
        return ConnectionOptions(**{k: value for k, value in values.items() if value != fields[k].default})

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


def from_environment(environment: Mapping[str, str], **options: object) -> Settings:
    """Settings from `HEYX_TOKEN` or `HEYX_TOKEN_FILE`, `HEYX_URL`, `HEYX_RATE_LIMIT_REDIS`, `HEYX_ACCOUNT`,
    `HEYX_CACHE`, and options.

    Raises `SettingsError`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    given_by_environment = {
        name: text
        for name in ("url", "rate_limit_redis", "account", "cache")
        if (text := environment.get(f"HEYX_{name.upper()}"))
    }
    return validate_settings(token=_token(environment), **{**given_by_environment, **given})


def validate_settings(**options: object) -> Settings:
    """Settings from values of any origin; raises `SettingsError` that names all that is wrong."""
    try:
        return Settings.model_validate(options)
    except ValidationError as error:
        mistakes = "; ".join(_mistake(dict(mistake)) for mistake in error.errors())
        raise SettingsError(mistakes, "Correct this and run the command again.") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def _mistake(mistake: Mapping[str, object]) -> str:
    place, message = mistake.get("loc"), str(mistake.get("msg", ""))
    name = str(place[0]) if isinstance(place, tuple) and place else ""
    if name in ("url", "rate_limit_redis"):
        return message.removeprefix("Value error, ")
    if name == "cache":
        return "HEYX_CACHE must be on or off"
    return f"--{name.replace('_', '-')}: {message[:1].lower()}{message[1:]}"


def _token(environment: Mapping[str, str]) -> SecretStr:
    token, file = environment.get("HEYX_TOKEN", ""), environment.get("HEYX_TOKEN_FILE", "")
    if file and not token.strip():
        try:
            token = Path(file).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            reason = getattr(error, "strerror", "") or str(error)
            if isinstance(error, UnicodeDecodeError):
                reason = "it is not a text file"
            raise SettingsError(
                f"The token file {file} (HEYX_TOKEN_FILE) cannot be read: {reason}.",
                "Save the channel's token in a text file that you can read, and set HEYX_TOKEN_FILE to its path.",
            ) from None
    token = token.strip()
    if not token:
        raise SettingsError(
            "There is no token for HeyX.",
            "Create a token in HeyX (Settings, the key beside the channel). Set the environment variable "
            "HEYX_TOKEN to it, or HEYX_TOKEN_FILE to a file that contains it. With --simulate, an upload needs no "
            "token.",
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            "The token contains spaces, line breaks or characters that no token has.",
            "Copy only the token from HeyX to HEYX_TOKEN, or to the file that HEYX_TOKEN_FILE names.",
        )
    return SecretStr(token)
