from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.files.attention import ClassAttention, by_class, group_of
from engine.analysis.sweep.statistics import MapStatistics

COUNT = np.array([2, 0])
MAP = np.zeros((2, 3, 4), np.float32)
CHANNELS = np.zeros((2, 5), np.float32)


def test_groups_count_up_by_label_and_right_answers() -> None:
    assert group_of(np.array([0, 0, 2]), np.array([False, True, True])).tolist() == [0, 1, 5]


def test_a_class_is_its_right_and_its_wrong_pictures() -> None:
    labels, right = np.array([0, 0, 0, 1]), np.array([True, True, False, False])
    values = np.array([[1.0], [3.0], [8.0], [5.0]])
    found = by_class("block1.channel", MapStatistics.of(values, group_of(labels, right), 4))
    assert {name: record.count.tolist() for name, record in found.items()} == {
        "all": [3, 1], "right": [2, 0], "wrong": [1, 1],
    }  # fmt: skip
    mean, variance = found["all"].values
    assert mean[:, 0].tolist() == [4.0, 5.0]
    assert variance[:, 0].tolist() == [13.0, 0.0]  # (9 + 1 + 16) / 2
    assert found["right"].values[0][:, 0].tolist() == [2.0, 0.0]
    assert found["all"].layer == "block1.channel"


def test_maps_and_channels_go_to_their_own_fields() -> None:
    spatial = ClassAttention.of("a", MapStatistics.of(np.ones((2, 3, 4)), np.array([0, 1]), 2))
    assert spatial.mean is not None
    assert spatial.mean.shape == (2, 3, 4)
    assert spatial.channel_mean is None
    channel = ClassAttention.of("b", MapStatistics.of(np.ones((2, 5)), np.array([0, 1]), 2))
    assert channel.channel_mean is not None
    assert channel.mean is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "either"),
        ({"mean": MAP, "var": MAP, "channel_mean": CHANNELS, "channel_var": CHANNELS}, "either"),
        ({"mean": MAP}, "together"),
        ({"mean": MAP, "var": MAP[:, :2]}, "var"),
        ({"mean": MAP[:1], "var": MAP[:1]}, "2 classes"),
        ({"mean": MAP.astype(np.float64), "var": MAP}, "float32"),
        ({"mean": MAP + np.nan, "var": MAP}, "finite"),
        ({"mean": MAP, "var": MAP - 1}, "0 or more"),
        ({"channel_mean": MAP, "channel_var": MAP}, "2 axes"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict[str, np.ndarray], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ClassAttention("a", COUNT, **fields)
    with pytest.raises(ValueError, match="counts"):
        ClassAttention("a", -COUNT, mean=MAP, var=MAP)
