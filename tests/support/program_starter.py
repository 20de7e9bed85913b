"""Starts the program again and again without paying for its imports each time.

`python -m tests.support.program_starter` has imported the program once. For each line on standard input,
`{"words", "folder", "environment", "out", "err"}` as JSON, it forks a child that is the program (its standard
output and standard error appended to two files), says its process id, waits for its end and says its exit code
(negative: the signal). `Starter` is that process as a test holds it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Timer
from typing import Self

import anyio._backends._asyncio
import pandas as pd

from heyx_bulk.cli.app import main
from heyx_bulk.upload import pipeline

IMPORTED = (anyio, pd, pipeline)
"""What the program imports only when it runs, and then every time."""


def become(asked: Mapping[str, object]) -> int:
    """Be the program, as asked; the exit code."""
    os.chdir(str(asked["folder"]))
    environment = asked["environment"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    out, err = (
        os.open(str(asked[name]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for name in ("out", "err")
    )
    for old, new in ((nowhere, 0), (out, 1), (err, 2)):
        os.dup2(old, new)
        os.close(old)
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
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


class Starter:
    """The process that starts the program. Use in a `with` block, or `close` it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.program_starter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.__exit__(None, None, None)

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        out: Path,
        err: Path,
        begun: Callable[[int], None] = lambda _pid: None,
        kill: Callable[[int], None] = lambda pid: os.kill(pid, signal.SIGKILL),
        patience: float = 120.0,
    ) -> int:
        """Run the program and tell `begun` its process id; its exit code. Killed after `patience` seconds."""
        asked = {"words": list(words), "folder": str(folder), "environment": dict(environment)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**asked, "out": str(out), "err": str(err)}) + "\n")
        self._process.stdin.flush()
        pid = self._number()
        begun(pid)
        late = Timer(patience, kill, (pid,))
        late.start()
        try:
            return self._number()
        finally:
            late.cancel()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


if __name__ == "__main__":
    serve()
