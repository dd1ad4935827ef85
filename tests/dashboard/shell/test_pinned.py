"""A picture is pinned, kept in the address, and seen beside each other one."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.dashboard.made import SAMPLES, open_page, page_html, sentences

EXPLAIN = "views/explain/page.py"
IDS = ("test/happy/00003", "test/sad/00005")
BESIDE = "Beside the pinned picture"


def pressed(app: AppTest, key: str) -> AppTest:
    app = app.button(key=key).click().run()
    assert not app.exception
    return app


def verdicts(app: AppTest) -> int:
    return page_html(app).count('class="fl-verdict"')


def test_a_pinned_picture_is_seen_beside_the_next_one(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, source="dataset", dataset="synthetic", id=",".join(IDS))
    app = pressed(app, "pin_on")
    assert app.query_params["pin"] == f"synthetic:{IDS[0]}"
    assert BESIDE not in page_html(app)  # it is the picture shown
    assert "pin_off" in [button.key for button in app.button]
    app = pressed(app, "walk_next")
    html = page_html(app)
    assert BESIDE in html
    assert f"Pinned: {IDS[0]}" in html
    assert IDS[1] in html
    assert verdicts(app) == 3  # the page's own, and one on either side
    # It goes along to another picture, another model and another page.
    app = app.segmented_control(key="source").set_value("sample").run()
    assert f"Pinned: {IDS[0]}" in page_html(app)
    app = app.selectbox(key="model").set_value("baseline").run()
    assert not app.exception
    assert f"Pinned: {IDS[0]}" in page_html(app)
    app = app.switch_page("views/activations/page.py").run()
    assert app.query_params["pin"] == f"synthetic:{IDS[0]}"
    app = app.switch_page(EXPLAIN).run()
    app = pressed(app, "pin_release")
    assert BESIDE not in page_html(app)
    assert "pin" not in app.query_params


def test_an_address_pins_and_one_that_cannot_is_said(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, sample="drawn-happy", pin="sample:drawn-sad")
    assert not app.exception
    assert "Pinned: Drawn face: sad" in page_html(app)
    for wrong, words in (
        ("sample:mona-lisa", "Unknown sample 'mona-lisa'"),
        ("synthetic:test/none/1", "The pinned picture is not to be had"),
        ("nowhere:1", "with one of synthetic, fer2013"),
    ):
        app.query_params["pin"] = wrong
        app.run()
        assert not app.exception
        assert any(words.lower() in said.lower() for said in sentences(app)), (wrong, sentences(app))
        assert BESIDE not in page_html(app)
        app.run()
        assert not sentences(app)  # said once, and forgotten


def test_a_picture_handed_in_is_pinned_for_this_session_alone(home: AppTest) -> None:
    app = open_page(home, EXPLAIN, source="upload")
    app.file_uploader(key="upload").upload("me.jpg", (SAMPLES / "astronaut.jpg").read_bytes(), "image/jpeg").run()
    app = pressed(app, "pin_on")
    assert "pin" not in app.query_params
    app = app.segmented_control(key="source").set_value("sample").run()
    app = app.selectbox(key="sample").set_value("drawn-sad").run()
    assert "Pinned: me.jpg" in page_html(app)


def test_it_is_seen_beside_on_what_if_as_edited_and_taken_off_there(home: AppTest) -> None:
    app = open_page(home, "views/what_if/page.py", sample="drawn-happy", pin="sample:drawn-sad")
    assert not app.exception
    html = page_html(app)
    assert BESIDE in html
    assert "Pinned: Drawn face: sad" in html
    assert "This face: Drawn face: happy" in html
    app = pressed(app, "pin_release")
    assert BESIDE not in page_html(app)
    assert "pin" not in app.query_params
    app = open_page(home, "views/what_if/page.py", sample="drawn-happy", pin="sample:drawn-sad", edit="hide:mouth")
    assert not app.exception


def test_the_same_channels_are_seen_beside_on_activations(home: AppTest) -> None:
    app = open_page(home, "views/activations/page.py", sample="drawn-happy", pin="sample:drawn-sad", maps_of="block4")
    assert not app.exception
    html = page_html(app)
    assert BESIDE in html
    assert "The same channels for Drawn face: sad" in html
    app = pressed(app, "pin_release")
    assert BESIDE not in page_html(app)
