from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.predict.bundle import describe, json_text, npz_bytes, raw_arrays, write_bundle
from engine.records import AttentionGate, Explanation, FaceBox, FaceExplanation, Prediction

SPATIAL = np.array([[0.25, 0.5], [0.5, 0.75]], dtype=np.float32)
CHANNEL = np.array([0.1, 0.9, 0.2], dtype=np.float32)
HEAT = np.array([[0.0, 1.0], [2.0, 0.0]], dtype=np.float32)


def explained(raw_maximum: float = 2.0, box: FaceBox | None = None) -> FaceExplanation:
    heat = HEAT if raw_maximum > 0 else np.zeros((2, 2), np.float32)
    prediction = Prediction(
        np.array([0.25, 0.75], np.float32), np.array([0.0, 1.0], np.float32), ("sad", "happy"), "happy", 0.75, 0.1
    )
    return FaceExplanation(
        model="m",
        prediction=prediction,
        gates=(
            AttentionGate("block1.channel", "channel", CHANNEL),
            AttentionGate("block1.spatial", "spatial", SPATIAL),
        ),
        maps=(Explanation("gradcam", "block4", "happy", heat, False, -3.0, raw_maximum, 0.1),),
        face=np.full((48, 48), 128, np.uint8),
        box=box,
        seconds=0.12345,
    )


def test_the_document_by_hand() -> None:
    document = describe(explained(box=FaceBox(1, 2, 30, 40)))
    assert document["model"] == "m"
    assert document["box"] == [1, 2, 30, 40]
    assert (document["label"], document["confidence"]) == ("happy", 0.75)
    assert document["probabilities"] == {"happy": 0.75, "sad": 0.25}
    channel, spatial = document["gates"]
    assert (channel["layer"], channel["kind"], channel["shape"]) == ("block1.channel", "channel", [3])
    assert spatial == {
        "layer": "block1.spatial",
        "kind": "spatial",
        "shape": [2, 2],
        "min": 0.25,
        "mean": 0.5,
        "max": 0.75,
    }
    (heat,) = document["maps"]
    assert (heat["kind"], heat["layer"], heat["target"], heat["shape"]) == ("gradcam", "block4", "happy", [2, 2])
    assert (heat["min"], heat["mean"], heat["max"]) == (0.0, 0.75, 2.0)
    assert (heat["raw_min"], heat["raw_max"], heat["positive_evidence"]) == (-3.0, 2.0, True)
    assert json.loads(json_text(explained(box=FaceBox(1, 2, 30, 40)))) == document


def test_the_arrays_are_raw_and_on_their_native_grids() -> None:
    item = explained()
    with np.load(io.BytesIO(npz_bytes(item))) as stored:
        found = {name: stored[name] for name in stored.files}
    assert found.keys() == raw_arrays(item).keys()
    assert np.array_equal(found["gate/block1.channel"], CHANNEL)
    assert np.array_equal(found["gate/block1.spatial"], SPATIAL)
    assert np.array_equal(found["map/gradcam/block4"], HEAT)
    assert np.array_equal(found["face"], item.face)
    assert np.array_equal(found["probabilities"], item.prediction.probabilities)


def test_the_files(tmp_path: Path) -> None:
    names = write_bundle(explained(), tmp_path / "made" / "here")
    assert set(names) == {
        "face.png", "gate-block1.channel.png", "gate-block1.spatial.png", "gradcam-block4.png",
        "explanation.npz", "explanation.json",
    }  # fmt: skip
    assert {path.name for path in (tmp_path / "made" / "here").iterdir()} == set(names)
    gate = np.asarray(Image.open(tmp_path / "made" / "here" / "gate-block1.spatial.png").convert("RGB")).astype(int)
    low, high = gate[: gate.shape[0] // 2, : gate.shape[1] // 2], gate[gate.shape[0] // 2 :, gate.shape[1] // 2 :]
    assert np.ptp(low.reshape(-1, 3), axis=0).max() == 0  # one cell, one colour: the native grid is drawn as blocks
    assert np.abs(low[0, 0] - high[-1, -1]).max() > 40
    drawn = np.asarray(Image.open(tmp_path / "made" / "here" / "gradcam-block4.png"))
    assert drawn.std() > 5


def test_attention_between_cells_is_drawn_as_what_each_place_receives(tmp_path: Path) -> None:
    looks = np.array([[0.0, 1.0, 0.0, 0.0]] * 4, dtype=np.float32)  # everyone at cell 1 of 2x2
    gates = (AttentionGate("block1.attention", "cross", looks), AttentionGate("odd", "cross", looks[:, :3]))
    names = write_bundle(replace(explained(), gates=gates), tmp_path)
    assert [name for name in names if name.startswith("gate-")] == ["gate-block1.attention.received.png"]
    drawn = np.asarray(Image.open(tmp_path / "gate-block1.attention.received.png").convert("RGB")).astype(int)
    half = drawn.shape[0] // 2
    cells = [drawn[:half, :half], drawn[:half, half:], drawn[half:, :half], drawn[half:, half:]]
    colors = [cell.reshape(-1, 3).mean(axis=0) for cell in cells]
    assert np.abs(colors[1] - colors[0]).max() > 40
    assert np.abs(colors[0] - colors[2]).max() < 1
    assert np.abs(colors[0] - colors[3]).max() < 1


def test_a_map_without_positive_evidence_is_not_drawn(tmp_path: Path) -> None:
    names = write_bundle(explained(raw_maximum=0.0), tmp_path)
    assert not any(name.startswith("gradcam") for name in names)
    (heat,) = json.loads((tmp_path / "explanation.json").read_text())["maps"]
    assert heat["positive_evidence"] is False
    assert heat["raw_min"] == -3.0


@pytest.mark.parametrize("box", [None, FaceBox(0, 0, 1, 1)])
def test_no_face_is_null(box: FaceBox | None) -> None:
    assert (describe(explained(box=box))["box"] is None) is (box is None)
