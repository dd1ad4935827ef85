"""Accuracy and what belongs to it, from predictions; the figures come from scikit-learn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def wilson_interval(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share ``right`` / ``n`` (Wilson 1927), in [0, 1]; (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    share = right / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """How well a model did on a split.

    Attributes:
        n: pictures. accuracy: share in [0, 1]. interval: its 95 % Wilson interval.
        macro_f1: unweighted mean of the classes' F1.
        per_class: name → precision, recall, f1 (in [0, 1]) and support.
        confusion: int64 (K, K), rows true, columns predicted.
        n_clean, accuracy_clean, interval_clean: without the pictures of which an exact copy was in the training folder;
            None where that is not known.
    """

    classes: tuple[str, ...]
    n: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    per_class: dict[str, dict[str, float | int]]
    confusion: Int64
    n_clean: int | None
    accuracy_clean: float | None
    interval_clean: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, shares to five digits."""
        return {
            "classes": list(self.classes),
            "n": self.n,
            "accuracy": round(self.accuracy, 5),
            "interval": [round(value, 5) for value in self.interval],
            "macro_f1": round(self.macro_f1, 5),
            "per_class": {
                name: {key: value if isinstance(value, int) else round(value, 5) for key, value in row.items()}
                for name, row in self.per_class.items()
            },
            "confusion": self.confusion.tolist(),
            "n_clean": self.n_clean,
            "accuracy_clean": None if self.accuracy_clean is None else round(self.accuracy_clean, 5),
            "interval_clean": None if self.interval_clean is None else [round(v, 5) for v in self.interval_clean],
        }


def classification_report(
    labels: Int64, predicted: Int64, classes: tuple[str, ...], *, in_train: Bool | None = None
) -> ClassificationReport:
    """Compare predictions with labels.

    Args:
        labels: (N,) true class indices in [0, K).
        predicted: (N,) class indices.
        classes: K names. A class without pictures does not count in the macro mean.
        in_train: (N,) True where an exact copy of the picture was in the training folder.

    Raises:
        ValueError: no pictures, or arrays of different lengths.
    """
    if len(labels) == 0 or len(labels) != len(predicted):
        raise ValueError(f"expected as many predictions as labels, one or more, got {len(predicted)} and {len(labels)}")
    indices = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=indices, zero_division=0.0
    )
    right = labels == predicted
    n_clean = accuracy_clean = interval_clean = None
    if in_train is not None:
        clean = ~in_train
        n_clean = int(clean.sum())
        if n_clean:
            accuracy_clean = float(right[clean].mean())
            interval_clean = wilson_interval(int(right[clean].sum()), n_clean)
    return ClassificationReport(
        classes=classes,
        n=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        macro_f1=float(f1[support > 0].mean()),
        per_class={
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        confusion=confusion_matrix(labels, predicted, labels=indices).astype(np.int64),
        n_clean=n_clean,
        accuracy_clean=accuracy_clean,
        interval_clean=interval_clean,
    )
