from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from heyx_bulk.errors import SettingsError
from heyx_bulk.settings.environment import DEFAULT_URL, Settings, from_environment, validate_settings
from heyx_bulk.settings.folders import state_folder
from heyx_bulk.settings.rate import Rate

SECRET = "s3cret-channel-token"


def told(environment: dict[str, str], **options: object) -> SettingsError:
    """What is said about settings that are wrong."""
    with pytest.raises(SettingsError) as caught:
        from_environment(environment, **options)
    return caught.value


def token_of(**environment: str) -> str:
    return from_environment(environment).token.get_secret_value()


def url_of(url: str) -> str:
    return from_environment({"HEYX_TOKEN": SECRET, "HEYX_URL": url}).url


# The token


def test_the_token_comes_from_the_environment_trimmed() -> None:
    assert token_of(HEYX_TOKEN=f"  {SECRET}\n") == SECRET


def test_the_token_comes_from_a_file_trimmed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\r\n", encoding="utf-8")
    assert token_of(HEYX_TOKEN_FILE=str(file)) == SECRET


@pytest.mark.parametrize(("token", "expected"), [(SECRET, SECRET), ("  ", "from-the-file"), ("", "from-the-file")])
def test_a_token_in_the_environment_comes_before_one_in_a_file(tmp_path: Path, token: str, expected: str) -> None:
    file = tmp_path / "token"
    file.write_text("from-the-file", encoding="utf-8")
    assert token_of(HEYX_TOKEN=token, HEYX_TOKEN_FILE=str(file)) == expected


def test_a_token_file_that_is_not_needed_is_not_read(tmp_path: Path) -> None:
    assert token_of(HEYX_TOKEN=SECRET, HEYX_TOKEN_FILE=str(tmp_path / "gone")) == SECRET


@pytest.mark.parametrize("environment", [{}, {"HEYX_TOKEN": ""}, {"HEYX_TOKEN": " \n"}, {"HEYX_TOKEN_FILE": ""}])
def test_without_a_token_one_is_asked_for(environment: dict[str, str]) -> None:
    error = told(environment)
    assert error.what == "There is no token for HeyX."
    ways_out = ("HEYX_TOKEN", "HEYX_TOKEN_FILE", "--simulate")
    assert [way in error.remedy for way in ways_out] == [True, True, True]


def test_an_empty_token_file_is_no_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch()
    assert told({"HEYX_TOKEN_FILE": str(file)}).what == "There is no token for HeyX."


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin"
    latin.write_bytes(b"caf\xe9")
    reasons = {
        tmp_path / "gone": "No such file or directory",
        tmp_path: "Is a directory",
        latin: "it is not a text file",
    }
    for file, reason in reasons.items():
        error = told({"HEYX_TOKEN_FILE": str(file)})
        assert error.what == f"The token file {file} (HEYX_TOKEN_FILE) cannot be read: {reason}."
        assert "HEYX_TOKEN_FILE" in error.remedy


@pytest.mark.parametrize(
    "token", [f"Bearer {SECRET}", f"{SECRET}\nsecond", f"{SECRET}\x00", f"{SECRET}é", "“s3cret”"]
)
def test_a_token_with_signs_that_no_token_has_is_refused(token: str) -> None:
    error = told({"HEYX_TOKEN": token})
    assert error.what == "The token contains spaces, line breaks or characters that no token has."
    assert ("s3cret" in str(error), "Copy only" in error.remedy) == (False, True)


def test_the_token_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    settings = from_environment({"HEYX_TOKEN": SECRET})
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("somebody").debug("%s %r", settings, settings)
    shown = [repr(settings), str(settings), f"{settings}", settings.model_dump_json(), repr(settings.token)]
    assert [text for text in [*shown, settings.channel, caplog.text] if SECRET in text] == []


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({"HEYX_URL": "http://example.com"}, {}),
        ({"HEYX_URL": "nowhere"}, {}),
        ({}, {"workers": 0}),
        ({}, {"timeout": "soon"}),
        ({}, {"unknown": 1}),
    ],
)
def test_no_mistake_in_the_settings_shows_the_token(
    environment: dict[str, str], options: dict[str, object]
) -> None:
    error = told({"HEYX_TOKEN": SECRET, **environment}, **options)
    assert (SECRET in str(error), SECRET in repr(error), error.__cause__) == (False, False, None)


# The address


def test_heyx_is_where_it_is_unless_another_address_is_said() -> None:
    assert DEFAULT_URL == "https://app.heyx.io/api"
    assert from_environment({"HEYX_TOKEN": SECRET}).url == DEFAULT_URL
    assert from_environment({"HEYX_TOKEN": SECRET, "HEYX_URL": ""}).url == DEFAULT_URL


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("https://app.heyx.io/api/", "https://app.heyx.io/api"),
        (" https://app.heyx.io/api\n", "https://app.heyx.io/api"),
        ("https://app.heyx.io/X", "https://app.heyx.io/X"),
        ("https://proxy.example.com:8443", "https://proxy.example.com:8443"),
        ("http://127.0.0.1:8400/api", "http://127.0.0.1:8400/api"),
        ("http://localhost:8400/", "http://localhost:8400"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://[::1]:8400/api", "http://[::1]:8400/api"),
    ],
)
def test_an_address_is_taken_without_blanks_and_its_last_slash(said: str, url: str) -> None:
    assert url_of(said) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://app.heyx.io/api",
        "HTTP://app.heyx.io/api",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0:8400",
        "http://192.168.0.1",
        "http://[::2]",
        "http://example.com/localhost",
    ],
)
def test_plain_http_goes_to_this_machine_only(url: str) -> None:
    assert "would send the token unencrypted; use https://" in told({"HEYX_TOKEN": SECRET, "HEYX_URL": url}).what


@pytest.mark.parametrize(
    "url",
    [
        "app.heyx.io/api",
        "ftp://app.heyx.io",
        "https://",
        "https:///api",
        "   ",
        "x",
        "https://a:b",
        "https://a:99999",
        "https://[::1",
    ],
)
def test_what_is_no_web_address_is_told_with_one_that_is(url: str) -> None:
    error = told({"HEYX_TOKEN": SECRET, "HEYX_URL": url})
    assert error.what == "HEYX_URL is not a web address; it looks like https://app.heyx.io/api"


@pytest.mark.parametrize(
    "url",
    [
        "https://ada@app.heyx.io",
        "https://ada:pass@app.heyx.io",
        "https://:pass@app.heyx.io",
        "https://app.heyx.io/?a=1",
        "https://app.heyx.io/#a",
        "http://ada:pass@localhost",
        "http://localhost@example.com",
        "http://example.com#@localhost",
        "https://app.heyx.io/api?",
        "https://app.heyx.io/a b",
    ],
)
def test_an_address_is_an_address_and_nothing_more(url: str) -> None:
    error = told({"HEYX_TOKEN": SECRET, "HEYX_URL": url})
    assert error.what == "HEYX_URL contains more than an address: remove the user, password, spaces, ? and #"


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        (DEFAULT_URL, False),
        ("http://127.0.0.1:8400/api", True),
        ("https://localhost", True),
        ("http://[::1]", True),
    ],
)
def test_it_is_known_whether_heyx_is_on_this_machine(url: str, is_local: bool) -> None:
    assert from_environment({"HEYX_TOKEN": SECRET, "HEYX_URL": url}).is_local is is_local


# The channel


def test_a_channel_is_told_from_another_by_its_token_and_address() -> None:
    channels = [
        from_environment({"HEYX_TOKEN": token, "HEYX_URL": url}, workers=workers).channel
        for token, url, workers in [
            (SECRET, DEFAULT_URL, 1),
            (SECRET, f"{DEFAULT_URL}/", 2),
            ("another", DEFAULT_URL, 1),
            (SECRET, "https://example.com", 1),
        ]
    ]
    assert channels[0] == channels[1]
    assert (len(set(channels)), {len(channel) for channel in channels}) == (3, {32})


# The rate


@pytest.mark.parametrize(
    ("text", "calls", "seconds"),
    [
        ("200/min", 200, 60.0),
        ("100/min", 100, 60.0),
        ("200/3s", 200, 3.0),
        ("200/0.5s", 200, 0.5),
        ("1/s", 1, 1.0),
        ("400/2min", 400, 120.0),
        (" 200 / 3 S ", 200, 3.0),
        ("200/MINUTE", 200, 60.0),
        ("200/m", 200, 60.0),
    ],
)
def test_a_rate_is_calls_and_a_time(text: str, calls: int, seconds: float) -> None:
    assert Rate.parse(text) == Rate(calls, seconds)


@pytest.mark.parametrize(
    "text",
    ["", "200", "200/", "/min", "0/min", "200/0s", "200/0.0s", "-1/min", "200/h", "2.5/s", "200/3s!", "200 min"],
)
def test_what_is_no_rate_is_told_with_ones_that_are(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Rate.parse(text)
    assert caught.value.what == f"--rate {text} is not a rate."
    assert all(example in caught.value.remedy for example in ("200/min", "100/min", "200/3s"))


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Rate(), "200 calls/min"),
        (Rate(100), "100 calls/min"),
        (Rate(200, 3), "200 calls every 3 s"),
        (Rate(1, 0.5), "1 call every 0.5 s"),
    ],
)
def test_a_rate_is_said_as_a_person_would(rate: Rate, text: str) -> None:
    assert str(rate) == text


# The rest


def test_what_is_not_said_is_as_promised() -> None:
    settings = from_environment(
        {"HEYX_TOKEN": SECRET}, workers=None, timeout=None, reconcile_delay=None, rate=None
    )
    assert settings == Settings.model_validate(
        {
            "token": SECRET,
            "url": "https://app.heyx.io/api",
            "rate": Rate(200, 60.0),
            "rate_share": 1.0,
            "rate_limit_redis": None,
            "account": "",
            "workers": 20,
            "timeout": 30.0,
            "reconcile_delay": 60.0,
            "viber": False,
        }
    )


def test_what_is_said_is_taken() -> None:
    options = {"workers": 3, "timeout": 1.5, "reconcile_delay": 0.0, "rate": Rate(100), "viber": True}
    settings = from_environment({"HEYX_TOKEN": SECRET}, **options)
    assert {name: getattr(settings, name) for name in options} == options


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("workers", 1, 200), ("timeout", 0.001, 600), ("reconcile_delay", 0, 3600)],
)
def test_the_bounds_are_allowed(name: str, least: float, most: float) -> None:
    both = [getattr(validate_settings(token=SECRET, **{name: value}), name) for value in (least, most)]
    assert both == [least, most]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", 0),
        ("workers", 201),
        ("workers", 2.5),
        ("workers", "many"),
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", 600.1),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("reconcile_delay", -0.1),
        ("reconcile_delay", 3601),
        ("reconcile_delay", float("nan")),
    ],
)
def test_what_is_out_of_bounds_is_told_by_its_option(name: str, value: object) -> None:
    assert told({"HEYX_TOKEN": SECRET}, **{name: value}).what.startswith(f"--{name.replace('_', '-')}: ")


def test_all_that_is_wrong_is_told_at_once() -> None:
    error = told({"HEYX_TOKEN": SECRET, "HEYX_URL": "nowhere"}, workers=0, timeout=0, reconcile_delay=-1)
    assert error.what == (
        "HEYX_URL is not a web address; it looks like https://app.heyx.io/api; "
        "--workers: input should be greater than or equal to 1; "
        "--timeout: input should be greater than 0; "
        "--reconcile-delay: input should be greater than or equal to 0"
    )


def test_settings_do_not_change() -> None:
    settings = from_environment({"HEYX_TOKEN": SECRET})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, "workers", 3)  # noqa: B010  written plainly, the type checker refuses it too


def test_the_state_folder_is_the_users_own_unless_another_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEYX_BULK_STATE", str(tmp_path / "elsewhere"))
    named = state_folder()
    monkeypatch.delenv("HEYX_BULK_STATE")
    assert (named, state_folder().name) == (tmp_path / "elsewhere", "heyx-bulk")
    assert state_folder().is_absolute()
