"""The predictor: pictures in, emotions and explanations out. What a Python user of FERLens holds in hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DataError, NoFaceError, UsageError, printable
from engine.explain.methods.method import Setups
from engine.explain.target import Target
from engine.media.faces import FaceDetector, crop_face, default_detector, film_detector, live_detector
from engine.media.pictures import SUFFIXES, Picture, PictureSource, open_picture, pictures_in
from engine.models.checkpoint import DEFAULT_MODEL, LoadedModel
from engine.predict.face_model import BATCH, FaceModel
from engine.predict.pairs import PairExplanation, key_faces
from engine.predict.stream import predict_stream
from engine.records import FaceBox, FaceExplanation, FacePrediction, PicturePrediction, UInt8

if TYPE_CHECKING:
    from engine.live.pipeline import LiveSettings
    from engine.live.video import OnFrame, VideoSummary
    from engine.media.film import FilmSource

__all__ = ["BATCH", "SUFFIXES", "EmotionPredictor"]


def _opened(
    folder: str | Path | LoadedModel,
    device: str,
    detector: FaceDetector | None,
    enhancers: str | Path | None,
    require_face: bool,
) -> EmotionPredictor:
    return EmotionPredictor(folder, device=device, detector=detector, enhancers=enhancers, require_face=require_face)


class EmotionPredictor(FaceModel):
    """A checkpoint ready to use on pictures, folders and films; safe to share between threads.

    Args:
        model: a checkpoint's name, or the path of its folder; or a loaded model.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        detector: finds faces; default YuNet where ``FERLENS_YUNET`` names its file, else CenterFace where it is
            installed, else OpenCV's Haar cascade, as :func:`engine.media.faces.default_detector` has it.
        enhancers: folder with the network files that enhanced the model's training pictures, if they were enhanced;
            default the variable ``FERLENS_ENHANCERS``. Every face goes through them first.
        require_face: refuse a picture in which no face is found (:class:`engine.errors.NoFaceError`), where it is not
            to be taken whole; else the whole picture is answered, and its face has no box.

    Attributes:
        detector: for single pictures.
        film_detector, live_detector: for a film's and a camera's frames, quicker where no detector was given.

    Raises:
        UnknownNameError: no such checkpoint (the message lists those there are).
        CheckpointError: the checkpoint is damaged.
        NetworkFileError: the model needs a network file that is not there.
    """

    def __init__(
        self,
        model: str | Path | LoadedModel = DEFAULT_MODEL,
        *,
        device: str = "cpu",
        detector: FaceDetector | None = None,
        enhancers: str | Path | None = None,
        require_face: bool = False,
    ) -> None:
        super().__init__(model, device=device, enhancers=enhancers)
        self._made = (self.folder or model, device, detector, enhancers, require_face)
        self.require_face = require_face
        self.detector: FaceDetector = detector or default_detector()
        self.film_detector: FaceDetector = detector or film_detector()
        self.live_detector: FaceDetector = detector or live_detector()

    def __reduce__(self) -> tuple[object, ...]:
        """For a worker: it opens the checkpoint anew, and keeps the detector that was given."""
        return _opened, self._made

    def faces(
        self, picture: Picture, *, whole: bool = False, boxes: Sequence[FaceBox] | None = None
    ) -> tuple[tuple[FaceBox | None, UInt8], ...]:
        """Return (box, crop (H, W, 3) uint8) of each face, largest first; (None, whole picture) where none is found.

        ``boxes`` are those of a search that was made already. A model of pictures, not faces, gets all pictures whole.
        """
        whole = whole or self.card.domain == "pictures"
        if boxes is None:
            boxes = () if whole else self.detector.detect(picture.pixels)
        if not boxes:
            if self.require_face and not whole:
                raise NoFaceError(picture.source)
            return ((None, picture.pixels),)
        return tuple((box, crop_face(picture.pixels, box)) for box in boxes)

    def predict(
        self,
        image: PictureSource,
        *,
        whole: bool = False,
        name: str | None = None,
        boxes: Sequence[FaceBox] | None = None,
    ) -> PicturePrediction:
        """Classify every face of one picture.

        Args:
            image: a path, the file's bytes, an open file, a PIL image, or an RGB array (see :func:`open_picture`).
            whole: classify the whole picture and look for no face.
            name: what to call it in messages.
            boxes: its faces where they are known, largest first; None looks for them.

        Raises:
            PictureError: the picture cannot be read.
        """
        picture = open_picture(image, name=name)
        found = self.faces(picture, whole=whole, boxes=boxes)
        predictions = self.predict_faces([crop for _, crop in found])
        return PicturePrediction(
            picture.source,
            tuple(
                FacePrediction(box, prediction, crop)
                for (box, crop), prediction in zip(found, predictions, strict=True)
            ),
            notes=picture.notes,
        )

    def predict_pair(self, onset: PictureSource, apex: PictureSource, *, whole: bool = False) -> PicturePrediction:
        """Classify what moved between two frames of a clip, for a model that was trained on such differences.

        Args:
            onset, apex: the frame where the expression begins and the one where it is strongest, as in :meth:`predict`
                and of one size. The faces are those of ``onset``.
            whole: take the whole frames and look for no face.

        Raises:
            PictureError: a frame cannot be read. UsageError: the sizes differ, or the model takes single pictures.
        """
        first, second = open_picture(onset), open_picture(apex)
        found = self.faces(first, whole=whole)
        moved = [pair.moved for pair in key_faces(self.card, found, second, self.enhance)]
        predictions = self._classify([self._fitted(face) for face in moved])
        return PicturePrediction(
            first.source,
            tuple(
                FacePrediction(box, prediction, face)
                for (box, _), prediction, face in zip(found, predictions, moved, strict=True)
            ),
        )

    def predict_stream(
        self, images: Iterable[PictureSource | tuple[PictureSource, str]], *, whole: bool = False
    ) -> Iterator[PicturePrediction]:
        """Classify many pictures and yield the results in the order given, as they come.

        Files are read and searched for faces in threads while the model classifies in batches, and what is held at
        once does not grow with their number. In a batch probabilities may differ in their last bits from those of
        :meth:`predict`; the same pictures in the same order give the same bits.

        Args:
            images: as in :meth:`predict`, or (picture, what to call it). An unreadable one's result carries its error.
            whole: classify the whole pictures and look for no face.
        """
        named = (image if isinstance(image, tuple) else (image, None) for image in images)
        return predict_stream(self, named, whole=whole)

    def predict_batch(self, images: Iterable[PictureSource], *, whole: bool = False) -> tuple[PicturePrediction, ...]:
        """Classify several pictures; see :meth:`predict_stream`."""
        return tuple(self.predict_stream(images, whole=whole))

    def top_k(self, image: PictureSource, k: int = 3, *, whole: bool = False) -> tuple[tuple[str, float], ...]:
        """Return the ``k`` most probable (class, probability) of the largest face."""
        if not 1 <= k <= len(self.classes):
            raise UsageError(f"k must be from 1 to {len(self.classes)}, got {k}.")
        return self.predict(image, whole=whole).faces[0].prediction.ranked()[:k]

    def predict_directory(self, path: str | Path, *, whole: bool = False) -> tuple[PicturePrediction, ...]:
        """Classify every picture in a folder and its subfolders, in sorted order, named relative to the folder.

        Raises:
            DataError: no such folder, or no picture in it.
        """
        root = Path(path)
        if not root.is_dir():
            raise DataError(f"Expected a folder of pictures, but '{root.name}' is none.")
        files, _ = pictures_in(root)
        if not files:
            raise DataError(f"Folder '{root.name}' has no pictures ({', '.join(sorted(SUFFIXES))}).")
        named = ((file, printable(file.relative_to(root).as_posix())) for file in files)
        return tuple(self.predict_stream(named, whole=whole))

    def explain(
        self,
        image: PictureSource,
        *,
        layer: str | None = None,
        target: str | Target | None = None,
        truth: str | None = None,
        method: str | Sequence[str] = "gradcam",
        setup: Setups | None = None,
        face: int = 0,
        whole: bool = False,
    ) -> FaceExplanation:
        """Explain one face of a picture: probabilities, every gate, and a map at ``layer`` for ``target``.

        Args:
            image: as in :meth:`predict`.
            layer: one of :attr:`gradcam_layers`, default the last.
            target: a class, ``predicted``, ``true``, a contrast such as ``predicted - true`` or ``happy-sad``, a
                :class:`Target`, or None for the predicted class.
            truth: the true class, where it is known.
            method: a key of :data:`engine.explain.methods.registry.METHODS`, or several, which give a map each.
            setup: baseline, seed and the like of the methods; None for the usual ones.
            face: which face, 0 is the largest.
            whole: take the whole picture and look for no face.

        Raises:
            PictureError: the picture cannot be read.
            UsageError: there is no such face, layer, class or method, the model cannot be explained by the method, or
                the target makes no sense.
        """
        box, crop = self._numbered(open_picture(image), face, whole=whole)
        return self.explain_crop(crop, box=box, layer=layer, target=target, truth=truth, method=method, setup=setup)

    def explain_pair(  # noqa: PLR0913 - as explain, with two frames instead of a picture
        self,
        onset: PictureSource,
        apex: PictureSource,
        *,
        layer: str | None = None,
        target: str | Target | None = None,
        truth: str | None = None,
        method: str | Sequence[str] = "gradcam",
        setup: Setups | None = None,
        face: int = 0,
        whole: bool = False,
    ) -> PairExplanation:
        """Explain what moved in one face between two frames of a clip; see :meth:`predict_pair`.

        Args:
            onset, apex: as in :meth:`predict_pair`.
            layer, target, truth, method, setup, face, whole: as in :meth:`explain`; faces are those of ``onset``.

        Raises:
            PictureError: a frame cannot be read. UsageError: as of :meth:`predict_pair` and :meth:`explain`.
        """
        first, second = open_picture(onset), open_picture(apex)
        box, crop = self._numbered(first, face, whole=whole)
        (pair,) = key_faces(self.card, [(box, crop)], second, self.enhance)
        explained = self._explain(
            self._fitted(pair.moved), box=box, layer=layer, target=target, truth=truth, method=method, setup=setup
        )
        return PairExplanation(explained, self._fitted(pair.onset), self._fitted(pair.apex))

    def _numbered(self, picture: Picture, face: int, *, whole: bool) -> tuple[FaceBox | None, UInt8]:
        """Return box and crop of one face, as :meth:`faces` has them."""
        found = self.faces(picture, whole=whole)
        if not 0 <= face < len(found):
            raise UsageError(f"The picture has {len(found)} face(s), counted from 0; face {face} is not among them.")
        return found[face]

    def video(
        self,
        source: FilmSource,
        output: str | Path | None = None,
        on_frame: OnFrame | None = None,
        *,
        table: str | Path | None = None,
        settings: LiveSettings | None = None,
        limit_seconds: float | None = None,
    ) -> VideoSummary:
        """Find, follow and read the faces of a film, a stream or a camera, frame by frame.

        Args:
            source: a path, a stream's URL, or a camera's index.
            output: a new file for the annotated film (.mp4, .webm or .avi).
            on_frame: called with each :class:`engine.live.frame.LiveFrame` and its annotated picture
                ((H, W, 3) uint8 RGB); False stops there.
            table: a new CSV file for the tracks.
            settings: overlay, smoothing and detection; None for the usual ones.
            limit_seconds: stop after so much of it; a camera has no end of its own.

        Raises:
            FilmError: the film cannot be read, or a file not be written.
        """
        from engine.live.video import FILM_SETTINGS, process_film  # not before it is needed

        return process_film(
            self,
            self.film_detector,
            source,
            output=output,
            table=table,
            on_frame=on_frame,
            settings=settings or FILM_SETTINGS,
            limit_seconds=limit_seconds,
        )
