import numpy as np
import pytest

from dashboard.shared.figures.pair import (
    POINTS,
    WEIGHT,
    agreement_help,
    agreement_words,
    difference_ranges,
    pair_evidence,
    pair_gates,
    reach_words,
    signed,
)


def grid(values: object) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_gates_are_subtracted_in_their_own_unit_on_the_coarser_grid() -> None:
    fine = grid([[0.2, 0.4, 1, 1], [0.6, 0.8, 1, 1], [0, 0, 0.5, 0.5], [0, 0, 0.5, 0.5]])
    coarse = grid([[0.25, 0.75], [0.5, 0.5]])
    pair = pair_gates(fine, coarse)
    # Means of the fine map's quarters: .5, 1, 0, .5.
    np.testing.assert_allclose(pair.difference, [[-0.25, -0.25], [0.5, 0.0]], atol=1e-6)
    assert pair.unit == WEIGHT
    assert pair.agreement.grid == (2, 2)
    np.testing.assert_allclose(pair_gates(coarse, fine).difference, -pair.difference, atol=1e-6)


def test_evidence_is_subtracted_in_shares_so_that_a_scale_changes_nothing() -> None:
    first, second = grid([[1, 1], [1, 1]]), grid([[0, 30], [0, 10]])
    pair = pair_evidence(first, second)
    assert pair is not None
    assert pair.unit == POINTS
    np.testing.assert_allclose(pair.difference, [[-25, 50], [-25, 0]], atol=1e-4)
    louder = pair_evidence(first, 7 * second)
    assert louder is not None
    np.testing.assert_allclose(louder.difference, pair.difference, atol=1e-4)
    assert reach_words(pair) == "−25.0 to +50.0 points"


def test_no_evidence_is_nothing_to_compare() -> None:
    assert pair_evidence(grid([[0, 0], [0, 0]]), grid([[0, 1], [0, 0]])) is None


def test_differences_share_a_symmetric_range_by_unit_and_stretch_alone() -> None:
    small = pair_gates(grid([[0.5, 0.5]]), grid([[0.52, 0.5]]))
    large = pair_gates(grid([[0.1, 0.5]]), grid([[0.5, 0.2]]))
    points = pair_evidence(grid([[1, 1]]), grid([[3, 1]]))
    ranges = difference_ranges([small, None, large, points], "fixed")
    np.testing.assert_allclose(ranges, [(-0.4, 0.4), (0, 0), (-0.4, 0.4), (-25, 25)], atol=1e-6)
    # Two gates alike to the second decimal must not be made vivid; stretched, each has its own range.
    np.testing.assert_allclose(difference_ranges([small], "shared"), [(-0.1, 0.1)])
    np.testing.assert_allclose(difference_ranges([small, large], "stretch"), [(-0.02, 0.02), (-0.4, 0.4)], atol=1e-6)


def test_agreement_is_said_with_chance_and_a_constant_map_has_no_ranks() -> None:
    same = pair_gates(grid([[0.1, 0.2], [0.3, 0.4]]), grid([[0.2, 0.3], [0.4, 0.9]])).agreement
    assert agreement_words(same) == "same order +1.00 (rank correlation) · strongest tenth shared 100 %"
    assert "unrelated maps share 25 %" in agreement_help(same)
    assert "2 × 2 cells" in agreement_help(same)
    flat = pair_gates(grid([[0.5, 0.5], [0.5, 0.5]]), grid([[0.2, 0.3], [0.4, 0.9]])).agreement
    assert agreement_words(flat).startswith("no order")
    assert "no ranks to correlate" in agreement_help(flat)


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (1.25, 1, "+1.2"), (-3.0, 1, "−3.0"), (-0.04, 1, "0.0"), (0.3, 2, "+.30"), (-0.3, 2, "−.30"),
        (12.4, 0, "+12"), (0.2, 0, "0"), (0.001, 2, ".00"), (-10.5, 2, "−10.50"),
    ],
)  # fmt: skip
def test_signs(value: float, digits: int, said: str) -> None:
    assert signed(value, digits) == said
