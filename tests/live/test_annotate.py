from __future__ import annotations

import numpy as np
import pytest

from engine.draw.class_colours import class_colour, rgb
from engine.draw.colormaps import colormap
from engine.errors import UnknownNameError, UsageError
from engine.labels import EMOTIONS
from engine.live.annotate import Drawing, annotate
from engine.live.frame import FaceMap, LiveFace, LiveFrame, ModelReading, StageSeconds
from engine.records import AttentionGate, Explanation, FaceBox, Float32, UInt8

PLAIN = Drawing(bars=0, status=False)
BOX = FaceBox(60, 60, 100, 100)


def reading(
    label: str = "happy", face_map: FaceMap | None = None, model: str = "cbam", confidence: float = 0.7
) -> ModelReading:
    p = np.full(7, (1 - confidence) / 6, dtype=np.float32)
    p[EMOTIONS.index(label)] = confidence
    return ModelReading(model, EMOTIONS, p, p, label, face_map)


def live(*faces: LiveFace, size: tuple[int, int] = (320, 240)) -> LiveFrame:
    return LiveFrame(0, 0.0, *size, faces, False, "none", "", StageSeconds())


def face(*readings: ModelReading, box: FaceBox = BOX, seen: bool = True) -> LiveFace:
    return LiveFace(1, box, seen, 1.0, readings or (reading(),))


def frame(size: tuple[int, int] = (320, 240)) -> UInt8:
    rng = np.random.default_rng(0)
    return rng.integers(60, 200, (size[1], size[0], 3)).astype(np.uint8)


def cam(heatmap: Float32, low: float, high: float) -> Explanation:
    return Explanation("gradcam", "block4", "happy", heatmap, False, low, high, 0.0)


def test_the_box_has_the_emotion_colour_and_the_given_frame_is_left_alone() -> None:
    given = frame()
    before = given.copy()
    for label in ("happy", "sad"):
        drawn = annotate(given, live(face(reading(label))), PLAIN)
        assert drawn[100, 60].tolist() == drawn[159, 100].tolist() == list(rgb(class_colour(label)))
    assert np.array_equal(given, before)
    assert drawn.shape == given.shape
    assert np.array_equal(drawn[200:], given[200:])
    assert rgb(class_colour("bored")) == (140, 143, 150)


def test_a_gate_is_drawn_on_its_own_scale_cell_by_cell_over_a_grey_face() -> None:
    weights = np.array([[0.0, 1.0], [0.5, 0.25]], dtype=np.float32)
    gate = AttentionGate("block4.spatial", "spatial", weights)
    drawn = annotate(frame(), live(face(reading(face_map=gate))), Drawing(opacity=1.0, bars=0, status=False))
    table = colormap("viridis").table
    for row, column, value in ((85, 85, 0.0), (85, 135, 1.0), (135, 85, 0.5), (135, 135, 0.25)):
        assert drawn[row, column].tolist() == table[round(255 * value)].tolist()
    half = annotate(frame(), live(face(reading(face_map=gate))), Drawing(opacity=0.0, bars=0, status=False))
    assert np.ptp(half[80:140, 80:140].astype(int), axis=2).max() == 0  # grey, so that colour means the map alone


def test_a_map_is_cut_off_at_the_edge_of_the_frame_not_squeezed() -> None:
    weights = np.array([[0.0, 1.0], [0.0, 1.0]], dtype=np.float32)
    gate = AttentionGate("block4.spatial", "spatial", weights)
    at_edge = face(reading(face_map=gate), box=FaceBox(270, 60, 50, 100))  # the rest of it is outside
    drawn = annotate(frame(), live(at_edge), Drawing(opacity=1.0, bars=0, status=False))
    # The square is 104 wide about x = 295: its right half starts there.
    assert drawn[110, 285].tolist() == colormap("viridis").table[0].tolist()
    assert drawn[110, 305].tolist() == colormap("viridis").table[255].tolist()


def test_a_gradcam_without_positive_evidence_is_stated_not_drawn() -> None:
    nothing = cam(np.zeros((6, 6), np.float32), -1.0, -0.1)
    with_map, without = (annotate(frame(), live(face(reading(face_map=m))), PLAIN) for m in (nothing, None))
    assert np.array_equal(with_map[62:158, 64:156], without[62:158, 64:156])
    assert not np.array_equal(with_map[160:], without[160:])  # the words below
    heat = np.zeros((6, 6), np.float32)
    heat[0, 0] = 2.0
    drawn = annotate(frame(), live(face(reading(face_map=cam(heat, 0.0, 2.0)))), Drawing(1.0, bars=0, status=False))
    assert drawn[68, 68].tolist() == colormap("viridis").table[255].tolist()


def test_a_bar_is_as_long_as_its_probability() -> None:
    drawn = annotate(frame(), live(face(box=FaceBox(60, 20, 200, 100))), Drawing(bars=1, status=False))
    lit = (drawn[125, 60:260] == rgb(class_colour("happy"))).all(axis=1).sum()
    without = annotate(frame(), live(face(box=FaceBox(60, 20, 200, 100))), Drawing(bars=0, status=False))
    assert lit > 60
    assert np.array_equal(without[122:], frame()[122:])


def test_a_bar_ends_before_its_number_however_sure_the_answer() -> None:
    lengths = []
    for confidence in (0.5, 0.9, 1.0):
        wide = face(reading(confidence=confidence), box=FaceBox(60, 20, 200, 100))
        drawn = annotate(frame(), live(wide), Drawing(bars=1, status=False))
        bar = np.flatnonzero((drawn[125, 60:260] == rgb(class_colour("happy"))).all(axis=1))
        lengths.append(len(bar))
        assert bar.max() == bar.min() + len(bar) - 1  # whole: no digit stands on it
        assert drawn[121:129, 60 + bar.max() + 1 : 260].max() > 200  # but right of it, in white
        assert bar.max() < 200 - 14
    assert lengths[0] / lengths[2] == pytest.approx(0.5, abs=0.02)
    assert lengths[1] / lengths[2] == pytest.approx(0.9, abs=0.02)


def test_no_face_is_said_in_the_corner() -> None:
    given = frame()
    assert not np.array_equal(annotate(given, live())[:20, :150], given[:20, :150])
    assert np.array_equal(annotate(given, live(), Drawing(status=False)), given)
    timed = annotate(given, live(face()), frames_per_second=24.0)
    assert not np.array_equal(timed[:20, :100], annotate(given, live(face()))[:20, :100])


def test_a_second_model_has_a_line_of_its_own() -> None:
    one = annotate(frame(), live(face(reading("happy"))), PLAIN)
    two = annotate(frame(), live(face(reading("happy"), reading("sad", model="baseline"))), PLAIN)
    blue = np.array(rgb(class_colour("sad")))
    assert (two[:60] == blue).all(axis=2).sum() > 50 > (one[:60] == blue).all(axis=2).sum()


@pytest.mark.parametrize("size", [(33, 32), (64, 400), (1920, 1080)])
@pytest.mark.parametrize("share", [(0.0, 0.0), (0.7, 0.7)])
def test_any_size_and_place_can_be_drawn(size: tuple[int, int], share: tuple[float, float]) -> None:
    width, height = size
    side = max(8, min(size) // 3)
    place = FaceBox(int(share[0] * (width - side)), int(share[1] * (height - side)), side, side)
    gate = AttentionGate("a.spatial", "spatial", np.full((3, 3), 0.5, np.float32))
    drawn = annotate(frame(size), live(face(reading(face_map=gate), box=place), size=size), frames_per_second=9.0)
    assert drawn.shape == (height, width, 3)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="320 x 240"):
        annotate(frame((100, 100)), live())
    with pytest.raises(UnknownNameError, match="colour map 'rainbow'"):
        Drawing(colors="rainbow")
    with pytest.raises(UsageError, match="opacity from 0 to 1, got 2"):
        Drawing(opacity=2.0)
