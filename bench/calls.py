"""Calls sent, against the fewest possible and against a plain script.

    python bench/calls.py [ROWS]

*Fewest* is a formula for each workload: the calls that no program can save that knows no more than the run, must
not create a contact twice, and sends at most 30 fields or 10 tags in a call. The *plain script* searches for each
row's phone as it is written, creates or updates the contact with all fields, and adds all tags.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import httpx

import heyx_bulk as hb
from heyx_bulk.sandbox import Sandbox, SandboxServer

TOKEN = "bench"  # noqa: S105  opens only the sandbox
RATE = "100000/min"
KINDS = ("find", "read", "create", "update", "add_tags", "remove_tags")
PAGE = 10
"""Contacts on a page of a search."""

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Workload:
    """A sheet for a channel: `held` contacts are there before, `known` ones were uploaded from this machine."""

    name: str
    rows: Rows
    fewest: int
    held: Sequence[dict[str, str]] = ()
    known: Sequence[dict[str, str]] = ()
    options: dict[str, Any] | None = None
    with_ids: bool = False
    edited_export: bool = False


def people(count: int, *, fields: int = 3, tags: int = 0, changed: int = 0, first: int = 0) -> Rows:
    """Rows of a sheet; the first `changed` of them have another value in a field."""
    listed = ";".join(f"tag {number}" for number in range(tags))
    return [
        {
            "phone": f"+4420{number:08d}",
            **{
                f"f{field}": f"{field} of {number}{'!' * (number - first < changed)}"
                for field in range(fields - 1)
            },
            **({"tags": listed} if tags else {}),
        }
        for number in range(first, first + count)
    ]


def workloads(rows: int) -> Iterator[Workload]:
    """What is measured; a phone that HeyX does not have is searched for with + and without."""
    hundredth, absent = ceil(rows / 100), 2
    trusted = {"trust_cache": "1h"}
    yield Workload("new sheet", people(rows), (absent + 1) * rows)
    yield Workload("the same sheet again", people(rows), rows, known=people(rows))
    yield Workload("the same sheet again, cache trusted", people(rows), 0, known=people(rows), options=trusted)
    yield Workload(
        "1 % changed, cache trusted",
        people(rows, changed=hundredth),
        hundredth,
        known=people(rows),
        options=trusted,
    )
    yield Workload("1 % changed", people(rows, changed=hundredth), rows + hundredth, known=people(rows))
    yield Workload(
        "contact ids, written blind", people(rows, changed=rows), rows, held=people(rows), with_ids=True
    )
    yield Workload("45 fields, new", people(rows, fields=45), (absent + 2) * rows)
    yield Workload("12 tags, new", people(rows, tags=12), (absent + 1 + 2) * rows)
    yield Workload("edited export, 1 % changed", people(rows), hundredth, held=people(rows), edited_export=True)
    others = people(4 * rows, first=rows)
    misses = rows // 10
    yield Workload(
        f"{rows:,} rows against {5 * rows:,} contacts, index",
        people(rows - misses) + people(misses, first=5 * rows),
        5 * rows // PAGE + (absent + 1) * misses,
        held=people(rows) + others,
        options={"index": "isLead=true"},
    )


def write(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def calls_of(sandbox: Sandbox) -> int:
    return sum(sandbox.calls[kind] for kind in KINDS)


def filled(workload: Workload) -> Sandbox:
    sandbox = Sandbox(tokens=(TOKEN,), limit=10_000_000)
    for row in workload.held:
        sandbox.add({**{name: value for name, value in row.items() if name != "tags"}, "isLead": "true"}, ())
    return sandbox


def ours(workload: Workload, folder: Path) -> int:
    """The calls of heyx-bulk."""
    sandbox = filled(workload)
    with SandboxServer(sandbox) as server:
        os.environ.update(HEYX_URL=server.url, HEYX_TOKEN=TOKEN, HEYX_BULK_STATE=str(folder / "state"))
        given: dict[str, Any] = {"custom_fields": True, "progress": False, "report": False, "rate": RATE}
        if workload.known:
            hb.upload(write(folder / "before.csv", workload.known), **given)
        rows = [*workload.rows]
        if workload.with_ids:
            ids = {str(one.fields["phone"]): one.id for one in sandbox.contacts}
            rows = [{"heyx contact id": ids[row["phone"]], "f0": row["f0"], "f1": row["f1"]} for row in rows]
            given["read_first"] = False
        if workload.edited_export:
            table = hb.export(where={"isLead": "true"}, progress=False, rate=RATE)
            edited = table.head(workload.fewest).index
            table.loc[edited, "f0"] = table.loc[edited, "f0"] + "!"
            rows = [
                {"heyx contact id": one["heyx contact id"], "f0": one["f0"]} for one in table.to_dict("records")
            ]
            given["since_export"] = True
        before = calls_of(sandbox)
        result = hb.upload(write(folder / "sheet.csv", rows), **given, **(workload.options or {}))
        assert not result.totals["failed"] + result.totals["invalid"], result.totals
        return calls_of(sandbox) - before


def plain_script(workload: Workload) -> int:
    """The calls of a script that knows nothing and saves nothing."""
    sandbox = filled(workload)
    for row in workload.known:
        sandbox.add({name: value for name, value in row.items() if name != "tags"}, ())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with SandboxServer(sandbox) as server, httpx.Client(base_url=server.url, headers=headers) as http:
        for row in workload.rows:
            query = {"name": "phone", "value": row["phone"]}
            found = http.get("/v1/contact/by_custom_field", params=query).raise_for_status().json()["data"]
            fields = [{"name": name, "value": value} for name, value in row.items() if name != "tags"]
            contact = found[0]["id"] if found else None
            for start in range(0, len(fields), 30):
                body = {"custom_fields": fields[start : start + 30]}
                if contact is None:
                    made = http.post("/v1/contact", json=body).raise_for_status().json()
                    contact = made["data"]["id"] if "data" in made else made["id"]
                else:
                    http.put(f"/v1/contact/{contact}", json=body).raise_for_status()
            tags = row.get("tags", "").split(";") if row.get("tags") else []
            for start in range(0, len(tags), 10):
                http.post(
                    f"/v1/contact/{contact}/tags", json={"tags": tags[start : start + 10]}
                ).raise_for_status()
    return calls_of(sandbox)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    heading = f"calls for {rows:,} rows"
    print(f"{heading:46} {'fewest':>8} {'ours':>8} {'ratio':>6} {'plain script':>13}")
    for workload in workloads(rows):
        with tempfile.TemporaryDirectory() as folder:
            sent, plain = ours(workload, Path(folder)), plain_script(workload)
        ratio = f"{sent / workload.fewest:.2f}" if workload.fewest else "1.00" if not sent else "–"
        print(f"{workload.name:46} {workload.fewest:8,} {sent:8,} {ratio:>6} {plain:13,}")


if __name__ == "__main__":
    main()
