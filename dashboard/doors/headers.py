"""An ASGI layer that tells browsers what a page of this server may do: load nothing from elsewhere, first of all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dashboard.doors.body_limit import Application, Message, Receive, Send
from engine.errors import UsageError

_ANCESTOR: Final = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:\d{1,5})?", re.IGNORECASE)
_POLICY: Final = (
    "default-src 'self'",
    # Streamlit's and Gradio's pages hold scripts in themselves, and make functions of text (components, js_on_load).
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
    "style-src 'self' 'unsafe-inline' blob: data:",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob: mediastream:",
    "font-src 'self' data:",
    "connect-src 'self' data: blob:",
    "worker-src 'self' blob: data:",
    "frame-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
)
"""What our own pages need; no address of another server is in it."""


def check_ancestors(origins: Iterable[str]) -> tuple[str, ...]:
    """Return the origins whose pages may show this server's in a frame. Raises UsageError where one is none."""
    given = tuple(origins)
    for origin in given:
        if not _ANCESTOR.fullmatch(origin):
            raise UsageError(
                f"Expected --allow-frame as an origin such as https://huggingface.co, got '{origin[:80]}'; write one."
            )
    return given


class SecurityHeaders:
    """Wrap an application.

    Args:
        app: the application.
        ancestors: origins whose pages may show ours in a frame; ours alone where there is none.
        reached: further addresses that our pages' scripts may ask, each an origin.
    """

    def __init__(self, app: Application, ancestors: tuple[str, ...] = (), reached: tuple[str, ...] = ()) -> None:
        self.app = app
        policy = [" ".join((rule, *reached)) if rule.startswith("connect-src") else rule for rule in _POLICY]
        policy.append(" ".join(("frame-ancestors 'self'", *ancestors)))
        self._headers = [
            (b"content-security-policy", "; ".join(policy).encode("latin-1")),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=(), usb=()"),
        ]
        if not ancestors:
            self._headers.append((b"x-frame-options", b"SAMEORIGIN"))  # knows no list, so it would contradict one
        self._names = {name for name, _ in self._headers} | {b"x-frame-options"}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on, with the headers on every answer."""

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name, value) for name, value in message.get("headers", ()) if name not in self._names]
                message = {**message, "headers": [*own, *self._headers]}
            await send(message)

        await self.app(scope, receive, headed if scope["type"] == "http" else send)
