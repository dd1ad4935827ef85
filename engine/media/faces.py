"""Find faces, and cut them out as the training pictures were cut.

Every detector here answers with boxes of one framing, that of OpenCV's frontal Haar cascade, so that one constant leads
from a box to a training crop whoever found the face.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from engine.errors import FerLensError, UsageError
from engine.media.boxes import FRAME_PER_BOX, largest_first, part_inside, square_from_landmarks, without_overlaps
from engine.media.centerface import GET_CENTERFACE, CenterFaceDetector, centerface_file
from engine.records import FaceBox, UInt8

__all__ = [
    "FRAME_PER_BOX",
    "FaceDetector",
    "HaarDetector",
    "YuNetDetector",
    "crop_face",
    "crop_square",
    "default_detector",
    "film_detector",
    "live_detector",
    "missing_detector",
    "square_from_landmarks",
    "to_model_input",
]

YUNET_VARIABLE: Final = "FERLENS_YUNET"

# The working picture of the Haar search, in pixels: large ones shrink for speed, thumbnails grow until the cascade's
# 20-pixel window has something to stand on.
_LONG_SIDE: Final = 800
_SHORT_SIDE: Final = 192
_SMALLEST_FACE: Final = 24
# A face that fills its picture is found only with room around it: with this much replicated border (share of the short
# side) 71 % instead of 61 % of tight FER2013 frames were found.
_BORDER: Final = 0.1
# The last stage's sum of alt2. Faces and look-alikes overlap between the cascade's own threshold (54.2) and this one:
# there an eye must confirm. Of 100 scenes without a face (photographs and textures, also turned, and 1/f noise)
# at six sizes each, 4 of the 600 pictures get a box; of 300 tight FER2013 training frames 210 do. These pictures also
# chose the values, so elsewhere it will be somewhat worse.
_SURE: Final = 55.7
_NEIGHBOURS: Final = 4
_FACE_CASCADE: Final = "haarcascade_frontalface_alt2.xml"
_EYE_CASCADE: Final = "haarcascade_eye.xml"


class FaceDetector(Protocol):
    """Whatever finds faces; safe to call from several threads."""

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        """Return the faces of ``pixels``, uint8 (H, W, 3) RGB, largest first, inside the picture."""
        ...


class _ThreadCascade(threading.local):
    """One cascade a thread: OpenCV's keeps its working buffers inside, so that two threads would spoil each other's."""

    def __init__(self, file_name: str) -> None:
        try:
            self.classifier = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / file_name))
        except AttributeError as error:  # OpenCV 5 has none
            raise _no_cascade(file_name) from error
        if self.classifier.empty():
            raise _no_cascade(file_name)


def _no_cascade(file_name: str) -> FerLensError:
    return FerLensError(
        f"Expected OpenCV with its face cascade '{file_name}', but version {cv2.__version__} came without; "
        "install 'opencv-python-headless>=4.14,<5'."
    )


class HaarDetector:
    """OpenCV's frontal Haar cascade (Viola and Jones 2001; Lienhart's ``alt2``), the detector that needs no file.

    It finds upright, frontal faces, tilted by some 15 degrees at most. Its boxes carry no score, because the cascade's
    sums are not probabilities.
    """

    def __reduce__(self) -> tuple[object, ...]:
        return HaarDetector, ()

    def __init__(self) -> None:
        self._faces = _ThreadCascade(_FACE_CASCADE)
        self._eyes = _ThreadCascade(_EYE_CASCADE)

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        """Return the faces of ``pixels``, uint8 (H, W, 3) RGB, largest first, inside the picture."""
        height, width = pixels.shape[:2]
        grey, scale, border = _working_picture(pixels)
        boxes, _, weights = self._faces.classifier.detectMultiScale3(
            grey,
            scaleFactor=1.1,
            minNeighbors=_NEIGHBOURS,
            minSize=(_SMALLEST_FACE, _SMALLEST_FACE),
            outputRejectLevels=True,
        )
        found = []
        for (x, y, side, _), weight in zip(boxes, np.ravel(weights), strict=True):
            if weight >= _SURE or self._has_eye(grey[y : y + side, x : x + side]):
                left, top = (x - border) / scale, (y - border) / scale
                box = part_inside(left, top, left + side / scale, top + side / scale, width, height)
                if box is not None:
                    found.append((float(weight), box))
        return largest_first(without_overlaps(found))

    def _has_eye(self, face: UInt8) -> bool:
        """Whether the upper part of ``face``, grey (S, S), holds an eye of a size that fits it."""
        enlarged = cv2.resize(face, (120, 120), interpolation=cv2.INTER_LINEAR)
        eyes = self._eyes.classifier.detectMultiScale(
            enlarged[15:75], scaleFactor=1.1, minNeighbors=4, minSize=(18, 18), maxSize=(50, 50)
        )
        return len(eyes) > 0


class YuNetDetector:
    """YuNet (Wu, Peng and Yu 2023) through OpenCV's FaceDetectorYN: also turned, tilted and partly hidden faces.

    The user brings the file (``face_detection_yunet_2023mar.onnx`` of OpenCV's model zoo). YuNet's own boxes are framed
    otherwise than the training crops, so each box is rebuilt from the eyes and the mouth; it stays upright, that is, a
    tilted face is centred and sized but not turned.
    """

    def __init__(self, model_file: Path, *, minimum_score: float = 0.7) -> None:
        self._file, self._name = Path(model_file), Path(model_file).name
        self._minimum_score = minimum_score
        try:
            data = Path(model_file).read_bytes()
        except OSError as error:
            raise UsageError(
                f"Expected a YuNet face model, but the file '{self._name}' cannot be read; check the path in "
                f"{YUNET_VARIABLE} or leave it away to use the built-in detector."
            ) from error
        self._model: NDArray[np.uint8] = np.frombuffer(data, dtype=np.uint8)
        self._local = threading.local()  # one network a thread: it is resized to each picture
        self._raw_faces(np.zeros((64, 64, 3), dtype=np.uint8))  # an unfit file fails here, not at the first picture

    def __reduce__(self) -> tuple[object, ...]:
        return _yunet, (self._file, self._minimum_score)

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        """Return the faces of ``pixels``, uint8 (H, W, 3) RGB, largest first, inside the picture, scores in [0, 1]."""
        height, width = pixels.shape[:2]
        scale = min(1.0, _LONG_SIDE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else pixels
        rows = self._raw_faces(cv2.cvtColor(shrunk, cv2.COLOR_RGB2BGR))
        found = []
        for row in rows:
            left, top, side = square_from_landmarks(row[4:14].reshape(5, 2) / scale)
            box = part_inside(
                left, top, left + side, top + side, width, height, score=float(np.clip(row[14], 0.0, 1.0))
            )
            if box is not None:
                found.append(box)
        return largest_first(found)

    def _raw_faces(self, bgr: UInt8) -> NDArray[np.float32]:
        """Return (N, 15) float32: box (4), five landmarks as (x, y), score; pixels of ``bgr`` (H, W, 3)."""
        try:
            if not hasattr(self._local, "network"):
                nothing = np.empty(0, dtype=np.uint8)
                self._local.network = cv2.FaceDetectorYN.create(
                    "onnx", self._model, nothing, (64, 64), score_threshold=self._minimum_score
                )
            network: Any = self._local.network
            network.setInputSize((bgr.shape[1], bgr.shape[0]))
            _, rows = network.detect(bgr)
        except cv2.error as error:
            raise UsageError(
                f"Expected a YuNet face model as ONNX of March 2023 or later, but OpenCV cannot use '{self._name}'; "
                "download it again from OpenCV's model zoo."
            ) from error
        return np.zeros((0, 15), dtype=np.float32) if rows is None else np.asarray(rows, dtype=np.float32)


def _yunet(file: Path, minimum_score: float) -> YuNetDetector:
    return YuNetDetector(file, minimum_score=minimum_score)


def default_detector(yunet: Path | None = None) -> FaceDetector:
    """Return what finds most faces of a picture: YuNet, CenterFace at every scale, or the Haar cascade.

    YuNet if ``yunet`` or the variable ``FERLENS_YUNET`` names its file; else CenterFace where it is installed.
    """
    named = yunet or os.environ.get(YUNET_VARIABLE)
    if named:
        return YuNetDetector(Path(named))
    return HaarDetector() if centerface_file() is None else CenterFaceDetector()


def film_detector(yunet: Path | None = None, *, small_faces: bool = False) -> FaceDetector:
    """Return what suits a film's frames: as :func:`default_detector`, but CenterFace looks once.

    Raises:
        FerLensError: ``small_faces``, for which it looks at every scale, are asked for, and it is not installed.
    """
    detector = default_detector(yunet)
    if small_faces and isinstance(detector, HaarDetector):
        return CenterFaceDetector()  # says what is missing
    if isinstance(detector, CenterFaceDetector) and not small_faces:
        return CenterFaceDetector(thorough=False)
    return detector


def live_detector() -> FaceDetector:
    """Return what suits a camera's frames: YuNet where FERLENS_YUNET names its file, else the Haar cascade.

    In frames of 320 pixels a side it costs what CenterFace's one look costs (55 and 47 ms of computing on one core).
    Of 210 faces in every fourth frame of the scripted films' first four seconds it finds 206, and that look 201.
    """
    named = os.environ.get(YUNET_VARIABLE)
    return YuNetDetector(Path(named)) if named else HaarDetector()


def missing_detector(detector: FaceDetector) -> str:
    """Say how to find more faces, where the Haar cascade stands in for CenterFace; empty where it does not."""
    if not isinstance(detector, HaarDetector) or centerface_file() is not None:
        return ""
    return (
        "Faces are looked for with OpenCV's Haar cascade, which misses small, turned and covered ones; CenterFace "
        f"finds them: {GET_CENTERFACE}."
    )


def crop_face(pixels: UInt8, box: FaceBox, *, padding: float = FRAME_PER_BOX) -> UInt8:
    """Return the square around ``box`` as the training pictures are framed: uint8 (S, S, 3), S = padding * longer side.

    Args:
        pixels: uint8 (H, W, 3).
        box: must touch the picture. What lies outside it repeats the nearest edge: black would be a feature of its own.
        padding: side of the crop over the longer side of the box, > 0.
    """
    height, width = pixels.shape[:2]
    if box.x >= width or box.y >= height or box.x + box.width <= 0 or box.y + box.height <= 0:
        raise UsageError(
            f"Expected a face box inside the {width} x {height} picture, but got {box.as_list()}; mend it."
        )
    if not padding > 0.0:
        raise UsageError(f"Expected a padding above 0, but got {padding}; 1 means the box itself.")
    left, top, side = crop_square(box, padding=padding)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    return np.ascontiguousarray(pixels[rows[:, None], columns[None, :]])


def crop_square(box: FaceBox, *, padding: float = FRAME_PER_BOX) -> tuple[int, int, int]:
    """Return left, top and side of the square that :func:`crop_face` cuts out; it may reach beyond the picture."""
    side = max(1, round(max(box.width, box.height) * padding))
    return round(box.x + (box.width - side) / 2), round(box.y + (box.height - side) / 2), side


def to_model_input(crop: UInt8, size: int, channels: int) -> UInt8:
    """Return ``crop`` as a model takes it, before scaling to [0, 1]: uint8 (size, size), or (size, size, 3) RGB.

    Args:
        crop: uint8 (H, W) or (H, W, 3) RGB. One that is not square is fitted in whole and its edges are repeated:
            stretching would change the face.
        size: pixels.
        channels: 1 (ITU-R 601 luma: 0.299 R + 0.587 G + 0.114 B) or 3.
    """
    if channels not in (1, 3):
        raise UsageError(f"Expected 1 or 3 channels, but got {channels}; take the model's own.")
    if channels == 1 and crop.ndim == 3:
        crop = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    elif channels == 3 and crop.ndim == 2:
        crop = cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB)
    height, width = crop.shape[:2]
    scale = size / max(height, width)
    if scale != 1.0:
        fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
        crop = cv2.resize(crop, fitted, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
    missing_rows, missing_columns = size - crop.shape[0], size - crop.shape[1]
    top, left = missing_rows // 2, missing_columns // 2
    edges = (top, missing_rows - top, left, missing_columns - left)
    return np.ascontiguousarray(cv2.copyMakeBorder(crop, *edges, cv2.BORDER_REPLICATE), dtype=np.uint8)


def _working_picture(pixels: UInt8) -> tuple[UInt8, float, int]:
    """Return the grey picture to search, its scale to the original, and the border in pixels of the grey one."""
    height, width = pixels.shape[:2]
    scale = min(_LONG_SIDE / max(height, width), max(1.0, _SHORT_SIDE / min(height, width)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
    border = round(_BORDER * min(size))
    return cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_REPLICATE), scale, border
