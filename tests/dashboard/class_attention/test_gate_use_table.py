from __future__ import annotations

import re
from dataclasses import replace

from dashboard.views.class_attention.figures.use import (
    effect_rows,
    effects_html,
    legend_words,
    read_use,
    sample_words,
    shares_html,
    use_table_html,
)
from engine.analysis.files.answer_shares import SHARES, AnswerShares
from engine.labels import EMOTIONS
from engine.statistics.intervals import Estimate
from tests.dashboard.made_gate_use import make_use

USE = make_use()


def test_the_sentence_counts_and_names_the_gates() -> None:
    said = read_use(USE)
    assert said.startswith("Of 2 attention gates 1 is used (block 2 spatial) and 1 is not used (block 1 channel).")
    assert "does not say what the answers rest on" in said
    assert sample_words(USE) == "35 of 3,000 pictures of synthetic test, 5 a class, 10 draws"
    one = replace(USE, effects=tuple(effect for effect in USE.effects if effect.layer == "block2.spatial"))
    assert read_use(one) == "Of 1 attention gate 1 is used."


def test_a_cell_has_the_verdict_of_its_gate_and_class_and_every_figure_behind_it() -> None:
    html = use_table_html(USE)
    assert len(re.findall(r"<td", html)) == 2 * (1 + len(EMOTIONS))
    assert html.count('aria-label="not used"') == 8  # the channel gate, everywhere
    assert html.count('aria-label="used"') == 7  # the spatial gate, but for sad
    assert html.count('aria-label="weakly used"') == 1
    (sad,) = re.findall(r'title="(block 2 spatial of cbam, sad: .*?)"', html)
    assert (
        "weakly used; changes 2 of 100 points of the answer (total variation .020, .020–.020), n = 5" in sad
    )  # of the mean; ones make .9 and do not count
    assert "accuracy −3.4 points; replaced by: mean" in sad
    assert '<th scope="col">gate</th>' in html
    assert "5 of 100 points of the answer change or more (total variation .050)" in legend_words()
    assert "from 1 point on (.010)" in legend_words()


def test_every_replacement_of_a_gate_with_its_intervals() -> None:
    html = effects_html(USE, "block2.spatial", "happy")
    assert re.findall(r'<th scope="row">(.*?)</th>', html) == ["mean", "permuted", "ones"]
    assert ".200 (.198–.202)" in html
    assert "−.400 (−.500 to −.300)" in html
    assert "−3.4 (−6.0 to +1.0)" in html
    assert "logit of predicted" in html


def test_a_class_without_pictures_is_a_dash() -> None:
    nothing = Estimate(None, None, None, 0)
    effects = tuple(
        replace(effect, figures=dict.fromkeys(effect.figures, nothing))
        if effect.group == "fear"
        else replace(effect, figures={k: replace(v, n=30) for k, v in effect.figures.items()})
        if effect.group == "all"
        else effect
        for effect in USE.effects
    )
    accuracy = {**USE.accuracy, "fear": nothing}
    use = replace(USE, effects=effects, accuracy=accuracy, pictures={**USE.pictures, "fear": 0})
    assert use_table_html(use).count('title="no pictures">–<') == 2
    assert "no pictures" in effects_html(use, "block2.spatial", "fear")
    assert "0 to 5 a class" in sample_words(use)


def test_the_shares_of_a_cmaen_add_up() -> None:
    found = {name: Estimate(0.3, 0.2, 0.35, 5) for name in SHARES}
    shares = AnswerShares(0.25, (0.5, 0.5), (), dict.fromkeys(("all", *EMOTIONS), found))
    html = shares_html(shares, ("all", "happy"))
    assert html.count("30.0 % (20.0–35.0)") == 2
    assert html.count("70.0 % (65.0–80.0)") == 2
    assert html.count(".300 (0.200–0.350)") == 2


def test_every_figure_can_be_taken_along() -> None:
    rows = effect_rows(USE)
    assert len(rows) == 2 * 3 * 8 * 4
    assert rows[0] == {
        "model": "cbam", "gate": "block1.channel", "replaced by": "mean", "draws": 1, "pictures": "all",
        "figure": "distance", "mean": 0.004, "low": 0.00396, "high": 0.00404, "n": 35,
    }  # fmt: skip
