from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analysis.sweep.statistics import entropy_and_places, entropy_nats, peak_channel, places

MAPS = np.array(
    [[[1.0, 1.0], [1.0, 1.0]], [[0.0, 5.0], [-9.0, 0.0]], [[-1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [3.0, 0]]]
)


def test_entropy_of_even_single_and_empty_maps() -> None:
    found = entropy_nats(MAPS)
    assert found[:2].tolist() == pytest.approx([math.log(4), 0.0])
    assert math.isnan(found[2])
    assert found[3] == pytest.approx(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)))
    assert entropy_nats(np.ones((1, 64)))[0] == pytest.approx(math.log(64))


def test_entropy_does_not_know_the_scale() -> None:
    maps = np.random.default_rng(0).random((3, 5, 5))
    np.testing.assert_allclose(entropy_nats(maps), entropy_nats(1e-6 * maps))


def test_peak_and_centre() -> None:
    found = places(MAPS)
    assert found.peak_row[[0, 1, 3]].tolist() == [0, 0, 1]
    assert found.peak_column[[0, 1, 3]].tolist() == [0, 1, 0]
    assert found.centre_x[[0, 1, 3]].tolist() == pytest.approx([0.5, 0.75, 0.25])
    assert found.centre_y[[0, 1, 3]].tolist() == pytest.approx([0.5, 0.25, 0.625])
    for values in (found.peak_row, found.peak_column, found.centre_x, found.centre_y):
        assert math.isnan(values[2])


def test_grids_need_not_be_square() -> None:
    maps = np.zeros((1, 2, 4))
    maps[0, 1, 2] = 1.0
    found = places(maps)
    assert (found.peak_row[0], found.peak_column[0]) == (1, 2)
    assert (found.centre_x[0], found.centre_y[0]) == (0.625, 0.75)


def test_the_strongest_channel() -> None:
    assert peak_channel(np.array([[0.1, 0.9, 0.9], [0.5, 0.2, 0.1]])).tolist() == [1, 0]


def test_both_at_once_are_what_each_is() -> None:
    entropy, where = entropy_and_places(MAPS)
    np.testing.assert_array_equal(entropy, entropy_nats(MAPS))
    for name in ("peak_row", "peak_column", "centre_x", "centre_y"):
        np.testing.assert_array_equal(getattr(where, name), getattr(places(MAPS), name))
