"""Which channel is meant, where each of its settings comes from, and where its token is."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from heyx_bulk.errors import SettingsError
from heyx_bulk.settings import keyring_store, tokens
from heyx_bulk.settings.environment import DEFAULT_URL, from_environment
from heyx_bulk.settings.folders import settings_folder
from heyx_bulk.settings.rate import Rate
from heyx_bulk.settings.resolution import resolve
from heyx_bulk.settings.settings_file import user_file
from heyx_bulk.upload.options import UploadOptions
from tests.support import keyrings

SECRET = "s3cret-channel-token"
TWO = '[channels.main]\ntoken = "main-token"\n\n[channels.shop]\ntoken = "shop-token"\n'

Write = Callable[[str], None]

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this keyring")


@pytest.fixture
def user() -> Write:
    """Writes the user's own settings file."""

    def write(text: str) -> None:
        user_file().parent.mkdir(exist_ok=True)
        user_file().write_text(text, encoding="utf-8")
        user_file().chmod(0o600)

    return write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the settings file of the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> None:
        Path("heyx-bulk.toml").write_text(text, encoding="utf-8")

    return write


def told(environment: dict[str, str], **options: object) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        from_environment(environment, **options)
    assert SECRET not in str(caught.value)
    return caught.value


def token_of(environment: dict[str, str], **options: object) -> str:
    return from_environment(environment, **options).token.get_secret_value()


# Which channel


def test_the_only_channel_is_used_unless_the_environment_has_a_token(user: Write) -> None:
    user('[channels.main]\ntoken = "main-token"\n')
    found = from_environment({})
    assert (found.channel_name, found.token.get_secret_value()) == ("main", "main-token")
    other = from_environment({"HEYX_TOKEN": SECRET})
    assert (other.channel_name, other.token.get_secret_value()) == ("", SECRET)


def test_of_several_channels_one_must_be_named(user: Write) -> None:
    user(TWO)
    error = told({})
    assert error.what == "There are several channels, and none is chosen: main, shop."
    assert error.remedy == "Add --channel NAME."
    assert token_of({}, channel="shop") == token_of({"HEYX_BULK_CHANNEL": "shop"}) == "shop-token"
    assert token_of({"HEYX_TOKEN": SECRET}, channel="shop") == "shop-token"


def test_a_run_goes_on_in_the_channel_that_it_was_started_in(user: Write) -> None:
    user(TWO)
    assert token_of({}, remembered="shop") == "shop-token"
    assert token_of({}, remembered="shop", channel="main") == "main-token"
    assert token_of({"HEYX_TOKEN": SECRET}, remembered="shop") == SECRET
    assert "none is chosen" in told({}, remembered="gone").what


def test_an_unknown_channel_is_answered_with_a_similar_one(user: Write) -> None:
    user(TWO)
    assert told({}, channel="shp").what == (
        "There is no channel “shp”. The channels are main, shop. Did you mean shop?"
    )


def test_a_channel_can_be_in_the_environment_alone() -> None:
    found = from_environment({"HEYX_CHANNEL_MY_SHOP_TOKEN": SECRET}, channel="my-shop")
    assert (found.channel_name, found.url, found.token.get_secret_value()) == ("my-shop", DEFAULT_URL, SECRET)


@pytest.mark.parametrize("name", ["", "a b", "é", "a/b", "a.b"])
def test_a_name_has_letters_digits_and_two_signs(user: Write, name: str) -> None:
    user(f'[channels."{name}"]\ntoken = "x"\n')
    assert told({}).what == f"“{name}” cannot be the name of a channel."


def test_names_with_one_environment_variable_are_refused(user: Write) -> None:
    user('[channels.my-shop]\ntoken = "x"\n[channels.MY_shop]\ntoken = "y"\n')
    assert told({}).what == (
        "The channels “my-shop” and “MY_shop” have the same environment variable, HEYX_CHANNEL_MY_SHOP_TOKEN."
    )


def test_the_same_token_is_the_same_channel_however_it_is_reached(user: Write) -> None:
    user(f'[channels.main]\ntoken = "{SECRET}"\n')
    assert from_environment({}).channel == from_environment({"HEYX_TOKEN": SECRET}).channel


# Where a setting comes from


def test_an_option_comes_before_variables_files_and_defaults(user: Write, folder: Write) -> None:
    def found(variable: str = "", rate: Rate | None = None) -> tuple[str, str]:
        environment, options = {"HEYX_BULK_RATE": variable}, {} if rate is None else {"rate": rate}
        value = resolve(environment, **options).values.get("rate")  # type: ignore[arg-type]
        return from_environment(environment, **options).rate.text, "" if value is None else value.origin

    channel = '[channels.main]\ntoken = "main-token"\n'
    user(channel)
    assert found() == ("200/min", "")
    user(f'rate = "80/min"\n{channel}')
    assert found() == ("80/min", f"{user_file()}, line 1")
    user(f'rate = "80/min"\n{channel}rate = "90/min"\n')
    assert found() == ("90/min", f"{user_file()}, line 4")
    folder('\nrate = "70/min"\n')
    assert found() == ("70/min", "heyx-bulk.toml, line 2")
    assert found("60/min") == ("60/min", "HEYX_BULK_RATE")
    assert found("60/min", Rate(50)) == ("50/min", "--rate")


def test_a_setting_of_all_channels_is_used_where_the_channel_has_none(user: Write) -> None:
    user(f"workers = 3\nviber = true\n{TWO}viber = false\n")
    assert [from_environment({}, channel=name).workers for name in ("main", "shop")] == [3, 3]
    assert [from_environment({}, channel=name).viber for name in ("main", "shop")] == [True, False]


def test_what_a_file_says_is_not_part_of_a_run(user: Write) -> None:
    user('[channels.main]\ntoken = "x"\nrate = "90/min"\nviber = true\n')
    assert from_environment({}, workers=3).connection().document() == {
        "channel": "main",
        "workers": 3,
        "viber": True,
    }


@pytest.mark.parametrize("key", ["url", "token", "token_file", "token_command"])
def test_a_file_in_a_folder_cannot_redirect_a_token(user: Write, folder: Write, key: str) -> None:
    user('[channels.main]\ntoken = "x"\n')
    folder(f'rate = "90/min"\n{key} = "https://example.com"\n')
    assert f"line 2: {key} counts only in your own settings file, {user_file()}" in told({}).what


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ('rate = "fast"', "rate fast is not a rate"),
        ("rate = 3", 'rate must be "in quotes"'),
        ('viber = "yes"', "viber must be true or false"),
        ("workers = true", "workers must be a number, not True"),
        ('rate_share = "120%"', "rate_share 120% is not a share of the rate"),
        ('channels = "main"', "each channel is a table, such as [channels.main]"),
        ('token_file = "y"\ntoken = "x"', "token_file and token exclude each other"),
    ],
)
def test_mistakes_in_a_settings_file_are_told_with_their_lines(user: Write, line: str, mistake: str) -> None:
    user(f"\n{line}\n")
    error = told({"HEYX_TOKEN": SECRET})
    assert f"{user_file()} has mistakes" in error.what
    assert mistake in error.what
    assert f"line {1 + len(line.splitlines())}: " in error.what


def test_a_value_out_of_bounds_is_told_with_its_file_or_variable(user: Write) -> None:
    user("workers = 0\n")
    assert told({"HEYX_TOKEN": SECRET}).what.startswith(f"workers ({user_file()}, line 1): ")
    assert told({"HEYX_TOKEN": SECRET, "HEYX_BULK_WORKERS": "x"}).what.startswith("HEYX_BULK_WORKERS: ")
    assert told({"HEYX_TOKEN": SECRET, "HEYX_BULK_RATE": "x"}).what == "HEYX_BULK_RATE=x is not a rate."


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ('region = "XX"', "region ({file}, line 1) is the unknown country XX."),
        ('phone_format = "x"', "phone_format ({file}, line 1) is not one of e164, digits, as-typed, but 'x'"),
        ('phone_lookup = "x"', "phone_lookup ({file}, line 1) is not one of both, plus, digits, as-written"),
    ],
)
def test_a_setting_of_phones_that_is_wrong_is_told_with_its_line(user: Write, line: str, mistake: str) -> None:
    user(line)
    with pytest.raises(SettingsError) as caught:
        UploadOptions().with_settings(resolve({}))
    assert mistake.format(file=user_file()) in caught.value.what


def test_a_file_that_is_no_toml_is_named(user: Write) -> None:
    user("rate = \n")
    assert told({}).what.startswith(f"The settings file {user_file()} cannot be read: ")


def test_the_folder_of_settings_is_the_users_own_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEYX_BULK_CONFIG")
    assert (settings_folder().name, settings_folder().is_absolute()) == ("heyx-bulk", True)


# Where the token is


def test_a_token_comes_from_a_file_or_the_first_line_of_a_command(user: Write, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n", encoding="utf-8")
    (tmp_path / "print it.py").write_text(f"print('{SECRET}\\nuser: ann')", encoding="utf-8")
    user(
        f'[channels.a]\ntoken_file = "{tmp_path}/token"\n'
        f"[channels.b]\ntoken_command = '{sys.executable} \"{tmp_path}/print it.py\"'\n"
    )
    assert [token_of({}, channel=name) for name in "ab"] == [SECRET, SECRET]
    assert token_of({"HEYX_CHANNEL_A_TOKEN": "other-token"}, channel="a") == "other-token"
    assert token_of({"HEYX_TOKEN": "other"}, token_file=tmp_path / "token") == SECRET


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"import sys; print('{SECRET}'); sys.exit('{SECRET}')", "it ended with exit code 1"),
        ("pass", "it printed nothing"),
        ("import threading; threading.Event().wait()", "it did not end within 1 s"),
    ],
    ids=["fails", "prints nothing", "waits"],
)
def test_a_command_that_gives_no_token_is_told_without_its_output(
    user: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    monkeypatch.setattr(tokens, "COMMAND_SECONDS", 1.0)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    user(f'[channels.main]\ntoken_command = "{sys.executable} {tmp_path}/script.py"\n')
    assert told({}).what == f"The token_command of channel “main” failed: {why}."


@pytest.mark.skipif(os.name == "nt", reason="Windows has no groups of processes")
def test_a_command_that_waits_is_ended_with_what_it_started(
    user: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "COMMAND_SECONDS", 2.0)
    started = tmp_path / "started"
    script = tmp_path / "script.sh"
    script.write_text(f'tail -f /dev/null >&2 &\necho $! > "{started}"\nwait\n', encoding="utf-8")
    user(f'[channels.main]\ntoken_command = "sh {script}"\n')
    assert "it did not end within 2 s" in told({}).what
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(started.read_text())).wait(10)


def test_a_command_is_run_without_a_shell(user: Write, tmp_path: Path) -> None:
    user(f"[channels.main]\ntoken_command = 'echo {SECRET} > {tmp_path}/out'\n")
    assert "The token contains spaces" in told({}).what
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("command", "why"),
    [("no-such-program x", "it cannot be started"), ("echo 'x", "its quotation marks do not match")],
)
def test_a_command_that_cannot_be_run_is_told(user: Write, command: str, why: str) -> None:
    user(f'[channels.main]\ntoken_command = "{command}"\n')
    assert why in told({}).what


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o640, 1), (0o604, 1)])
def test_a_token_file_that_others_can_read_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warnings: int
) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET, encoding="utf-8")
    file.chmod(mode)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert token_of({"HEYX_TOKEN_FILE": str(file)}) == SECRET
    assert [f"chmod 600 {file}" in one.getMessage() for one in caplog.records] == [True] * warnings
    assert SECRET not in caplog.text


# The keyring


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("InFile", "it does not have the token"),
        ("Locked", "it is locked or refuses"),
        ("Asking", "it is locked or refuses"),
        pytest.param("Desktop", "it is locked or refuses", marks=on_linux),
        ("Waiting", "it did not answer within 2 s"),
    ],
)
def test_a_keyring_that_gives_no_token_never_waits_and_names_the_ways_out(
    user: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, why: str
) -> None:
    monkeypatch.setattr(keyring_store, "SECONDS", 2.0)
    for name, value in keyrings.environment(kind, tmp_path / "keyring").items():
        monkeypatch.setenv(name, value)
    user("[channels.main]\n")
    error = told({})
    assert error.what == f"The keyring did not give the token of channel “main”: {why}."
    assert "token_command" in error.remedy
    assert "HEYX_CHANNEL_MAIN_TOKEN" in error.remedy


def test_without_a_keyring_the_ways_out_are_named(user: Write) -> None:
    user("[channels.main]\n")
    error = told({})
    assert error.what.endswith("this system has no keyring.")
    assert error.exit_code == 2


def test_a_keyring_keeps_gives_and_forgets_a_token(
    user: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in keyrings.environment("InFile", tmp_path / "keyring").items():
        monkeypatch.setenv(name, value)
    user("[channels.main]\n")
    keyring_store.set_token("main", SECRET)
    assert token_of({}) == SECRET
    keyring_store.delete_token("main")
    assert "does not have the token" in told({}).what


def test_a_keyring_of_the_current_folder_is_not_imported(
    user: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keyring.py").write_text("from pathlib import Path\nPath('ran').touch()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    user("[channels.main]\n")
    assert "this system has no keyring" in told({}).what
    assert not (tmp_path / "ran").exists()
