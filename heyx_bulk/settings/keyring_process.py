"""The process that speaks to the system's keyring, which may wait for a user: `python -m` starts it.

    keyring_process get|set|delete NAME [dialogs]

It writes the token to standard output, or reads it from standard input. Its exit code says how it ended.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

SERVICE = "heyx-bulk"
DONE, NO_KEYRING, LOCKED, MISSING = 0, 3, 4, 5
_NO_BACKENDS = ("keyring.backends.fail", "keyring.backends.null")


def main(action: str, name: str, *, dialogs: bool) -> int:
    """Get, set or delete the token of a channel."""
    import keyring  # noqa: PLC0415  this process alone pays for it
    from keyring.errors import InitError, KeyringError, NoKeyringError, PasswordDeleteError  # noqa: PLC0415

    if type(keyring.get_keyring()).__module__ in _NO_BACKENDS:
        return NO_KEYRING
    if not dialogs:
        refuse_dialogs()
    try:
        match action:
            case "get":
                token = keyring.get_password(SERVICE, name)
                sys.stdout.write(token or "")
                return DONE if token else MISSING
            case "set":
                keyring.set_password(SERVICE, name, sys.stdin.read())
            case _:
                keyring.delete_password(SERVICE, name)
    except NoKeyringError:
        return NO_KEYRING
    except PasswordDeleteError:
        return MISSING
    except (KeyringError, InitError, EOFError, OSError):
        return LOCKED
    return DONE


def refuse_dialogs() -> None:
    """Let a locked keyring of a Linux desktop be an error, not a dialog that asks for its password."""
    from keyring.errors import KeyringLocked  # noqa: PLC0415

    try:
        from secretstorage import Collection, Item  # noqa: PLC0415
    except ImportError:
        return

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise KeyringLocked("the keyring is locked")

    for kind in (Collection, Item):
        setattr(kind, "unlock", refuse)  # noqa: B010  written plainly, the type checker refuses it


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3], dialogs=sys.argv[3:] == ["dialogs"]))
