"""An index of contacts saves look-ups and changes nothing else; the estimate's bounds hold with and without it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from heyx_bulk.mapping.mapping_file import parse_mapping
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.models.contacts import Contact
from heyx_bulk.planning.estimate import CallKind, CostEstimate, Effect, estimate
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.sandbox import Sandbox
from heyx_bulk.storage.cache.contact_index import ContactIndex
from heyx_bulk.upload.options import UploadOptions
from tests.support import runs
from tests.support.rows_of_every_kind import CELLS, CONTACTS, MAPPING, state_of
from tests.support.runs import Channel, RecordedRequest

KINDS = {
    ("POST", False): CallKind.CREATE,
    ("PUT", False): CallKind.UPDATE,
    ("POST", True): CallKind.ADD_TAGS,
    ("DELETE", True): CallKind.REMOVE_TAGS,
    ("GET", False): CallKind.LOOKUP,
}
EFFECTS = {
    "created": Effect.CREATE,
    "updated": Effect.UPDATE,
    "unchanged": Effect.UNCHANGED,
    "skipped": Effect.SKIP,
}


@contextmanager
def index_of(
    folder: Path, sandbox: Sandbox, keys: tuple[str, ...], *, left_out: frozenset[str]
) -> Iterator[ContactIndex]:
    """An index of the sandbox's contacts, those `left_out` aside."""
    with ContactIndex(folder / "index", keys) as index:
        index.add(
            Contact(one.id, dict(one.fields), frozenset(one.tags), complete=True)
            for one in sandbox.contacts
            if one.id not in left_out
        )
        yield index


def kind_of(seen: RecordedRequest) -> CallKind:
    return KINDS[seen.method, seen.path.partition("?")[0].endswith("/tags")]


def check_bounds(due: CostEstimate, seen: list[RecordedRequest], totals: dict[str, int]) -> None:
    assert due.calls_low <= len(seen) <= due.calls
    for kind in CallKind:
        bounds = due.calls_by_kind[kind]
        assert bounds.low <= sum(kind_of(one) is kind for one in seen) <= bounds.high, kind
    for status, effect in EFFECTS.items():
        assert totals.get(status, 0) <= due.effects[effect].high, status


@pytest.mark.slow
@trying(max_examples=15, deadline=None)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=4, unique_by=lambda row: row["phone"]),
    contacts=CONTACTS,
    mode=st.sampled_from(Mode),
    left_out=st.frozensets(st.sampled_from(["0", "1", "2", "3"])),
)
def test_an_index_saves_look_ups_and_changes_nothing_else(
    *, rows: list[dict[str, str]], contacts: list[dict[str, str]], mode: Mode, left_out: frozenset[str]
) -> None:
    mapping = MappingOptions(file=parse_mapping(MAPPING, "m.toml"), constants=("source=fair",))
    options = UploadOptions(mapping=mapping, matching=Matching(mode=mode))
    found, sent = [], []
    for with_index in (False, True):
        with tempfile.TemporaryDirectory() as name, Channel() as channel:
            folder = Path(name)
            for number, fields in enumerate(contacts):
                held = {field: value for field, value in fields.items() if value}
                channel.sandbox.add(held, ["z", "seg:h"], id=str(number))
            sheet = runs.written(folder, list(rows[0]), [list(row.values()) for row in rows])
            with (
                runs.resumed(runs.checkpoint(sheet, options)) as run,
                index_of(folder, channel.sandbox, run.columns.keys, left_out=left_out) as index,
            ):
                blocked = run.checkpoint.queries.count_blocked()
                answer = index.answer if with_index else None
                due = estimate(run.open_rows(), run.matching, blocked=blocked, known_answer=answer)
                channel.send(run, index=index if with_index else None)
                totals = run.checkpoint.queries.totals()
            if not blocked and not totals.get("failed"):
                check_bounds(due, channel.transport.seen, totals)
            found.append((state_of(channel.sandbox), totals))
            sent.append(len(channel.transport.seen))
    assert found[0] == found[1]
    assert sent[1] <= sent[0]
