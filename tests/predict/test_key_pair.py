from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.read.samm import difference
from engine.errors import UsageError
from engine.media.faces import crop_face, to_model_input
from engine.models.checkpoint import read_card, update_card
from engine.predict.pairs import PairExplanation
from engine.predictor import EmotionPredictor
from engine.records import FaceBox, UInt8
from tests.made import write_seeded
from tests.made_enhance import noise


class Finds:
    def __init__(self, *boxes: FaceBox) -> None:
        self.boxes = boxes

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        return self.boxes


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``single`` and, with the same weights, ``pair``, which was trained on differences."""
    for name in ("single", "pair"):
        write_seeded(tmp_path / name, "baseline")
    card = read_card(tmp_path / "pair")
    assert card.clips == "frames"  # what a card that does not say so means
    update_card(tmp_path / "pair", replace(card, recipe={"data": {"clips": "onset-apex"}}))
    assert read_card(tmp_path / "pair").clips == "onset-apex"
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path))


@pytest.mark.usefixtures("store")
def test_two_frames_are_classified_by_what_moved() -> None:
    onset, apex = noise(48, 48, 3, seed=1), noise(48, 48, 3, seed=2)
    pair, single = EmotionPredictor("pair", detector=Finds()), EmotionPredictor("single", detector=Finds())
    (found,) = pair.predict_pair(onset, apex).faces
    moved = difference(onset, apex)
    assert np.array_equal(found.crop, moved)
    (wanted,) = single.predict(moved, whole=True).faces
    np.testing.assert_allclose(found.prediction.logits, wanted.prediction.logits, atol=1e-5)
    (back,) = pair.predict_pair(apex, onset).faces
    assert not np.allclose(back.prediction.logits, found.prediction.logits, atol=1e-3)

    boxes = (FaceBox(20, 10, 40, 40), FaceBox(2, 2, 20, 20))
    pair = EmotionPredictor("pair", detector=Finds(*boxes))
    onset, apex = noise(80, 90, 3, seed=3), noise(80, 90, 3, seed=4)
    faces = pair.predict_pair(onset, apex).faces
    assert [face.box for face in faces] == list(boxes)
    single.detector = Finds(*boxes)
    for face, one, other in zip(faces, single.predict(onset).faces, single.predict(apex).faces, strict=True):
        assert np.array_equal(face.crop, difference(one.crop, other.crop))


@pytest.mark.usefixtures("store")
def test_what_moved_is_explained_beside_both_faces() -> None:
    boxes = (FaceBox(20, 10, 40, 40), FaceBox(2, 2, 20, 20))
    pair, single = EmotionPredictor("pair", detector=Finds(*boxes)), EmotionPredictor("single", detector=Finds())
    onset, apex = noise(80, 90, 3, seed=3), noise(80, 90, 3, seed=4)
    found = pair.explain_pair(onset, apex, face=1, target="sad", layer="block2", method="gradcam")
    answered = pair.predict_pair(onset, apex).faces[1]
    assert found.explained.box == boxes[1]
    np.testing.assert_allclose(found.explained.prediction.logits, answered.prediction.logits, atol=1e-4)
    one, other = (crop_face(frame, boxes[1]) for frame in (onset, apex))
    for shown, wanted in (
        (found.onset, one), (found.apex, other), (found.explained.face, difference(one, other)),
    ):  # fmt: skip
        assert np.array_equal(shown, to_model_input(wanted, 48, 1))
    wanted = single.explain(difference(one, other), whole=True, target="sad", layer="block2").maps[0].heatmap
    np.testing.assert_allclose(found.explained.maps[0].heatmap, wanted, atol=1e-5)
    with pytest.raises(ValueError, match="of one shape"):
        PairExplanation(found.explained, found.onset, found.apex[:40])
    with pytest.raises(UsageError, match=r"2 face\(s\), counted from 0; face 2 is not"):
        pair.explain_pair(onset, apex, face=2)
    with pytest.raises(UsageError, match="'single' takes single pictures"):
        single.explain_pair(onset, apex)


@pytest.mark.usefixtures("store")
def test_single_pictures_and_other_models_are_refused() -> None:
    pair = EmotionPredictor("pair", detector=Finds())
    refused = r"^'pair' was trained on the difference of two frames .*predict_pair\(onset, apex\)\.$"
    picture = noise(48, 48, 3)
    for shown in (pair.predict, pair.explain, pair.top_k):
        with pytest.raises(UsageError, match=refused):
            shown(picture)
    assert str(pair.predict_batch([picture])[0].error).startswith("'pair' was trained on the difference")
    with pytest.raises(UsageError, match="48x48 and 50x48 pixels; take both from one clip"):
        pair.predict_pair(picture, noise(48, 50, 3), whole=True)
    with pytest.raises(UsageError, match="'single' takes single pictures"):
        EmotionPredictor("single", detector=Finds()).predict_pair(picture, picture)
