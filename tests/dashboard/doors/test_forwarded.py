"""What a proxy says counts where it was named, and nowhere else."""

from __future__ import annotations

import pytest

from dashboard.doors.forwarded import Forwarded, networks
from engine.errors import UsageError
from tests.dashboard.made_asgi import Behind, ask

SAID = {
    "x-forwarded-for": "198.51.100.1, 203.0.113.5",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.example",
}


def seen(client: str, headers: dict[str, str], *named: str, tunnels: frozenset[str] = frozenset()) -> tuple[str, str]:
    """Client and scheme as the application sees them."""
    behind = Behind()
    scope = ask(Forwarded(behind, networks(named), tunnels), client=client, headers=headers, behind=behind).scope
    assert scope is not None
    assert not [name for name, _ in scope["headers"] if name.startswith(b"x-") or name == b"forwarded"]
    return scope["client"][0], scope["scheme"]


def test_nobody_is_believed_by_default() -> None:
    for client in ("203.0.113.9", "127.0.0.1"):
        headers = {**SAID, "x-real-ip": "8.8.8.8", "forwarded": "for=8.8.8.8"}
        assert seen(client, headers) == (client, "http")
        assert seen(client, headers, "10.0.0.0/8") == (client, "http")


def test_a_named_proxy_is_believed_for_the_address_that_it_saw() -> None:
    assert seen("10.1.2.3", SAID, "10.0.0.0/8") == ("203.0.113.5", "https")
    # The first address is what the client itself wrote; two proxies of ours in a row are passed over.
    assert seen("10.1.2.3", SAID, "10.1.2.3", "203.0.113.5") == ("198.51.100.1", "https")
    assert seen("10.1.2.3", {"x-forwarded-for": "<script>"}, "10.1.2.3") == ("10.1.2.3", "http")
    assert seen("10.1.2.3", {"x-forwarded-proto": "gopher"}, "10.1.2.3") == ("10.1.2.3", "http")
    assert seen("10.1.2.3", {}, "10.1.2.3") == ("10.1.2.3", "http")


def test_a_websocket_keeps_its_kind_of_scheme() -> None:
    behind = Behind()
    app = Forwarded(behind, networks(["10.1.2.3"]))
    scope = ask(app, client="10.1.2.3", headers=SAID, kind="websocket", scheme="ws", behind=behind).scope
    assert scope is not None
    assert scope["scheme"] == "wss"


def test_the_public_link_is_believed_for_its_own_visitors_alone() -> None:
    tunnels = frozenset({"abc.gradio.live"})
    visitor = {"host": "abc.gradio.live", "x-forwarded-for": "203.0.113.5"}
    assert seen("127.0.0.1", visitor, tunnels=tunnels) == ("203.0.113.5", "https")
    assert seen("127.0.0.1", {**visitor, "host": "127.0.0.1"}, tunnels=tunnels) == ("127.0.0.1", "http")
    assert seen("203.0.113.9", visitor, tunnels=tunnels) == ("203.0.113.9", "http")


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(UsageError, match=r"--proxy as an IP address"):
        networks(["proxy.example.org"])
