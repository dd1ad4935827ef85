"""Many pictures at once: in order, bounded, and the same each time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.errors import PictureError
from engine.predict import stream
from engine.predict.face_model import BATCH
from engine.predict.stream import predict_stream
from engine.predictor import EmotionPredictor
from engine.records import FaceBox, Prediction, UInt8

pytestmark = pytest.mark.usefixtures("checkpoints")


@pytest.fixture(scope="module")
def predictor(seeded_store: Path) -> EmotionPredictor:
    return EmotionPredictor(seeded_store / "cbam")


def pictures(count: int) -> Iterator[UInt8]:
    for seed in range(count):
        yield np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)


def test_the_order_and_the_bits_are_the_same_each_time(predictor: EmotionPredictor) -> None:
    named = [(picture, f"{number}") for number, picture in enumerate(pictures(150))]
    first, second = (list(predictor.predict_stream(named, whole=True)) for _ in range(2))
    assert [result.source for result in first] == [name for _, name in named]
    for one, other, (picture, _) in zip(first, second, named, strict=True):
        prediction = one.faces[0].prediction
        assert prediction.logits.tobytes() == other.faces[0].prediction.logits.tobytes()
        alone = predictor.predict(picture, whole=True).faces[0].prediction
        np.testing.assert_allclose(prediction.logits, alone.logits, rtol=1e-4, atol=1e-4)


def test_results_come_while_pictures_are_still_taken(predictor: EmotionPredictor) -> None:
    """Of pictures without end only those are taken that the bounds allow."""
    taken = itertools.count()
    endless = ((picture, f"{next(taken)}") for picture in itertools.repeat(next(pictures(1))))
    results = predict_stream(predictor, endless, whole=True, threads=2)
    assert [result.source for result in itertools.islice(results, 3)] == ["0", "1", "2"]
    at_first = next(taken)
    assert at_first <= stream.FIRST + BATCH + 4
    list(itertools.islice(results, 500))
    assert next(taken) - at_first <= 500 + 2 * (BATCH + 4)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reading")]


def test_large_pictures_are_held_one_at_a_time(predictor: EmotionPredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    class Counting:
        faces = predictor.faces

        def predict_faces(self, crops: Sequence[UInt8]) -> tuple[Prediction, ...]:
            sizes.append(len(crops))
            return predictor.predict_faces(crops)

    list(predict_stream(Counting(), [(picture, None) for picture in pictures(100)], whole=True))
    assert sizes == [4, 16, 64, 16]
    sizes.clear()
    monkeypatch.setattr(stream, "HELD_BYTES", 1)
    list(predict_stream(Counting(), [(picture, None) for picture in pictures(3)], whole=True))
    assert sizes == [1, 1, 1]


def test_what_spoils_a_batch_is_told_of_its_picture_alone(predictor: EmotionPredictor) -> None:
    class Choosy:
        def faces(self, picture: object, *, whole: bool = False) -> tuple[tuple[FaceBox | None, UInt8], ...]:
            return predictor.faces(picture, whole=whole)  # type: ignore[arg-type]

        def predict_faces(self, crops: Sequence[UInt8]) -> tuple[Prediction, ...]:
            if any(crop[0, 0, 0] == 7 for crop in crops):
                raise PictureError("too large")
            return predictor.predict_faces(crops)

    given = [np.full((40, 40, 3), shade, np.uint8) for shade in (1, 7, 3)]
    found = list(predict_stream(Choosy(), [*((one, None) for one in given), (b"", "none")], whole=True))
    assert [result.error is None for result in found] == [True, False, True, False]
    assert found[1].error == "too large"
    assert found[3].source == "none"


def test_none_gives_none(predictor: EmotionPredictor) -> None:
    assert predictor.predict_batch([]) == ()
