from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.data.dataset import FaceDataset, map_classes
from engine.errors import DataError
from engine.labels import CK_EMOTIONS, EMOTIONS
from tests.made import make_dataset


@pytest.fixture
def ck() -> FaceDataset:
    """Two pictures of each of CK+'s seven classes."""
    return replace(make_dataset(2), classes=CK_EMOTIONS)


def test_labels_follow_their_names(ck: FaceDataset) -> None:
    mapped = map_classes(ck, EMOTIONS)
    assert mapped.dataset.classes == EMOTIONS
    # In CK+'s order, without contempt, its second.
    assert mapped.dataset.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 5, 5, 6, 6]
    assert mapped.dataset.ids == tuple(f"train/{n}" for n in (0, 1, *range(4, 14)))
    assert np.array_equal(mapped.dataset.images, ck.images[[0, 1, *range(4, 14)]])
    assert mapped.dropped == {"contempt": 2}
    assert mapped.without_pictures == ("neutral",)
    assert mapped.in_words() == (
        "Left out, since the model has no such class: contempt (2). "
        "The dataset has no neutral; where the model answers so, it is wrong."
    )


def test_synonyms_are_the_same_class() -> None:
    mapped = map_classes(make_dataset(1, classes=2), ("disgusted", "Anger"))
    assert mapped.dataset.labels.tolist() == [1, 0]
    assert mapped.as_dict() == {"dropped": {}, "without_pictures": []}
    assert mapped.in_words() == ""


def test_nothing_in_common(ck: FaceDataset) -> None:
    with pytest.raises(DataError, match="Expected a picture of neutral, calm in 'fer2013'"):
        map_classes(ck, ("neutral", "calm"))
