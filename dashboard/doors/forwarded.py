"""An ASGI layer that believes what a proxy says of a request only where the proxy was named.

Anybody can write ``X-Forwarded-For``; what it says decides whose requests are counted and whose wrong logins slow
down. So these headers count from named addresses alone, and nothing behind this layer ever sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from dashboard.doors.body_limit import Application, Message, Receive, Send
from engine.errors import UsageError

Network = IPv4Network | IPv6Network
_ALSO: Final = frozenset({b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"})
_WEBSOCKET: Final = {"http": "ws", "https": "wss"}


def networks(named: Iterable[str]) -> tuple[Network, ...]:
    """Return the proxies as networks; each is ADDRESS or ADDRESS/BITS. Raises UsageError where one is none."""
    found = []
    for text in named:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError as error:
            raise UsageError(
                f"Expected --proxy as an IP address or a network such as 10.0.0.0/8, got '{text[:80]}'; write one."
            ) from error
    return tuple(found)


class Forwarded:
    """Wrap an application.

    Args:
        app: the application.
        proxies: whose word counts.
        tunnels: hosts under which a tunnel's end on this machine brings visitors; its word counts for those.
    """

    def __init__(self, app: Application, proxies: tuple[Network, ...] = (), tunnels: Set[str] = frozenset()) -> None:
        self.app, self.proxies, self.tunnels = app, proxies, tunnels

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on without such headers; from a named proxy with the client and scheme that it names."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        said = [(name, value.decode("latin-1")) for name, value in scope["headers"] if _is_said(name)]
        kept = [(name, value) for name, value in scope["headers"] if not _is_said(name)]
        scope = {**scope, "headers": kept}
        client = scope.get("client")
        tunnelled = client is not None and self._is_tunnelled(client[0], kept)
        if client is not None and (tunnelled or self._is_proxy(client[0])):
            chain = [part.strip() for name, text in said if name == b"x-forwarded-for" for part in text.split(",")]
            scope["client"] = (self._client(chain) or client[0], 0)
            schemes = [text.strip().lower() for name, text in said if name == b"x-forwarded-proto"]
            schemes = ["https"] if tunnelled else schemes
            if schemes and schemes[-1] in _WEBSOCKET:
                scope["scheme"] = _WEBSOCKET[schemes[-1]] if scope["type"] == "websocket" else schemes[-1]
        await self.app(scope, receive, send)

    def _is_tunnelled(self, address: str, headers: list[tuple[bytes, bytes]]) -> bool:
        hosts = {value.decode("latin-1") for name, value in headers if name == b"host"}
        return bool(hosts & self.tunnels) and _is_address(address) and ip_address(address).is_loopback

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in self.proxies)
        except ValueError:
            return False

    def _client(self, chain: list[str]) -> str | None:
        """Return the last address that is no proxy of ours: what stands before it is the client's own word."""
        for address in reversed(chain):
            if not self._is_proxy(address):
                return address if _is_address(address) else None
        return chain[0] if chain and _is_address(chain[0]) else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_said(name: bytes) -> bool:
    return name.startswith(b"x-forwarded") or name in _ALSO
