from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.made import open_page, page_html

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
