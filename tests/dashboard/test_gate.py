"""No file of the server is read, opened or handed out but an upload; on both servers, as users start them."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from gradio_client import Client, handle_file

from tests.dashboard.made import SAMPLES
from tests.dashboard.made_server import Server, serving

SECONDS = 30


@pytest.fixture(scope="module", params=["serve", "webcam"])
def server(
    request: pytest.FixtureRequest, seeded_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    uploads: Path = tmp_path_factory.mktemp("uploads")
    limits = {"FERLENS_LIVE_REQUESTS_PER_MINUTE": "1000", "FERLENS_LIVE_UPLOADS_PER_MINUTE": "1000"}
    with serving(request.param, seeded_checkpoints, uploads, **limits) as started:
        yield started


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real picture of the server's owner, outside the upload folder."""
    path: Path = tmp_path_factory.mktemp("home") / "holiday.jpg"
    path.write_bytes((SAMPLES / "two-faces.jpg").read_bytes())
    return path


def file_data(path: object, **more: Any) -> dict[str, Any]:
    return {"path": path, "orig_name": "holiday.jpg", "meta": {"_type": "gradio.FileData"}, **more}


VALUES: dict[str, list[Any]] = {"predict": ["", True], "explain": ["", "", "", 0, False]}
"""Endpoint → the values after the picture."""


def call(server: Server, endpoint: str, picture: object) -> str:
    """What comes back for a call over plain HTTP, as text."""
    data = {"data": [picture, *VALUES[endpoint]]}
    answer = httpx.post(f"{server.live}/gradio_api/call/{endpoint}", json=data, timeout=SECONDS)
    answer.raise_for_status()
    event = answer.json()["event_id"]
    return httpx.get(f"{server.live}/gradio_api/call/{endpoint}/{event}", timeout=SECONDS).text


def join(server: Server, function: int, data: list[Any], session: str) -> str:
    """What comes back for a call as the page makes it: join the queue, read its events."""
    body = {"data": data, "fn_index": function, "session_hash": session, "event_data": None, "trigger_id": None}
    httpx.post(f"{server.live}/gradio_api/queue/join", json=body, timeout=SECONDS).raise_for_status()
    said = ""
    events = f"{server.live}/gradio_api/queue/data?session_hash={session}"
    with httpx.stream("GET", events, timeout=SECONDS) as answer:
        for line in answer.iter_lines():
            said += line
            if "process_completed" in line:
                break
    return said


def alive(server: Server) -> bool:
    return httpx.get(f"{server.live}/config", timeout=SECONDS).status_code == 200


def uploaded(server: Server) -> str:
    picture = {"files": ("photo.jpg", (SAMPLES / "two-faces.jpg").read_bytes())}
    (token,) = httpx.post(f"{server.live}/gradio_api/upload", files=picture, timeout=SECONDS).json()
    return str(token)


def copies(server: Server, secret: Path) -> list[Path]:
    whole = secret.read_bytes()
    return [path for path in server.uploads.rglob("*") if path.is_file() and path.read_bytes() == whole]


def test_what_was_uploaded_is_read_by_every_endpoint(server: Server) -> None:
    token = uploaded(server)
    for endpoint in VALUES:
        assert call(server, endpoint, file_data(token)).startswith("event: complete"), endpoint
    assert str(server.uploads) not in token  # a client never learns where its picture lies
    client = Client(server.live, verbose=False)
    picture = handle_file(str(SAMPLES / "two-faces.jpg"))
    assert len(client.predict(picture=picture, api_name="/predict")["faces"]) == 2


@pytest.mark.parametrize("endpoint", sorted(VALUES))
def test_no_picture_outside_the_uploads_is_read(server: Server, secret: Path, endpoint: str) -> None:
    before = copies(server, secret)
    relative = os.path.relpath(secret)
    token = uploaded(server)
    (upload,) = server.uploads.rglob(token)
    link = upload.with_name("upload-" + "a" * 32)
    link.symlink_to(secret)
    for path in (str(secret), relative, f"file://{secret}", f"{upload}/../{secret}", str(link), link.name, str(upload)):
        for more in ({}, {"is_stream": True, "url": f"http://127.0.0.1:9/{secret}"}, {"meta": None}):
            text = call(server, endpoint, file_data(path, **more))
            assert text.startswith("event: error"), (path, more)
            assert str(secret.parent) not in text
            assert str(server.uploads) not in text
    link.unlink()
    assert len(copies(server, secret)) == len(before) + 1  # the upload, which has the same content


def test_an_svg_outside_the_uploads_is_not_handed_out(server: Server, tmp_path: Path) -> None:
    drawing = tmp_path / "plan.svg"  # Gradio marks such files as free for everybody
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    call(server, "predict", file_data(str(drawing), is_stream=True))
    assert httpx.get(f"{server.live}/gradio_api/file={drawing}", timeout=SECONDS).status_code == 404


def test_no_other_value_takes_a_file_and_no_link_hands_it_out(server: Server, secret: Path) -> None:
    config = httpx.get(f"{server.live}/config", timeout=SECONDS).json()
    before = copies(server, secret)
    session = uuid4().hex
    for function in config["dependencies"]:
        count = len(function["inputs"])
        for place in range(count):
            data: list[Any] = [None] * count
            data[place] = file_data(str(secret))
            said = join(server, function["id"], data, session)
            assert str(secret.parent) not in said
            assert str(server.uploads) not in said
    assert copies(server, secret) == before
    assert httpx.get(f"{server.live}/gradio_api/deep_link?session_hash={session}", timeout=9).status_code == 404
    linked = httpx.get(f"{server.live}/config?deep_link=AAAAAAAAAAA", timeout=9).json()
    assert "deep_link_state" not in linked
    for path in (secret, *copies(server, secret)):
        for route in (f"file={path}", f"file/{path}", f"proxy=file://{path}", f"stream/{path}"):
            assert httpx.get(f"{server.live}/gradio_api/{route}", timeout=9).status_code == 404


def test_the_camera_takes_no_file(server: Server, secret: Path) -> None:
    config = httpx.get(f"{server.live}/config", timeout=SECONDS).json()
    (camera,) = [part["id"] for part in config["components"] if part["props"].get("elem_id") == "camera"]
    for value in (file_data(str(secret)), str(secret), {"image": file_data(str(secret)), "token": str(secret)}):
        for name in ("read_frame", "begin_session", "async_move_resource_to_block_cache", "postprocess"):
            body = {"data": value, "component_id": camera, "fn_name": name, "session_hash": "s"}
            answer = httpx.post(f"{server.live}/gradio_api/component_server/", json=body, timeout=SECONDS)
            assert answer.status_code in {200, 404, 500}
            assert str(secret.parent) not in answer.text
    assert alive(server)


def test_devices_pipes_sockets_and_folders_are_refused_unopened(server: Server, tmp_path: Path) -> None:
    pipe, plug = tmp_path / "pipe", tmp_path / "s"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(plug))
        for path in ("/dev/zero", "/dev/stdin", pipe, plug, tmp_path, "/proc/self/environ", "", "/", "\0", 7, None):
            for endpoint in VALUES:
                began = time.monotonic()
                given = str(path) if isinstance(path, Path) else path
                assert call(server, endpoint, file_data(given)).startswith("event: error"), path
                assert time.monotonic() - began < SECONDS
            assert alive(server), path


def test_a_pipe_in_the_place_of_an_upload_is_refused_unopened(server: Server) -> None:
    token = uploaded(server)
    (path,) = server.uploads.rglob(token)
    path.unlink()
    os.mkfifo(path)
    assert "no-upload" not in call(server, "predict", file_data(token))
    assert alive(server)
    path.unlink()


UNUSED = (
    "gradio_api/openapi.json", "openapi.json", "docs", "redoc", "monitoring", "monitoring/summary", "monitoring/x",
    "gradio_api/deep_link?session_hash=x", "gradio_api/dev/reload", "gradio_api/runs", "gradio_api/token",
    "gradio_api/queue/status", "gradio_api/custom_component/a/client/b/c", "gradio_api/upload_progress?upload_id=1",
    "gradio_api/vibe-code", "gradio_api/file=/etc/hostname", "pwa_icon", "gradio_api/app_id", "gradio_api/mcp/sse",
)  # fmt: skip


def test_what_is_not_used_does_not_answer(server: Server) -> None:
    for route in UNUSED:
        assert httpx.get(f"{server.live}/{route}", timeout=9).status_code == 404, route
    for route in ("run/predict", "api/predict", "call/v2/predict", "process_recording", "vibe-edit", "stream/x"):
        answer = httpx.post(f"{server.live}/gradio_api/{route}", json={"data": []}, timeout=9)
        assert answer.status_code == 404, route


def test_a_body_that_is_no_call_gets_a_sentence(server: Server) -> None:
    route = f"{server.live}/gradio_api/call/predict"
    for body in (b"", b"{", b"\xff", b"[" * 30_000, json.dumps([[]] * 9).encode()[:-1], b'{"data": ' + b"9" * 9_000):
        answer = httpx.post(route, content=body, timeout=SECONDS)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("Expected a JSON document")
    assert httpx.post(route, content=b" " * 100_000, timeout=SECONDS).status_code == 413
    many = [("files", (f"{number}.jpg", b"x")) for number in range(2)]
    for sent in ({"files": many}, {"content": b"x"}, {"data": {"files": "/etc/hostname"}}):
        answer = httpx.post(f"{server.live}/gradio_api/upload", timeout=SECONDS, **sent)  # type: ignore[arg-type]
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("Expected one file ")


def test_the_server_still_ends(server: Server) -> None:  # the last one: it ends both
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=SECONDS)
