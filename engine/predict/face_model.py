"""A checkpoint at work on faces that are cut out already: classified, explained, and the explanation judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch

from engine.data.transforms import normalise, to_tensor
from engine.explain.explainer import Progress as Passes
from engine.explain.explainer import answer_face, explain_face, explain_targets, layer_activation, to_prediction
from engine.explain.methods.method import Setups
from engine.explain.target import Target, as_target
from engine.media.fit import fitted
from engine.models.architecture import explained
from engine.models.checkpoint import LoadedModel, find_checkpoint, load_checkpoint
from engine.models.locking import holding
from engine.predict.enhancing import face_enhancer
from engine.predict.pairs import refuse_single
from engine.records import FaceBox, FaceExplanation, Float32, Prediction, RunCard, UInt8
from engine.training.device import choose_device
from engine.trust.lenders import given, lenders_of
from engine.trust.trust import Progress, TrustReport, trust

BATCH: Final[int] = 64
"""Faces that are classified at once."""


class FaceModel:
    """A checkpoint that takes cut-out faces; safe to share between threads.

    Args:
        model: a checkpoint's name, or the path of its folder; or a model that is loaded already, which stays where it
            is.
        device: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        enhancers: as of :class:`engine.predictor.EmotionPredictor`, and so are the errors.
    """

    def __init__(
        self, model: str | Path | LoadedModel, *, device: str = "cpu", enhancers: str | Path | None = None
    ) -> None:
        where = choose_device(device)
        loaded = model if isinstance(model, LoadedModel) else load_checkpoint(model, device=where)
        self.folder = None if isinstance(model, LoadedModel) else find_checkpoint(model)
        self.model = loaded.model
        self.card: RunCard = loaded.card
        self.enhance = face_enhancer(self.card, enhancers, device=where)

    @property
    def classes(self) -> tuple[str, ...]:
        """K class names, in the order of the probabilities."""
        return self.card.classes

    @property
    def gradcam_layers(self) -> tuple[str, ...]:
        """Layers that can be explained, from the picture towards the answer; the last is the default."""
        return explained(self.model).explained_layers

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
        return [self._fitted(face) for face in faces]

    def _fitted(self, face: UInt8) -> UInt8:
        """Return a face (h, w[, 3]) uint8 at the model's size and channels, (H, W) or (H, W, 3), otherwise as it is."""
        return fitted(face, self.card.input)

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

    def explain_crop(
        self,
        crop: UInt8,
        *,
        box: FaceBox | None = None,
        layer: str | None = None,
        target: str | Target | None = None,
        truth: str | None = None,
        method: str | Sequence[str] = "gradcam",
        setup: Setups | None = None,
        progress: Passes | None = None,
    ) -> FaceExplanation:
        """Explain a face ((H, W, 3) uint8).

        The rest is as of :meth:`engine.predictor.EmotionPredictor.explain`; ``box`` is for the record, ``progress`` is
        that of :func:`engine.explain.explainer.explain_face`.
        """
        return self._explain(
            self.model_input(crop), box=box, layer=layer, target=target, truth=truth, method=method, setup=setup,
            progress=progress,
        )  # fmt: skip

    def answer(self, crop: UInt8, *, box: FaceBox | None = None) -> FaceExplanation:
        """Return the answer to a face ((H, W, 3) uint8) and every gate, without a map: one forward pass."""
        face = self.model_input(crop)
        return answer_face(
            self.model, face, model_name=self.card.name, classes=self.classes, spec=self.card.input, box=box
        )

    def _explain(
        self,
        face: UInt8,
        *,
        box: FaceBox | None,
        layer: str | None,
        target: str | Target | None,
        truth: str | None,
        method: str | Sequence[str],
        setup: Setups | None,
        progress: Passes | None = None,
    ) -> FaceExplanation:
        """Explain a picture as the model takes it."""
        return explain_face(
            self.model,
            face,
            model_name=self.card.name,
            classes=self.classes,
            spec=self.card.input,
            layer=layer or self.gradcam_layers[-1],
            target=as_target(target, self.classes),
            truth=truth,
            method=method,
            setup=setup,
            box=box,
            progress=progress,
        )

    def explain_targets(
        self,
        crop: UInt8,
        targets: Sequence[str | Target],
        *,
        box: FaceBox | None = None,
        layer: str | None = None,
        truth: str | None = None,
        progress: Passes | None = None,
    ) -> tuple[FaceExplanation, ...]:
        """Explain several targets of a face ((H, W, 3) uint8) by Grad-CAM, from one forward pass.

        The rest is as of :meth:`explain_crop`.
        """
        return explain_targets(
            self.model,
            self.model_input(crop),
            model_name=self.card.name,
            classes=self.classes,
            spec=self.card.input,
            layer=layer or self.gradcam_layers[-1],
            targets=[as_target(target, self.classes) for target in targets],
            truth=truth,
            box=box,
            progress=progress,
        )

    def trust(
        self,
        explained: FaceExplanation,
        *,
        others: UInt8 | None = None,
        data: Path | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> TrustReport:
        """Measure whether each gate of an explanation is used and each map faithful.

        Args:
            explained: what an explanation of this model returned.
            others: pictures (M, H, W[, 3]) uint8 as the model takes them, which lend their gates; None: those of
                :func:`engine.trust.lenders.lenders_of`.
            data: a folder of pictures that lend theirs, for the same.
            seed: of every draw.
            progress: see :data:`engine.trust.trust.Progress`.
        """
        return trust(
            self.model,
            explained,
            spec=self.card.input,
            classes=self.classes,
            others=lenders_of(self.card, data=data) if others is None else given(others),
            seed=seed,
            progress=progress,
        )

    def activation(self, crop: UInt8, layer: str) -> Float32:
        """Return the feature map (C, h, w) float32 of ``layer`` for a cut-out face ((H, W, 3) uint8)."""
        return layer_activation(self.model, self.model_input(crop), spec=self.card.input, layer=layer)
