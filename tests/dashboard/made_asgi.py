"""ASGI applications asked without a server: one request in, what it answers out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """Attributes: ``status``, ``headers`` by lower-case name, ``body``; ``scope`` as the application saw it, or None.

    A WebSocket that was opened has the status 101, one that was refused 403.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    scope: dict[str, Any] | None


class Behind:
    """The application behind a layer: answers 200, or opens the WebSocket; remembers the scope that reached it."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-behind", b"yes")]})
        await send({"type": "http.response.body", "body": b"behind"})


def ask(
    app: Any,
    path: str = "/",
    *,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    body: bytes = b"",
    kind: str = "http",
    client: str = "203.0.113.9",
    query: str = "",
    scheme: str = "http",
    behind: Behind | None = None,
) -> Answer:
    """Send one request; the host is ``127.0.0.1`` where none is given."""
    said = {"host": "127.0.0.1", **(headers or {})}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": query.encode(),
        "scheme": scheme,
        "client": (client, 5),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in said.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as pool:  # a thread of its own: browser tests may have left a loop in this one
        pool.submit(asyncio.run, app(scope, receive, send)).result()
    seen = None if behind is None else behind.scope
    if kind == "websocket":
        return Answer(101 if sent[0]["type"] == "websocket.accept" else 403, {}, b"", seen)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]), seen)
