"""What every test may count on: a state folder of its own, and no token from outside."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    state = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("HEYX_BULK_STATE", str(state))
    for name in ("HEYX_TOKEN", "HEYX_TOKEN_FILE", "HEYX_URL", "HEYX_RATE_LIMIT_REDIS", "HEYX_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    return state
