"""What pages open on where nobody has chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dashboard.shell import opening
from dashboard.shell.loaders import evidence
from engine.analysis.files.places import AnalysedSplit
from engine.models.checkpoint import survey_checkpoints
from engine.records import RunCard

ALL = ("baseline", "activation", "cbam", "cmaen", "spatial", "synthetic-baseline", "synthetic-cbam", "synthetic-vit")
ANALYSED = (
    AnalysedSplit("fer2013", "test", ("baseline", "cbam", "spatial")),
    AnalysedSplit("synthetic", "test", ("baseline", "cbam", "synthetic-baseline", "synthetic-cbam")),
)


def nothing(_: str) -> bool:
    return False


def drawn(dataset: str) -> bool:
    return dataset == "synthetic"


def everything(_: str) -> bool:
    return True


@pytest.fixture(scope="module")
def cards() -> list[RunCard]:
    """The cards of the checkpoints that come with FERLens, of which those named above are asked for."""
    found = {card.name: card for card in survey_checkpoints().cards}
    return [found[name] for name in ALL]


def named(cards: list[RunCard], name: str) -> RunCard:
    return next(card for card in cards if card.name == name)


def test_a_model_has_a_sibling_that_knows_the_built_in_faces(cards: list[RunCard]) -> None:
    for name, expected in (("cbam", "synthetic-cbam"), ("synthetic-cbam", "synthetic-cbam"), ("cmaen", None)):
        found = opening.sibling(named(cards, name), cards)
        assert (found.name if found else None) == expected


def test_a_variant_is_nobodys_sibling_where_the_plain_one_is_there(cards: list[RunCard]) -> None:
    variant = replace(named(cards, "synthetic-cbam"), name="a-mark")
    found = opening.sibling(named(cards, "cbam"), [variant, *cards])
    assert found is not None
    assert found.name == "synthetic-cbam"


def test_study_pages_open_on_pictures_that_are_here(cards: list[RunCard]) -> None:
    assert opening.study_model("cbam", cards, ANALYSED, everything) == "cbam"
    assert opening.study_model("cbam", cards, ANALYSED, drawn) == "synthetic-cbam"
    assert opening.study_model("cbam", cards, ANALYSED[:1], drawn) == "cbam"  # its sibling was not analysed
    assert opening.study_model("absent", cards, ANALYSED, drawn) == "absent"
    names = [one.dataset for one in opening.analysis_order("fer2013", ANALYSED, drawn)]
    assert names == ["synthetic", "fer2013"]
    assert opening.analysis_order("fer2013", ANALYSED, everything)[0].dataset == "fer2013"


@pytest.mark.parametrize(
    ("current", "here", "expected"),
    [
        ("cbam", everything, ("baseline", "cbam")),
        ("spatial", everything, ("baseline", "spatial")),
        ("baseline", everything, ("baseline", "cbam")),
        ("cbam", drawn, ("synthetic-baseline", "synthetic-cbam")),
        ("cmaen", drawn, ("synthetic-baseline", "synthetic-cbam")),
        ("synthetic-cbam", everything, ("synthetic-baseline", "synthetic-cbam")),
        ("absent", everything, ("baseline", "cbam")),
    ],
)
def test_compare_opens_on_one_with_attention_and_one_without(
    cards: list[RunCard], current: str, here: Any, expected: tuple[str, ...]
) -> None:
    assert opening.compared(current, cards, here) == expected


def test_compare_opens_on_what_there_is(cards: list[RunCard]) -> None:
    assert opening.compared("cbam", [], everything) == ()
    assert opening.compared("cbam", [named(cards, "cbam")], everything) == ("cbam",)
    two = [named(cards, "cbam"), named(cards, "spatial")]
    assert opening.compared("cbam", two, everything) == ("cbam", "spatial")


def test_evidence_opens_on_a_model_with_results(cards: list[RunCard]) -> None:
    def measured(name: str) -> bool:
        return name in {"synthetic-baseline", "synthetic-cbam"}

    for chosen, expected in (
        ("cbam", "synthetic-cbam"),
        ("baseline", "synthetic-baseline"),
        ("cmaen", "synthetic-cbam"),
        ("synthetic-baseline", "synthetic-baseline"),
        ("absent", "synthetic-cbam"),
    ):
        assert opening.evidence_model(chosen, cards, cards, measured) == expected, chosen
    assert opening.evidence_model("cbam", cards, cards, nothing) == "cbam"
    assert opening.evidence_model("absent", cards, cards, nothing) == cards[0].name
    assert opening.evidence_model("cbam", [], cards, measured) == ""


def test_data_opens_on_what_was_named() -> None:
    assert opening.dataset((), everything) == "fer2013"
    assert opening.dataset((), drawn) == "synthetic"
    assert opening.dataset(("ckplus", "fer2013"), everything) == "ckplus"
    assert opening.dataset(("fer2013",), drawn) == "synthetic"
    assert opening.dataset(("nowhere",), everything) == "fer2013"


def test_the_league_says_which_map_comes_first(cards: list[RunCard]) -> None:
    own = named(cards, "synthetic-cbam")
    report = evidence(own, "plain")
    assert report is not None
    best = opening.supported(own, report)
    assert best is not None
    assert (best.method, best.layer, best.own) == ("guided_gradcam", "block4", True)
    assert best.factor == pytest.approx(2**1.61335, rel=1e-3)
    of_kin = opening.supported(named(cards, "cbam"), report, refused=("guided_gradcam",))
    assert of_kin is not None
    assert (of_kin.method, of_kin.model, of_kin.own) == ("deeplift", "synthetic-cbam", False)
    assert opening.supported(own, None) is None


def test_the_best_layer_is_the_later_of_equals() -> None:
    assert opening.best_layer({"block1": 2.0, "block2": 5.0, "block3": 5.0}) == "block3"


def test_compare_offers_what_it_did_not_open_on(cards: list[RunCard]) -> None:
    assert opening.compared_elsewhere("cbam", cards, drawn) == ("fer2013", ("baseline", "cbam"))
    assert opening.compared_elsewhere("baseline", cards, drawn) == ("fer2013", ("baseline", "cbam"))
    # Nothing is offered where all is here, for a model of the built-in faces, or where these have no two models.
    assert opening.compared_elsewhere("cbam", cards, everything) is None
    assert opening.compared_elsewhere("synthetic-cbam", cards, drawn) is None
    assert opening.compared_elsewhere("absent", cards, drawn) is None
    two = [named(cards, "baseline"), named(cards, "cbam")]
    assert opening.compared_elsewhere("cbam", two, drawn) is None
