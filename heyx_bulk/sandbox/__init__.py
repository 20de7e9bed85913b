"""A HeyX of your own, for rehearsals and tests.

`Sandbox.handle` is the whole server, without I/O. `SandboxTransport` plays it to an `httpx.AsyncClient`
without a socket, `SandboxServer` to anybody on this machine. The sandbox restates HeyX's contract and imports
nothing of the house, so that a mistake about HeyX must be made twice to go unseen. It keeps state, and it
misbehaves on request: see `Faults`.
"""

from heyx_bulk.sandbox.faults import Faults
from heyx_bulk.sandbox.rate_limits import WindowKind
from heyx_bulk.sandbox.responses import LostResponse, Response
from heyx_bulk.sandbox.server import Sandbox
from heyx_bulk.sandbox.store import SandboxContact
from heyx_bulk.sandbox.transports import SandboxServer, SandboxTransport, start_server

__all__ = [
    "Faults",
    "LostResponse",
    "Response",
    "Sandbox",
    "SandboxContact",
    "SandboxServer",
    "SandboxTransport",
    "WindowKind",
    "start_server",
]
