"""Faces are found in pictures of any size, and nowhere else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import FerLensError
from engine.media import faces
from engine.media.faces import FRAME_PER_BOX, HaarDetector, crop_face, to_model_input
from engine.media.pictures import open_picture
from engine.records import FaceBox
from tests.media.made_faces import SAMPLES, centre


# Seen by eye in the 512-pixel portrait: pupils near (203, 100) and (247, 103), mouth near (223, 145).
def assert_is_the_astronaut(box: FaceBox, *, scale: float = 1.0, left: float = 0.0, top: float = 0.0) -> None:
    x, y = centre(box)
    assert abs((x - left) / scale - 225) < 12
    assert abs((y - top) / scale - 115) < 12
    assert 80 < box.width / scale < 125


def test_each_sample_has_as_many_faces_as_its_list_says(haar: HaarDetector) -> None:
    listed = json.loads((SAMPLES / "samples.json").read_text())
    assert {item["file"] for item in listed} == {path.name for path in SAMPLES.glob("*.jpg")}
    for item in listed:
        assert item["licence"]
        assert item["source"]
        assert (SAMPLES / item["file"]).stat().st_size < 150_000
        assert len(haar.detect(open_picture(SAMPLES / item["file"]).pixels)) == item["faces"], item["file"]


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 3.0])
def test_the_face_is_found_at_any_size_of_picture(haar: HaarDetector, astronaut: np.ndarray, scale: float) -> None:
    resized = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (box,) = haar.detect(resized)
    assert_is_the_astronaut(box, scale=scale)


def test_a_thumbnail_of_a_face_is_enlarged_until_it_is_found(haar: HaarDetector, astronaut: np.ndarray) -> None:
    (box,) = haar.detect(astronaut)
    thumbnail = to_model_input(crop_face(astronaut, box), 48, 3)  # a frame like a FER2013 picture
    (found,) = haar.detect(thumbnail)
    assert 36 <= found.width <= 48


def test_a_face_that_fills_its_picture_is_found(haar: HaarDetector) -> None:
    for sample in ("astronaut.jpg", "grace-hopper.jpg"):
        pixels = open_picture(SAMPLES / sample).pixels
        tight = crop_face(pixels, haar.detect(pixels)[0], padding=0.9)  # less than the cascade's own window
        (box,) = haar.detect(tight)
        assert box.width > 0.9 * tight.shape[1]


def test_largest_first_whatever_the_order_in_the_picture(haar: HaarDetector, astronaut: np.ndarray) -> None:
    canvas = np.full((512, 900, 3), 128, dtype=np.uint8)
    canvas[:256, :256] = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    canvas[:, 300:812] = astronaut
    canvas[300:500, :200] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    boxes = haar.detect(canvas)
    assert len(boxes) == 3
    assert_is_the_astronaut(boxes[0], left=300)
    assert_is_the_astronaut(boxes[1], scale=0.5)
    assert_is_the_astronaut(boxes[2], scale=200 / 512, top=300)


def test_pictures_without_a_face_give_no_box(haar: HaarDetector) -> None:
    rng = np.random.default_rng(0)
    assert haar.detect(np.full((240, 320, 3), 90, dtype=np.uint8)) == ()
    assert haar.detect(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)) == ()
    for sigma in (2, 5, 12):
        blurred = cv2.GaussianBlur(rng.standard_normal((480, 640)), (0, 0), sigma)
        grey = cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
        assert haar.detect(np.repeat(grey[:, :, None], 3, axis=2)) == ()
    rocket = open_picture(SAMPLES / "rocket.jpg").pixels
    for turns in range(4):
        assert haar.detect(np.ascontiguousarray(np.rot90(rocket, turns))) == ()


def test_an_unsure_find_needs_an_eye(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "_SURE", 1e9)  # nothing is sure
    detector = HaarDetector()
    (box,) = detector.detect(astronaut)  # her eyes confirm it
    assert_is_the_astronaut(box)
    monkeypatch.setattr(HaarDetector, "_has_eye", lambda *_: False)
    assert detector.detect(astronaut) == ()


def test_a_face_cut_by_the_border_keeps_its_box_inside_and_its_crop_whole(
    haar: HaarDetector, astronaut: np.ndarray
) -> None:
    (whole,) = haar.detect(astronaut)
    cut = np.ascontiguousarray(astronaut[whole.y + 2 :, whole.x + 2 :])  # the face touches two borders
    (box,) = haar.detect(cut)
    assert box.x >= 0
    assert box.y >= 0
    crop = crop_face(cut, box)
    assert crop.shape[0] == crop.shape[1] == round(max(box.width, box.height) * FRAME_PER_BOX)
    assert crop.min(axis=2).max() > 0


def test_eight_threads_find_what_one_finds(haar: HaarDetector, astronaut: np.ndarray) -> None:
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    pictures = [np.ascontiguousarray(np.roll(small, 4 * shift, axis=1)) for shift in range(8)] * 3
    alone = [haar.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(haar.detect, pictures)) == alone
        classifiers = {id(c) for c in pool.map(lambda _: haar._faces.classifier, range(64))}
    assert id(haar._faces.classifier) not in classifiers  # each thread has its own
    assert all(len(found) == 1 for found in alone)


def test_a_cascade_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(FerLensError, match="haarcascade_frontalface_alt2") as caught:
        HaarDetector()
    assert str(tmp_path) not in str(caught.value)
    monkeypatch.delattr(cv2, "CascadeClassifier")  # as in OpenCV 5
    with pytest.raises(FerLensError, match="opencv-python-headless"):
        HaarDetector()
