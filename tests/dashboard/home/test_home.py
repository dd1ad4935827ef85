import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shell.pages import PAGES
from engine.labels import EMOTIONS
from tests.dashboard.made import page_html, sentences
from tests.made_odd import write_absurd, write_odd


def test_home_shows_models_strip_data_and_what_it_must_not_be_used_for(home: AppTest) -> None:
    home.run()
    assert not home.exception
    html = page_html(home)
    assert "68.4 % (66.9–69.9)" in html
    assert "baseline" in html
    assert any("n = 3,589" in caption.value for caption in home.caption)
    links = [element.proto.label for element in home.get("page_link")]
    assert [label for label in links if label in EMOTIONS] == list(EMOTIONS)
    words = " ".join(block.value for block in home.markdown)
    assert "FER2013" in words
    assert "Do not use it to judge what people feel" in words


def test_tiles_and_strip_carry_the_choice_to_explain(home: AppTest) -> None:
    home.run()
    links = {element.proto.label: element.proto for element in home.get("page_link")}
    assert "source=upload" in links["**Explain a photo**"].query_string
    assert "source=camera" in links["**Take a shot**"].query_string
    assert links["**Compare models**"].page == "Compare"
    assert links["**Browse mistakes**"].page == "Misclassifications"
    assert re.search("sample=drawn-happy", links["happy"].query_string)
    carried = ("**Explain a photo**", "**Compare models**", "**Browse mistakes**", *EMOTIONS)
    assert all("model=cbam" in links[label].query_string for label in carried)


def test_the_first_screen_shows_a_map_and_each_page_has_a_line(home: AppTest) -> None:
    home.run()
    assert not home.exception
    html = page_html(home)
    assert "attention gate, block 4" in html
    assert "Grad-CAM for " in html
    said = [caption.value for caption in home.caption]
    for entry in PAGES[1:]:
        assert entry.words in said
    assert not home.error
    # Streamlit prints a string that stands alone in a page's file.
    assert not any(block.value.startswith("The expression of") for block in home.markdown)


def test_without_a_checkpoint_home_says_the_one_command(
    home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))
    home.run()
    assert not home.exception
    assert [code.value for code in home.code] == [
        "python -m engine train --recipe cbam --start-from none --epochs 30 --data data"
    ]


def test_a_damaged_card_is_a_sentence_and_the_others_stay(
    home: AppTest, seeded_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(seeded_checkpoints, tmp_path / "all")
    (tmp_path / "all" / "baseline" / "card.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    home.run()
    assert not home.exception
    (sentence,) = sentences(home)
    assert "baseline" in sentence
    assert home.selectbox(key="model").options == ["cbam"]


def test_missing_data_is_said(home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.shell import loaders

    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "nowhere"))
    loaders.data_status.clear()
    home.run()
    loaders.data_status.clear()
    words = " ".join(block.value for block in home.markdown)
    assert "FER2013 is not here" in words
    assert str(tmp_path) not in words


@pytest.mark.parametrize("page", [None, "views/explain/page.py", "views/evaluation/page.py"])
def test_odd_folders_among_the_checkpoints_take_no_page_down(
    page: str | None, home: AppTest, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store, tmp_path / "all")
    odd = write_odd(tmp_path / "all")
    for which in ("size", "mean-text", "metric-text"):
        write_absurd(tmp_path / "all", store / "cbam", which)
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "all"))
    home.run()
    if page is not None:
        home.switch_page(page).run()
    assert not home.exception
    said = sentences(home)
    assert sum("is damaged" in sentence or "has no card" in sentence for sentence in said) == len(odd) + 3
    assert home.selectbox(key="model").options == ["baseline", "cbam", "spatial"]
