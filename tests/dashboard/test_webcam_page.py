"""The page's controls, the command line, and the snapshot's way into Explain."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dashboard import webcam
from dashboard.live.choices import Choices
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.page import _chooser, build_page
from dashboard.live.serving import exit_status, leave_room_for_the_page
from dashboard.live.viewers import Viewers
from dashboard.shell import sources
from dashboard.shell.snapshots import PORTS, SNAPSHOTS
from engine.errors import FerLensError, UsageError
from tests.dashboard.made import SAMPLES, write_seeded
from tests.dashboard.made_hostile_names import MODEL
from tests.made_adopted import write_adopted

SESSION: Any = SimpleNamespace(session_hash="s")


@pytest.fixture
def viewers(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Viewers:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    return Viewers(LiveModels(), Limits(), Choices("cbam"))


def test_the_controls_reach_the_viewer_and_the_layers_follow(viewers: Viewers) -> None:
    choose = _chooser(viewers)
    _, layer, note = choose("cbam", "baseline", "gate", None, 0.3, 1.0, False, SESSION)
    assert note == ""
    assert (layer.value, layer.interactive) == ("block4.spatial", True)
    assert [value for _, value in layer.choices] == [f"block{number}.spatial" for number in (1, 2, 3, 4)]
    assert viewers.open("s").choices == Choices("cbam", "baseline", "gate", "block4.spatial", 0.3, False, 1.0)
    _, layer, note = choose("cbam", "none", "gradcam", "block4.spatial", 0.3, 1.0, False, SESSION)
    assert (layer.value, note) == ("block4", "")  # the gate's layer is none of Grad-CAM's: the last one instead
    _, layer, _ = choose("cbam", "none", "none", "block4", 0.3, 1.0, False, SESSION)
    assert (layer.value, layer.interactive) == (None, False)


@pytest.mark.parametrize(
    ("model", "overlay", "layer"), [("cbam", "gate", "block4.spatial"), ("baseline", "none", None)]
)
def test_it_opens_with_the_attention_gate_drawn_where_there_is_one(
    viewers: Viewers, model: str, overlay: str, layer: str | None
) -> None:
    blocks = build_page(model, models=viewers.models).blocks.values()
    controls = {one.elem_id: one for one in blocks if isinstance(one, gr.Radio | gr.Dropdown)}
    assert controls["overlay"].value == overlay
    assert controls["layer"].value == layer
    assert controls["layer"].interactive is (layer is not None)


def test_its_head_names_no_face_for_a_network_that_is_not_about_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_adopted(tmp_path / "mine")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    head = next(one for one in build_page("mine", models=LiveModels()).blocks.values() if isinstance(one, gr.HTML))
    assert "<h1>Live</h1>" in str(head.value)
    assert "face" not in str(head.value)


def test_a_choice_that_cannot_be_is_said_and_nothing_changes(viewers: Viewers) -> None:
    choose = _chooser(viewers)
    _, _, note = choose("cbam", "cbam", "none", None, 0.5, 0.3, True, SESSION)
    assert "two different models" in note
    _, _, note = choose("<i>", "none", "none", None, 0.5, 0.3, True, SESSION)
    assert "<i>" not in note
    assert viewers.open("s").choices == viewers.choices


def test_a_model_without_gates_switches_their_drawing_off(viewers: Viewers) -> None:
    choose = _chooser(viewers)
    assert choose("cbam", "none", "gate", None, 0.5, 0.3, True, SESSION)[0] == "gate"
    overlay, layer, note = choose("baseline", "none", "gate", "block4.spatial", 0.5, 0.3, True, SESSION)
    assert (overlay, layer.value, layer.interactive) == ("none", None, False)
    assert "'baseline' has no spatial attention gate" in note.replace("&#x27;", "'")
    assert viewers.open("s").choices == Choices("baseline", None, "none", None, 0.5, True, 0.3)
    # Asked for of that model, it is refused.
    _, _, note = choose("baseline", "none", "gate", None, 0.5, 0.3, True, SESSION)
    assert "has none; choose the overlay gradcam" in note.replace("&#x27;", "'")
    assert viewers.open("s").choices.overlay == "none"


def test_the_command_line() -> None:
    given = webcam.parse(["--model", "baseline", "--share", "--port", "9", "--auth", "users", "--allow-host", "a.b"])
    assert (given.model, given.share, given.port) == ("baseline", True, 9)
    assert (given.auth, given.allow_host, given.proxy, given.allow_frame) == ("users", ["a.b"], [], [])


def test_a_taken_or_impossible_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind((webcam.ADDRESS, 0))
        other.listen()
        taken = other.getsockname()[1]
        assert webcam.main(["--port", str(taken)]) == 2
        assert capsys.readouterr().err.startswith(f"error: Expected a free port, but {taken} is taken")
    assert webcam.main(["--port", "70000"]) == 2
    assert webcam.free_port(None) in PORTS


def test_an_unknown_model_is_one_line(
    seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    assert webcam.main(["--model", "nothing"]) == 2
    assert capsys.readouterr().err == "error: Unknown model 'nothing'; valid: baseline, cbam.\n"


def arrive(home: AppTest, token: str) -> AppTest:
    home.query_params["source"] = "upload"
    home.query_params["snapshot"] = token
    return home.switch_page("views/explain/page.py").run(timeout=300)


def test_explain_opens_a_snapshot(home: AppTest) -> None:
    app = arrive(home, SNAPSHOTS.hold((SAMPLES / "two-faces.jpg").read_bytes()))
    assert not app.exception
    assert [error.value for error in app.error] == []
    assert "fl-verdict" in "\n".join(element.proto.body for element in app.get("html"))
    assert "snapshot" not in app.query_params


def test_a_snapshot_that_is_gone_is_said(home: AppTest) -> None:
    app = arrive(home, "../../etc")
    assert [error.value for error in app.error if "no longer held by the live page" in error.value]


Route = Callable[[str], tuple[int, str, bytes]]


@contextmanager
def answering(route: Route) -> Iterator[int]:
    """A server of this machine; yield its port. ``route`` takes a path and returns status, type and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = route(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_snapshot_is_found_at_whichever_port_its_page_took(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "t" * 32

    def holder(path: str) -> tuple[int, str, bytes]:
        held = path == f"/snapshot/{token}"
        return (200, "image/jpeg", b"\xff\xd8picture") if held else (404, "text/plain", b"gone")

    with ExitStack() as stack:
        page = stack.enter_context(answering(lambda _: (200, "text/html", b"<p>another page</p>")))
        other = stack.enter_context(answering(lambda _: (404, "text/plain", b"another live page")))
        right = stack.enter_context(answering(holder))
        monkeypatch.delenv("FERLENS_LIVE_URL", raising=False)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # nothing listens there
            ports = (closed.getsockname()[1], page, other, right)
            monkeypatch.setattr(sources, "PORTS", ports)
            assert sources.fetch(token) == b"\xff\xd8picture"
            with pytest.raises(FerLensError, match="no longer held"):
                sources.fetch("u" * 32)
            monkeypatch.setattr(sources, "PORTS", ports[:1])
            with pytest.raises(FerLensError, match="does not answer"):
                sources.fetch(token)
        monkeypatch.setenv("FERLENS_LIVE_URL", f"http://127.0.0.1:{other}/")
        with pytest.raises(FerLensError, match="no longer held"):
            sources.fetch(token)  # a page that is named is the only one that is asked


@pytest.mark.parametrize(
    ("raised", "status", "says"),
    [(UsageError("no"), 2, "error: no\n"), (FerLensError("bad"), 1, "error: bad\n"), (KeyboardInterrupt(), 0, "")],
)
def test_how_serving_ends(raised: BaseException, status: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    def serve() -> None:
        raise raised

    assert exit_status(serve) == status
    assert capsys.readouterr().err == says
    assert exit_status(lambda: None) == 0


def test_a_live_page_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FERLENS_LIVE_URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
        with pytest.raises(FerLensError, match="it does not answer"):
            sources.fetch("a" * 32)
    monkeypatch.setenv("FERLENS_LIVE_URL", "file:///etc")
    with pytest.raises(FerLensError, match="http address"):
        sources.fetch("a" * 32)


def test_the_model_leaves_half_of_the_cores_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        for cores, threads in ((8, 4), (2, 1), (1, 1), (None, 1)):
            monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
            leave_room_for_the_page()
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_a_hostile_model_is_not_in_the_words_of_the_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    for name, shown in ((MODEL, "MODEL"), ("cbam", "cbam")):
        write_seeded(tmp_path, "cbam")
        (tmp_path / "cbam").rename(tmp_path / "once")
        (tmp_path / "once").rename(tmp_path / name)
        (words,) = [one.value for one in build_page(name).blocks.values() if isinstance(one, gr.Markdown)]
        assert f'model="{shown}"' in words
        assert "sign in" not in words
