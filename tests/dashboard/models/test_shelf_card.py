"""A model's card: what is said of it, in words, with nothing claimed that was not measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.views.models.figures.shelf_card import figure_words, input_words, shelf_card, source_words, what_it_is
from engine.models.checkpoint import read_card
from engine.models.inventory import inside, is_unchecked
from engine.records import InputSpec, RunCard
from tests.made_adopted import write_adopted

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> RunCard:
    folder: Path = tmp_path_factory.mktemp("shelf") / "theirs"
    write_adopted(folder)
    return read_card(folder)


def test_a_network_of_others_is_unchecked_until_something_was_measured(theirs: RunCard) -> None:
    html = shelf_card(theirs, inside(theirs), 12_345_678, selected=True)
    assert "Not checked against your data." in html
    assert "12.3 MB" in html
    assert "Its maker says</dt><dd>71.0 % right" in html
    assert "2 attention gates: 1 channel, 1 spatial" in html
    assert "gates.0" in html
    assert "selected" in html
    measured = {"accuracy": 0.5, "interval": [0.4, 0.6], "macro_f1": 0.25, "n": 1200}
    checked = replace(theirs, metrics={"folder/my-faces/single": measured})
    assert (is_unchecked(theirs), is_unchecked(checked)) == (True, False)
    html = shelf_card(checked, inside(checked), 0, selected=False)
    assert "ot checked" not in html
    assert "your pictures “my-faces” <small>single view</small>" in html
    assert "parameters, 0.0 kB" in html
    assert "50.0 % (40.0–60.0)</td><td class='fl-number'>0.250</td><td class='fl-number'>1,200" in html


def test_further_figures_are_folded_away(theirs: RunCard) -> None:
    one = {"accuracy": 0.5, "interval": None, "macro_f1": 0.25, "n": 12}
    keys = ("fer2013/val/chosen", "fer2013/private/tta", "fer2013/private/single", "fer2013/test/single")
    html = shelf_card(replace(theirs, metrics=dict.fromkeys(keys, one)), None, 0, selected=False)
    assert "2 further figures" in html
    assert html.index("fer2013 private <small>single view") < html.index("fer2013 test") < html.index("ten crops")
    assert figure_words("fer2013/val/chosen") == ("fer2013 val", "single view, by which its epoch was chosen")


def test_our_own_say_what_their_attention_is(checkpoints: Path) -> None:
    card = read_card(checkpoints / "cbam")
    assert what_it_is(card) == "Trained with FERLens. Attention: channel + spatial, after each block."
    found = inside(card)
    assert [(gate.kind, gate.module, gate.shape) for gate in found.gates[:2]] == [
        ("channel", "block1.attention.channel", (64,)),
        ("spatial", "block1.attention.spatial", (48, 48)),
    ]
    html = shelf_card(replace(card, metrics={}), found, 0, selected=False)
    assert "Nothing measured yet." in html
    assert "48 × 48, grey, (x − 0.5) / 0.25" in html
    assert source_words(replace(card, data={"dataset": "fer2013"}, recipe={"name": "cbam"})) == (
        "trained on fer2013, recipe cbam"
    )


def test_inputs_in_words() -> None:
    wide = InputSpec(32, 3, (0.1, 0.2, 0.3), (1.0, 1.0, 1.0), columns=48, fit="crop")
    assert input_words(wide) == "32 × 48, RGB, (x − (0.1, 0.2, 0.3)) / 1, the middle cut out"


def test_what_a_card_says_is_drawn_as_text(theirs: RunCard) -> None:
    origin = {"source": HOSTILE, "file": HOSTILE, "sha256": HOSTILE}
    odd = replace(theirs, name=HOSTILE, classes=(HOSTILE, "b"), notes=(HOSTILE,), origin=origin)
    gates = [{"layer": HOSTILE, "kind": HOSTILE, "shape": [1]}]
    metrics = {f"folder/{HOSTILE}/{HOSTILE}": {"accuracy": 1, "n": 1}}
    odd = replace(odd, config={**odd.config, "gates": gates}, metrics=metrics)
    assert "<img" not in shelf_card(odd, inside(odd), 0, selected=False)
