from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.sweep.statistics import Moments, fit_plane


def drawn() -> np.ndarray:
    rng = np.random.default_rng(5)
    return (rng.normal(size=(90, 6)) * np.array([0.1, 3.0, 0.2, 1.0, 0.3, 0.1]) + 40.0).astype(np.float32)


def test_parts_give_the_components_of_the_whole() -> None:
    features = drawn()
    parts = Moments.of(features[:7]).merge(Moments.of(features[7:8])).merge(Moments.of(features[8:]))
    plane = fit_plane(parts)
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(plane.axes @ axes[:2].T), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(plane.explained, (singular**2 / (singular**2).sum())[:2], rtol=1e-9)
    np.testing.assert_allclose(np.abs(plane.project(features)), np.abs(centred @ axes[:2].T), atol=1e-6)


def test_the_sign_is_fixed() -> None:
    plane = fit_plane(Moments.of(drawn()))
    for axis in plane.axes:
        assert axis[np.abs(axis).argmax()] > 0
    mirrored = fit_plane(Moments.of(-drawn()))
    np.testing.assert_allclose(mirrored.axes, plane.axes, atol=1e-9)


def test_a_line_and_a_point() -> None:
    line = fit_plane(Moments.of(np.array([[1.0], [3.0]])))
    assert line.project(np.array([[3.0]])).tolist() == [[1.0, 0.0]]
    point = fit_plane(Moments.of(np.ones((4, 3))))
    assert point.explained.tolist() == [0.0, 0.0]
    assert point.project(np.ones((1, 3))) == pytest.approx(np.zeros((1, 2)))
