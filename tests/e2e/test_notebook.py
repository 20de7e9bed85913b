"""The library in a real Jupyter kernel, where an event loop is already running."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient

from heyx_bulk.sandbox import Sandbox, SandboxServer
from tests.support.program import TOKEN

NOTEBOOK = Path(__file__).parents[2] / "samples" / "notebook.ipynb"
SECONDS = 120


@pytest.fixture(autouse=True)
def _own_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of the test's own for what Jupyter and IPython keep."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def outputs(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What each cell shows as its value or prints, by the cell's id."""
    return {
        cell.id: "".join(
            output.get("text", "") or output.get("data", {}).get("text/plain", "")
            for output in cell.outputs
            if output.get("name") != "stderr"
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def test_the_sample_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = outputs(notebook)
    assert "'created': 4" in shown["people"]
    assert "'created': 3" in shown["upload"]
    assert "'failed': 1,\n 'invalid': 1" in shown["upload"]
    assert len(lines := shown["failed"].splitlines()[2:]) == 2
    assert any(line.split()[:3] == ["2", "Chen", "invalid"] for line in lines)
    assert shown["rerun"] == "5 rows: 5 created\n"
    assert shown["verify"] == "True"
    assert shown["export"] == "['Ayesha', 'Bilal', 'Chen', 'Emre']"
    assert shown["async"] == "[5, 5]"
    assert shown["threads"] == "([5, 5], [3, 2])"


def test_the_sample_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    assert set(outputs(notebook).values()) == {""}


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_interrupting_a_cell_ends_it_cleanly_and_the_same_cell_carries_on(
    kernel: tuple[KernelManager, BlockingKernelClient],
) -> None:
    manager, client = kernel
    with SandboxServer(Sandbox(tokens=(TOKEN,), limit=100_000), latency=0.05) as server:
        code = f"""
import heyx_bulk as hb, pandas as pd
people = pd.DataFrame({{"phone": [f"+92300{{n:07}}" for n in range(150)]}})
result = hb.upload(people, token={TOKEN!r}, url={server.url!r}, workers=1, rate="60000/min")
"""
        # Otherwise the kernel may abort what is asked of it right after the error.
        asked = client.execute(code, stop_on_error=False)
        ends_at = time.monotonic() + SECONDS
        while len(server.sandbox.contacts) < 5:
            assert time.monotonic() < ends_at, "no contact was created"
            time.sleep(0.01)
        manager.interrupt_kernel()
        reply = answer(client, asked)
        assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
        assert len(server.sandbox.contacts) < 150
        server.latency = 0.0
        code += "assert result.totals['created'] == 150, result\n"
        assert answer(client, client.execute(code))["status"] == "ok"
        assert len(server.sandbox.contacts) == 150


def answer(client: BlockingKernelClient, asked: str) -> dict[str, object]:
    """What the kernel answers to a request, once it has ended."""
    while True:
        message = client.get_shell_msg(timeout=SECONDS)
        if message["parent_header"].get("msg_id") == asked:
            content: dict[str, object] = message["content"]
            return content
