"""What every test may count on: folders of its own, no keyring, no token from outside, and examples that stay."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from heyx_bulk.sandbox import Sandbox, SandboxServer
from tests.support.program import TOKEN

NUMBERS = count(1)

UNJUDGED = [HealthCheck.too_slow]  # how fast the machine is says nothing about the program
settings.register_profile(
    "fixed", derandomize=True, deadline=None, suppress_health_check=UNJUDGED, print_blob=True
)
settings.register_profile("random", deadline=None, suppress_health_check=UNJUDGED, print_blob=True)
settings.load_profile("fixed")


for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)  # programs that the tests start and stop must not inherit "ignore"


@pytest.fixture(autouse=True)
def _own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = tmp_path_factory.getbasetemp() / "states" / str(next(NUMBERS))
    state.mkdir(parents=True)
    monkeypatch.setenv("HEYX_BULK_STATE", str(state))
    monkeypatch.setenv("HEYX_BULK_CONFIG", str(state / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("HEYX_TOKEN", "HEYX_TOKEN_FILE", "HEYX_URL", "HEYX_RATE_LIMIT_REDIS", "HEYX_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    return state


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A HeyX of the test's own, on a real socket."""
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=10_000)) as server:
        yield server
