from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import engine
from engine.errors import DataError, PictureError, UnknownNameError, UsageError
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.media.pictures import open_picture
from engine.predictor import EmotionPredictor
from engine.records import FaceBox, UInt8
from tests.made import draw


class Finds:
    """A detector that finds what it is told."""

    def __init__(self, *boxes: FaceBox) -> None:
        self.boxes = boxes
        self.asked = 0

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        self.asked += 1
        return self.boxes


BOXES = (FaceBox(60, 10, 50, 50), FaceBox(5, 20, 40, 40))


@pytest.fixture
def predictor(checkpoints: Path) -> EmotionPredictor:
    return EmotionPredictor("cbam", detector=Finds())


def picture(seed: int = 0, side: int = 120) -> UInt8:
    rng = np.random.default_rng(seed)
    return np.repeat(draw(seed % 7, rng, side)[:, :, None], 3, axis=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven pictures (one in a subfolder, one with a large suffix), a broken one, and a text."""
    place = tmp_path / "album"
    (place / "sub").mkdir(parents=True)
    for index, name in enumerate(("b.png", "a.png", "sub/c.jpg", "Z.PNG")):
        Image.fromarray(picture(index)).save(place / name)
    (place / "m.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (place / "notes.txt").write_text("no picture")
    return place


def test_it_is_what_the_package_offers() -> None:
    assert engine.EmotionPredictor is EmotionPredictor
    with pytest.raises(AttributeError, match="no attribute 'Other'"):
        _ = engine.Other


def test_unknown_models_and_devices(checkpoints: Path) -> None:
    with pytest.raises(UnknownNameError, match="Unknown model 'x'; valid: baseline, cbam"):
        EmotionPredictor("x")
    with pytest.raises(UsageError, match="Device 'abacus'"):
        EmotionPredictor("cbam", device="abacus")


def test_every_face_is_classified_from_its_own_crop(checkpoints: Path) -> None:
    predictor = EmotionPredictor("cbam", detector=Finds(*BOXES))
    found = predictor.predict(picture(), name="two.png")
    assert (found.source, found.error) == ("two.png", None)
    assert [face.box for face in found.faces] == list(BOXES)
    crops = [crop for _, crop in predictor.faces(open_picture(picture()))]
    for face, crop in zip(found.faces, crops, strict=True):
        assert np.array_equal(face.crop, crop)
        (alone,) = predictor.predict_faces([crop])
        np.testing.assert_allclose(face.prediction.logits, alone.logits, rtol=1e-4, atol=1e-4)
        assert face.prediction.classes == EMOTIONS
        assert face.prediction.label == EMOTIONS[int(face.prediction.probabilities.argmax())]
    assert not np.allclose(found.faces[0].prediction.logits, found.faces[1].prediction.logits)


def test_without_a_face_the_whole_picture_is_classified_and_said_to_be(predictor: EmotionPredictor) -> None:
    (face,) = predictor.predict(picture()).faces
    assert face.box is None
    assert face.crop.shape == (120, 120, 3)


def test_whole_looks_for_no_face(checkpoints: Path) -> None:
    detector = Finds(*BOXES)
    (face,) = EmotionPredictor("cbam", detector=detector).predict(picture(), whole=True).faces
    assert (face.box, detector.asked) == (None, 0)


def test_a_batch_larger_than_one_pass_keeps_its_order(
    predictor: EmotionPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.predict.face_model.BATCH", 3)
    crops = [picture(seed, 60) for seed in range(7)]
    together = predictor.predict_faces(crops)
    assert len({item.logits.tobytes() for item in together}) == 7
    for crop, found in zip(crops, together, strict=True):
        np.testing.assert_allclose(predictor.predict_faces([crop])[0].logits, found.logits, rtol=1e-4, atol=1e-4)
    assert predictor.predict_faces([]) == ()


def test_a_broken_picture_in_the_middle_shifts_nothing(predictor: EmotionPredictor, folder: Path) -> None:
    given = [folder / "b.png", folder / "m.png", folder / "a.png", b"", picture(3)]
    found = predictor.predict_batch(given)
    assert [item.source for item in found[:3]] == ["b.png", "m.png", "a.png"]
    assert [item.error is None for item in found] == [True, False, True, False, True]
    assert found[1].error is not None
    assert "m.png" in found[1].error
    assert str(folder) not in found[1].error
    for index in (0, 2, 4):
        alone = predictor.predict(given[index]).faces[0].prediction
        np.testing.assert_allclose(found[index].faces[0].prediction.probabilities, alone.probabilities, atol=1e-5)


def test_one_unreadable_picture_alone_raises(predictor: EmotionPredictor, folder: Path) -> None:
    with pytest.raises(PictureError, match=r"m\.png"):
        predictor.predict(folder / "m.png")


def test_a_directory_is_walked_in_sorted_order(predictor: EmotionPredictor, folder: Path) -> None:
    found = predictor.predict_directory(folder)
    assert [item.source for item in found] == ["Z.PNG", "a.png", "b.png", "m.png", "sub/c.jpg"]
    assert [item.source for item in found if item.error] == ["m.png"]


def test_a_directory_without_pictures(predictor: EmotionPredictor, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="Folder 'empty' has no pictures") as caught:
        predictor.predict_directory(tmp_path / "empty")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(DataError, match="Expected a folder of pictures, but 'nowhere' is none"):
        predictor.predict_directory(tmp_path / "nowhere")


def test_top_k(predictor: EmotionPredictor) -> None:
    probabilities = predictor.predict(picture()).faces[0].prediction.probabilities
    for k in (1, 3, 7):
        found = predictor.top_k(picture(), k)
        assert [value for _, value in found] == pytest.approx(
            sorted(probabilities.tolist(), reverse=True)[:k], abs=1e-6
        )
        assert found[0][0] == EMOTIONS[int(probabilities.argmax())]
    for k in (0, 8, -1):
        with pytest.raises(UsageError, match=f"k must be from 1 to 7, got {k}"):
            predictor.top_k(picture(), k)


def test_explain_goes_with_predict(checkpoints: Path) -> None:
    predictor = EmotionPredictor("cbam", detector=Finds(*BOXES))
    predicted = predictor.predict(picture()).faces
    for index in (0, 1):
        found = predictor.explain(picture(), face=index)
        assert (found.model, found.box) == ("cbam", BOXES[index])
        np.testing.assert_allclose(
            found.prediction.probabilities, predicted[index].prediction.probabilities, rtol=1e-3, atol=1e-5
        )
        assert (found.maps[0].layer, found.maps[0].target) == ("block4", found.prediction.label)
        assert found.face.shape == (48, 48)
        assert len(found.gates) == 8
    for face in (2, -1):
        with pytest.raises(UsageError, match=rf"The picture has 2 face\(s\), counted from 0; face {face} is not"):
            predictor.explain(picture(), face=face)


def test_explain_takes_layer_target_and_whole(predictor: EmotionPredictor) -> None:
    found = predictor.explain(picture(), layer="block2", target="sad", whole=True)
    assert (found.maps[0].layer, found.maps[0].target, found.maps[0].heatmap.shape) == ("block2", "sad", (24, 24))
    assert found.box is None
    assert predictor.explain(picture(), target=Target("sad", "fear")).maps[0].target == "sad − fear"
    with pytest.raises(UnknownNameError, match="Unknown class 'bored'; valid: angry"):
        predictor.explain(picture(), target="bored")
    with pytest.raises(UnknownNameError, match="Unknown layer 'block9'"):
        predictor.explain(picture(), layer="block9")


def test_a_model_without_attention_is_explained_by_its_gradients(checkpoints: Path) -> None:
    found = EmotionPredictor("baseline", detector=Finds()).explain(picture())
    assert found.gates == ()
    assert found.maps[0].heatmap.shape == (6, 6)


def test_activations(predictor: EmotionPredictor) -> None:
    assert predictor.gradcam_layers == ("block1", "block2", "block3", "block4")
    for layer, shape in zip(predictor.gradcam_layers, ((64, 48), (128, 24), (256, 12), (512, 6)), strict=True):
        assert predictor.activation(picture(), layer).shape == (shape[0], shape[1], shape[1])
