"""The Video page: a short real film in, a player, timelines, files and the way to Explain out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.live.choices import Choices
from dashboard.views.video import choice, loaders
from dashboard.views.video import choice as video_reading
from dashboard.views.video.loaders import NamedFilm, ReadFilm
from engine.errors import FilmError, UsageError
from engine.media.film import open_film
from engine.models.checkpoint import read_card
from tests.dashboard.made import open_page, page_html, sentences
from tests.live.made_live import grey_film, photograph, scene, write_film

PAGE = "views/video/page.py"


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six frames with the same two portraits, 10 a second."""
    path: Path = tmp_path_factory.mktemp("film") / "portraits.avi"
    return write_film(path, [photograph()] * 6).read_bytes()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made meanwhile."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def opened(home: AppTest) -> AppTest:
    home.run()
    return home.switch_page(PAGE).run()


def handed_in(app: AppTest, name: str, data: bytes) -> AppTest:
    return app.file_uploader(key=choice.UPLOAD).upload(name, data, "video/webm").run()


def pressed(app: AppTest, key: str = video_reading.READ) -> AppTest:
    return app.button(key=key).click().run(timeout=300)


def result_of(app: AppTest) -> ReadFilm:
    found: ReadFilm = app.session_state[video_reading.RESULT]
    return found


def test_a_film_through_the_page_and_one_frame_to_explain(home: AppTest, portraits: bytes, temporary: Path) -> None:
    app = opened(home)
    assert app.button(key=video_reading.READ).disabled
    assert not app.selectbox(key="model").disabled
    app = handed_in(app, "portraits.avi", portraits)
    app = app.segmented_control(key=f"{choice.OVERLAY}.3").set_value("gate").run()
    app = app.selectbox(key=f"{choice.LAYER}.cbam.gate").set_value("block2.spatial").run()
    app = pressed(app)
    assert not app.exception
    assert not sentences(app)
    assert list(temporary.rglob("*")) == []
    read = result_of(app)
    assert (read.summary.frames, read.summary.tracks, read.choices.layer) == (6, 2, "block2.spatial")
    assert [len(face.seconds) for face in read.faces] == [6, 6]
    assert len(read.table.decode().splitlines()) == 13
    assert len(app.get("video")) == 1
    files = {button.label for button in app.get("download_button")}
    assert files == {"Annotated film (WebM)", "Tracks (CSV)", "Report"}
    assert "2 faces, and 100 % of the frames show one or more" in page_html(app)
    (temporary / "check.webm").write_bytes(read.annotated)
    with open_film(temporary / "check.webm") as film:
        assert sum(1 for _ in film.frames()) == 6

    second = read.faces[1].track
    app = app.selectbox(key=f"film_face.{read.source.digest[:12]}").set_value(second).run()
    where = f"{read.source.digest[:12]}.{second}"
    app.session_state[f"film_chart.{where}"] = {"selection": {"points": [{"customdata": 0.3}]}}
    app = app.run()
    assert app.slider(key=f"film_moment.{where}").value == pytest.approx(0.3)
    assert f"0.30 s, face #{second}" in page_html(app)
    app = app.slider(key=f"film_moment.{where}").set_value(0.1).run()
    assert f"0.10 s, face #{second}" in page_html(app)
    # Face and moment are in the address, which is followed where it says others.
    assert (said(app, "track"), said(app, "at")) == (str(second), "0.10")
    app.query_params["at"] = "0.42"
    assert f"0.40 s, face #{second}" in page_html(app.run())
    app.query_params["at"] = "soon"
    assert sentences(app.run()) == [
        "Expected a moment in seconds, as in at=1.25, got 'soon' in the address; choose one below."
    ]
    app.query_params["track"] = str(read.faces[0].track)
    assert f"s, face #{read.faces[0].track}" in page_html(app.run())
    app.query_params.update({"track": str(second), "at": "0.10"})
    app = app.run()

    # Another model is chosen meanwhile: Explain takes the one that read the film.
    app = app.selectbox(key="model").set_value("baseline").run()
    app = pressed(app, "film_explain")
    assert not app.exception
    assert app.selectbox(key="model").value == "cbam"
    assert app.title[0].value == "Explain"
    assert not sentences(app)
    (uploaded,) = app.session_state["uploaded_pictures"]
    assert uploaded.name == "portraits at 0.10 s.png"
    assert "fl-verdict" in page_html(app)
    # And back: the film and what was read of it are still there.
    app = app.switch_page(PAGE).run()
    assert "2 faces, and 100 %" in page_html(app)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.mp4", b"no film at all", "Expected a film (MP4, MOV, WebM, MKV, AVI), but 'notes.mp4'"),
        ("../../..", b"", "is empty (0 bytes)"),
    ],
)
def test_what_is_no_film_is_a_sentence(home: AppTest, temporary: Path, name: str, data: bytes, words: str) -> None:
    app = pressed(handed_in(opened(home), name, data))
    assert not app.exception
    (sentence,) = sentences(app)
    assert words in sentence
    assert str(temporary) not in sentence
    assert list(temporary.rglob("*")) == []
    assert not app.get("video")


def test_a_film_over_the_servers_limit_is_a_sentence(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(home)
    monkeypatch.setattr(st, "get_option", lambda _: 1)
    app = handed_in(app, "long.mp4", b"x" * (2**20 + 1))
    (sentence,) = sentences(app)
    assert sentence.startswith("Expected a film of at most 1 MB, got 1 MB; cut it, or save it smaller.")
    assert app.button(key=video_reading.READ).disabled


def test_a_film_without_faces_says_so(home: AppTest, tmp_path: Path) -> None:
    film = write_film(tmp_path / "wall.avi", [scene([])] * 2).read_bytes()
    app = pressed(handed_in(opened(home), "wall.avi", film))
    assert not app.exception
    assert any("No face was found in any frame." in block.value for block in app.info)
    assert len(app.get("video")) == 1
    assert not app.get("plotly_chart")


def test_the_model_without_a_gate_offers_none(home: AppTest) -> None:
    home.query_params["model"] = "baseline"
    app = opened(home)
    assert app.segmented_control(key=f"{choice.OVERLAY}.2").options == ["nothing", "Grad-CAM"]


def test_the_servers_limits(
    seeded_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    card = read_card(seeded_checkpoints / "cbam")
    film = NamedFilm("grey.avi", grey_film(tmp_path / "grey.avi", frames=20).read_bytes(), "grey")
    monkeypatch.setenv(loaders.SECONDS, "1")
    done: list[tuple[int, int | None]] = []
    read = loaders.read_film(film, card, Choices("cbam"), lambda *words: done.append(words))
    assert (read.summary.ended, read.summary.frames, done[-1]) == ("limit", 10, (10, 20))

    monkeypatch.setenv(loaders.FILMS, "1")
    nested: list[Any] = []

    def meanwhile(*_: object) -> None:
        with pytest.raises(FilmError, match="reads 1 film at a time and is busy"):
            loaders.read_film(film, card, Choices("cbam"), lambda *_: None)
        nested.append(True)
        raise KeyboardInterrupt  # as Streamlit ends a run whose page was left

    with pytest.raises(KeyboardInterrupt):
        loaders.read_film(film, card, Choices("cbam"), meanwhile)
    assert nested == [True]
    assert list(temporary.rglob("*")) == []
    loaders.read_film(film, card, Choices("cbam"), lambda *_: None)  # the place is free again

    for wrong in ("0", "many", "65"):
        monkeypatch.setenv(loaders.FILMS, wrong)
        with pytest.raises(UsageError, match="Expected FERLENS_VIDEO_FILMS as a whole number from 1 to 64"):
            loaders.limit(loaders.FILMS)


def test_the_example_is_a_film_of_drawn_faces(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def example() -> bytes:
        drawn.append("once")
        return b"film"

    monkeypatch.setattr(loaders, "example_film", example)
    app = opened(home).button(key=choice.EXAMPLE).click().run()
    assert drawn == ["once"]
    assert not app.button(key=video_reading.READ).disabled
    assert any("example of drawn people.webm" in caption.value for caption in app.caption)


def said(app: AppTest, key: str) -> str:
    value = app.query_params.get(key, "")
    return value if isinstance(value, str) else ",".join(value)


def test_how_a_film_is_read_is_in_the_address(home: AppTest) -> None:
    address = {"overlay": "gate", "layer": "block2.spatial", "opacity": "0.3", "smoothing": "1.2"}
    app = open_page(home, PAGE, **address)
    assert not app.exception
    assert not sentences(app)
    assert app.segmented_control(key=f"{choice.OVERLAY}.3").value == "gate"
    assert app.selectbox(key=f"{choice.LAYER}.cbam.gate").value == "block2.spatial"
    assert app.slider(key=choice.OPACITY).value == pytest.approx(0.3)
    assert app.slider(key=choice.SMOOTHING).value == pytest.approx(1.2)
    # The gate is what is drawn unless something else is asked for, so the address leaves it out.
    assert {key: said(app, key) for key in address} == {**address, "overlay": ""}
    app.slider(key=choice.SMOOTHING).set_value(0.0).run()
    assert said(app, "smoothing") == "0"
    # Without an overlay there is neither layer nor opacity; both come back with it.
    app.segmented_control(key=f"{choice.OVERLAY}.3").set_value("none").run()
    assert [said(app, key) for key in ("overlay", "layer", "opacity")] == ["none", "", ""]
    app.segmented_control(key=f"{choice.OVERLAY}.3").set_value("gate").run()
    assert {key: said(app, key) for key in ("layer", "opacity")} == {"layer": "block2.spatial", "opacity": "0.3"}
    # And all of it outlives another page.
    app.switch_page("views/data/page.py").run()
    for key in list(app.query_params):
        del app.query_params[key]
    app.switch_page(PAGE).run()
    assert not app.exception
    assert {key: said(app, key) for key in address} == address | {"smoothing": "0", "overlay": ""}


def test_an_unknown_setting_is_said_with_the_valid_ones(home: AppTest) -> None:
    app = open_page(home, PAGE, overlay="halo", smoothing="9", film="mine")
    assert not app.exception
    film, overlay, smoothing = sentences(app)
    assert film == "Unknown film 'mine' in the address; valid: example. Hand your own in below."
    assert overlay == "Unknown overlay 'halo' in the address; valid: none, gate, gradcam."
    assert smoothing.startswith("Unknown smoothing '9' in the address; valid: 0 to 3")


def test_the_example_is_in_the_address(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders, "example_film", lambda: b"film")
    app = open_page(home, PAGE, film="example")
    assert not app.exception
    assert not sentences(app)
    assert any("example of drawn people.webm" in caption.value for caption in app.caption)
    assert said(app, "film") == "example"
    app = handed_in(app, "example of drawn people.webm", b"another film of that name")
    assert said(app, "film") == ""
    app = app.button(key=choice.EXAMPLE).click().run()
    assert said(app, "film") == "example"


def test_webcam_says_how_to_start_and_where(home: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_LIVE_URL", "http://live.example:7000")
    monkeypatch.delenv("FERLENS_LIVE_LINK", raising=False)
    home.run()
    app = home.switch_page("views/webcam/page.py").run()
    assert not app.exception
    assert "python -m dashboard.webcam" in app.code[0].value
    assert app.get("link_button")[0].proto.url == "http://live.example:7000"
    monkeypatch.setenv("FERLENS_LIVE_URL", "file:///etc")
    assert "as the live page's http address" in sentences(home.run())[0]
    monkeypatch.setenv("FERLENS_LIVE_LINK", "/live/")
    app = home.run()
    assert app.get("link_button")[0].proto.url == "/live/"
    assert not app.code
