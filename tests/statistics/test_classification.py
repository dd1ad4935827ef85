from __future__ import annotations

import json

import numpy as np
import pytest

from engine.statistics.classification import classification_report, wilson_interval


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        # Published values: Newcombe 1998 (Stat. Med. 17:857), table I, and the usual 0 of 10 and 5 of 10.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_interval(right: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(right, n) == pytest.approx((low, high), abs=1e-4)


def test_nothing_known_is_the_whole_range() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_two_classes_by_hand() -> None:
    # 3 true positives, 1 false negative, 2 false positives, 4 true negatives for "b".
    labels = ints(1, 1, 1, 1, 0, 0, 0, 0, 0, 0)
    predicted = ints(1, 1, 1, 0, 1, 1, 0, 0, 0, 0)
    report = classification_report(labels, predicted, ("a", "b"))
    assert (report.n, report.accuracy) == (10, pytest.approx(0.7))
    assert report.confusion.tolist() == [[4, 2], [1, 3]]
    b, a = report.per_class["b"], report.per_class["a"]
    assert (b["precision"], b["recall"], b["f1"], b["support"]) == (
        pytest.approx(3 / 5), pytest.approx(3 / 4), pytest.approx(2 / 3), 4,
    )  # fmt: skip
    assert (a["precision"], a["recall"], a["f1"], a["support"]) == (
        pytest.approx(4 / 5), pytest.approx(4 / 6), pytest.approx(8 / 11), 6,
    )  # fmt: skip
    assert report.macro_f1 == pytest.approx((2 / 3 + 8 / 11) / 2)
    assert report.interval == wilson_interval(7, 10)
    assert (report.n_clean, report.accuracy_clean, report.interval_clean) == (None, None, None)


def test_three_classes_by_hand() -> None:
    labels, predicted = ints(0, 0, 1, 1, 1, 2), ints(0, 1, 1, 1, 2, 0)
    report = classification_report(labels, predicted, ("a", "b", "c"))
    assert report.confusion.tolist() == [[1, 1, 0], [0, 2, 1], [1, 0, 0]]
    assert [row["f1"] for row in report.per_class.values()] == pytest.approx([1 / 2, 2 / 3, 0.0])
    assert report.macro_f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


def test_a_class_without_pictures_does_not_pull_the_macro_mean_down() -> None:
    report = classification_report(ints(0, 0, 1), ints(0, 0, 1), ("a", "b", "never"))
    assert report.macro_f1 == 1.0
    assert report.per_class["never"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert report.confusion.shape == (3, 3)


def test_copies_of_training_pictures_are_left_out_of_the_clean_figure() -> None:
    labels, predicted = ints(0, 0, 1, 1), ints(0, 0, 1, 0)
    in_train = np.array([True, False, True, False])
    report = classification_report(labels, predicted, ("a", "b"), in_train=in_train)
    assert (report.accuracy, report.n_clean, report.accuracy_clean) == (0.75, 2, 0.5)
    assert report.interval_clean == wilson_interval(1, 2)
    none_left = classification_report(labels, predicted, ("a", "b"), in_train=np.ones(4, dtype=bool))
    assert (none_left.n_clean, none_left.accuracy_clean, none_left.interval_clean) == (0, None, None)


def test_the_document_is_json_with_five_digits() -> None:
    report = classification_report(ints(0, 1, 1), ints(0, 1, 0), ("a", "b"), in_train=np.array([False, False, True]))
    document = report.as_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["accuracy"] == 0.66667
    assert document["per_class"]["b"] == {"precision": 1.0, "recall": 0.5, "f1": 0.66667, "support": 2}
    assert document["confusion"] == [[1, 0], [1, 1]]
    assert (document["n_clean"], document["accuracy_clean"]) == (2, 1.0)


@pytest.mark.parametrize(("labels", "predicted"), [(ints(), ints()), (ints(0, 1), ints(0))])
def test_nothing_to_compare(labels: np.ndarray, predicted: np.ndarray) -> None:
    with pytest.raises(ValueError, match="as many predictions as labels, one or more"):
        classification_report(labels, predicted, ("a", "b"))
