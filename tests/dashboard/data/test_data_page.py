"""The Data page on planted copies, on a few drawn faces, and without data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.views.data import choice
from engine.data import drawn
from engine.data.tags import set_tags
from tests.dashboard.made import open_page, page_html, sentences
from tests.made_audit import planted_pictures, write_planted

PAGE = "views/data/page.py"


@pytest.fixture
def page(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with the planted pictures as FER2013, and a few faces as the built-in ones."""
    st.cache_resource.clear()
    monkeypatch.setenv("FERLENS_DATA", str(write_planted(tmp_path / "set")))
    monkeypatch.setenv("FERLENS_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(drawn, "SPLIT_COUNTS", {"train": 14, "val": 7, "test": 7})
    return home


def opened(home: AppTest, **address: str) -> AppTest:
    return open_page(home, PAGE, **address)


def shown(app: AppTest) -> list[str]:
    return re.findall(r'<figure data-id="(.*?)"', page_html(app))


def in_groups(app: AppTest) -> list[set[str]]:
    return [
        set(re.findall(r'<figure data-id="(.*?)"', block))
        for block in (element.proto.body for element in app.get("html"))
        if 'class="fl-group-head' in block
    ]


def test_numbers_balance_faces_sample_and_sheet(page: AppTest) -> None:
    app = opened(page, dataset="fer2013")
    assert not app.exception
    assert not sentences(app)
    html = page_html(app)
    assert "<b>18</b><span>pictures" in html
    assert "<b>13</b><span>distinct" in html
    assert "of 4 pictures 1 (25.0 %) have an exact copy" in html
    assert "private<small>n = 4</small>" in html
    # Three classes have pictures: a mean, a difference and a spread each.
    assert len(re.findall(r'alt="(?:mean face|difference|spread) of', html)) == 9
    assert html.count("fl-original") >= 3
    assert any("turned up to 10°" in caption.value for caption in app.caption)


def test_galleries_show_exactly_their_groups(page: AppTest) -> None:
    app = opened(page, dataset="fer2013")
    a = {"train/angry/Training_1.png", "train/sad/Training_2.png", "test/angry/PrivateTest_1.png"}
    assert in_groups(app) == [a]
    app.segmented_control(key="gallery").set_value("exact copies").run()
    assert in_groups(app)[0] == a
    assert len(in_groups(app)) == 4
    app.segmented_control(key="gallery").set_value("near copies").run()
    assert {"train/happy/Training_5.png", "test/angry/PublicTest_5.png"} in in_groups(app)
    app.segmented_control(key="gallery").set_value("blank").run()
    assert sorted(shown(app)) == ["train/happy/Training_6.png", "train/happy/Training_7.png"]
    app.segmented_control(key="gallery").set_value("suspect labels").run()
    assert not app.exception
    assert "python -m engine analyze --model cbam --dataset fer2013 --split test" in app.code[0].value


def test_the_split_and_the_recipe_change_what_is_shown(page: AppTest) -> None:
    app = opened(page, dataset="fer2013", part="private")
    assert "mean face of sad, n = 1" in page_html(app)
    ids = set(planted_pictures().ids)
    sample = [name for name in re.findall(r'title="(test/[^"]*?)"', page_html(app)) if name in ids]
    assert "test/sad/PrivateTest_3.png" in sample
    assert not [name for name in sample if "PublicTest_2" in name]
    app.selectbox(key="recipe").set_value("synthetic-cbam").run()
    assert not app.exception
    assert not any("turned up to 10°" in caption.value for caption in app.caption)


def test_built_in_faces(page: AppTest) -> None:
    app = opened(page, dataset="synthetic")
    assert not app.exception
    assert not sentences(app)
    assert "test<small>n = 7</small>" in page_html(app)
    assert any("There is none" in block.value for block in app.info)
    app.segmented_control(key=choice.FACES).set_value("all splits").run()
    assert not app.exception
    assert "train<small>n = 14</small>" in page_html(app)
    app.segmented_control(key="gallery").set_value("near copies").run()
    assert any(block.value.startswith("Not looked for") for block in app.info)


def test_a_dataset_that_is_not_here_is_one_line(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_DATA", "nowhere")
    app = opened(page, dataset="fer2013")
    assert not app.exception
    (block,) = app.info
    assert "fer2013 is not on this machine: put it under `data/`" in block.value
    assert not shown(app)


def test_unknown_names_in_the_address_are_sentences(page: AppTest) -> None:
    said = " ".join(sentences(opened(page, dataset="fer2013", gallery="ghosts", part="dev", recipe="soup")))
    assert "Unknown gallery 'ghosts'" in said
    assert "Unknown split 'dev'; valid: all, train" in said
    assert "Unknown recipe 'soup'" in said
    assert "Unknown dataset 'mnist'" in " ".join(sentences(opened(page, dataset="mnist")))


def test_data_that_cannot_be_read_is_a_sentence(page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = write_planted(tmp_path / "bored")
    (place / "train" / "angry").rename(place / "train" / "bored")
    monkeypatch.setenv("FERLENS_DATA", str(place))
    app = opened(page, dataset="fer2013")
    assert not app.exception
    (sentence,) = sentences(app)
    assert "has classes that are not among angry" in sentence
    assert "'bored' (1)" in sentence
    assert str(tmp_path) not in sentence


def test_maps_of_the_chosen_model_lie_over_every_picture_of_a_gallery(page: AppTest) -> None:
    app = opened(page, dataset="fer2013", gallery="blank", tiles_show="last gate", model="cbam")
    assert not app.exception
    assert len(shown(app)) == 2
    html = page_html(app)
    assert html.count("block4.spatial, ") >= 2
    app = app.segmented_control(key="gallery").set_value("exact copies").run()
    assert not app.exception
    assert page_html(app).count("block4.spatial, ") >= len(shown(app)) > 2
    app = app.segmented_control(key="tiles_show").set_value("picture").run()
    assert "block4.spatial, " not in page_html(app)


def test_the_galleries_are_filtered_by_tag(page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLENS_TAGS", str(tmp_path / "tags.csv"))
    set_tags(tmp_path / "tags.csv", "fer2013:train/happy/Training_6.png", ["odd"])
    app = opened(page, dataset="fer2013", gallery="blank", tag="odd")
    assert not app.exception
    assert shown(app) == ["train/happy/Training_6.png"]
    app = app.selectbox(key="tag").set_value("any").run()
    assert len(shown(app)) == 2
    app.segmented_control(key="gallery").set_value("exact copies").run()
    assert len(in_groups(app)) == 4
    app = app.selectbox(key="tag").set_value("odd").run()
    assert len(in_groups(app)) <= 1
