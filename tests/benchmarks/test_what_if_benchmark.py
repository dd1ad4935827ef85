from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.benchmarks.what_if import BUILT_IN, EDITS, WARM_UP, _subjects, what_if_benchmark
from engine.edit.apply import apply_edit
from engine.errors import PictureError, UsageError
from engine.predictor import EmotionPredictor
from tests.made import draw


@pytest.fixture
def predictor(checkpoints: Path) -> EmotionPredictor:
    return EmotionPredictor("cbam")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    Image.fromarray(draw(2, np.random.default_rng(4), 96)).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def test_every_kind_of_edit_changes_the_face(predictor: EmotionPredictor, photograph: Path) -> None:
    for subject in _subjects(predictor, {"one.png": photograph}).values():
        assert subject.pixels.shape == subject.second.shape == (48, 48)
        rng = np.random.default_rng(0)
        for kind, make in EDITS.items():
            edit = make(subject, rng)
            assert not edit.is_identity, kind
            edited = apply_edit(
                subject.pixels, edit, subject.regions, second=subject.second, second_regions=subject.second_regions
            )
            assert (edited != subject.pixels).any(), kind


def test_an_edit_is_answered_with_gates_and_grad_cam(
    predictor: EmotionPredictor, photograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[bytes] = []
    explain = predictor.explain_crop

    def counted(crop: np.ndarray) -> object:
        found = explain(crop)
        assert len(found.gates) == 8
        assert found.maps[0].method == "gradcam"
        answered.append(crop.tobytes())
        return found

    monkeypatch.setattr(predictor, "explain_crop", counted)
    told: list[tuple[str, int, int]] = []
    document = what_if_benchmark(predictor, {"one.png": photograph}, repeats=2, progress=lambda *at: told.append(at))
    assert list(document["pictures"]) == [BUILT_IN, "one.png"]
    wanted = 2 * len(EDITS)
    assert len(answered) == 2 * (WARM_UP + wanted)
    assert told[-1] == ("one.png", wanted, wanted)
    for measured in document["pictures"].values():
        assert measured["edit"]["n"] == wanted
        assert measured["within_limit"] == (measured["edit"]["p95_ms"] <= document["limit_ms"] == 300.0)
        assert {kind: times["n"] for kind, times in measured["kinds"].items()} == dict.fromkeys(EDITS, 2)
        assert set(measured["region_table"]) == {"blur", "grey", "neighbour"}
        assert measured["of_which_editing"]["p50_ms"] < measured["edit"]["p95_ms"]
    json.dumps(document, allow_nan=False)


def test_wrong_use(predictor: EmotionPredictor, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 repeat or more"):
        what_if_benchmark(predictor, {}, repeats=0)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(PictureError, match=r"notes\.txt"):
        what_if_benchmark(predictor, {"notes.txt": tmp_path / "notes.txt"}, repeats=1)
