"""What the study pages find, and open with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dashboard.shell import study_loaders
from engine.analysis.files.places import AnalysedSplit

FOUND = (
    AnalysedSplit("fer2013", "test", ("cbam", "synthetic-cbam")),
    AnalysedSplit("fer2013", "val", ("cbam",)),
    AnalysedSplit("synthetic", "test", ("cbam", "synthetic-cbam")),
    AnalysedSplit("synthetic", "val", ("synthetic-cbam",)),
)


@pytest.fixture(autouse=True)
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    trained_on = {"cbam": "fer2013", "synthetic-cbam": "synthetic"}
    cards = SimpleNamespace(card=lambda name: SimpleNamespace(data={"dataset": trained_on[name]}))
    monkeypatch.setattr(study_loaders, "shelf", lambda: cards)
    monkeypatch.setattr(study_loaders, "analysed", lambda: FOUND)


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (("cbam",), ["fer2013-test", "fer2013-val", "synthetic-test"]),
        (("synthetic-cbam",), ["synthetic-test", "synthetic-val", "fer2013-test"]),
        (("synthetic-cbam", "cbam"), ["synthetic-test", "fer2013-test"]),
    ],
)
def test_a_page_opens_with_the_kind_of_faces_that_its_model_was_trained_on(
    models: tuple[str, ...], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_loaders, "here", lambda _: True)
    assert list(study_loaders.analysed_of(*models)) == names


def test_pictures_that_are_here_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_loaders, "here", lambda dataset: dataset == "synthetic")
    assert list(study_loaders.analysed_of("cbam")) == ["synthetic-test", "fer2013-test", "fer2013-val"]
