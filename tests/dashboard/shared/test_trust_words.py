from dataclasses import replace

import pytest

from dashboard.shared.figures.trust import (
    UNCHECKED,
    Trusted,
    deciding,
    gate_figures,
    gate_help,
    method_place,
    read_faithful,
    read_gates,
    read_trust,
    score_figures,
)
from tests.dashboard.made import make_map
from tests.dashboard.made_trust import make_faithful, make_use


def test_the_deciding_replacement_keeps_the_gates_level() -> None:
    use = make_use(0.12, flips=0.3)
    assert deciding(use).name == "permuted"  # not ones, whose distance is larger
    assert gate_figures(use) == (
        "changes 12 of 100 points of the answer (total variation .120) · another class wins in 3 of 10 draws · permuted"
    )


@pytest.mark.parametrize(("distance", "words"), [(0.12, "matters to"), (0.02, "matters little"), (0.003, "not matter")])
def test_a_gate_in_plain_words_with_the_engines_bounds(distance: float, words: str) -> None:
    said = gate_help(make_use(distance))
    assert words in said
    assert "total variation: used from .050 on, weakly used from .010 on." in said


def test_a_score_has_its_interval_reference_and_number() -> None:
    assert score_figures(make_faithful(-0.051)) == (
        "30 of 100 points above random maps (deletion score +.300, −.051 to +.500, n = 40 random maps)"
    )
    assert score_figures(replace(make_faithful(0.1), value="logit")).startswith(
        "above random maps (deletion score +.300"
    )


def test_gates_in_a_sentence() -> None:
    uses = (make_use(0.12), make_use(0.02, "block2.spatial"), make_use(0.004, "block3.channel", "channel"))
    assert read_gates(uses) == (
        "Of 3 attention gates 1 is used (block 1 spatial), 1 is weakly used (block 2 spatial) and 1 is not used "
        "(block 3 channel): its map does not say what this answer rests on (less than 1 of 100 "
        "points of it change, total variation .004). One picture, 10 draws a gate."
    )
    assert read_gates(()) == ""
    many = tuple(make_use(0.001 * n, f"block{n}.spatial") for n in (1, 2, 3, 4))
    assert read_gates(many) == (
        "Of 4 attention gates 4 are not used: their maps do not say what this answer rests on (less than 1 of 100 "
        "points of it change, total variation .004). One picture, 10 draws a gate."
    )


def test_a_map_in_a_sentence() -> None:
    assert read_faithful(make_faithful(0.1)).startswith(
        "Grad-CAM for happy at block 4 is faithful to the answer: 30 of 100 points above"
    )
    doubtful = read_faithful(make_faithful(-0.1))
    assert "is no better than random: 30 of 100 points above random maps (deletion score +.300, −.100 to" in doubtful
    assert doubtful.endswith("Do not read from it what the answer rests on.")
    assert method_place("occlusion", "", "happy − sad") == "Occlusion for happy − sad"


def test_nothing_is_claimed_before_it_is_checked() -> None:
    main = make_map([[0.0, 1.0]])
    assert read_trust(Trusted(), main) == UNCHECKED
    assert read_trust(Trusted(), main, gates=False) == "Not checked on this picture yet: whether the map is faithful."
    other = Trusted(maps={("gradcam", "block3", "happy"): make_faithful(0.1)})
    assert read_trust(other, main) == UNCHECKED
    known = Trusted({"block1.spatial": make_use(0.001)}, {("gradcam", "block4", "happy"): make_faithful(0.1)})
    said = read_trust(known, main)
    assert "not used" in said
    assert "faithful to the answer" in said
    assert "looks at" not in said
