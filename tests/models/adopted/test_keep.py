"""A network of others as a checkpoint: written whole, checked when it is opened, the same network again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import CheckpointError, FerLensError
from engine.models.adopted.keep import Origin, keep
from engine.models.adopted.network import AdoptedNetwork
from engine.models.checkpoint import file_sha256, load_checkpoint, read_card, survey_checkpoints
from engine.models.taps import record_attention
from engine.predictor import EmotionPredictor
from tests.made_adopted import CLASSES, WIDE, live, write_adopted


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, AdoptedNetwork]:
    return tmp_path / "mine", write_adopted(tmp_path / "mine")


def test_the_card_says_what_it_is(written: tuple[Path, AdoptedNetwork]) -> None:
    place, _ = written
    assert {file.name for file in place.iterdir()} == {"card.json", "graph.json", "weights.safetensors"}
    card = read_card(place)
    assert (card.architecture, card.domain, card.classes, card.input, card.format) == (
        "adopted", "pictures", CLASSES, WIDE, 1,
    )  # fmt: skip
    assert card.origin == {
        "source": "net.py:HandCBAM", "file": "best.pth", "sha256": "ab" * 32, "claimed_accuracy": 0.71,
    }  # fmt: skip
    assert card.config["graph_sha256"] == file_sha256(place / "graph.json")
    assert [(gate["layer"], gate["kind"], gate["shape"]) for gate in card.config["gates"]] == [
        ("gates.0.channel", "channel", [8]),
        ("gates.1.spatial", "spatial", [16, 24]),
    ]
    assert card.config["layers"] == ["gates"]
    assert card.parameters == sum(p.numel() for p in load_checkpoint(place).model.parameters())


def test_the_network_is_the_same_again(written: tuple[Path, AdoptedNetwork]) -> None:
    place, network = written
    loaded = load_checkpoint(place).model
    x = torch.randn(3, 1, 32, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad(), record_attention() as gates:
        torch.testing.assert_close(loaded(x), network(x))
    assert [gate.layer for gate in gates[:2]] == ["gates.0.channel", "gates.1.spatial"]


def test_it_predicts_and_explains_as_ours_do(written: tuple[Path, AdoptedNetwork]) -> None:
    place, network = written
    predictor = EmotionPredictor(place)
    picture = np.random.default_rng(0).integers(0, 255, (40, 80, 3), dtype=np.uint8)
    found = predictor.predict(picture).faces
    assert [face.box for face in found] == [None]  # no face is looked for
    explained = predictor.explain(picture)
    assert explained.face.shape == (32, 48)
    assert [gate.layer for gate in explained.gates] == ["gates.0.channel", "gates.1.spatial"]
    (grad_cam,) = explained.maps
    assert (grad_cam.layer, grad_cam.heatmap.shape) == ("gates", (16, 24))
    x = torch.from_numpy(explained.face[None, None] / 255.0).float().sub(0.5).div(0.25)
    with torch.no_grad():
        probabilities = network(x).softmax(1)[0].numpy()
    np.testing.assert_allclose(explained.prediction.probabilities, probabilities, atol=1e-5)
    assert predictor.activation(picture, "gates").shape == (8, 16, 24)


def test_a_face_is_looked_for_where_the_network_is_about_faces(tmp_path: Path) -> None:
    class Finds:
        asked = 0

        def detect(self, pixels: object) -> tuple[()]:
            self.asked += 1
            return ()

    for domain, times in (("faces", 1), ("pictures", 0)):
        write_adopted(tmp_path / domain, domain)  # type: ignore[arg-type]
        detector = Finds()
        EmotionPredictor(tmp_path / domain, detector=detector).predict(np.zeros((40, 40, 3), np.uint8))  # type: ignore[arg-type]
        assert detector.asked == times


def _card(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((place / "card.json").read_text())
    change(card)
    (place / "card.json").write_text(json.dumps(card))


def _nan(place: Path) -> None:
    tensors = load_file(place / "weights.safetensors")
    tensors["head.bias"][0] = float("nan")
    save_file(tensors, place / "weights.safetensors")
    _card(place, lambda card: card.update(weights_sha256=file_sha256(place / "weights.safetensors")))


def _other_weights(place: Path) -> None:
    tensors = load_file(place / "weights.safetensors")
    tensors["head.bias"] = tensors["head.bias"][:2].clone()
    save_file(tensors, place / "weights.safetensors")
    _card(place, lambda card: card.update(weights_sha256=file_sha256(place / "weights.safetensors")))


def _byte(place: Path) -> None:
    text = (place / "graph.json").read_text()
    (place / "graph.json").write_text(text.replace("relu", "silu", 1))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no graph": (lambda place: (place / "graph.json").unlink(), "has no graph.json"),
    "another graph": (_byte, r"graph.json of 'mine' is not the one.*sha256 differs"),
    "no digest": (lambda place: _card(place, lambda card: card["config"].pop("graph_sha256")), "graph_sha256"),
    "no layers": (lambda place: _card(place, lambda card: card["config"].update(layers=[])), "names of the layers"),
    "odd gates": (lambda place: _card(place, lambda card: card["config"].update(gates=[{}])), "gates with layer"),
    "another class": (
        lambda place: _card(place, lambda card: card.update(classes=["a", "b"])),
        "answers with 3 numbers, and its card names 2",
    ),
    "another input": (lambda place: _card(place, lambda card: card["input"].update(columns=64)), "other pictures"),
    "another domain": (lambda place: _card(place, lambda card: card.update(domain="cats")), "a domain among"),
    "a newer card": (lambda place: _card(place, lambda card: card.update(format=2)), "get a newer FERLens"),
    "an odd claim": (
        lambda place: _card(place, lambda card: card["origin"].update(claimed_accuracy=71)),
        "claimed_accuracy in",
    ),
    "NaN": (_nan, "hold NaN or infinity in 'head.bias'"),
    "other weights": (_other_weights, "do not fit its graph at 'head.bias'"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_was_changed_is_said(written: tuple[Path, AdoptedNetwork], what: str) -> None:
    place, _ = written
    spoil, said = SPOILT[what]
    spoil(place)
    with pytest.raises(FerLensError, match=said) as caught:
        load_checkpoint(place)
    assert str(place.parent) not in str(caught.value)


def test_one_that_is_there_stays(written: tuple[Path, AdoptedNetwork]) -> None:
    place, network = written
    with pytest.raises(CheckpointError, match="exists already"):
        keep(place, network, classes=CLASSES, spec=WIDE, domain="faces", origin=Origin("x"))
    assert read_card(place).domain == "pictures"


def test_nothing_is_left_where_it_cannot_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.models.adopted import freeze

    monkeypatch.setattr(freeze, "_differences", lambda *_: (0.0, float("nan")))
    with pytest.raises(FerLensError, match="does not give its own answers"):
        keep(tmp_path / "mine", live(), classes=CLASSES, spec=WIDE, domain="faces", origin=Origin("x"))
    assert not list(tmp_path.iterdir())


def test_a_spoilt_card_hides_no_other(written: tuple[Path, AdoptedNetwork]) -> None:
    place, _ = written
    write_adopted(place.parent / "other")
    _card(place, lambda card: card.update(config={}))
    survey = survey_checkpoints(place.parent)
    assert [card.name for card in survey.cards] == ["other"]
    assert len(survey.problems) == 1


def test_no_drawn_face_lends_its_gates_to_what_is_not_about_faces(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (40, 80, 3), dtype=np.uint8)
    for domain, said, there in (
        ("pictures", "other pictures of the model's own kind", False),
        ("faces", "drawn", True),
    ):
        write_adopted(tmp_path / domain, domain)  # type: ignore[arg-type]
        predictor = EmotionPredictor(tmp_path / domain)
        report = predictor.trust(predictor.explain(picture))
        assert said in report.lenders
        names = {replaced.name for gate in report.gates for replaced in gate.replacements}
        assert ("another picture" in names) is there
        assert {"permuted", "mean"} <= names
