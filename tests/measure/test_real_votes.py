"""The figures that FER2013's mistakes and people's votes give together, from the stored answers of shipped models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.analysis.evaluation import stored_answers
from engine.analysis.store.store import open_store
from engine.data import FaceDataset, load_dataset
from engine.data.votes.file import find_votes
from engine.data.votes.join import with_votes
from engine.measure.votes import vote_report

pytestmark = pytest.mark.fer2013


@pytest.fixture(scope="module")
def private(fer2013: Path) -> FaceDataset:
    file = find_votes(None, fer2013)
    if file is None:
        pytest.skip("no fer2013new.csv beside the pictures, nor in FERLENS_VOTES")
    return with_votes(load_dataset("fer2013", "private", data=fer2013), file)


@pytest.mark.parametrize(
    ("model", "mistakes", "with_model", "percent", "right"),
    [("cbam", 1_119, 563, 50.3, 2_341), ("baseline", 1_134, 590, 52.0, 2_377), ("cmaen", 1_124, 549, 48.8, 2_311)],
)
def test_half_of_the_mistakes_are_peoples_answers(
    private: FaceDataset, model: str, mistakes: int, with_model: int, percent: float, right: int
) -> None:
    stored = stored_answers(open_store([model], "fer2013", "test"))
    place = {name: index for index, name in enumerate(stored.ids)}
    probabilities = stored.probabilities[[place[name] for name in private.ids]].astype(np.float32)
    found = vote_report(private, probabilities)
    assert (found["n"], found["label_is_majority"]["count"]) == (3_572, 2_239)
    assert round(100 * found["label_is_majority"]["share"], 1) == 62.7
    wrong = found["mistakes"]
    assert (wrong["n"], wrong["side_with"]["model"]["count"]) == (mistakes, with_model)
    assert round(100 * wrong["side_with"]["model"]["share"], 1) == percent
    assert found["accuracy_on_majority"]["count"] == right  # 65 to 67 % of 3,572
    assert found["human_ceiling"]["voter"]["mean"] == pytest.approx(0.737, abs=5e-4)
