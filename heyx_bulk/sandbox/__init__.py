"""A HeyX of your own, for simulations and tests.

`Sandbox.handle` is the whole server, without I/O. `SandboxTransport` connects it to an `httpx.AsyncClient` without
a socket, `SandboxServer` to any program on this machine. The sandbox restates HeyX's contract and imports nothing
else of the package, so that a mistake about HeyX must be made twice to go unnoticed. It keeps state, and it
misbehaves on request: see `Faults`.
"""

from heyx_bulk.sandbox.faults import Faults
from heyx_bulk.sandbox.rate_limits import WindowKind
from heyx_bulk.sandbox.responses import LostResponse, Response
from heyx_bulk.sandbox.server import Sandbox
from heyx_bulk.sandbox.store import SandboxContact
from heyx_bulk.sandbox.transports import SandboxServer, SandboxTransport

__all__ = [
    "Faults",
    "LostResponse",
    "Response",
    "Sandbox",
    "SandboxContact",
    "SandboxServer",
    "SandboxTransport",
    "WindowKind",
]
