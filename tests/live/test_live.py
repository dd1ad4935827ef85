from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UnknownNameError, UsageError
from engine.explain.explainer import to_prediction
from engine.labels import EMOTIONS
from engine.live.frame import LiveFrame
from engine.live.pipeline import FaceAnswer, LivePipeline, LiveSettings
from engine.live.smoothing import NO_SMOOTHING
from engine.predictor import EmotionPredictor
from engine.records import AttentionGate, UInt8
from tests.live.made_live import SIDE, Told, box, scene

RATE = 30
FAST = LiveSettings(detect_side=320)


@pytest.fixture
def predictor(checkpoints: Path) -> EmotionPredictor:
    return EmotionPredictor("cbam", detector=Told(box(60, 80), box(200, 90)))


def frames(count: int, step: float = 2.0) -> list[UInt8]:
    return [scene([(1, 60 + step * index, 80), (2, 200 - step * index, 90)]) for index in range(count)]


def play(pipeline: LivePipeline, pictures: list[UInt8]) -> list[LiveFrame]:
    return [pipeline.process(picture, index / RATE) for index, picture in enumerate(pictures)]


def test_faces_are_found_now_and_then_and_followed_in_between(checkpoints: Path) -> None:
    detector = Told(box(60, 80), box(200, 90))
    pipeline = LivePipeline(EmotionPredictor("cbam", detector=detector), detector, settings=FAST)
    found = []
    for index, picture in enumerate(frames(9)):
        detector.boxes = (box(60 + 2 * index, 80), box(200 - 2 * index, 90))
        found.append(pipeline.process(picture, index / RATE))
    # New faces are looked for again soon, then every eighth frame.
    assert [live.index for live in found if live.detected] == [0, 4]
    assert len(detector.sizes) == 2
    for index, live in enumerate(found):
        assert [face.track for face in live.faces] == [1, 2]
        assert all(face.seen for face in live.faces)
        assert live.faces[0].box.x == pytest.approx(60 + 2 * index, abs=2)
        assert live.faces[1].box.x == pytest.approx(200 - 2 * index, abs=2)
        assert live.timings.total >= live.timings.track + live.timings.classify > 0.0
        assert (live.timings.detect > 0.0) == live.detected or not live.detected
    assert found[8].faces[0].seconds_tracked == pytest.approx(8 / RATE)


def test_the_detector_sees_a_reduced_picture_and_boxes_are_of_the_frame(checkpoints: Path) -> None:
    detector = Told(box(30, 40, SIDE / 2))
    pipeline = LivePipeline(
        EmotionPredictor("cbam", detector=detector),
        detector,
        settings=LiveSettings(detect_side=160, smoothing=NO_SMOOTHING),
    )
    live = pipeline.process(scene([(1, 60, 80)]), 0.0)
    assert detector.sizes == [(160, 120)]
    assert live.faces[0].box.as_list() == [60, 80, SIDE, SIDE]
    assert (live.width, live.height) == (320, 240)


def test_answers_are_those_of_the_predictor(predictor: EmotionPredictor) -> None:
    picture = frames(1)[0]
    live = LivePipeline(predictor, predictor.detector, settings=FAST).process(picture, 0.0)
    alone = predictor.predict(picture).faces
    for face, expected in zip(live.faces, alone, strict=True):
        np.testing.assert_allclose(face.raw, expected.prediction.probabilities, rtol=1e-3, atol=1e-5)
        np.testing.assert_array_equal(face.raw, face.probabilities)  # the first answer is not smoothed
        assert face.label == expected.prediction.label == face.reading.raw_label
        assert face.reading.confidence == pytest.approx(expected.prediction.confidence, abs=1e-4)
        assert face.reading.top(7)[0][0] == face.label


def test_later_answers_are_smoothed_and_the_label_holds(
    predictor: EmotionPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    favourite = iter((3, 5, 5))  # happy, then sad

    def answers(_model: object, crops: list[UInt8], **_: object) -> tuple[FaceAnswer, ...]:
        logits = np.zeros(7, dtype=np.float32)
        logits[next(favourite)] = 4.0
        return tuple(FaceAnswer(to_prediction(logits, EMOTIONS, 0.0), None) for _ in crops)

    monkeypatch.setattr("engine.live.pipeline.read_faces", answers)
    pipeline = LivePipeline(predictor, predictor.detector, settings=FAST)
    first, second, last = (
        pipeline.process(picture, seconds).faces[0]
        for picture, seconds in zip(frames(3), (0.0, 0.1, 0.1 + 5.0), strict=True)
    )
    assert first.label == "happy"
    kept = 0.5 ** (0.1 / pipeline.settings.smoothing.half_life_seconds)
    np.testing.assert_allclose(second.probabilities, kept * first.raw + (1 - kept) * second.raw, atol=1e-5)
    assert (second.reading.raw_label, second.label) == ("sad", "happy")
    assert second.reading.confidence == pytest.approx(float(second.probabilities[3]))
    assert last.label == last.reading.top(1)[0][0] == "sad"
    np.testing.assert_allclose(last.probabilities, last.raw, atol=1e-6)  # both sad answers, and the happy one no more


def test_maps_are_of_the_chosen_overlay(predictor: EmotionPredictor) -> None:
    pipeline = LivePipeline(predictor, predictor.detector)
    one, two, three = (
        pipeline.process(frames(1)[0], index)
        for index, settings in enumerate(
            (LiveSettings(), LiveSettings(overlay="gate", layer="block3"), LiveSettings(overlay="gradcam"))
        )
        if pipeline.configure(settings) is None
    )
    assert (one.overlay, one.layer, one.faces[0].reading.face_map) == ("none", "", None)
    gate, cam = two.faces[0].reading.face_map, three.faces[0].reading.face_map
    assert isinstance(gate, AttentionGate)
    assert (two.layer, gate.layer, gate.shape) == ("block3.spatial", "block3.spatial", (12, 12))
    assert cam is not None
    assert not isinstance(cam, AttentionGate)
    assert (three.layer, cam.heatmap.shape, cam.target) == ("block4", (6, 6), three.faces[0].reading.raw_label)
    with pytest.raises(UnknownNameError, match="Unknown overlay 'heat'"):
        pipeline.configure(LiveSettings(overlay="heat"))  # type: ignore[arg-type]
    assert pipeline.settings.overlay == "gradcam"  # what is refused changes nothing


def test_a_second_model_reads_the_same_faces(checkpoints: Path) -> None:
    detector = Told(box(60, 80))
    main, beside = EmotionPredictor("cbam", detector=detector), EmotionPredictor("baseline", detector=Told())
    pipeline = LivePipeline(main, main.detector, beside=beside, settings=LiveSettings(overlay="gate"))
    (face,) = pipeline.process(scene([(1, 60, 80)]), 0.0).faces
    assert [reading.model for reading in face.readings] == ["cbam", "baseline"]
    assert face.readings[0].face_map is not None
    assert face.readings[1].face_map is None  # it has no gate
    assert not np.allclose(face.readings[0].raw, face.readings[1].raw)
    pipeline.configure(LiveSettings(), model=beside)
    live = pipeline.process(scene([(1, 60, 80)]), 0.1)
    assert [(face.track, [reading.model for reading in face.readings]) for face in live.faces] == [(1, ["baseline"])]


def test_no_face_is_an_empty_frame(checkpoints: Path) -> None:
    detector = Told()
    pipeline = LivePipeline(EmotionPredictor("cbam", detector=detector), detector)
    found = play(pipeline, [scene([])] * 9)
    assert all(live.faces == () for live in found)
    assert [live.index for live in found if live.detected] == [0, 4, 8]


def test_a_face_that_goes_is_looked_for_at_once_and_fades(predictor: EmotionPredictor) -> None:
    pipeline = LivePipeline(predictor, predictor.detector, settings=FAST)
    play(pipeline, frames(1) * 7)
    gone = scene([(1, 60, 80)])
    predictor.detector.boxes = (box(60, 80),)  # type: ignore[attr-defined]
    live = pipeline.process(gone, 7 / RATE)
    assert live.detected
    assert [(face.track, face.seen) for face in live.faces] == [(1, True), (2, False)]
    assert live.faces[1].reading.face_map is None
    for index in range(8, 18):
        live = pipeline.process(gone, index / RATE)
    assert [face.track for face in live.faces] == [1]


def test_each_viewer_has_a_state_of_their_own(predictor: EmotionPredictor) -> None:
    one, two = frames(6), frames(6, step=4.0)
    expected = [play(LivePipeline(predictor, predictor.detector, settings=FAST), pictures) for pictures in (one, two)]
    pipelines = [LivePipeline(predictor, predictor.detector, settings=FAST) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(play, pipelines, (one, two)))
    for alone, together in zip(expected, found, strict=True):
        for first, second in zip(alone, together, strict=True):
            assert [face.box for face in first.faces] == [face.box for face in second.faces]
            for left, right in zip(first.faces, second.faces, strict=True):
                np.testing.assert_allclose(left.probabilities, right.probabilities, atol=1e-5)


def test_frames_of_another_size_start_anew(predictor: EmotionPredictor) -> None:
    pipeline = LivePipeline(predictor, predictor.detector, settings=FAST)
    pipeline.process(frames(1)[0], 0.0)
    live = pipeline.process(scene([(1, 60, 80), (2, 200, 90)], size=(320, 200)), 0.03)
    assert live.detected
    assert [face.track for face in live.faces] == [3, 4]


@pytest.mark.parametrize(
    ("frame", "seconds", "says"),
    [
        (np.zeros((60, 60), np.uint8), 0.0, r"uint8 \(H, W, 3\)"),
        (np.zeros((60, 60, 3), np.float32), 0.0, "got float32"),
        (np.zeros((20, 60, 3), np.uint8), 0.0, "32 pixels a side or more, got 60 x 20"),
        (np.zeros((60, 60, 3), np.uint8), float("nan"), "finite time"),
    ],
)
def test_what_is_no_frame_is_refused(predictor: EmotionPredictor, frame: UInt8, seconds: float, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        LivePipeline(predictor, predictor.detector).process(frame, seconds)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"detect_every": 0}, {"detect_side": 10}, {"largest_number_of_faces": 65}):
        with pytest.raises(UsageError, match=f"Expected {next(iter(wrong))} from"):
            LiveSettings(**wrong)
