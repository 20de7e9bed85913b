"""Where on this machine the program keeps what outlives a run."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path, user_state_path


def state_folder() -> Path:
    """The folder for what outlives a run but belongs beside no sheet: `HEYX_BULK_STATE`, else this user's."""
    named = os.environ.get("HEYX_BULK_STATE")
    return Path(named) if named else user_state_path("heyx-bulk", appauthor=False)


def settings_folder() -> Path:
    """The folder of the user's settings file: `HEYX_BULK_CONFIG`, else this user's."""
    named = os.environ.get("HEYX_BULK_CONFIG")
    return Path(named) if named else user_config_path("heyx-bulk", appauthor=False)
