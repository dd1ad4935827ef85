"""The way in on the page and the one in the sidebar: one state, and neither takes away what the other brought."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.dashboard.made import SAMPLES, open_page, page_html, sentences

EXPLAIN = "views/explain/page.py"
PORTRAIT = (SAMPLES / "astronaut.jpg").read_bytes()
OTHER = (SAMPLES / "grace-hopper.jpg").read_bytes()
THIRD = (SAMPLES / "two-faces.jpg").read_bytes()


def here(app: AppTest) -> Any:
    """The page's own uploader: another one each time that its files were taken."""
    return next(one for one in app.get("file_uploader") if str(one.key).startswith("upload_here"))


def names(app: AppTest) -> list[str]:
    return [one.name for one in app.session_state["uploaded_pictures"]]


def shown(app: AppTest) -> str:
    at = app.session_state["picture_index"] if len(names(app)) > 1 else 0
    return names(app)[at]


def test_a_picture_handed_in_on_the_page_becomes_the_page_s(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, sample="drawn-happy")
    here(app).upload("portrait.jpg", PORTRAIT, "image/jpeg").run()
    assert not app.exception
    assert app.segmented_control(key="source").value == "upload"
    assert names(app) == ["portrait.jpg"]
    assert "What cbam saw" in page_html(app)
    assert not here(app).value  # emptied: the next files add to these


def test_neither_place_takes_away_what_the_other_brought(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, source="upload")
    app.file_uploader(key="upload").upload("sidebar.jpg", PORTRAIT, "image/jpeg").run()
    here(app).upload("page.jpg", OTHER, "image/jpeg").run()
    assert names(app) == ["sidebar.jpg", "page.jpg"]
    assert shown(app) == "page.jpg"  # the new one
    assert page_html(app).count("fl-thumb") - page_html(app).count(".fl-thumb") == 2  # the strip
    app.file_uploader(key="upload").upload("sidebar.jpg", PORTRAIT, "image/jpeg")
    app.file_uploader(key="upload").upload("third.jpg", THIRD, "image/jpeg").run()  # the list with one more
    assert names(app) == ["sidebar.jpg", "page.jpg", "third.jpg"]
    assert shown(app) == "third.jpg"
    # The same again is no second one, but is shown.
    here(app).upload("again.jpg", OTHER, "image/jpeg").run()
    assert len(names(app)) == 3
    assert shown(app) == "page.jpg"
    # Taken out of the sidebar's list, its pictures go, and the page's stays.
    app.file_uploader(key="upload").set_value([]).run()
    assert names(app) == ["page.jpg"]
    app.button(key="forget_here").click().run()
    assert names(app) == []
    assert any("No picture yet" in block.value for block in app.markdown)


def test_a_thumbnail_shows_its_picture(home: AppTest) -> None:
    app = open_page(home, EXPLAIN)
    here(app).upload("one.jpg", PORTRAIT, "image/jpeg")
    here(app).upload("two.jpg", OTHER, "image/jpeg")
    here(app).upload("broken.jpg", PORTRAIT[:2000], "image/jpeg").run()
    assert shown(app) == "one.jpg"
    assert any("'broken.jpg'" in said for said in sentences(app))
    app.button(key="thumb.1").click().run()
    assert not app.exception
    assert app.selectbox(key="picture_index").value == 1
    assert app.query_params["which"] == "2"
    # One picture is no choice, and leaves none in the address.
    app.segmented_control(key="source").set_value("sample").run()
    assert "which" not in app.query_params


def test_a_shot_and_a_sample_are_chosen_on_the_page(home: AppTest) -> None:
    app = open_page(home, EXPLAIN)
    assert not app.get("camera_input")  # nobody asked for the camera
    app.session_state["camera_open"] = True
    app.run()
    app.camera_input(key="camera_here").upload("shot.jpg", PORTRAIT).run()
    assert not app.exception
    assert app.segmented_control(key="source").value == "camera"
    assert "What cbam saw" in page_html(app)
    app.session_state["samples_open"] = True
    app.run()
    app.button(key="thumb.drawn-fear").click().run()
    assert app.segmented_control(key="source").value == "sample"
    assert app.selectbox(key="sample").value == "drawn-fear"
    assert app.session_state["samples_open"] is False
    # The shot is still there for who goes back to it.
    app.segmented_control(key="source").set_value("camera").run()
    assert "What cbam saw" in page_html(app)
