"""Keyrings for tests, which `PYTHON_KEYRING_BACKEND` names: one in a file, one that is locked, one that waits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Event

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

ROOT = str(Path(__file__).parents[2])


def environment(kind: str, file: Path) -> dict[str, str]:
    """The variables with which a process uses a keyring of this module that is kept in `file`."""
    return {
        "PYTHON_KEYRING_BACKEND": f"tests.support.keyrings.{kind}",
        "TEST_KEYRING": str(file),
        "PYTHONPATH": ROOT,
    }


class InFile(KeyringBackend):
    priority = 1.0

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self._read() | {f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        if kept.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError(username)
        self._write(kept)

    @property
    def _file(self) -> Path:
        return Path(os.environ["TEST_KEYRING"])

    def _read(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}
        return found

    def _write(self, kept: dict[str, str]) -> None:
        self._file.write_text(json.dumps(kept))


class Locked(InFile):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(service, username)


class Desktop(InFile):
    """Has the desktop of Linux ask for the password of its keyring."""

    def get_password(self, service: str, username: str) -> str | None:
        from secretstorage import Collection  # noqa: PLC0415  only Linux has it

        del service, username
        Collection.unlock(None)  # type: ignore[arg-type]  # there is no desktop here
        return None


class Waiting(InFile):
    """Waits for its user for ever."""

    def get_password(self, service: str, username: str) -> str | None:
        del service, username
        Event().wait()
        return None


class Asking(InFile):
    """Asks for its password on the terminal that the process has, if it has one."""

    def get_password(self, service: str, username: str) -> str | None:
        del service, username
        with Path("/dev/tty").open("r+b", buffering=0) as terminal:
            terminal.write(b"Password of the keyring: ")
        return None
