"""A request must name this server, and come from its own pages."""

from __future__ import annotations

import pytest

from dashboard.doors.hosts import HostCheck, Hosts, split_host
from engine.errors import UsageError
from tests.dashboard.made_asgi import Behind, ask


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("Example.org:80", ("example.org", 80)),
        ("example.org.", ("example.org", None)),
        ("[::1]:8501", ("::1", 8501)),
        ("a b", None),
        ("user@example.org", None),
        ("example.org/x", None),
        ("example.org:", None),
        ("", None),
    ],
)
def test_a_host_header_is_split(text: str, split: tuple[str, int | None] | None) -> None:
    assert split_host(text) == split


@pytest.mark.parametrize(
    ("bound", "named", "host", "answers"),
    [
        ("127.0.0.1", [], "127.0.0.1:8501", True),
        ("127.0.0.1", [], "localhost", True),
        ("127.0.0.1", [], "[::1]:8501", True),
        ("127.0.0.1", [], "evil.example", False),
        ("127.0.0.1", [], "127.0.0.1.evil.example", False),
        ("127.0.0.1", [], "localhost.evil.example", False),
        ("127.0.0.1", [], "192.168.0.7", False),
        ("127.0.0.1", [], None, False),
        ("192.168.0.7", [], "192.168.0.7:8501", True),
        ("192.168.0.7", [], "192.168.0.8:8501", False),
        ("0.0.0.0", [], "192.168.0.7:8501", True),  # noqa: S104
        ("0.0.0.0", [], "evil.example", False),  # noqa: S104
        ("::", [], "[2001:db8::1]:8501", True),
        ("0.0.0.0", ["faces.example.org"], "faces.example.org:8501", True),  # noqa: S104
        ("0.0.0.0", ["faces.example.org"], "FACES.example.org.", True),  # noqa: S104
        ("0.0.0.0", ["faces.example.org"], "other.example.org", False),  # noqa: S104
        ("127.0.0.1", ["faces.example.org:81"], "faces.example.org:81", True),
        ("127.0.0.1", ["faces.example.org:81"], "faces.example.org", False),
    ],
)
def test_what_it_answers_to(bound: str, named: list[str], host: str | None, answers: bool) -> None:
    assert Hosts(bound, named).answers(host) is answers


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://127.0.0.1:8502", "127.0.0.1:8501", False),
        ("http://localhost:8501", "127.0.0.1:8501", False),
        ("https://faces.example.org", "faces.example.org", True),
        ("https://faces.example.org", "faces.example.org:443", True),
        ("http://faces.example.org:80", "faces.example.org", True),
        ("https://faces.example.org:9443", "faces.example.org", True),  # the proxy's port, which was named
        ("https://faces.example.org:9444", "faces.example.org", False),
        ("null", "127.0.0.1:8501", False),
        ("file://", "127.0.0.1:8501", False),
        ("http://evil.example", "127.0.0.1:8501", False),
    ],
)
def test_whose_page_asks(origin: str, host: str, own: bool) -> None:
    assert Hosts("127.0.0.1", ["faces.example.org", "faces.example.org:9443"]).is_own(origin, host) is own


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_others_reach_nothing(kind: str) -> None:
    opened = 200 if kind == "http" else 101
    for headers, status in (
        ({}, opened),
        ({"origin": "http://127.0.0.1"}, opened),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
    ):
        behind = Behind()
        answer = ask(HostCheck(behind, Hosts("127.0.0.1")), headers=headers, kind=kind, behind=behind)
        assert answer.status == status, headers
        assert (answer.scope is None) is (status == 403)
        assert b"evil" not in answer.body  # nothing of what was asked comes back


@pytest.mark.parametrize("name", ["http://faces.example.org", "a b", ""])
def test_a_name_that_is_none_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(UsageError, match=r"--allow-host as NAME"):
        Hosts("127.0.0.1", [name])
