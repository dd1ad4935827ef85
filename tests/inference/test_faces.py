"""Faces are found, framed as the training crops are, and made ready for a model."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import FerLensError, UsageError
from engine.inference import faces
from engine.inference.faces import (
    FRAME_PER_BOX,
    HaarDetector,
    YuNetDetector,
    crop_face,
    default_detector,
    square_from_landmarks,
    to_model_input,
)
from engine.inference.pictures import open_picture
from engine.records import FaceBox

SAMPLES = Path(__file__).parents[2] / "dashboard" / "samples"


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return open_picture(SAMPLES / "astronaut.jpg").pixels


@pytest.fixture(scope="module")
def haar() -> HaarDetector:
    return HaarDetector()


def centre(box: FaceBox) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


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


def test_overlapping_finds_are_one_face() -> None:
    inner, outer, apart = FaceBox(20, 20, 40, 40), FaceBox(10, 10, 80, 80), FaceBox(100, 10, 40, 40)
    kept = faces._without_overlaps([(55.0, inner), (57.0, outer), (56.0, apart)])
    assert kept == [outer, apart]
    assert faces._shared(FaceBox(0, 0, 10, 10), FaceBox(5, 0, 20, 10)) == pytest.approx(0.5)
    assert faces._shared(FaceBox(0, 0, 10, 10), FaceBox(10, 0, 10, 10)) == 0.0


def test_a_cascade_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(FerLensError, match="haarcascade_frontalface_alt2") as caught:
        HaarDetector()
    assert str(tmp_path) not in str(caught.value)
    monkeypatch.delattr(cv2, "CascadeClassifier")  # as in OpenCV 5
    with pytest.raises(FerLensError, match="opencv-python-headless"):
        HaarDetector()


# --- crops -----------------------------------------------------------------------------------------------------------


def test_a_crop_is_centred_on_its_box_and_padded_by_the_factor() -> None:
    rows, columns = np.mgrid[0:100, 0:100]
    pixels = np.stack([rows, columns, rows], axis=2).astype(np.uint8)
    crop = crop_face(pixels, FaceBox(30, 40, 20, 20), padding=1.5)  # 30 wide, so 5 more on each side
    assert crop.shape == (30, 30, 3)
    assert (crop[0, 0, 0], crop[0, 0, 1]) == (35, 25)
    assert (crop[-1, -1, 0], crop[-1, -1, 1]) == (64, 54)
    assert np.array_equal(crop_face(pixels, FaceBox(30, 40, 20, 20), padding=1.0), pixels[40:60, 30:50])
    tall = crop_face(pixels, FaceBox(30, 40, 10, 20), padding=1.0)  # the longer side counts
    assert tall.shape == (20, 20, 3)
    assert (tall[0, 0, 0], tall[0, 0, 1]) == (40, 25)


def test_outside_the_picture_the_edge_is_repeated() -> None:
    rows, columns = np.mgrid[0:50, 0:50]
    pixels = np.stack([rows, columns, rows], axis=2).astype(np.uint8) + np.uint8(100)
    crop = crop_face(pixels, FaceBox(0, 0, 20, 20), padding=2.0)  # 10 pixels outside at left and top
    assert np.all(crop[:11, :11] == 100)
    assert crop[-1, -1].tolist() == [129, 129, 129]
    corner = crop_face(pixels, FaceBox(40, 40, 10, 10), padding=2.0)
    assert np.all(corner[15:, 15:] == 149)


def test_boxes_and_paddings_that_make_no_sense_are_refused() -> None:
    pixels = np.zeros((50, 60, 3), dtype=np.uint8)
    for box in (FaceBox(60, 0, 5, 5), FaceBox(0, 50, 5, 5), FaceBox(-9, 0, 9, 9)):
        with pytest.raises(UsageError, match="inside the 60 x 50 picture"):
            crop_face(pixels, box)
    with pytest.raises(UsageError, match="padding above 0"):
        crop_face(pixels, FaceBox(0, 0, 9, 9), padding=0.0)


def test_luma_is_that_of_itu_r_601() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8).repeat(3, axis=0)
    # 255 times .299, .587 and .114; were the channels swapped, 29 would come first
    assert to_model_input(colours, 3, 1)[0].tolist() == [76, 150, 29]


def test_a_crop_becomes_what_the_model_takes() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    grey, colour = to_model_input(crop, 48, 1), to_model_input(crop, 48, 3)
    assert grey.shape == (48, 48)
    assert grey.dtype == colour.dtype == np.uint8
    assert colour.shape == (48, 48, 3)
    # Shrinking by two averages blocks of 2 x 2: a sharper filter would alias.
    blocks = crop.reshape(48, 2, 48, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(colour - blocks).max() <= 0.76
    assert to_model_input(crop, 256, 3).shape == (256, 256, 3)
    assert np.array_equal(to_model_input(crop, 96, 3), crop)
    assert np.array_equal(to_model_input(grey, 48, 1), grey)
    assert np.array_equal(to_model_input(grey, 48, 3), np.repeat(grey[:, :, None], 3, axis=2))
    with pytest.raises(UsageError, match="1 or 3 channels"):
        to_model_input(crop, 48, 2)


def test_a_picture_that_is_not_square_is_fitted_not_stretched() -> None:
    wide = np.full((50, 100, 3), 40, dtype=np.uint8)
    wide[0], wide[-1] = 10, 200
    fitted = to_model_input(wide, 100, 1)
    assert np.all(fitted[:26] == 10)  # 25 repeated rows and the first one
    assert np.all(fitted[26:74] == 40)
    assert np.all(fitted[74:] == 200)
    assert to_model_input(np.zeros((16, 30_000), dtype=np.uint8), 48, 1).shape == (48, 48)


# --- YuNet -----------------------------------------------------------------------------------------------------------


def test_a_square_from_landmarks_is_the_frame_of_the_training_crops() -> None:
    # In a frame of 100 at (200, 300), the median places: eyes at 31 and 69 across and 38 down, mouth at 76.5 down.
    points = np.array([[231, 338], [269, 338], [250, 360], [238, 376.5], [262, 376.5]], dtype=np.float32)
    left, top, side = square_from_landmarks(points)
    assert side == pytest.approx(100 / FRAME_PER_BOX, abs=0.5)
    assert left + side / 2 == pytest.approx(250, abs=0.5)
    assert top + side / 2 == pytest.approx(350, abs=0.5)
    turned = points.copy()
    turned[:, 0] = 250 + (points[:, 0] - 250) * 0.5  # a face half turned away is no smaller
    assert square_from_landmarks(turned)[2] == pytest.approx(100 / FRAME_PER_BOX, abs=0.5)


def test_both_detectors_frame_the_same_face_alike(haar: HaarDetector, astronaut: np.ndarray) -> None:
    (box,) = haar.detect(astronaut)
    seen = np.array([[203, 100], [247, 103], [224, 122], [205, 144], [241, 146]], dtype=np.float32)
    left, top, side = square_from_landmarks(seen)
    assert side == pytest.approx(box.width, rel=0.2)
    assert abs(left + side / 2 - centre(box)[0]) < 8
    assert abs(top + side / 2 - centre(box)[1]) < 8


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    """One protobuf field: a varint or a length-delimited one."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def stub_of_yunet() -> bytes:
    """An ONNX file with YuNet's outputs for 64 x 64 pixels: one face where the picture is red, none elsewhere.

    At stride 32 (2 x 2 cells) the first cell's scores follow the third channel of the mean colour, which is red in the
    BGR that YuNet takes; its landmarks lie at fixed offsets from the cell, in strides, as YuNet's do.
    """
    landmarks = [0.6, 0.7, 1.4, 0.7, 1.0, 1.0, 0.7, 1.5, 1.3, 1.5]  # eyes at (19.2, 22.4), (44.8, 22.4); mouth at y 48
    boxes = [1.0, 1.0, 0.2, 0.4]
    nodes = field(1, field(1, "input") + field(2, "mean") + field(4, "GlobalAveragePool"))
    nodes += field(1, field(1, "mean") + field(2, "flat") + field(4, "Flatten"))
    tensors, outputs = b"", b""

    def tensor(name: str, values: np.ndarray) -> bytes:
        raw = values.astype("<f4").tobytes()
        return field(5, b"".join(field(1, d) for d in values.shape) + field(2, 1) + field(8, name) + field(9, raw))

    def value_info(name: str, shape: tuple[int, ...]) -> bytes:
        dims = b"".join(field(1, field(1, d)) for d in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))

    for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            name, cells = f"{kind}_{stride}", (64 // stride) ** 2
            weights, bias = np.zeros((3, cells * width)), np.zeros(cells * width)
            if stride == 32 and width == 1:
                weights[2, 0] = 1 / 255
            elif stride == 32:
                bias[:width] = boxes if kind == "bbox" else landmarks
            tensors += tensor(f"{name}_w", weights) + tensor(f"{name}_b", bias)
            inputs = field(1, "flat") + field(1, f"{name}_w") + field(1, f"{name}_b")
            nodes += field(1, inputs + field(2, name) + field(3, name) + field(4, "Gemm"))
            outputs += field(12, value_info(name, (1, cells * width)))
    graph = nodes + field(2, "stub") + tensors + field(11, value_info("input", (1, 3, 64, 64))) + outputs
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


@pytest.fixture
def yunet_file(tmp_path: Path) -> Path:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(stub_of_yunet())
    return path


def test_yunet_runs_through_opencv_and_takes_bgr(yunet_file: Path) -> None:
    detector = YuNetDetector(yunet_file)
    red = np.zeros((64, 64, 3), dtype=np.uint8)
    red[..., 0] = 255
    (box,) = detector.detect(red)
    # Both distances are 25.6, so the frame is 25.6 / .38 = 67.4, its side 64.8, its centre (32, 35.2 - .0725 * 67.4).
    assert (box.x, box.width) == (0, 64)  # 64.8 wide around 32: cut to the picture
    assert (box.y, box.height) == (0, 63)
    assert box.score == pytest.approx(1.0, abs=1e-3)
    assert detector.detect(red[..., ::-1].copy()) == ()  # blue


def test_yunet_finds_the_same_in_eight_threads(yunet_file: Path) -> None:
    detector = YuNetDetector(yunet_file)
    red = np.zeros((64, 64, 3), dtype=np.uint8)
    red[..., 0] = 255
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(detector.detect, [red] * 40))) == 1


def test_yunet_boxes_are_in_pixels_of_the_whole_picture(yunet_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = YuNetDetector(yunet_file)
    shapes = []

    def rows(bgr: np.ndarray) -> np.ndarray:
        shapes.append(bgr.shape)
        small = [0, 0, 1, 1, 100, 100, 119, 100, 110, 110, 100, 119, 119, 119, 0.8]
        large = [0, 0, 1, 1, 300, 200, 338, 200, 319, 220, 300, 238, 338, 238, 0.9]
        return np.array([small, large], dtype=np.float32)

    monkeypatch.setattr(detector, "_raw_faces", rows)
    first, second = detector.detect(np.zeros((1200, 1600, 3), dtype=np.uint8))
    assert shapes == [(600, 800, 3)]
    assert first.width == pytest.approx(200 / FRAME_PER_BOX, abs=2)  # 38 pixels at half size are 76, of .38
    assert centre(first)[0] == pytest.approx(638, abs=1)
    assert [first.score, second.score] == pytest.approx([0.9, 0.8])


def test_a_yunet_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'none\.onnx' cannot be read") as caught:
        YuNetDetector(tmp_path / "none.onnx")
    assert str(tmp_path) not in str(caught.value)
    for content in (b"", b"version https://git-lfs.github.com/spec/v1\n", stub_of_yunet()[:2000]):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(UsageError, match=r"cannot use 'bad\.onnx'"):
            YuNetDetector(tmp_path / "bad.onnx")


def test_the_default_is_haar_unless_a_yunet_file_is_named(yunet_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERLENS_YUNET", raising=False)
    assert isinstance(default_detector(), HaarDetector)
    assert isinstance(default_detector(yunet_file), YuNetDetector)
    monkeypatch.setenv("FERLENS_YUNET", str(yunet_file))
    assert isinstance(default_detector(), YuNetDetector)
    monkeypatch.setenv("FERLENS_YUNET", str(yunet_file.with_name("gone.onnx")))
    with pytest.raises(UsageError, match=r"FERLENS_YUNET"):  # never silently the other detector
        default_detector()
