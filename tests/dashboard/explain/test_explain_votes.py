from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.made import open_page, page_html, sentences

PAGE = "views/explain/page.py"
ADDRESS = {"model": "cbam", "source": "dataset", "dataset": "fer2013", "split": "private"}


def test_a_datasets_picture_shows_what_people_saw(voted_page: AppTest) -> None:
    app = open_page(voted_page, PAGE, **ADDRESS, id="test/sad/PrivateTest_0.png")
    assert not app.exception
    html = page_html(app)
    assert "10 people were asked what they see (FER+): neutral 6, sad 4." in html
    assert 'aria-label="10 people: neutral 6, sad 4"' in html


@pytest.mark.parametrize("known", [True, False])
def test_nothing_is_said_where_nobody_was_asked(
    voted_page: AppTest, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    if not known:
        monkeypatch.delenv("FERLENS_VOTES")
    address = ADDRESS | ({"dataset": "synthetic", "split": "test"} if known else {})
    app = open_page(voted_page, PAGE, **address)
    assert not app.exception
    assert "people were asked" not in page_html(app)
    assert "The data set’s label is" in page_html(app)


def test_a_picture_of_ferplus_is_labelled_by_what_people_voted(voted_page: AppTest) -> None:
    address = {"source": "dataset", "dataset": "ferplus", "split": "FER2013Test"}
    app = open_page(voted_page, PAGE, **address, id="test/happy/PrivateTest_1.png")
    assert not app.exception
    assert not sentences(app)
    assert any("of ferplus, labelled surprise." in one.value for one in app.caption)
    assert "The data set’s label is <b>surprise</b>" in page_html(app)


def test_a_picture_without_such_a_label_is_a_sentence(voted_page: AppTest) -> None:
    address = {"source": "dataset", "dataset": "ferplus", "split": "private"}
    app = open_page(voted_page, PAGE, **address, id="test/sad/PrivateTest_1.png")
    assert not app.exception
    assert any("has no label by what people voted (unknown)" in said for said in sentences(app))
