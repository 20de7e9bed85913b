"""Channels by name, as a person sets them up and uses them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from heyx_bulk.sandbox import Sandbox, SandboxServer
from heyx_bulk.settings.settings_file import user_file
from heyx_bulk.storage.channel_file import token_path
from tests.support import keyrings
from tests.support.program import PROGRAM, TOKEN, Ended, environment, heyx, sheet
from tests.support.terminal import CTRL_C, at_a_terminal, has_terminals, on_a_terminal

OTHER = "another-sandbox-token"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(tokens=(TOKEN, OTHER), limit=10_000)) as server:
        yield server


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the keyring that the programs of a test use."""
    file = tmp_path / "keyring.json"
    for name, value in keyrings.environment("InFile", file).items():
        monkeypatch.setenv(name, value)
    return file


def add(folder: Path, name: str, *words: str, token: str = TOKEN, **more: str) -> Ended:
    """Set up a channel as a script does, which has no terminal."""
    done = subprocess.run(
        [*PROGRAM, "channels", "add", name, *words],
        cwd=folder,
        env=environment(None, **more),
        input=f"{token}\nsecond line\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def tables() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = tomllib.loads(user_file().read_text(encoding="utf-8"))["channels"]
    return found


def test_a_channel_is_tried_kept_in_the_keyring_and_used_by_default(
    tmp_path: Path, server: SandboxServer, keyring: Path
) -> None:
    done = add(tmp_path, "main", "--url", server.url, "--rate", "5000/min", "--region", "none")
    assert (done.code, done.out) == (0, "Channel “main” is set up\n"), done.err
    assert "HeyX accepts the token. It is in the keyring of this system." in done.err
    assert TOKEN in keyring.read_text()
    assert tables() == {"main": {"url": server.url, "rate": "5000/min", "region": "none"}}
    uploaded = heyx(tmp_path, "upload", str(sheet(tmp_path)), "--yes")
    assert uploaded.code == 0, uploaded.err
    assert len(server.sandbox.contacts) == 3
    checkpoint = (tmp_path / "contacts.csv.checkpoint").read_bytes()
    assert (TOKEN.encode() in checkpoint, b'"channel": "main"' in checkpoint) == (False, True)


def test_a_token_that_heyx_refuses_is_not_kept(tmp_path: Path, server: SandboxServer, keyring: Path) -> None:
    done = add(tmp_path, "main", "--url", server.url, token="no-token-of-heyx")
    assert (done.code, done.out) == (2, "")
    assert "HeyX does not accept the token: API Token is invalid. Nothing was saved." in done.err
    assert "no-token-of-heyx" not in done.err
    assert (keyring.exists(), user_file().exists()) == (False, False)


def test_without_a_keyring_the_token_is_in_a_file_of_the_user(tmp_path: Path, server: SandboxServer) -> None:
    done = add(tmp_path, "main", "--url", server.url)
    assert done.code == 0
    assert "The keyring cannot be used: this system has no keyring." in done.err
    path = token_path("main")
    assert (path.read_text(), path.stat().st_mode & 0o777) == (f"{TOKEN}\n", 0o600)
    assert user_file().stat().st_mode & 0o777 == 0o600
    assert heyx(tmp_path, "channels", "test").out == "1 channel tested\n"
    assert "chmod" not in heyx(tmp_path, "fields").err


def test_the_address_in_the_environment_belongs_to_the_token(
    tmp_path: Path, server: SandboxServer, keyring: Path
) -> None:
    del keyring
    assert add(tmp_path, "main", HEYX_URL=server.url).code == 0
    assert tables()["main"]["url"] == server.url


def test_a_token_command_or_file_is_tried_and_nothing_is_copied(
    tmp_path: Path, server: SandboxServer, keyring: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    assert add(tmp_path, "a", "--url", server.url, "--token-file", "token").code == 0
    assert add(tmp_path, "b", "--url", server.url, "--token-command", f"cat {tmp_path}/token").code == 0
    assert tables()["a"]["token_file"] == str(tmp_path / "token")
    assert tables()["b"]["token_command"] == f"cat {tmp_path}/token"
    assert not keyring.exists()
    both = add(tmp_path, "c", "--url", server.url, "--token-file", "token", "--token-command", "cat token")
    assert (both.code, "exclude each other" in both.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "XX"), "region (--region) is the unknown country XX."),
        (("--url", "http://example.com"), "would send the token unencrypted"),
        (("--rate", "fast"), "--rate fast is not a rate."),
        (("--phone-lookup", "all"), "--phone-lookup"),
    ],
)
def test_a_setting_that_is_wrong_is_refused_before_the_token_is_sent(
    tmp_path: Path, server: SandboxServer, words: tuple[str, ...], said: str
) -> None:
    done = add(tmp_path, "main", *words, HEYX_URL=server.url)
    assert (done.code, said in done.err, server.sandbox.calls["accepted"]) == (2, True, 0), done.err
    assert not user_file().exists()


def test_a_channel_is_replaced_only_on_request_and_keeps_its_settings(
    tmp_path: Path, server: SandboxServer, keyring: Path
) -> None:
    add(tmp_path, "main", "--url", server.url, "--rate", "100/min", token=OTHER)
    user_file().write_text(f"# mine\n{user_file().read_text(encoding='utf-8')}", encoding="utf-8")
    again = add(tmp_path, "main")
    assert (again.code, "There is a channel “main” already." in again.err) == (2, True)
    assert add(tmp_path, "main", "--replace", "--account", "shop").code == 0
    assert tables() == {"main": {"url": server.url, "rate": "100/min", "account": "shop"}}
    assert user_file().read_text(encoding="utf-8").startswith("# mine\n")
    assert OTHER not in keyring.read_text()


def test_without_a_token_on_standard_input_nothing_is_asked(tmp_path: Path, server: SandboxServer) -> None:
    done = heyx(tmp_path, "channels", "add", "main", "--url", server.url)
    assert (done.code, "The token of channel “main” is missing" in done.err) == (2, True)


@has_terminals
def test_a_terminal_asks_for_the_token_and_does_not_show_it(tmp_path: Path, server: SandboxServer) -> None:
    question = "Token of channel “main”"
    code, shown = at_a_terminal(
        tmp_path,
        None,
        *("channels", "add", "main", "--url", server.url),
        answers=[(question, "?"), (question, "two words"), (question, TOKEN)],
    )
    assert code == 0, shown
    assert "Settings, the key beside the channel" in shown
    assert "Copy only the token." in shown
    assert (TOKEN in shown, "two words" in shown) == (False, False)
    stopped = at_a_terminal(tmp_path, None, "channels", "add", "b", answers=[("Token of channel “b”", CTRL_C)])
    assert (stopped[0], "Nothing was saved." in stopped[1]) == (130, True)


@has_terminals
def test_the_question_before_an_upload_names_the_channel(tmp_path: Path, server: SandboxServer) -> None:
    add(tmp_path, "main", "--url", server.url)
    code, shown = at_a_terminal(
        tmp_path, None, "upload", str(sheet(tmp_path)), "--ask-above", "0", answers=[("Write to 3 contacts", "n")]
    )
    assert (code, f"in the sandbox, channel “main”, at {server.url}?" in shown) == (2, True), shown


def test_of_several_channels_one_is_named_and_a_run_stays_in_its_own(
    tmp_path: Path, server: SandboxServer
) -> None:
    add(tmp_path, "main", "--url", server.url)
    add(tmp_path, "shop", "--url", server.url, token=OTHER)
    contacts = str(sheet(tmp_path))
    none = heyx(tmp_path, "upload", contacts, "--yes")
    assert (none.code, none.out) == (2, "")
    assert "There are several channels, and none is chosen: main, shop." in none.err
    assert heyx(tmp_path, "upload", contacts, "--yes", "--channel", "shop").code == 0
    assert heyx(tmp_path, "verify", contacts).out.startswith("3 rows read back: 3 as sent")
    by_token = heyx(tmp_path, "upload", contacts, "--yes", HEYX_URL=server.url, HEYX_TOKEN=OTHER)
    assert (by_token.code, len(server.sandbox.contacts)) == (0, 3)


def test_every_command_that_calls_heyx_takes_a_channel(tmp_path: Path, server: SandboxServer) -> None:
    add(tmp_path, "main", "--url", server.url)
    add(tmp_path, "shop", "--url", server.url, token=OTHER)
    contacts = str(sheet(tmp_path))
    for words in (
        ("inspect", contacts),
        ("columns", contacts),
        ("upload", contacts, "--yes"),
        ("rerun", contacts),
        ("verify", contacts),
        ("export", "out.csv", "--where", "firstName=Ana"),
        ("fields",),
        ("cache", "show"),
        ("cache", "forget", "--yes"),
        ("undo", contacts, "--yes"),
        ("plan", contacts),
        ("apply", "contacts.plan.xlsx", "--yes"),
    ):
        done = heyx(tmp_path, *words, "--channel", "shop")
        assert done.code == 0, done.err
        assert heyx(tmp_path, *words, "--channel", "shp").code == 2


def test_list_rename_and_remove(tmp_path: Path, server: SandboxServer, keyring: Path) -> None:
    add(tmp_path, "main", "--url", server.url, "--region", "PK")
    listed = heyx(tmp_path, "channels", "list", "--json")
    assert listed.document["channels"] == [
        {
            "name": "main",
            "token": "in the keyring",
            "default": True,
            "settings": {"url": server.url, "region": "PK"},
        }
    ]
    assert heyx(tmp_path, "channels", "rename", "mian", "shop").err.startswith(
        "There is no channel “mian”. Did you mean main?"
    )
    assert heyx(tmp_path, "channels", "rename", "main", "shop").code == 0
    assert heyx(tmp_path, "channels", "test", "shop").code == 0
    assert tables() == {"shop": {"url": server.url, "region": "PK"}}
    assert heyx(tmp_path, "channels", "remove", "shop").code == 0
    assert (keyring.read_text(), "channels" in user_file().read_text(encoding="utf-8")) == ("{}", False)


def test_a_token_in_a_file_moves_and_goes_with_its_channel(tmp_path: Path, server: SandboxServer) -> None:
    add(tmp_path, "main", "--url", server.url)
    assert heyx(tmp_path, "channels", "rename", "main", "shop").code == 0
    assert (token_path("main").exists(), token_path("shop").exists()) == (False, True)
    assert heyx(tmp_path, "channels", "test").code == 0
    assert heyx(tmp_path, "channels", "remove", "shop").code == 0
    assert not token_path("shop").exists()


def test_a_revoked_token_is_told_with_the_command_that_replaces_it(tmp_path: Path, server: SandboxServer) -> None:
    add(tmp_path, "main", "--url", server.url)
    token_path("main").write_text("revoked-token", encoding="utf-8")
    done = heyx(tmp_path, "channels", "test")
    assert (done.code, "Channel “main”: HeyX does not accept the token" in done.err) == (2, True)
    assert "  heyx-bulk channels add main --replace" in done.err


# Settings


def test_every_flag_has_a_variable(tmp_path: Path) -> None:
    contacts = str(sheet(tmp_path, header=("phone", "Notes, old", "Other")))
    words = ("upload", contacts, "--simulate", "--json", "--quiet")
    assert heyx(tmp_path, *words, HEYX_BULK_IGNORE="Notes, old\nOther").code == 0
    assert heyx(tmp_path, "upload", contacts, HEYX_BULK_SIMULATE="yes", HEYX_BULK_CUSTOM_FIELDS="1").code == 0
    refused = heyx(tmp_path, *words, HEYX_BULK_MAX_CALLS="many")
    assert (refused.code, "HEYX_BULK_MAX_CALLS" in refused.err) == (2, True)


def test_a_region_comes_from_the_flag_the_variable_the_mapping_or_the_channel(
    tmp_path: Path, server: SandboxServer
) -> None:
    add(tmp_path, "main", "--url", server.url, "--region", "PK")
    contacts = str(sheet(tmp_path, ("0300 1234567",), header=("phone",)))

    def phone_of(*words: str, region: str = "") -> str:
        done = heyx(tmp_path, "upload", contacts, "--dry-run", *words, HEYX_BULK_REGION=region)
        assert done.code == 0, done.err
        found = re.search(r"\+\d{9,}", done.err)
        return found[0] if found else ""

    assert phone_of() == "+923001234567"
    assert phone_of(region="IT") == "+3903001234567"
    (tmp_path / "contacts.toml").write_text('region = "IT"\n', encoding="utf-8")
    assert phone_of("--mapping", "contacts.toml") == "+3903001234567"
    assert phone_of("--region", "PK", region="IT") == "+923001234567"


def test_settings_are_shown_with_their_origins_and_the_end_of_the_token(
    tmp_path: Path, server: SandboxServer
) -> None:
    add(tmp_path, "main", "--url", server.url, "--rate", "100/min")
    (tmp_path / "heyx-bulk.toml").write_text("workers = 7\n", encoding="utf-8")
    done = heyx(tmp_path, "settings", "--timeout", "9", "--json", HEYX_BULK_REGION="PK", HEYX_ACCOUNT="shop")
    shown = done.document["settings"]
    assert isinstance(shown, dict)
    file = user_file()
    assert {name: (one["value"], one["origin"]) for name, one in shown.items()} == {
        "channel": ("main", "the only channel"),
        "token": (f"…{TOKEN[-4:]}", f"token_file ({file}, line 4)"),
        "url": (server.url, f"{file}, line 3"),
        "rate": ("100/min", f"{file}, line 2"),
        "rate_share": (1.0, "default"),
        "rate_limit_redis": ("", "default"),
        "account": ("shop", "HEYX_ACCOUNT"),
        "workers": (7, "heyx-bulk.toml, line 1"),
        "timeout": (9.0, "--timeout"),
        "reconcile_delay": (60.0, "default"),
        "viber": (False, "default"),
        "cache": (True, "default"),
        "region": ("PK", "HEYX_BULK_REGION"),
        "phone_format": ("", "default"),
        "phone_lookup": ("both", "default"),
    }
    assert f"token             …{TOKEN[-4:]} " in done.err


def test_settings_without_a_token_say_so(tmp_path: Path) -> None:
    done = heyx(tmp_path, "settings")
    assert (done.code, "There is no token for HeyX." in done.err) == (0, True)


@has_terminals
def test_a_token_file_that_others_can_read_is_named_once(tmp_path: Path, server: SandboxServer) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN, encoding="utf-8")
    file.chmod(0o644)
    shown = on_a_terminal(["fields", "--token-file", "token"], tmp_path, HEYX_URL=server.url)
    assert shown.count("chmod 600 token") == 1
