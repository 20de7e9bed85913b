"""Starts the program again and again without paying for its imports each time.

A process of its own that has imported the program once. For each line on standard input, `{"words", "folder",
"environment", "output"}` as JSON, it forks a child that is the program, says its process id, waits for its end and
says its exit code (negative: the signal).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import anyio._backends._asyncio
import pandas as pd

from heyx_bulk.cli import main, upload

IMPORTED = (anyio, pd, upload)
"""What the program imports only when it runs, and then every time."""


def become(asked: Mapping[str, object]) -> int:
    """Be the program, as asked; the exit code."""
    os.chdir(str(asked["folder"]))
    environment = asked["environment"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    output = os.open(str(asked["output"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for old, new in ((nowhere, 0), (output, 1), (output, 2)):
        os.dup2(old, new)
    words = asked["words"]
    assert isinstance(words, list)
    sys.argv = ["heyx-bulk", *words]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def serve() -> None:
    """Answer until there is nothing more asked."""
    for line in sys.stdin:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = become(json.loads(line))
            finally:
                sys.stdout.flush()
                os._exit(code)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
