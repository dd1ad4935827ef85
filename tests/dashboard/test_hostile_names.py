"""A model, classes, pictures, addresses and files with hostile names, on every page: all of it is text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

from dashboard.shell.pages import EXPLAIN, PAGES
from tests.dashboard.made import open_page
from tests.dashboard.made_hostile_names import HOST, MODEL, NAME, SIGNS, TAGS, parameters, write_hostile

pytestmark = pytest.mark.slow

MARKDOWN = ("body", "label", "help", "text", "caption", "title", "element")


@pytest.fixture(scope="module")
def hostile_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hostile")
    write_hostile(folder)
    return folder


@pytest.fixture
def app(hostile_store: Path, home: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(hostile_store))
    monkeypatch.setenv("FERLENS_DATA", "nowhere")
    return home


def elements(block: Block) -> Iterator[Element]:
    for child in block.children.values():
        if isinstance(child, Block):
            yield from elements(child)
        else:
            yield child


def texts(proto: Any) -> Iterator[str]:
    """Yield what a message holds that Streamlit reads as Markdown."""
    for name in MARKDOWN:
        value = getattr(proto, name, "")
        if isinstance(value, str):
            yield value
    for option in getattr(proto, "options", ()):
        if not isinstance(option, str):  # a menu's options are text already
            yield getattr(option, "content", "")


def check(app: AppTest) -> tuple[str, ...]:
    """Return what was drawn, none of which may be anything but text."""
    assert not app.exception
    drawn = []
    for element in (*elements(app.main), *elements(app.sidebar)):
        proto = element.proto
        if element.type == "html":
            shown = re.sub(r'<img (?=[^>]*src="data:image/)[^>]*>', "", proto.body)
            assert not [tag for tag in TAGS if tag in shown], shown[:1000]
            drawn.append(proto.body)
        elif element.type == "plotly_chart":
            spec = getattr(proto, "spec", "")
            assert spec
            assert not [tag for tag in TAGS if tag in spec], spec[spec.index(TAGS[0]) - 50 :][:200]
        elif element.type == "bidi_component":  # our own parts take HTML, too, and nobody cleans it after us
            assert f"<img src=http://{HOST}" not in str(proto)
        elif element.type != "code":
            for text in texts(proto):
                assert not [sign for sign in SIGNS if sign in text.replace(f"\\{sign[0]}", "")], (element.type, text)
                drawn.append(text)
    return tuple(drawn)


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.title)
def test_a_hostile_store_is_text_on_every_page(app: AppTest, entry: Any) -> None:
    address = {"model": MODEL, "models": [MODEL, "cbam"], "sample": "astronaut", "source": "sample"}
    drawn = check(open_page(app, entry.file, **address) if entry.title != "Home" else app.run())
    if entry.title not in {"Data", "Webcam", "Video", "Evidence"}:
        assert any("sign in" in text for text in drawn), "the page shows nothing of the hostile store"


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.title)
def test_a_hostile_address_is_text_on_every_page(home: AppTest, entry: Any) -> None:
    address = dict.fromkeys(parameters(), NAME)
    home.run()
    home.switch_page(entry.file)
    for key, value in address.items():
        home.query_params[key] = value
    drawn = check(home.run())
    if entry.title not in {"Home", "Webcam"}:
        assert any("sign in" in text for text in drawn), "the page says nothing of the hostile address"


def test_a_hostile_file_name_is_text(home: AppTest) -> None:
    open_page(home, EXPLAIN, source="upload")
    home.file_uploader(key="upload").upload(f"{NAME}.jpg", b"no picture", "image/jpeg").run()
    drawn = check(home)
    assert any("smile" in text for text in drawn)


def test_a_long_address_is_cut(home: AppTest) -> None:
    open_page(home, EXPLAIN, sample="x" * 50_000)
    (sentence,) = [error.value for error in home.error]
    assert len(sentence) <= 1_000
    assert sentence.startswith("Unknown sample 'xxx")
    assert "valid: " in sentence
    assert "Showing " in sentence[-40:]
