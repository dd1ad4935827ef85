"""An ASGI layer that answers only requests that are meant for this server, by its own names and from its own pages.

A page on another site can have a visitor's browser ask this server: by a name that it makes point here (DNS rebinding,
the ``Host`` says so), or across origins (the ``Origin`` says so). Neither gets an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from starlette.responses import JSONResponse

from dashboard.doors.body_limit import Application, Message, Receive, Send
from engine.errors import UsageError

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_STANDARD_PORT: Final = {"http": 80, "https": 443}
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # addresses that mean all of a machine's
WRONG_HOST: Final = (
    "Expected a request for an address of this server, but it names another host; start it with --allow-host NAME to "
    "serve it under that name."
)
WRONG_ORIGIN: Final = (
    "Expected a request from a page of this server, but it comes from another site's; open this server's own address."
)


def split_host(text: str) -> tuple[str, int | None] | None:
    """Return name (lower case, no final dot, no brackets) and port of ``NAME[:PORT]``; None where it is none."""
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    return found[1].lower().strip("[]").rstrip("."), None if found[2] is None else int(found[2])


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


@dataclass
class Hosts:
    """The names that this server answers to.

    ``localhost`` and the address that it is bound to always count. Bound to all addresses it answers to any IP address
    written as one, which nobody can make a name of their own point to; names must be given.

    Attributes:
        bound: the address it is served at.
        named: further ones, each NAME or NAME:PORT.

    Raises:
        UsageError: one of them is none.
    """

    bound: str
    named: Iterable[str] = ()
    _names: set[tuple[str, int | None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        for text in self.named:
            self.allow(text)

    def allow(self, text: str) -> None:
        """Answer to NAME or NAME:PORT from now on. Raises UsageError where it is none."""
        host = split_host(text)
        if host is None:
            raise UsageError(
                f"Expected --allow-host as NAME or NAME:PORT, got '{text[:80]}'; write it without http://."
            )
        self._names.add(host)

    def answers(self, host: str | None) -> bool:
        """Return whether a ``Host`` header names this server."""
        split = split_host(host or "")
        if split is None:
            return False
        name, port = split
        if _is_loopback(name) or name == self.bound.lower().strip("[]"):
            return True
        if self.bound in _EVERYWHERE and _is_address(name):
            return True
        return (name, port) in self._names or (name, None) in self._names

    def is_own(self, origin: str, host: str) -> bool:
        """Return whether an ``Origin`` header names a page of the server that ``host`` names."""
        found = _ORIGIN.fullmatch(origin)
        there, here = split_host(found[2]) if found else None, split_host(host)
        if found is None or there is None or here is None:
            return False
        standard = _STANDARD_PORT[found[1].lower()]
        if (there[0], there[1] or standard) == (here[0], here[1] or standard):
            return True
        return there[1] is not None and there in self._names  # a proxy that hides its port from us


class HostCheck:
    """Wrap an application.

    Args:
        app: the application.
        hosts: what it answers to; may learn names meanwhile.
    """

    def __init__(self, app: Application, hosts: Hosts) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 403 with a sentence, or refuse the WebSocket, where host or origin are not this server's."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if len(hosts) != 1 or not self.hosts.answers(hosts[0]):
            await refuse(scope, receive, send, 403, WRONG_HOST)
        elif not all(self.hosts.is_own(origin, hosts[0]) for origin in origins):
            await refuse(scope, receive, send, 403, WRONG_ORIGIN)
        else:
            await self.app(scope, receive, send)


async def refuse(scope: Message, receive: Receive, send: Send, status: int, sentence: str) -> None:
    """Answer a request with a status and a sentence; a WebSocket is closed before it is opened, a 403."""
    if scope["type"] == "websocket":
        await receive()  # the wish to connect
        await send({"type": "websocket.close", "code": 1008})
        return
    await JSONResponse({"detail": sentence}, status)(scope, receive, send)
