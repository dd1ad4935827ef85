"""Both servers behind their doors, as users start them: hosts, origins, headers, the login over every route."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.dashboard.made import SAMPLES
from tests.dashboard.made_server import Server, serving

SECONDS = 60
NAME = "faces.example.org"
SERVE_ALONE = pytest.mark.parametrize("server", ["serve"], indirect=True)
"""The live page by itself has no WebSocket and no Streamlit."""


@pytest.fixture(scope="module", params=["serve", "webcam"])
def server(
    request: pytest.FixtureRequest, seeded_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """With a login, and a further name."""
    folder: Path = tmp_path_factory.mktemp("server")
    (folder / "users").write_text("ada:secret\n")
    words = ("--auth", str(folder / "users"), "--allow-host", NAME)
    with serving(request.param, seeded_checkpoints, folder / "uploads", *words) as started:
        yield started


@pytest.fixture
def visitor(server: Server) -> Iterator[httpx.Client]:
    """Signed in."""
    with httpx.Client(base_url=server.url, timeout=SECONDS) as client:
        while (answer := client.post("/login", data={"username": "ada", "password": "secret"})).status_code == 429:
            time.sleep(int(answer.headers["retry-after"]))  # a test before this one guessed
        assert answer.status_code == 200
        yield client


def routes(server: Server) -> list[str]:
    """One of each kind that both applications serve."""
    live = server.live.removeprefix(server.url)
    below = (
        "/",
        "/config",
        "/theme.css",
        "/gradio_api/info",
        "/gradio_api/heartbeat/x",
        "/gradio_api/queue/data?session_hash=x",
    )
    listed = [live + route for route in (*below, "/gradio_api/call/predict/x", "/static/img/logo_nosize.svg")]
    if live:
        listed += [
            "/",
            "/Explain",
            "/_stcore/host-config",
            "/media/x.png",
            "/static/js/x.js",
            f"{live}/snapshot/{'a' * 32}",
        ]
    return listed


def test_no_route_of_either_application_answers_without_a_login(server: Server) -> None:
    for route in routes(server):
        assert httpx.get(server.url + route, timeout=SECONDS).status_code == 401, route
    for route in (
        "/gradio_api/upload",
        "/gradio_api/queue/join",
        "/gradio_api/call/models",
        "/gradio_api/component_server/",
    ):
        assert httpx.post(server.live + route, json={"data": []}, timeout=SECONDS).status_code == 401, route
    assert httpx.put(f"{server.url}/_stcore/upload_file/a/b", timeout=SECONDS).status_code == 401
    sent = httpx.get(server.url + "/", headers={"accept": "text/html"}, timeout=SECONDS)
    assert sent.headers["location"] == "/login?next=%2F"


def test_with_a_login_both_answer(server: Server, visitor: httpx.Client) -> None:
    live = server.live.removeprefix(server.url)
    assert visitor.get(f"{live}/config").json()["username"] == "ada"
    assert visitor.get("/", headers={"accept": "text/html"}).status_code == 200
    client = Client(server.live + "/", auth=("ada", "secret"), verbose=False)
    found = client.predict(picture=handle_file(str(SAMPLES / "two-faces.jpg")), api_name="/predict")
    assert len(found["faces"]) == 2
    visitor.get("/logout")
    assert visitor.get(f"{live}/config").status_code == 401


@SERVE_ALONE
def test_the_pages_websocket_asks_for_the_login_the_host_and_the_origin(server: Server, visitor: httpx.Client) -> None:
    port = int(server.url.rpartition(":")[2])
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    for host, origin, sent, opens in (
        ("127.0.0.1", "http://127.0.0.1", cookie, True),
        (NAME, f"http://{NAME}", cookie, True),
        ("127.0.0.1", "http://127.0.0.1", "", False),
        ("127.0.0.1", "http://evil.example", cookie, False),
        ("evil.example", "http://evil.example", cookie, False),
    ):
        asked: dict[str, Any] = {
            "origin": f"{origin}:{port}",
            "additional_headers": {"Cookie": sent},
            "subprotocols": ["streamlit"],
            "sock": socket.create_connection(("127.0.0.1", port)),  # whatever name the address has
        }
        if opens:
            with connect(f"ws://{host}:{port}/_stcore/stream", **asked):
                continue
        with pytest.raises(InvalidStatus) as caught:
            connect(f"ws://{host}:{port}/_stcore/stream", **asked)
        assert caught.value.response.status_code == 403, (host, origin)


def test_another_host_or_origin_gets_nothing(server: Server, visitor: httpx.Client) -> None:
    live = server.live.removeprefix(server.url)
    for headers in (
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "evil.example", "x-forwarded-host": "127.0.0.1"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ):
        for route in ("/", f"{live}/config", f"{live}/gradio_api/info", "/_stcore/health", "/login"):
            answer = visitor.get(route, headers=headers)
            assert answer.status_code == 403, (headers, route)
            assert "access-control-allow-origin" not in answer.headers
            assert "evil" not in answer.text
    preflight = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    assert visitor.options(f"{live}/gradio_api/upload", headers=preflight).status_code == 403
    assert visitor.get(f"{live}/config", headers={"host": NAME}).status_code == 200
    assert visitor.get(f"{live}/config", headers={"host": NAME, "origin": f"https://{NAME}"}).status_code == 200


def test_every_answer_has_the_headers(server: Server, visitor: httpx.Client) -> None:
    live = server.live.removeprefix(server.url)
    for route in ("/", f"{live}/", f"{live}/config", f"{live}/nothing-here", "/login", "/_stcore/health"):
        headers = visitor.get(route).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"], route
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers


def test_nobody_hides_behind_an_invented_address(server: Server) -> None:
    wrong = {"username": "ada", "password": "wrong"}
    statuses = [
        httpx.post(
            f"{server.url}/login", data=wrong, headers={"x-forwarded-for": f"203.0.113.{number}"}, timeout=SECONDS
        )
        for number in range(6)
    ]
    assert [answer.status_code for answer in statuses][:4] == [400] * 4
    assert statuses[-1].status_code == 429
    assert int(statuses[-1].headers["retry-after"]) >= 1


UNUSED = (
    "_stcore/metrics", "_stcore/script-health-check", "_stcore/agent/openapi.json", "auth/login", "oauth2callback",
    "_stcore/health/../metrics", "_stcore//metrics",
)  # fmt: skip


@SERVE_ALONE
def test_what_streamlit_offers_beside_its_pages_does_not_answer(server: Server, visitor: httpx.Client) -> None:
    for route in UNUSED:
        assert visitor.get(f"/{route}").status_code == 404, route
    assert visitor.post("/_stcore/agent/interact", json={}).status_code == 404


def test_the_password_stands_in_no_command_line(server: Server) -> None:
    words = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    assert b"secret" not in words


def test_it_ends_with_a_page_open(server: Server, visitor: httpx.Client) -> None:  # the last one: it ends the server
    live = server.live.removeprefix(server.url)
    with visitor.stream("GET", f"{live}/gradio_api/heartbeat/{'a' * 8}") as answer:
        assert answer.status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=SECONDS) == 0
    assert server.process.stderr is not None
    assert "Traceback" not in server.process.stderr.read()
