"""The served page over HTTP: endpoints, the documented examples, limits, login, the share link."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from dashboard import webcam
from dashboard.doors.own_folder import LOCK
from dashboard.live.endpoints import Endpoints
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.uploads import KEPT_SECONDS, Upload
from dashboard.shell import sources
from dashboard.shell.snapshots import PORTS, SNAPSHOTS, Snapshots
from engine.errors import FerLensError, UsageError
from tests.dashboard.made import ROOT, SAMPLES
from tests.dashboard.made_live import sample_address

DOCUMENT = (ROOT / "docs" / "live.md").read_text(encoding="utf-8").partition("## The webcam page and its API")[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served(NamedTuple):
    url: str
    page: Any
    uploads: Path


@pytest.fixture(scope="module")
def served(seeded_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    uploads: Path = tmp_path_factory.mktemp("uploads")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        patch.setenv("FERLENS_LIVE_REQUESTS_PER_MINUTE", "1000")
        running = webcam.begin(webcam.parse(["--port", str(port)]))
        yield Served(f"http://127.0.0.1:{port}", running.page, uploads)
        running.close()


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.url, verbose=False)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != LOCK]


def test_predict_answers_every_face_and_the_sweep_deletes_the_picture(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = client.predict(picture=handle_file(str(SAMPLES / "two-faces.jpg")), api_name="/predict")
    assert (found["source"], found["model"], len(found["faces"]), found["notes"]) == ("two-faces.jpg", "cbam", 2, [])
    for face in found["faces"]:
        assert abs(sum(face["probabilities"].values()) - 1) < 1e-3
        assert face["probabilities"][face["label"]] == face["confidence"] == max(face["probabilities"].values())
    assert len(files_in(served.uploads)) == 1
    with monkeypatch.context() as later:
        later.setattr(served.page.uploads, "_clock", lambda: time.monotonic() + KEPT_SECONDS + 1)
        served.page.uploads.sweep()  # what a thread does every half minute
    assert files_in(served.uploads) == []


def test_no_face_is_said(client: Client) -> None:
    found = client.predict(picture=handle_file(str(SAMPLES / "rocket.jpg")), api_name="/predict")
    assert [face["box"] for face in found["faces"]] == [None]
    assert "No face was found" in found["notes"][0]
    explained = client.predict(picture=handle_file(str(SAMPLES / "rocket.jpg")), api_name="/explain")
    assert (explained["faces"], explained["box"]) == (0, None)
    assert "No face was found" in explained["notes"][0]


def test_explain_gives_values_and_drawn_maps(client: Client) -> None:
    picture = handle_file(str(SAMPLES / "two-faces.jpg"))
    asked = {"layer": "block3", "target": "happy", "face": 1, "pictures": True}
    explained = client.predict(picture=picture, model="cbam", **asked, api_name="/explain")
    assert (explained["face"], explained["faces"]) == (1, 2)
    (gradcam,) = explained["maps"]
    assert (gradcam["layer"], gradcam["target"], gradcam["shape"]) == ("block3", "happy", [12, 12])
    assert (len(gradcam["values"]), len(gradcam["values"][0])) == (12, 12)
    spatial = [gate for gate in explained["gates"] if gate["kind"] == "spatial"]
    assert [gate["shape"] for gate in spatial] == [[48, 48], [24, 24], [12, 12], [6, 6]]
    assert all(gate["picture"].startswith("data:image/png;base64,") for gate in spatial)
    assert abs(max(map(max, spatial[3]["values"])) - spatial[3]["max"]) < 1e-4


def test_models_lists_what_can_be_asked_for(client: Client) -> None:
    listed = client.predict(api_name="/models")
    assert [(entry["name"], entry["default"]) for entry in listed] == [("baseline", False), ("cbam", True)]
    assert listed[0]["spatial_gates"] == []
    assert listed[1]["spatial_gates"][-1] == "block4.spatial"
    assert listed[1]["layers"][-1] == "block4"


def crowd(path: Path) -> Path:
    """Fifty faces: one portrait, ten across and five down."""
    with Image.open(SAMPLES / "astronaut.jpg") as opened:
        head = opened.convert("RGB").crop((140, 0, 310, 200)).resize((102, 120))
    picture = Image.new("RGB", (1020, 600))
    for number in range(50):
        picture.paste(head, (102 * (number % 10), 120 * (number // 10)))
    picture.save(path)
    return path


def test_many_faces_are_answered_up_to_the_limit(tmp_path: Path, client: Client, seeded_checkpoints: Path) -> None:
    path = crowd(tmp_path / "crowd.png")
    found = client.predict(picture=handle_file(str(path)), api_name="/predict")
    assert len(found["faces"]) >= 40
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
        few = Endpoints(LiveModels(), Limits(faces=5), "cbam").predict(Upload(path, "crowd.png"), "", False, "me")
    assert len(few["faces"]) == 5
    assert re.search(r"Of \d+ faces the 5 largest", few["notes"][0])


def bad_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Name → content and what the sentence must say."""
    huge = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(huge, format="PNG")
    whole = (SAMPLES / "astronaut.jpg").read_bytes()
    return {
        "words.jpg": (b"no picture at all", "is not one"),
        "cut.jpg": (whole[:3000], "cut short or damaged"),
        "huge.png": (huge.getvalue(), "100 megapixels"),
        "small.png": (b"\x89PNG\r\n\x1a\n", "damaged"),
        "page.pdf": (b"%PDF-1.7", "a PDF document"),
    }


def test_bad_files_get_a_sentence_without_a_path(served: Served, client: Client, tmp_path: Path) -> None:
    for name, (content, words) in bad_files(tmp_path).items():
        (tmp_path / name).write_bytes(content)
        for endpoint in ("/predict", "/explain"):
            with pytest.raises(AppError) as caught:
                client.predict(picture=handle_file(str(tmp_path / name)), api_name=endpoint)
            message = str(caught.value)
            assert words in message, name
            assert str(served.uploads) not in message
            assert not re.search(r"/\w+/", message)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "nothing"}, "valid: baseline, cbam"),
        ({"model": "../cbam"}, "Unknown model"),
        ({"layer": "block9"}, "block9"),
        ({"target": "bored"}, "bored"),
        ({"face": 7}, "counted from 0; face 7"),
        ({"face": 0.5}, "choose a whole one"),
    ],
)
def test_wrong_values_get_a_sentence(client: Client, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(AppError, match=re.escape(words)):
        client.predict(picture=handle_file(str(SAMPLES / "astronaut.jpg")), **asked, api_name="/explain")


def call(url: str, endpoint: str, data: list[Any]) -> str:
    """Plain HTTP: what comes back for a call, as text."""
    answer = httpx.post(f"{url}/gradio_api/call/{endpoint}", json={"data": data}, timeout=120)
    answer.raise_for_status()
    return httpx.get(f"{url}/gradio_api/call/{endpoint}/{answer.json()['event_id']}", timeout=120).text


def given(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_nothing_is_fetched_and_no_file_of_the_server_is_read(served: Served) -> None:
    assert "this server fetches nothing" in call(served.url, "predict", [given("http://127.0.0.1:9/a.jpg"), "", False])
    for path in ("/etc/hostname", str(ROOT / "README.md"), "../README.md"):
        text = call(served.url, "predict", [given(path), "", False])
        assert text.startswith("event: error")
        assert str(ROOT) not in text
        assert str(served.uploads) not in text
    assert "Expected a picture, but none came" in call(served.url, "predict", [None, "", False])


def test_a_large_request_is_refused_before_it_is_read(served: Served) -> None:
    before = set(files_in(served.uploads))
    answer = httpx.post(f"{served.url}/gradio_api/upload", files={"files": b"\0" * (11 * 2**20)}, timeout=120)
    assert answer.status_code == 413
    assert "send a smaller picture" in answer.text
    assert set(files_in(served.uploads)) <= before  # the sweep may have taken earlier pictures meanwhile


def test_the_rate_of_a_client_is_limited(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    api = Endpoints(LiveModels(), Limits(requests_per_minute=2), "cbam")
    assert len(api.list_models("ada")) == len(api.list_models("ada")) == 2
    with pytest.raises(UsageError, match="at most 2 requests a minute, got more; try again in"):
        api.list_models("ada")
    assert api.list_models("bob")


def code(language: str) -> str:
    """The one block of that language in the document's section."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    return str(block)


def test_the_documented_python_works(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.jpg").write_bytes((SAMPLES / "two-faces.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code("python").replace("http://127.0.0.1:7860", served.url), "live.md", "exec"), {})  # noqa: S102  # our own document
    lines = printed.getvalue().splitlines()
    assert lines[0] == "['baseline', 'cbam']"
    assert len([line for line in lines if line.startswith("[")]) == 3
    assert len([line for line in lines if line.startswith("block")]) == 8


def test_the_documented_http_works(served: Served, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes((SAMPLES / "two-faces.jpg").read_bytes())
    script = code("bash").replace("http://127.0.0.1:7860", served.url)
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    event, data = done.stdout.strip().split("\n")[:2]
    assert event == "event: complete"
    assert len(json.loads(data.removeprefix("data: "))[0]["faces"]) == 2


def test_the_document_lists_every_limit_with_its_default() -> None:
    for item in dataclasses.fields(Limits):
        assert f"| `FERLENS_LIVE_{item.name.upper()}` | {item.default} |" in DOCUMENT


def script_call(served: Served, name: str, data: dict[str, Any]) -> Any:
    """What the page's script does to reach one of its server functions."""
    config = httpx.get(f"{served.url}/config", timeout=60).json()
    (camera,) = [part["id"] for part in config["components"] if part["props"].get("elem_id") == "camera"]
    body = {"data": data, "component_id": camera, "fn_name": name, "session_hash": "s"}
    answer = httpx.post(f"{served.url}/gradio_api/component_server/", json=body, timeout=120)
    answer.raise_for_status()
    return answer.json()


def test_two_pages_over_http_get_their_own_and_leave_no_file(served: Served) -> None:
    before = set(files_in(served.uploads))
    tokens = [served.page.viewers.open(name).token for name in ("first", "second")]
    for token in tokens:
        assert script_call(served, "begin_session", {"token": token}) == {"started": True}
    counts = [
        script_call(served, "read_frame", {"token": token, "image": sample_address(name), "taken": 1.0})["faces"]
        for token, name in zip(tokens, ("two-faces", "rocket"), strict=True)
    ]
    assert counts == [2, 0]
    assert set(files_in(served.uploads)) <= before  # the sweep may have taken earlier pictures meanwhile
    for name in ("first", "second"):
        served.page.viewers.close(name)


def test_a_snapshot_is_fetched_by_its_token(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    token = SNAPSHOTS.hold(b"\xff\xd8picture")
    answer = httpx.get(f"{served.url}/snapshot/{token}", timeout=60)
    assert (answer.content, answer.headers["content-type"]) == (b"\xff\xd8picture", "image/jpeg")
    assert httpx.get(f"{served.url}/snapshot/{'x' * 32}", timeout=60).status_code == 404
    # The dashboard is another process, which holds none itself.
    monkeypatch.setattr(sources, "SNAPSHOTS", Snapshots())
    monkeypatch.setenv("FERLENS_LIVE_URL", served.url + "/")
    assert sources.fetch(token) == b"\xff\xd8picture"
    with pytest.raises(FerLensError, match="no longer held"):
        sources.fetch("x" * 32)


@pytest.mark.parametrize("tunnel", [None, "https://abc.gradio.live"])
def test_login_and_share_link(
    seeded_checkpoints: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    tunnel: str | None,
) -> None:
    def make_tunnel(**_: object) -> str:
        if tunnel is None:
            raise OSError("no way out")
        return tunnel

    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr("gradio.networking.setup_tunnel", make_tunnel)
    (tmp_path / "users").write_text("ada:secret\n")
    port = free_port()
    running = webcam.begin(webcam.parse(["--port", str(port), "--share", "--auth", str(tmp_path / "users")]))
    try:
        told = capsys.readouterr().out.splitlines()
        assert told[0] == f"Live page: http://127.0.0.1:{port}/"
        second = (
            f"Public link: {tunnel}" if tunnel else "No public link: the tunnel cannot be made; serving here alone."
        )
        held = f"Snapshots: start the dashboard with FERLENS_LIVE_URL=http://127.0.0.1:{port}, so that it finds them."
        assert told[1:] == [*([] if port in PORTS else [held]), second]
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{url}/config", timeout=60).status_code == 401
        assert httpx.post(f"{url}/gradio_api/component_server/", json={}, timeout=60).status_code == 401
        assert httpx.post(f"{url}/gradio_api/call/models", json={"data": []}, timeout=60).status_code == 401
        with httpx.Client(base_url=url, timeout=60) as visitor:
            assert visitor.post("/login", data={"username": "ada", "password": "wrong"}).status_code == 400
            assert visitor.post("/login", data={"username": "ada", "password": "secret"}).status_code == 200
            assert visitor.get("/config").status_code == 200
            # The public link's visitors come by the tunnel's name, which nothing else makes the server answer to.
            status = 200 if tunnel else 403
            assert visitor.get("/config", headers={"host": "abc.gradio.live"}).status_code == status
    finally:
        running.close()
