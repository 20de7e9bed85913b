"""Uploads in a real child process that is killed again and again, and started again until it ends by itself.

So is the undo of each. The HeyX it speaks to is a real server on loopback that pulls the trigger: it kills the
child as a call comes in (whose answer is then lost), just after a call took effect, or some milliseconds later,
whatever the child then does. Faults of all kinds fall meanwhile. `python -m tests.support.crash_runs` does it for
as long as you like.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, Timer

from heyx_bulk.sandbox import Faults, LostResponse, Response, Sandbox, SandboxContact, SandboxServer
from tests.support.program_starter import Starter

TOKEN = "sandbox"
SETTLE_SECONDS = 1.2
LAG_SECONDS = 0.8
FINISHED = (0, 3)


@dataclass(frozen=True)
class Variant:
    """One way for a night to go wrong: what HeyX does, and where the sheet has its phone."""

    faults: Faults = field(default_factory=Faults)
    phone_last: bool = False
    options: tuple[str, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether every row creates a contact, without looking and without any key."""
        return "--no-match" in self.options


def storm(chance: random.Random) -> Variant:
    """A night in which anything may go wrong."""
    return Variant(
        Faults(
            lose_requests=chance.choice((0, 0.05)),
            lose_answers=chance.choice((0, 0.05)),
            lose_create_answers=chance.choice((0, 0.2)),
            errors_after_write=chance.choice((0, 0.05)),
            errors_before=chance.choice((0, 0.05)),
            lag=chance.choice((0, LAG_SECONDS)),
            queue=chance.choice((0, 0.3)),
            search=chance.choice(("exact", "loose")),
            existing_phone=chance.choice(("twin", "conflict", "returns")),
            created_status=chance.choice((200, 201)),
            ids=chance.choice(("digits", "cus", "odd")),
            phones=chance.choice(("as-sent", "plus", "digits")),
            missing=chance.choice((403, 404)),
            meta_links=chance.random() < 0.5,
            put_answers_other_id=chance.random() < 0.5,
        ),
        phone_last=chance.random() < 0.3,
    )


VARIANTS: Mapping[str, Variant] = {
    "killed_sessions": Variant(),
    "creates unanswered": Variant(Faults(lose_create_answers=0.3)),
    "5xx after the create": Variant(Faults(errors_after_write=0.1)),
    "search lags": Variant(Faults(lag=LAG_SECONDS)),
    "phone last of 45": Variant(phone_last=True),
    "not ready": Variant(Faults(queue=0.4, lose_create_answers=0.1)),
    "marked, without looking": Variant(
        Faults(lose_create_answers=0.2, errors_after_write=0.1, lag=LAG_SECONDS),
        options=("--no-match", "--tracking-field", "import mark"),
    ),
    "all at once": Variant(
        Faults(lose_create_answers=0.15, errors_after_write=0.05, lag=LAG_SECONDS), phone_last=True
    ),
}


class Child:
    """A running program, which may be killed."""

    def __init__(self, pid: int) -> None:
        self.over = False
        self._pid = pid
        self._lock = Lock()

    def kill(self) -> bool:
        """Kill it, if it still runs; whether it did."""
        with self._lock:
            if self.over:
                return False
            self.over = True
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
                return True
            return False

    def ended(self) -> None:
        """It has come to its end."""
        with self._lock:
            self.over = True


class Deadly(Sandbox):
    """A HeyX that kills whoever asks for the call it has chosen, before or after it took effect."""

    def __init__(self, faults: Faults, chance: random.Random) -> None:
        super().__init__(faults, tokens=(TOKEN,), limit=100_000, window_seconds=60)
        self.victim: Child | None = None
        self.kills = 0
        self.writes: list[Write] = []
        self._chance = chance
        self._left = 0
        self._start = 0

    def aim(self, victim: Child, calls: int) -> None:
        """Kill `victim` at one of its next `calls` calls; 0 spares it."""
        self._left = self._chance.randint(1, calls) if calls else 0
        self._start += 1
        self.victim = victim

    def handle(self, method: str, url: str, token: str | None, body: bytes) -> Response | LostResponse:
        """Answer, and perhaps kill: before, after, or some milliseconds later."""
        self._left -= 1
        moment = self._chance.choice(("before", "after", "later")) if self._left == 0 else ""
        if moment == "before":
            self._kill()
        answer = super().handle(method, url, token, body)
        if method != "GET":
            self.writes.append(Write(self._start, method, url, body, _answered(answer)))
        if moment == "after":
            self._kill()
        elif moment == "later":
            Timer(self._chance.uniform(0, 0.05), self._kill, ()).start()
        return answer

    def _kill(self) -> None:
        if self.victim is not None and self.victim.kill():
            self.kills += 1

    def repeated(self) -> list[str]:
        """Writes that were sent again though their answer must have been written down.

        The last call for a contact before a kill may be unrecorded, and an answer that was an error or lost
        is none.
        """
        found: list[str] = []
        for place, write in enumerate(self.writes):
            before = [one for one in self.writes[:place] if one.same(write) and one.answered]
            if before and not self._is_last(before[-1]):
                found.append(f"{write.method} {write.url} {write.body!r} was sent again")
        return found

    def _is_last(self, write: Write) -> bool:
        later = self.writes[self.writes.index(write) + 1 :]
        return not any(one.start == write.start and one.url == write.url for one in later)


@dataclass(frozen=True)
class Write:
    """One call that writes: in which start it came, and whether it was answered as done."""

    start: int
    method: str
    url: str
    body: bytes
    answered: bool

    def same(self, other: Write) -> bool:
        return (self.method, self.url, self.body) == (other.method, other.url, other.body)


def _answered(answer: Response | LostResponse) -> bool:
    return isinstance(answer, Response) and answer.status < 300


@dataclass(frozen=True)
class Person:
    """What one row of the sheet wants."""

    fields: Mapping[str, str]
    tags: frozenset[str]
    remove: frozenset[str] = frozenset()
    id: str = ""
    there: bool = False
    """Whether HeyX had the contact before, with the tags `old` and `kept`."""

    @property
    def key(self) -> str:
        """The digits of the phone, else the address, else the name."""
        if not self.fields.keys() & {"phone", "email"}:
            return self.fields["firstName"]
        return digits(self.fields["phone"]) if "phone" in self.fields else self.fields["email"]


@dataclass(frozen=True)
class Survived:
    """How a run ended after all: kills, starts, and everything that is not as it should be."""

    kills: int
    starts: int
    faults: tuple[str, ...]


def digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit())


def people(chance: random.Random, count: int, *, wide: bool, blind: bool = False) -> list[Person]:
    """Rows of every kind: by phone, by address, by id, with many fields, many tags, tags to remove.

    `blind` ones have no key at all.
    """
    found: list[Person] = []
    for number in range(count):
        fields = {"firstName": f"Name {number}", "lastName": "عربي" if number % 3 else "O'Brien"}
        fields |= {f"field{index}": f"{number:03}-{index}" for index in range(42 if wide else number % 4 * 12)}
        if not blind and number % 5 == 4:
            fields["email"] = f"person{number}@example.com"
        elif not blind:
            fields["phone"] = f"{'+' if number % 2 else ''}9232440{number:05}"
        tags = frozenset(f"tag {index}" for index in range(chance.choice((0, 1, 12))))
        remove = frozenset({"old"}) if number % 3 == 0 else frozenset()
        named = "" if blind or number % 6 != 5 else f"17760253724{number:05}"
        there = bool(named) or (not blind and number % 3 == 0)
        found.append(Person(fields, tags, remove, named, there))
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
    for row in rows:
        if row.id:
            sandbox.add({"firstName": "Before"}, ("old", "kept"), id=row.id)
        elif row.there:
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
    """Upload a sheet while being killed (at most `kills` times), compare HeyX with it, and undo it likewise."""
    chance = random.Random(seed_number)  # noqa: S311  chance in a test guards nothing
    wanted = people(chance, rows, wide=variant.phone_last, blind=variant.blind)
    sheet = folder / "contacts.csv"
    write_sheet(sheet, wanted, phone_last=variant.phone_last)
    sandbox = Deadly(replace(variant.faults, seed=seed_number), chance)
    seed(sandbox, wanted)
    before = {one.id: one for one in sandbox.contacts}
    starts = 0
    with SandboxServer(sandbox, latency=0.002) as server, Starter() as starter:

        def until_finished(*words: str) -> int:
            nonlocal starts
            code, first, most = -1, starts, sandbox.kills + kills
            while code not in FINISHED:
                starts += 1
                assert starts <= first + kills + 10, f"no end after {starts} starts, last exit code {code}"
                calls = calls_between_kills if sandbox.kills < most else 0
                code = start(starter, server, sandbox, sheet, calls, words)
            return code

        code = until_finished("upload", sheet.name, "--custom-fields", *variant.options)
        found = [*faults(sandbox, wanted, sheet, code), *sandbox.repeated()]
        sandbox.writes.clear()
        if not variant.blind:
            code = until_finished("undo", sheet.name)
            found += [*_not_put_back(sandbox, before, code), *sandbox.repeated()]
    return Survived(sandbox.kills, starts, tuple(found))


def _not_put_back(sandbox: Deadly, before: Mapping[str, SandboxContact], code: int) -> Iterator[str]:
    """What an undo has not put back."""
    if code != 0:
        yield f"undo: exit code {code}"
    for one in sandbox.contacts:
        if (there := before.get(one.id)) is None:
            continue
        if one.tags != there.tags:
            yield f"undo: {one.id} has the tags {sorted(one.tags)}, not {sorted(there.tags)}"
        for name in one.fields.keys() | there.fields.keys():
            held, was = one.fields.get(name) or "", there.fields.get(name) or ""
            if held != was and not (name == "phone" and not was):  # HeyX takes no empty phone
                yield f"undo: {one.id} has the {name} {held!r}, not {was!r}"


def start(
    starter: Starter,
    server: SandboxServer,
    sandbox: Deadly,
    sheet: Path,
    calls: int,
    command: tuple[str, ...],
) -> int:
    """One start of the program; its exit code."""
    words = [*command, "--quiet"]
    words += [
        "--reconcile-delay",
        str(SETTLE_SECONDS),
        "--rate",
        "100000/min",
        "--workers",
        "4",
        "--timeout",
        "10",
    ]
    state = str(sheet.parent / "state")
    environment = {**os.environ, "HEYX_URL": server.url, "HEYX_TOKEN": TOKEN, "HEYX_BULK_STATE": state}
    output = sheet.parent / "output.txt"
    victims: list[Child] = []

    def begun(pid: int) -> None:
        victims.append(Child(pid))
        sandbox.aim(victims[-1], calls)

    def late(_pid: int) -> None:
        victims[-1].kill()

    code = starter.run(words, sheet.parent, environment, out=output, err=output, begun=begun, kill=late)
    victims[-1].ended()
    if code not in (*FINISHED, -signal.SIGKILL):
        raise AssertionError(f"exit code {code}: {output.read_text()}")
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
    """What is not as `row` says in its contact: every field and every tag, and no other."""
    mine = [contact for contact in contacts if _is(row, contact)]
    if len(mine) != 1:
        return [f"{row.key}: {len(mine)} contacts"]
    contact = mine[0]
    shown = {name: value for name, value in contact.fields.items() if name not in ("phone", "import mark")}
    wanted = {name: value for name, value in row.fields.items() if name != "phone"}
    found = [
        f"{row.key}: {name} is {shown.get(name)!r}, not {wanted.get(name)!r}"
        for name in shown.keys() | wanted.keys()
        if shown.get(name) != wanted.get(name)
    ]
    tags = row.tags | (frozenset({"old", "kept"}) - row.remove if row.there else frozenset())
    if contact.tags != tags:
        found.append(f"{row.key}: tags are {sorted(contact.tags)}, not {sorted(tags)}")
    return found


def _is(row: Person, contact: SandboxContact) -> bool:
    if row.id:
        return contact.id == row.id
    if "phone" in row.fields:
        return digits(str(contact.fields.get("phone") or "")) == digits(row.fields["phone"])
    if "email" in row.fields:
        return contact.fields.get("email") == row.fields["email"]
    return contact.fields.get("firstName") == row.fields["firstName"]


def soak(seconds: float, first_seed: int, say: Callable[[str], None] = print) -> int:
    """Go on for `seconds` with one seed after another; the number of seeds that went wrong."""
    ends_at = time.monotonic() + seconds
    number, kills, wrong = first_seed, 0, 0
    names = [*VARIANTS, *["storm"] * len(VARIANTS)]
    while time.monotonic() < ends_at:
        name = names[number % len(names)]
        variant = VARIANTS.get(name) or storm(random.Random(number))  # noqa: S311  likewise
        with tempfile.TemporaryDirectory(prefix="heyx-bulk-crash-") as folder:
            survived = survive(number, variant, Path(folder), kills=16, calls_between_kills=12)
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
