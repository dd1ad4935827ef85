"""Many pictures: threads read them and look for faces while the model classifies, in batches, what came before.

Batches are made of the pictures in their order, by rules that no clock has a part in: the same pictures give the same
bits whatever the machine does meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from engine.errors import FerLensError, printable
from engine.media.pictures import Picture, PictureSource, open_picture
from engine.predict.face_model import BATCH
from engine.records import FaceBox, FacePrediction, PicturePrediction, Prediction, UInt8

Named = tuple[PictureSource, str | None]
"""A picture and what to call it; None: by its own name."""
FIRST: Final = 4
"""Pictures of the first batch, so that the first answers come soon; each later batch is four times as large, up to
:data:`BATCH`."""
HELD_BYTES: Final = 256 * 2**20
"""Of faces that are read and not classified yet; one picture may go beyond it."""
MOST_THREADS: Final = 8


class Predictor(Protocol):
    """What finds faces in a picture and classifies them: :class:`engine.predictor.EmotionPredictor`."""

    def faces(self, picture: Picture, *, whole: bool = False) -> tuple[tuple[FaceBox | None, UInt8], ...]:
        """Return (box, crop) of each face."""
        ...

    def predict_faces(self, crops: Sequence[UInt8]) -> tuple[Prediction, ...]:
        """Classify crops, in order."""
        ...


@dataclass(frozen=True, eq=False)
class _Read:
    """A picture that is ready to be classified, or why it is not."""

    source: str
    faces: tuple[tuple[FaceBox | None, UInt8], ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(crop.nbytes for _, crop in self.faces)


class _Ahead:
    """Pictures that are being read, in their order, as many as the bounds allow.

    Args:
        predictor: finds the faces.
        pictures: are taken one by one, in the thread of the caller.
        whole: look for no face.
        threads: that read.
    """

    def __init__(self, predictor: Predictor, pictures: Iterable[Named], *, whole: bool, threads: int) -> None:
        self._predictor, self._pictures, self._whole = predictor, iter(pictures), whole
        self._most = BATCH + 2 * threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reading")
        self._waiting: deque[Future[_Read]] = deque()
        self._guard = threading.Lock()
        self._held = 0

    def fill(self) -> None:
        """Set the threads to work, as far as the bounds allow."""
        while len(self._waiting) < self._most and (not self._waiting or self._held < HELD_BYTES):
            for picture, name in self._pictures:
                # A context of its own: whoever watches the search for faces watches it in the threads, too.
                self._waiting.append(self._pool.submit(copy_context().run, self._read, picture, name))
                break
            else:
                return

    def take(self) -> _Read | None:
        """Return the next picture when it has been read; None where there is none."""
        self.fill()
        if not self._waiting:
            return None
        read = self._waiting.popleft().result()
        with self._guard:
            self._held -= read.bytes
        return read

    def close(self) -> None:
        """Read no more, and wait for what is being read."""
        self._pool.shutdown(cancel_futures=True)

    def _read(self, source: PictureSource, name: str | None) -> _Read:
        try:
            picture = open_picture(source, name=name)
            faces = self._predictor.faces(picture, whole=self._whole)
        except FerLensError as error:
            return _Read(shown(source, name), error=str(error))
        # A picture's own name has no folder; in a directory the folder tells two of the same name apart.
        read = _Read(picture.source if name is None else name, faces, notes=picture.notes)
        with self._guard:
            self._held += read.bytes
        return read


def shown(source: PictureSource, name: str | None) -> str:
    """Return what a picture that cannot be read is called."""
    return name or (printable(Path(source).name) if isinstance(source, str | Path) else "picture")


def predict_stream(
    predictor: Predictor, pictures: Iterable[Named], *, whole: bool = False, threads: int | None = None
) -> Generator[PicturePrediction]:
    """Classify every face of many pictures and yield the results in the order given, as they come.

    What is held at once does not grow with the number of pictures.

    Args:
        predictor: is shared by the threads.
        pictures: each with its name, of any number; taken as they are needed.
        whole: classify the whole pictures and look for no face.
        threads: that read pictures and look for faces; None: one a processor, up to :data:`MOST_THREADS`.
    """
    ahead = _Ahead(predictor, pictures, whole=whole, threads=threads or min(os.cpu_count() or 1, MOST_THREADS))
    try:
        size = FIRST
        while True:
            batch: list[_Read] = []
            faces = held = 0
            while faces < size and held < HELD_BYTES:
                read = ahead.take()
                if read is None:
                    break
                batch.append(read)
                faces += max(1, len(read.faces))  # what cannot be read is told, too
                held += read.bytes
            if not batch:
                return
            ahead.fill()  # the threads work on while the model does
            yield from _classified(predictor, batch)
            size = min(4 * size, BATCH)
    finally:
        ahead.close()


def _classified(predictor: Predictor, batch: Sequence[_Read]) -> list[PicturePrediction]:
    """Classify the faces of a batch together; one at a time where that fails, since one may be the cause."""
    crops = [crop for read in batch for _, crop in read.faces]
    try:
        predictions = iter(predictor.predict_faces(crops))
    except FerLensError as error:
        if len(batch) == 1:
            return [PicturePrediction(batch[0].source, (), str(error))]
        return [result for read in batch for result in _classified(predictor, [read])]
    return [
        PicturePrediction(
            read.source,
            tuple(FacePrediction(box, next(predictions), crop) for box, crop in read.faces),
            read.error,
            read.notes,
        )
        for read in batch
    ]
