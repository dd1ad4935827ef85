"""The checkpoints that come with FERLens do on FER2013 what their cards say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.dataset import FaceDataset
from engine.data.registry import load_dataset
from engine.measure.split import predict_dataset
from engine.models.checkpoint import checkpoint_names, load_checkpoint, read_card
from engine.records import Float32
from engine.statistics.classification import classification_report
from tests.made import SHIPPED

pytestmark = pytest.mark.fer2013

MEASURED = [name for name in checkpoint_names(SHIPPED) if "fer2013/private/single" in read_card(SHIPPED / name).metrics]


@dataclass(frozen=True, eq=False)
class Answered:
    """A shipped model's probabilities (N, 7) for ``private``, and what its card says of them."""

    private: FaceDataset
    probabilities: Float32
    said: dict[str, Any]


@pytest.fixture(scope="module", params=MEASURED)
def answered(request: pytest.FixtureRequest, fer2013: Path) -> Answered:
    loaded = load_checkpoint(request.param, folder=SHIPPED)
    spec = loaded.card.input
    private = load_dataset("fer2013", "private", data=fer2013, size=spec.size, channels=spec.channels)
    probabilities = predict_dataset(loaded.model, spec, private)
    return Answered(private, probabilities, loaded.card.metrics["fer2013/private/single"])


def test_the_figures_of_the_card_are_reproduced(answered: Answered) -> None:
    said, private, probabilities = answered.said, answered.private, answered.probabilities
    predicted = probabilities.argmax(1).astype(np.int64)
    found = classification_report(private.labels, predicted, private.classes, in_train=private.in_train).as_dict()
    assert found["n"] == said["n"] == 3_589
    assert found["n_clean"] == said["n_clean"]
    for figure in ("accuracy", "accuracy_clean", "macro_f1"):
        assert found[figure] == pytest.approx(said[figure], abs=0.001), figure
    for emotion, row in said["per_class"].items():
        assert found["per_class"][emotion]["f1"] == pytest.approx(row["f1"], abs=0.01), emotion

    # Not degenerate: no class swallows the rest, and answers differ in how sure they are.
    assert np.bincount(predicted, minlength=7).max() < 0.5 * len(predicted)
    assert probabilities.max(1).std() > 0.05


def test_every_class_is_answered(answered: Answered) -> None:
    assert np.bincount(answered.probabilities.argmax(1), minlength=7).min() > 0
