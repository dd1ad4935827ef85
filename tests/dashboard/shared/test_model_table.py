import re
from dataclasses import replace
from typing import Any

from dashboard.shared.figures.model_table import (
    BUILT_IN,
    FER2013,
    model_table,
    protocol_of,
    simplest_first,
    table_note,
)
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.records import RunCard

MEASURED = {"n": 3589, "accuracy": 0.684, "macro_f1": 0.671, "interval": [0.669, 0.699], "accuracy_clean": 0.655}


def card(name: str, metrics: dict[str, Any], *, dataset: str = "fer2013", marked: bool = False) -> RunCard:
    recipe = {"data": {"marked": marked}}
    data = {"dataset": dataset}
    return RunCard(name, "cbam", {}, EMOTIONS, DEFAULT_INPUT, recipe, data, metrics, {}, "0" * 64, 3_958_123)


def cells(html: str) -> list[str]:
    return [
        re.sub(r"<[^>]+>", "", cell)
        for cell in re.findall(r"<t[dh] (?:scope|class).*?</t[dh]>", html.split("<tbody>")[1])
    ]


def test_a_measured_model_shows_accuracy_with_its_interval() -> None:
    mirrored = {**MEASURED, "accuracy": 0.691}
    metrics = {"fer2013/private/single": MEASURED, "fer2013/private/mirror": mirrored}
    html = model_table([card("cbam", metrics)], "cbam")
    assert cells(html) == [
        "cbam selected",
        "channel + spatial, after each block",
        "68.4 % (66.9–69.9)",
        "69.1 % (66.9–69.9)",
        "—",
        "65.5 %",
        "0.671",
        "3.96 M",
    ]


def test_what_was_not_measured_is_a_dash() -> None:
    assert cells(model_table([card("mine", {})]))[2:7] == ["—"] * 5


def test_another_backbone_is_said_to_be_one() -> None:
    assert cells(model_table([replace(card("mine", {}), architecture="activation")]))[1] == (
        "none; a backbone of its own"
    )


def test_what_shares_a_backbone_stands_together_the_simplest_first() -> None:
    made = {name: replace(card(name, {}), architecture=name) for name in ("vit", "cbam", "activation", "baseline")}
    sizes = {"vit": 1, "cbam": 4, "activation": 5, "baseline": 3}
    cards = [replace(made[name], parameters=size) for name, size in sizes.items()]
    assert [one.name for one in sorted(cards, key=simplest_first)] == ["baseline", "cbam", "vit", "activation"]


def test_the_note_names_split_and_n() -> None:
    note = table_note([card("cbam", {"fer2013/private/single": MEASURED})])
    assert "PrivateTest, n = 3,589" in note
    assert "python -m engine evaluate" in table_note([card("mine", {})])


def test_models_of_the_built_in_faces_are_measured_on_those() -> None:
    plain = card("synthetic-cbam", {"synthetic/test/single": {**MEASURED, "n": 3000}}, dataset="synthetic")
    marked = card("synthetic-marked", {}, dataset="synthetic", marked=True)
    assert (protocol_of(plain), protocol_of(card("cbam", {}))) == (BUILT_IN, FER2013)
    html = model_table([plain, marked], None, BUILT_IN)
    assert cells(html)[:5] == [
        "synthetic-cbam",
        "channel + spatial, after each block",
        "68.4 % (66.9–69.9)",
        "0.671",
        "3.96 M",
    ]
    assert "ten crops" in model_table([plain])
    assert "ten crops" not in html
    assert cells(html)[6:9] == [
        "channel + spatial, after each block; trained with the label’s mark in a corner",
        "—",
        "—",
    ]
    assert "built-in faces’ test split, n = 3,000, single view;" in table_note([plain, marked], BUILT_IN)


def test_a_model_of_another_recipe_is_named_in_the_note() -> None:
    plain = replace(card("plain", {"fer2013/private/single": MEASURED}), architecture="baseline")
    plain = replace(plain, recipe={"schedule": {"epochs": 40}})
    other = replace(card("gated", {}), recipe={"schedule": {"epochs": 40}})
    assert "Not trained as" not in table_note([plain, other])
    other = replace(other, recipe={"schedule": {"epochs": 5}})
    assert table_note([plain, other]).endswith(" Not trained as plain was, so not to be compared with it: gated.")
