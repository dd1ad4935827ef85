"""The predictor: pictures in, emotions and explanations out. What a Python user of FERLens holds in hand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from engine.data.transforms import normalise, to_tensor
from engine.errors import DataError, FerLensError, UsageError
from engine.explain.explainer import explain_face, layer_activation, to_prediction
from engine.explain.locking import holding
from engine.explain.method import Setup
from engine.explain.target import Target, as_target
from engine.explain.trust import TrustReport, trust
from engine.inference.enhancing import face_enhancer
from engine.inference.faces import FaceDetector, crop_face, default_detector, to_model_input
from engine.inference.key_pair import face_differences, refuse_single
from engine.inference.pictures import Picture, PictureSource, open_picture
from engine.models.checkpoint import DEFAULT_MODEL, load_checkpoint
from engine.records import (
    FaceBox,
    FaceExplanation,
    FacePrediction,
    Float32,
    PicturePrediction,
    Prediction,
    RunCard,
    UInt8,
)
from engine.training.device import choose_device

if TYPE_CHECKING:
    from engine.inference.film import FilmSource
    from engine.inference.live import LiveSettings
    from engine.inference.video import OnFrame, VideoSummary

SUFFIXES: Final[frozenset[str]] = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm"}
)
"""What :meth:`EmotionPredictor.predict_directory` takes from a folder; a file named by hand may have any name."""

BATCH: Final[int] = 64


class EmotionPredictor:
    """A checkpoint ready to use; safe to share between threads.

    Args:
        model: a checkpoint's name, or the path of its folder.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        detector: finds faces; default OpenCV's Haar cascade, or YuNet where ``FERLENS_YUNET`` names its file.
        enhancers: folder with the network files that enhanced the model's training pictures, if they were enhanced;
            default the variable ``FERLENS_ENHANCERS``. Every face goes through them first.

    Raises:
        UnknownNameError: no such checkpoint (the message lists those there are).
        CheckpointError: the checkpoint is damaged.
        NetworkFileError: the model needs a network file that is not there.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        device: str = "cpu",
        detector: FaceDetector | None = None,
        enhancers: str | Path | None = None,
    ) -> None:
        where = choose_device(device)
        loaded = load_checkpoint(model, device=where)
        self.model = loaded.model
        self.card: RunCard = loaded.card
        self.enhance = face_enhancer(self.card, enhancers, device=where)
        self.detector = detector or default_detector()

    @property
    def classes(self) -> tuple[str, ...]:
        """K class names, in the order of the probabilities."""
        return self.card.classes

    @property
    def gradcam_layers(self) -> tuple[str, ...]:
        """Layers that can be explained, from the picture towards the answer; the last is the default."""
        layers: tuple[str, ...] = self.model.explained_layers  # type: ignore[assignment]
        return layers

    def faces(self, picture: Picture, *, whole: bool = False) -> tuple[tuple[FaceBox | None, UInt8], ...]:
        """Return (box, crop (H, W, 3) uint8) of each face, largest first; (None, whole picture) where none is found."""
        boxes = () if whole else self.detector.detect(picture.pixels)
        if not boxes:
            return ((None, picture.pixels),)
        return tuple((box, crop_face(picture.pixels, box)) for box in boxes)

    def model_input(self, crop: UInt8) -> UInt8:
        """Return the crop as the model takes it, enhanced if it must be: (S, S) or (S, S, 3) uint8."""
        return self.model_inputs([crop])[0]

    def model_inputs(self, crops: Sequence[UInt8]) -> list[UInt8]:
        """Return several crops as the model takes them; see :meth:`model_input`.

        Raises:
            UsageError: the model takes the difference of two frames.
        """
        refuse_single(self.card)
        faces = crops if self.enhance is None else self.enhance(crops)
        return [to_model_input(face, self.card.input.size, self.card.input.channels) for face in faces]

    def predict_faces(self, crops: Sequence[UInt8]) -> tuple[Prediction, ...]:
        """Classify face crops ((H, W, 3) uint8 each, any size), in order."""
        predictions: list[Prediction] = []
        for start in range(0, len(crops), BATCH):
            predictions += self._classify(self.model_inputs(crops[start : start + BATCH]))
        return tuple(predictions)

    @torch.no_grad()
    def _classify(self, inputs: Sequence[UInt8]) -> list[Prediction]:
        """Classify pictures as the model takes them."""
        device = next(self.model.parameters()).device
        stacked = np.stack(inputs)
        began = time.perf_counter()
        with holding(self.model):
            logits = self.model(normalise(to_tensor(stacked).to(device), self.card.input)).float().cpu().numpy()
        seconds = (time.perf_counter() - began) / len(inputs)
        return [to_prediction(row, self.classes, seconds) for row in logits]

    def predict(self, image: PictureSource, *, whole: bool = False, name: str | None = None) -> PicturePrediction:
        """Classify every face of one picture.

        Args:
            image: a path, the file's bytes, an open file, a PIL image, or an RGB array (see :func:`open_picture`).
            whole: classify the whole picture and look for no face.
            name: what to call it in messages.

        Raises:
            PictureError: the picture cannot be read.
        """
        picture = open_picture(image, name=name)
        found = self.faces(picture, whole=whole)
        predictions = self.predict_faces([crop for _, crop in found])
        return PicturePrediction(
            picture.source,
            tuple(
                FacePrediction(box, prediction, crop)
                for (box, crop), prediction in zip(found, predictions, strict=True)
            ),
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
        moved = face_differences(self.card, found, second, self.enhance)
        inputs = [to_model_input(face, self.card.input.size, self.card.input.channels) for face in moved]
        predictions = self._classify(inputs)
        return PicturePrediction(
            first.source,
            tuple(
                FacePrediction(box, prediction, face)
                for (box, _), prediction, face in zip(found, predictions, moved, strict=True)
            ),
        )

    def predict_batch(self, images: Iterable[PictureSource], *, whole: bool = False) -> tuple[PicturePrediction, ...]:
        """Classify several pictures; the results stand in the order given, an unreadable one carries its error."""
        return tuple(self._predict_or_say(image, whole=whole) for image in images)

    def _predict_or_say(self, image: PictureSource, *, whole: bool, name: str | None = None) -> PicturePrediction:
        try:
            found = self.predict(image, whole=whole, name=name)
            # A picture's own name has no folder; in a directory the folder tells two of the same name apart.
            return found if name is None else replace(found, source=name)
        except FerLensError as error:
            shown = name or (Path(image).name if isinstance(image, str | Path) else "picture")
            return PicturePrediction(shown, (), str(error))

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
        files = sorted(file for file in root.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        if not files:
            raise DataError(f"Folder '{root.name}' has no pictures ({', '.join(sorted(SUFFIXES))}).")
        results = (self._predict_or_say(file, whole=whole, name=file.relative_to(root).as_posix()) for file in files)
        return tuple(results)

    def explain(
        self,
        image: PictureSource,
        *,
        layer: str | None = None,
        target: str | Target | None = None,
        truth: str | None = None,
        method: str | Sequence[str] = "gradcam",
        setup: Setup | None = None,
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
            method: a key of :data:`engine.explain.methods.METHODS`, or several, which give a map each.
            setup: baseline, seed and the like of the methods; None for the usual ones.
            face: which face, 0 is the largest.
            whole: take the whole picture and look for no face.

        Raises:
            PictureError: the picture cannot be read.
            UsageError: there is no such face, layer, class or method, the model cannot be explained by the method, or
                the target makes no sense.
        """
        found = self.faces(open_picture(image), whole=whole)
        if not 0 <= face < len(found):
            raise UsageError(f"The picture has {len(found)} face(s), counted from 0; face {face} is not among them.")
        box, crop = found[face]
        return self.explain_crop(crop, box=box, layer=layer, target=target, truth=truth, method=method, setup=setup)

    def explain_crop(
        self,
        crop: UInt8,
        *,
        box: FaceBox | None = None,
        layer: str | None = None,
        target: str | Target | None = None,
        truth: str | None = None,
        method: str | Sequence[str] = "gradcam",
        setup: Setup | None = None,
    ) -> FaceExplanation:
        """Explain a face that is cut out already ((H, W, 3) uint8); the rest as in :meth:`explain`."""
        return explain_face(
            self.model,
            self.model_input(crop),
            model_name=self.card.name,
            classes=self.classes,
            spec=self.card.input,
            layer=layer or self.gradcam_layers[-1],
            target=as_target(target),
            truth=truth,
            method=method,
            setup=setup,
            box=box,
        )

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
            on_frame: called with each :class:`engine.inference.live_frame.LiveFrame` and its annotated picture
                ((H, W, 3) uint8 RGB); False stops there.
            table: a new CSV file for the tracks.
            settings: overlay, smoothing and detection; None for the usual ones.
            limit_seconds: stop after so much of it; a camera has no end of its own.

        Raises:
            FilmError: the film cannot be read, or a file not be written.
        """
        from engine.inference.video import FILM_SETTINGS, process_film  # which itself works with predictors

        return process_film(
            self,
            source,
            output=output,
            table=table,
            on_frame=on_frame,
            settings=settings or FILM_SETTINGS,
            limit_seconds=limit_seconds,
        )

    def trust(self, explained: FaceExplanation, *, others: UInt8 | None = None, seed: int = 0) -> TrustReport:
        """Measure whether each gate of an explanation is used and each map faithful.

        Args:
            explained: what :meth:`explain` returned.
            others: faces (M, S, S[, 3]) uint8 as the model takes them, which lend their gates; None draws some.
            seed: of every draw.
        """
        return trust(self.model, explained, spec=self.card.input, classes=self.classes, others=others, seed=seed)

    def activation(self, crop: UInt8, layer: str) -> Float32:
        """Return the feature map (C, h, w) float32 of ``layer`` for a cut-out face ((H, W, 3) uint8)."""
        return layer_activation(self.model, self.model_input(crop), spec=self.card.input, layer=layer)
