"""The API: ``/predict``, ``/explain`` and ``/models``, as plain functions that raise one sentence."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from dashboard.live.answers import Document, explanation_document, model_document, prediction_document
from dashboard.live.limits import Limits
from dashboard.live.live_loaders import LiveModels
from dashboard.live.rate import RateLimit
from dashboard.live.uploads import Upload
from engine.errors import CheckpointError, FerLensError, PictureError, UsageError
from engine.live.pipeline import overlay_layers
from engine.media.pictures import Picture

P = ParamSpec("P")
R = TypeVar("R")


def in_a_sentence(function: Callable[P, R]) -> Callable[P, R]:
    """Hand the engine's errors to the client as they are; others reach it as an error without a word."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except FerLensError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return told


class Endpoints:
    """The API of one server.

    Args:
        models: shared with the live page.
        limits: see :class:`Limits`.
        default: the model that answers where a client names none.
    """

    def __init__(self, models: LiveModels, limits: Limits, default: str) -> None:
        self.models, self.limits, self.default = models, limits, default
        self._rate = RateLimit(limits.requests_per_minute)

    def predict(self, picture: Upload | None, model: str | None, whole: bool, client: str) -> Document:
        """Find and classify every face of a picture.

        Args:
            picture: the upload.
            model: a checkpoint's name; empty for the default.
            whole: classify the whole picture and look for no face.
            client: whose request it is, for the rate.

        Raises:
            FerLensError: one sentence.
        """
        opened = self._open(picture, client)
        predictor = self.models.predictor(model or self.default)
        found = predictor.predict(opened.pixels, whole=bool(whole), name=opened.source)
        return prediction_document(
            found, model=predictor.card.name, largest_number=self.limits.faces, notes=opened.notes
        )

    def explain(
        self,
        picture: Upload | None,
        model: str | None,
        layer: str | None,
        target: str | None,
        face: float | None,
        pictures: bool,
        client: str,
    ) -> Document:
        """Explain one face: probabilities, every attention gate, and Grad-CAM.

        Args:
            picture: the upload.
            model: a checkpoint's name; empty for the default.
            layer: of Grad-CAM; empty for the last.
            target: a class, ``predicted``, or a contrast such as ``happy-sad``; empty for the predicted one.
            face: which one, 0 is the largest.
            pictures: whether to add the maps drawn over the face.
            client: whose request it is, for the rate.

        Raises:
            FerLensError: one sentence.
        """
        number = 0.0 if face is None else float(face)
        if not number.is_integer():
            raise UsageError(f"Expected a face's number (0 is the largest), got {number}; choose a whole one.")
        opened = self._open(picture, client)
        predictor = self.models.predictor(model or self.default)
        found = predictor.faces(opened)
        if not 0 <= number < len(found):
            raise UsageError(
                f"The picture has {len(found)} face(s), counted from 0; face {number:.0f} is not among them."
            )
        box, crop = found[int(number)]
        explained = predictor.explain_crop(crop, box=box, layer=layer or None, target=target or None)
        notes = opened.notes
        if box is None:
            notes = (*notes, "No face was found, so the whole picture is explained; its answer means little.")
        return explanation_document(
            explained,
            source=opened.source,
            face=int(number),
            faces=0 if box is None else len(found),
            pictures=bool(pictures),
            notes=notes,
        )

    def list_models(self, client: str) -> list[Document]:
        """Return every usable checkpoint: classes, layers, gates and measured figures."""
        self._count(client)
        listed = []
        for card in self.models.cards():
            try:
                predictor = self.models.predictor(card.name)
            except CheckpointError:  # its weights are damaged, so it cannot answer; the others can
                continue
            gates = overlay_layers(predictor, "gate")
            default = card.name == self.default
            listed.append(model_document(card, spatial_gates=gates, layers=predictor.gradcam_layers, default=default))
        return listed

    def _open(self, picture: Upload | None, client: str) -> Picture:
        if picture is None:
            raise PictureError("Expected a picture, but none came; upload one and name it as the first value.")
        self._count(client)
        return picture.read(largest_bytes=self.limits.upload_megabytes * 2**20)

    def _count(self, client: str) -> None:
        wait = self._rate.wait_seconds(client)
        if wait > 0.0:
            raise UsageError(
                f"Expected at most {self.limits.requests_per_minute} requests a minute, got more; try again in "
                f"{max(1, round(wait))} seconds."
            )


def client_of(request: Any) -> str:
    """Return whom a request counts for: the signed-in user, else the address it came from."""
    if request is None:
        return "unknown"
    host = request.client.host if getattr(request, "client", None) is not None else "unknown"
    return str(getattr(request, "username", None) or host)
