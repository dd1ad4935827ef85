"""Settings, rate and body size."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dashboard.doors.body_limit import BodyLimit
from dashboard.live.limits import Limits
from dashboard.live.rate import RateLimit
from engine.errors import UsageError
from tests.dashboard.made_live import Clock


def test_limits_come_from_the_environment_and_have_safe_defaults() -> None:
    assert Limits.from_environment({}) == Limits()
    assert Limits().upload_megabytes == 10
    assert Limits.from_environment({"FERLENS_LIVE_VIEWERS": "8", "OTHER": "x"}).viewers == 8


@pytest.mark.parametrize("value", ["0", "65", "many", "2.5", ""])
def test_a_limit_that_makes_no_sense_is_refused_with_its_name(value: str) -> None:
    with pytest.raises(UsageError, match=r"FERLENS_LIVE_VIEWERS .*cameras at the same time"):
        Limits.from_environment({"FERLENS_LIVE_VIEWERS": value})


def test_a_body_may_hold_the_largest_upload_and_the_largest_frame_in_base64() -> None:
    limits = Limits(upload_megabytes=1, frame_kilobytes=9_000)
    assert limits.body_bytes > 9_000_000 * 4 / 3
    assert Limits(upload_megabytes=20).body_bytes > 20 * 2**20


def test_the_rate_is_counted_by_client_over_a_sliding_minute() -> None:
    clock = Clock()
    rate = RateLimit(2, clock=clock)
    assert rate.wait_seconds("a") == 0.0
    clock.now += 20
    assert rate.wait_seconds("a") == 0.0
    assert rate.wait_seconds("a") == 40.0  # the first one leaves the window 60 s after it came
    assert rate.wait_seconds("b") == 0.0
    clock.now += 40
    assert rate.wait_seconds("a") == 0.0
    assert rate.wait_seconds("a") == 20.0


async def reading_app(scope: Any, receive: Any, send: Any) -> None:
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message["body"]), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def ask(parts: list[bytes], headers: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    """Send a body in parts to an application that takes at most 10 bytes; return status and answer."""
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    # In a thread of its own: the browser's tests may have left an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        asked = BodyLimit(reading_app, 10)({"type": "http", "headers": headers}, receive, send)
        pool.submit(asyncio.run, asked).result()
    return sent[0]["status"], sent[1]["body"]


def test_a_small_body_passes() -> None:
    assert ask([b"12345", b"67890"], [(b"content-length", b"10")]) == (200, b"10")


@pytest.mark.parametrize("headers", [[(b"content-length", b"11")], [(b"content-length", b"-1")], []])
def test_a_large_body_is_refused_with_a_sentence_whatever_it_declares(headers: list[tuple[bytes, bytes]]) -> None:
    status, body = ask([b"123456", b"789012"], headers)
    assert status == 413
    assert b"Expected a request of at most" in body
