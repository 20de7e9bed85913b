"""A HeyX of your own, for rehearsals and tests.

`Sandbox.handle` is the whole server, without I/O. `SandboxTransport` plays it to an `httpx.AsyncClient`
without a socket, `SandboxServer` to anybody on this machine. The sandbox restates HeyX's contract and imports
nothing of the house, so that a mistake about HeyX must be made twice to go unseen. It keeps state, and it
misbehaves on request: see `Misbehaviour`.
"""

from heyx_bulk.sandbox.answers import Answer, LostAnswer
from heyx_bulk.sandbox.contacts import SandboxContact
from heyx_bulk.sandbox.doors import SandboxServer, SandboxTransport, start
from heyx_bulk.sandbox.heyx import Sandbox
from heyx_bulk.sandbox.misbehaviour import Misbehaviour
from heyx_bulk.sandbox.window import WindowKind

__all__ = [
    "Answer",
    "LostAnswer",
    "Misbehaviour",
    "Sandbox",
    "SandboxContact",
    "SandboxServer",
    "SandboxTransport",
    "WindowKind",
    "start",
]
