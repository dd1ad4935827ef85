"""YuNet through OpenCV, on a made file with its outputs, and which detector is the default."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UsageError
from engine.media.faces import (
    FRAME_PER_BOX,
    HaarDetector,
    YuNetDetector,
    default_detector,
    square_from_landmarks,
)
from tests.media.made_faces import centre


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
    monkeypatch.setattr("engine.media.centerface.PACKAGE", "no_such_package")
    assert isinstance(default_detector(), HaarDetector)
    assert isinstance(default_detector(yunet_file), YuNetDetector)
    monkeypatch.setenv("FERLENS_YUNET", str(yunet_file))
    assert isinstance(default_detector(), YuNetDetector)
    monkeypatch.setenv("FERLENS_YUNET", str(yunet_file.with_name("gone.onnx")))
    with pytest.raises(UsageError, match=r"FERLENS_YUNET"):  # never silently the other detector
        default_detector()
