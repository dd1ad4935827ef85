from __future__ import annotations

import numpy as np
import pytest

from engine.data.balance.balance import between, made_pictures, pixel_points, plan_balance
from engine.data.dataset import FaceDataset
from engine.errors import UnknownNameError, UsageError
from tests.made import make_dataset


@pytest.fixture
def uneven() -> FaceDataset:
    """Twelve angry, three disgust, seven fear."""
    return make_dataset(12, classes=3).subset([*range(12), *range(12, 15), *range(24, 31)])


def test_between_two_pictures() -> None:
    first, second = np.array([[0, 100]], np.uint8), np.array([[200, 101]], np.uint8)
    assert between(first, second, 0.25).tolist() == [[50, 100]]
    assert between(first, second, 0.0).tolist() == first.tolist()


def test_pixels_as_points() -> None:
    points = pixel_points(np.array([[[0, 255], [51, 102]]], np.uint8))
    assert points.dtype == np.float32
    assert points.tolist() == [pytest.approx([0, 1, 0.2, 0.4])]


@pytest.mark.parametrize("method", ["random", "augment"])
def test_classes_are_filled_from_their_own(uneven: FaceDataset, method: str) -> None:
    plan = plan_balance(method, uneven, seed=4)
    assert np.bincount(uneven.labels[plan.first], minlength=7).tolist() == [0, 9, 5, 0, 0, 0, 0]
    assert (plan.second == -1).all()
    pictures = list(made_pictures(uneven, plan, seed=4))
    assert all(picture.shape == (16, 16) and picture.dtype == np.uint8 for picture in pictures)
    copied = [np.array_equal(picture, uneven.images[at]) for picture, at in zip(pictures, plan.first, strict=True)]
    assert all(copied) if method == "random" else not any(copied)
    again = list(made_pictures(uneven, plan_balance(method, uneven, seed=4), seed=4))
    assert np.array_equal(pictures, again)


def test_varied_colour_stays_in_colour(uneven: FaceDataset) -> None:
    from dataclasses import replace

    red = np.zeros((*uneven.images.shape, 3), np.uint8)
    red[..., 0] = 200
    coloured = replace(uneven, images=red)
    picture = next(made_pictures(coloured, plan_balance("augment", coloured)))
    assert picture.shape == (16, 16, 3)
    assert (picture[..., 0] > picture[..., 1]).all()


def test_smote_in_pixels_lies_on_the_line(uneven: FaceDataset) -> None:
    # Noise in place of patterns, so that every class borders on the others.
    from dataclasses import replace

    noise = np.random.default_rng(1).integers(0, 256, uneven.images.shape).astype(np.uint8)
    mixed = replace(uneven, images=noise)
    plan = plan_balance("borderline-smote", mixed, neighbours=2, seed=1)
    built = set(uneven.labels[plan.first].tolist())
    assert built
    assert {uneven.classes[label] for label in (1, 2)} == {uneven.classes[label] for label in built} | set(plan.left)
    pictures = list(made_pictures(mixed, plan))
    assert len(pictures) == len(plan)
    for at, picture in enumerate(pictures):
        line = (1 - plan.weight[at]) * noise[plan.first[at]] + plan.weight[at] * noise[plan.second[at]]
        assert np.abs(picture - line).max() <= 0.5
        assert uneven.labels[plan.first[at]] == uneven.labels[plan.second[at]]


def test_smote_in_another_space_goes_by_that_space() -> None:
    """Two of class 1 are near each other in the space given, whatever their pixels; class 2 is far from all: left."""
    dataset = make_dataset(18, classes=3).subset([*range(18), *range(18, 22), *range(36, 48)])
    places = np.array([*range(10, 18), *range(990, 1000), 0, 1, 3, 1000, *(1e6 + np.arange(12) * 10)], np.float32)
    plan = plan_balance("borderline-smote", dataset, points=places[:, None], neighbours=1)
    assert {tuple(sorted(pair)) for pair in zip(plan.first.tolist(), plan.second.tolist(), strict=True)} == {
        (18, 19),
        (19, 20),
    }
    assert plan.left == ("fear",)


def test_wrong_use(uneven: FaceDataset) -> None:
    with pytest.raises(UnknownNameError, match="borderline-smote, random, augment"):
        plan_balance("smote", uneven)
    with pytest.raises(UsageError, match="1 or more --neighbours, got 0"):
        plan_balance("borderline-smote", uneven, neighbours=0)
    with pytest.raises(UsageError, match="two classes or more"):
        plan_balance("random", uneven.subset(range(5)))
