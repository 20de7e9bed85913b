"""Uploads in a real child process that is killed at random calls and started again until it ends by itself.

The HeyX it speaks to is a real server on loopback that pulls the trigger: it kills the child as a call comes in
(whose answer is then lost) or just after a call took effect. `python -m tests.crash` does it for as long as you
like.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from heyx_bulk.sandbox import Answer, LostAnswer, Misbehaviour, Sandbox, SandboxContact, SandboxServer

TOKEN = "sandbox"
SETTLE_SECONDS = 2.0
LAG_SECONDS = 1.5
FINISHED = (0, 3)
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Variant:
    """One way for a night to go wrong: what HeyX does, and where the sheet has its phone."""

    misbehaviour: Misbehaviour = field(default_factory=Misbehaviour)
    phone_last: bool = False


VARIANTS: Mapping[str, Variant] = {
    "killed": Variant(),
    "creates unanswered": Variant(Misbehaviour(lose_create_answers=0.3)),
    "5xx after the create": Variant(Misbehaviour(errors_after_write=0.1)),
    "search lags": Variant(Misbehaviour(lag=LAG_SECONDS)),
    "phone last of 45": Variant(phone_last=True),
    "all at once": Variant(
        Misbehaviour(lose_create_answers=0.15, errors_after_write=0.05, lag=LAG_SECONDS), phone_last=True
    ),
}


class Deadly(Sandbox):
    """A HeyX that kills whoever asks for the call it has chosen, before or after it took effect."""

    def __init__(self, misbehaviour: Misbehaviour, chance: random.Random) -> None:
        super().__init__(misbehaviour, tokens=(TOKEN,), limit=100_000, window_seconds=60)
        self.victim: subprocess.Popen[bytes] | None = None
        self.kills = 0
        self._chance = chance
        self._left = 0

    def aim(self, victim: subprocess.Popen[bytes], calls: int) -> None:
        """Kill `victim` at one of its next `calls` calls; 0 spares it."""
        self._left = self._chance.randint(1, calls) if calls else 0
        self.victim = victim

    def handle(self, method: str, url: str, token: str | None, body: bytes) -> Answer | LostAnswer:
        """Answer, and perhaps kill."""
        self._left -= 1
        due = self._left == 0
        early = self._chance.random() < 0.5
        if due and early:
            self._kill()
        answer = super().handle(method, url, token, body)
        if due and not early:
            self._kill()
        return answer

    def _kill(self) -> None:
        if self.victim is not None and self.victim.poll() is None:
            self.victim.kill()
            self.kills += 1


@dataclass(frozen=True)
class Person:
    """What one row of the sheet wants."""

    fields: Mapping[str, str]
    tags: frozenset[str]
    remove: frozenset[str] = frozenset()
    id: str = ""

    @property
    def key(self) -> str:
        """The digits of the phone, else the address."""
        return digits(self.fields["phone"]) if "phone" in self.fields else self.fields["email"]


@dataclass(frozen=True)
class Survived:
    """How a run ended after all: kills, starts, and everything that is not as it should be."""

    kills: int
    starts: int
    faults: tuple[str, ...]


def digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit())


def people(chance: random.Random, count: int, *, wide: bool) -> list[Person]:
    """Rows of every kind: by phone, by address, by id, with many fields, many tags, tags to remove."""
    found: list[Person] = []
    for number in range(count):
        fields = {"firstName": f"Name {number}", "lastName": "عربي" if number % 3 else "O'Brien"}
        fields |= {f"field{index}": f"{number:03}-{index}" for index in range(42 if wide else number % 4 * 12)}
        if number % 5 == 4:
            fields["email"] = f"person{number}@example.com"
        else:
            fields["phone"] = f"{'+' if number % 2 else ''}9232440{number:05}"
        tags = frozenset(f"tag {index}" for index in range(chance.choice((0, 1, 12))))
        remove = frozenset({"old"}) if number % 3 == 0 else frozenset()
        found.append(Person(fields, tags, remove, id=f"17760253724{number:05}" if number % 6 == 5 else ""))
    return found


def write_sheet(path: Path, rows: list[Person], *, phone_last: bool) -> None:
    names = sorted({name for row in rows for name in row.fields} - {"phone"})
    header = [*names, "phone"] if phone_last else ["phone", *names]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "tags", "remove tags", "heyx contact id"])
        for row in rows:
            cells = [row.fields.get(name, "") for name in header]
            writer.writerow([*cells, ";".join(sorted(row.tags)), ";".join(row.remove), row.id])


def seed(sandbox: Sandbox, rows: list[Person]) -> None:
    """Contacts that are there before: every third row's, in the other spelling and with an old tag."""
    for number, row in enumerate(rows):
        if row.id:
            sandbox.add({"firstName": "Before"}, ("old", "kept"), id=row.id)
        elif number % 3 == 0:
            key = {name: row.fields[name] for name in ("phone", "email") if name in row.fields}
            if "phone" in key:
                key["phone"] = digits(key["phone"]) if key["phone"].startswith("+") else f"+{key['phone']}"
            sandbox.add({**key, "firstName": "Before"}, ("old", "kept"))


def survive(
    seed_number: int,
    variant: Variant,
    folder: Path,
    *,
    rows: int = 12,
    calls_between_kills: int = 25,
    kills: int = 8,
) -> Survived:
    """Upload a sheet while being killed (at most `kills` times), then compare HeyX with the sheet."""
    chance = random.Random(seed_number)  # noqa: S311  chance in a test guards nothing
    wanted = people(chance, rows, wide=variant.phone_last)
    sheet = folder / "contacts.csv"
    write_sheet(sheet, wanted, phone_last=variant.phone_last)
    sandbox = Deadly(replace(variant.misbehaviour, seed=seed_number), chance)
    seed(sandbox, wanted)
    starts = 0
    with SandboxServer(sandbox, latency=0.002) as server:
        code: int | None = None
        while code not in FINISHED:
            starts += 1
            assert starts <= kills + 10, f"no end after {starts} starts, last exit code {code}"
            code = start(server, sandbox, sheet, calls_between_kills if sandbox.kills < kills else 0)
    return Survived(sandbox.kills, starts, tuple(faults(sandbox, wanted, sheet, code)))


def start(server: SandboxServer, sandbox: Deadly, sheet: Path, calls: int) -> int:
    """One start of the program; its exit code."""
    command = [sys.executable, "-m", "heyx_bulk", "upload", sheet.name, "--custom-fields", "--quiet"]
    command += ["--settle", str(SETTLE_SECONDS), "--rate", "100000/min", "--workers", "4", "--timeout", "10"]
    state = str(sheet.parent / "state")
    environment = {**os.environ, "HEYX_URL": server.url, "HEYX_TOKEN": TOKEN, "HEYX_BULK_STATE": state}
    with (sheet.parent / "output.txt").open("ab") as output:
        child = subprocess.Popen(
            command, cwd=sheet.parent, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        sandbox.aim(child, calls)
        code = child.wait(timeout=PATIENCE_SECONDS)
    if code not in (*FINISHED, -signal.SIGKILL):
        raise AssertionError(f"exit code {code}: {(sheet.parent / 'output.txt').read_text()}")
    return code


def faults(sandbox: Sandbox, wanted: list[Person], sheet: Path, code: int | None) -> list[str]:
    """Everything in HeyX or in the results that is not as the sheet says."""
    found: list[str] = []
    if code != 0:
        found.append(f"exit code {code}")
    contacts = sandbox.contacts
    if len(contacts) != len(wanted):
        found.append(f"{len(contacts)} contacts for {len(wanted)} rows")
    for row in wanted:
        found += _faults_of(row, contacts)
    with sheet.with_name("contacts.results.csv").open(encoding="utf-8-sig", newline="") as file:
        results = list(csv.DictReader(file))
    if len(results) != len(wanted):
        found.append(f"{len(results)} results for {len(wanted)} rows")
    found += [
        f"row {line['heyx row']} {line['heyx status']}: {line['heyx message']}"
        for line in results
        if not _ok(line)
    ]
    return found


def _ok(line: Mapping[str, str]) -> bool:
    return line["heyx status"] in ("created", "updated", "unchanged") and bool(line["heyx contact id"])


def _faults_of(row: Person, contacts: tuple[SandboxContact, ...]) -> list[str]:
    mine = [contact for contact in contacts if _is(row, contact)]
    if len(mine) != 1:
        return [f"{row.key}: {len(mine)} contacts"]
    contact = mine[0]
    found = [
        f"{row.key}: {name} is {contact.fields.get(name)!r}, not {value!r}"
        for name, value in row.fields.items()
        if name != "phone" and contact.fields.get(name) != value
    ]
    if not row.tags <= contact.tags or contact.tags & row.remove:
        found.append(f"{row.key}: tags are {sorted(contact.tags)}")
    return found


def _is(row: Person, contact: SandboxContact) -> bool:
    if row.id:
        return contact.id == row.id
    if "phone" in row.fields:
        return digits(str(contact.fields.get("phone") or "")) == digits(row.fields["phone"])
    return contact.fields.get("email") == row.fields["email"]


def soak(seconds: float, first_seed: int, say: Callable[[str], None] = print) -> int:
    """Go on for `seconds` with one seed after another; the number of seeds that went wrong."""
    ends_at = time.monotonic() + seconds
    number, kills, wrong = first_seed, 0, 0
    names = list(VARIANTS)
    while time.monotonic() < ends_at:
        name = names[number % len(names)]
        with tempfile.TemporaryDirectory(prefix="heyx-bulk-crash-") as folder:
            survived = survive(number, VARIANTS[name], Path(folder))
        kills += survived.kills
        wrong += bool(survived.faults)
        told = survived.faults or "all well"
        say(f"seed {number} ({name}): {survived.kills} kills, {survived.starts} starts, {told}")
        number += 1
    say(f"{number - first_seed} seeds, {kills} kills, {wrong} went wrong")
    return wrong


def main() -> None:
    """The command line of `make soak`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    sys.exit(1 if soak(asked.seconds, asked.seed) else 0)


if __name__ == "__main__":
    main()
