from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.enhance.enhance import Enhancer
from engine.data.enhance.networks import load_network
from engine.data.read.sources import fit_picture
from engine.errors import CheckpointError, NetworkFileError
from engine.models.checkpoint import read_card, update_card
from engine.predict.enhancing import VARIABLE, FaceEnhancer, face_enhancer
from engine.predictor import EmotionPredictor
from engine.records import RunCard
from tests.made import write_seeded
from tests.made_enhance import doubling, enhancement_by, make_swinir, noise, save_network


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a small SwinIR, and other things."""
    folder = tmp_path / "networks"
    folder.mkdir()
    save_network(folder / "renamed.pth", make_swinir(5, scale=2))
    (folder / "notes.txt").write_text("mine")
    (folder / "other.pth").write_bytes(b"other")
    return folder


@pytest.fixture
def enhancement(files: Path) -> dict:
    return enhancement_by(files / "renamed.pth", "downloaded.pth")


@pytest.fixture
def store(tmp_path: Path, enhancement: dict, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``plain`` and, with the same weights, ``enhanced``, whose card says so."""
    for name in ("plain", "enhanced"):
        write_seeded(tmp_path / "store" / name, "baseline")
    path = tmp_path / "store" / "enhanced"
    card = read_card(path)
    update_card(path, replace(card, data={"enhancement": enhancement}))
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(tmp_path / "store"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "store"


@pytest.mark.usefixtures("store")
def test_a_face_goes_through_the_networks_first(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = EmotionPredictor("plain")
    assert plain.enhance is None
    predictor = EmotionPredictor("enhanced", enhancers=files)
    crops = [noise(40, 40, 3, seed=1), noise(60, 60, 3, seed=2)]
    # By hand: grey, 24 pixels as the training pictures were, SwinIR, and then as any face.
    enhancer = Enhancer(load_network("sr", files / "renamed.pth"), None)
    from engine.media.faces import to_model_input

    large = enhancer([to_model_input(crop, 24, 1) for crop in crops])
    assert [picture.shape for picture in large] == [(48, 48), (48, 48)]
    for crop, picture, alone in zip(crops, predictor.model_inputs(crops), large, strict=True):
        assert np.array_equal(picture, alone)
        assert np.array_equal(predictor.model_input(crop), picture)
        assert not np.array_equal(picture, plain.model_input(crop))
    expected = plain.predict_faces([np.repeat(picture[..., None], 3, axis=2) for picture in large])
    for found, wanted in zip(predictor.predict_faces(crops), expected, strict=True):
        np.testing.assert_allclose(found.logits, wanted.logits, atol=1e-5)
    explained = predictor.explain(crops[0], whole=True)
    assert np.array_equal(explained.face, large[0])

    monkeypatch.setenv(VARIABLE, str(files))
    assert np.array_equal(EmotionPredictor("enhanced").model_input(crops[0]), large[0])


@pytest.mark.usefixtures("store")
def test_a_missing_file_is_asked_for(tmp_path: Path, enhancement: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    short = enhancement["networks"][0]["sha256"][:12]
    start = (
        rf"^'enhanced' was trained on pictures enhanced by SwinIR from 'downloaded\.pth' \(sha256 {short}\.\.\.\), but "
    )
    with pytest.raises(NetworkFileError, match=start + "no folder is named; .* FERLENS_ENHANCERS"):
        EmotionPredictor("enhanced")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "empty"))
    with pytest.raises(NetworkFileError, match=start + "'empty' has no such file"):
        EmotionPredictor("enhanced")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(NetworkFileError, match="'gone' has no such file"):
        EmotionPredictor("enhanced")


def changed(card: RunCard, enhancement: dict) -> RunCard:
    return replace(card, data={"enhancement": enhancement})


def test_cards_that_are_damaged(store: Path, enhancement: dict, files: Path) -> None:
    card = read_card(store / "enhanced")
    with pytest.raises(CheckpointError, match="The card of 'enhanced' does not say how to enhance"):
        face_enhancer(changed(card, {"networks": []}), files)
    odd = {"role": "x", "sha256": "0", "file": "f"}
    with pytest.raises(CheckpointError, match="names no way to enhance"):
        face_enhancer(changed(card, enhancement | {"networks": [odd]}), files)


def test_faces_of_any_size_where_training_pictures_had_several() -> None:
    enhance = FaceEnhancer(Enhancer(doubling(), None), side=None, grey=False)
    square, wide = noise(20, 20, 3), noise(20, 30, 3)
    large = enhance([square, wide])
    assert np.array_equal(large[0], square.repeat(2, axis=0).repeat(2, axis=1))
    assert large[1].shape == (60, 60, 3)
    assert np.array_equal(large[1][10:50], wide.repeat(2, axis=0).repeat(2, axis=1))
    assert fit_picture(large[1], 48, 3).shape == (48, 48, 3)
