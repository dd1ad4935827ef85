"""The checkpoints that come with FERLens do on FER2013 what their cards say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.dataset import FaceDataset
from engine.data.registry import load_dataset
from engine.evaluate.classification import classification_report
from engine.evaluate.measure import predict_dataset
from engine.models.checkpoint import SHIPPED, checkpoint_names, load_checkpoint, read_card

pytestmark = pytest.mark.fer2013

MEASURED = [name for name in checkpoint_names(SHIPPED) if "fer2013/private/single" in read_card(SHIPPED / name).metrics]


@pytest.fixture(scope="module")
def private(fer2013: Path) -> FaceDataset:
    return load_dataset("fer2013", "private", data=fer2013)


@pytest.mark.parametrize("name", MEASURED)
def test_the_figures_of_the_card_are_reproduced(name: str, private: FaceDataset) -> None:
    loaded = load_checkpoint(name, folder=SHIPPED)
    said = loaded.card.metrics["fer2013/private/single"]
    probabilities = predict_dataset(loaded.model, loaded.card.input, private)
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


@pytest.mark.parametrize("name", MEASURED)
def test_every_class_is_answered(name: str, private: FaceDataset) -> None:
    loaded = load_checkpoint(name, folder=SHIPPED)
    predicted = predict_dataset(loaded.model, loaded.card.input, private).argmax(1)
    assert np.bincount(predicted, minlength=7).min() > 0
