"""Models, pictures, faces and samples, each read or computed once for what it depends on.

A model is one object for all visitors (its predictor locks itself); results are kept by the picture's digest, the
weights' sha256 and the settings, so moving a slider computes nothing again and a retrained model is never mistaken for
the one before it.
"""

from __future__ import annotations

import copy
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.shell.shared_work import Note, SharedWork, outcome
from engine.data.drawn import load_synthetic
from engine.data.registry import KINDS, find_data
from engine.draw.overlay import png_bytes, resize_face
from engine.errors import DataError, FerLensError, NetworkError, PictureError
from engine.evidence.document import evidence_file, read_evidence
from engine.evidence.pictures import VARIANTS
from engine.labels import EMOTIONS
from engine.media.centerface import watching
from engine.media.pictures import Picture, open_picture
from engine.models.checkpoint import Survey, card_stamps, survey_checkpoints
from engine.places import checkpoint_path, checkpoint_places
from engine.records import FaceBox, Float32, PicturePrediction, RunCard, UInt8

if TYPE_CHECKING:
    from engine.evidence.answers import SplitAnswers
    from engine.evidence.face import JudgedFace
    from engine.evidence.report import EvidenceReport
    from engine.predictor import EmotionPredictor

SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples"
DRAWN_PERSON: Final = 5
"""Who the built-in faces show: one person, so that nothing but the expression differs."""
DRAWN_PIXELS: Final = 224
THUMBNAIL_PIXELS: Final = 112
"""Twice what a thumbnail takes on the page: screens have finer points."""
PIXELS_KEPT: Final = "400MB"
"""Decoded pictures, and the crops of their faces, are bounded by size: one of 40 megapixels takes 120 MB."""
KEPT: Final = 256
"""Results kept in memory; an explanation of the 48-pixel models takes about 30 kB."""


@dataclass(frozen=True)
class Shelf(Survey):
    """The checkpoints found, by name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The usable checkpoints' names, sorted."""
        return tuple(card.name for card in self.cards)

    def card(self, name: str) -> RunCard:
        """Return the card called ``name``, which must be among :attr:`names`."""
        return next(card for card in self.cards if card.name == name)


@dataclass(frozen=True)
class Sample:
    """A picture that comes with FERLens.

    Attributes:
        key: its name in the address.
        title: its name on the page.
        credit: where it is from, and its licence.
        file: its file among the samples, or empty for a built-in face.
        expression: what a built-in face shows; None for a photograph.
    """

    key: str
    title: str
    credit: str
    file: str = ""
    expression: str | None = None


@st.cache_data(show_spinner=False, max_entries=8)
def _shelf(places: tuple[Path, ...], stamps: tuple[tuple[str, int], ...]) -> Shelf:  # noqa: ARG001  # looked in
    found = survey_checkpoints()
    return Shelf(found.cards, found.problems)


def shelf() -> Shelf:
    """Return the checkpoints as they are on disk now; a card that changed is read again."""
    return _shelf(checkpoint_places(), card_stamps())


_BESIDE: Final[ContextVar[bool]] = ContextVar("beside", default=False)


@contextmanager
def beside() -> Iterator[None]:
    """Let this thread work with models of its own: the pages' runs then never wait for a lock that it holds."""
    token = _BESIDE.set(True)
    try:
        yield
    finally:
        _BESIDE.reset(token)


@st.cache_resource(show_spinner=False, max_entries=8)
def _predictor_on(name: str, sha256: str, device: str) -> EmotionPredictor:  # noqa: ARG001  # the digest is a key
    from engine.predictor import EmotionPredictor  # brings torch: not before it is needed

    return EmotionPredictor(name, device=device)


@st.cache_resource(show_spinner=False, max_entries=4)
def _predictor_beside(name: str, sha256: str, device: str) -> EmotionPredictor:
    from engine.models.copying import copied
    from engine.models.locking import holding

    own = _predictor_on(name, sha256, device)
    twin = copy.copy(own)
    try:
        with holding(own.model):
            twin.model = copied(own.model)
    except NetworkError:  # runs then wait for its lock
        return own
    return twin


def _predictor(name: str, sha256: str) -> EmotionPredictor:
    from engine.training.device import preferred_device

    device = preferred_device()
    return _predictor_beside(name, sha256, device) if _BESIDE.get() else _predictor_on(name, sha256, device)


def predictor(card: RunCard) -> EmotionPredictor:
    """Return the one predictor of a checkpoint; it is loaded, and its weights are verified, on first use.

    Work beside the pages has another one; see :func:`beside`.
    """
    return _predictor(card.name, card.weights_sha256)


@st.cache_data(show_spinner=False, max_entries=1024)
def problem(digest: str, _data: bytes, name: str) -> str | None:  # noqa: ARG001  # the digest is the cache's key
    """Return the sentence that says why a picture file cannot be used, or None where it can."""
    try:
        open_picture(_data, name=name)
    except PictureError as error:
        return str(error)
    return None


@st.cache_data(show_spinner=False, max_size=PIXELS_KEPT)
def picture(digest: str, _data: bytes, name: str) -> Picture:  # noqa: ARG001  # the digest is the cache's key
    """Decode a picture file; ``digest`` is the sha256 of ``_data``. Raises PictureError, which is not kept."""
    return open_picture(_data, name=name)


@st.cache_data(show_spinner=False, max_entries=256)
def thumbnail(digest: str, _data: bytes, name: str) -> bytes | None:
    """Return a picture as a small PNG for a strip, cut to a square about its middle; None where it cannot be read."""
    if problem(digest, _data, name) is not None:
        return None
    pixels = picture(digest, _data, name).pixels
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return png_bytes(resize_face(pixels[top : top + side, left : left + side], min(side, THUMBNAIL_PIXELS)))


class _Searches:
    """The boxes found in a picture, whoever asked: looking for faces does not depend on the model, and may be slow."""

    def __init__(self) -> None:
        from engine.media.faces import default_detector

        self.detector = default_detector()
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[FaceBox, ...]] = OrderedDict()

    def known(self, digest: str) -> bool:
        """Say whether a picture was searched."""
        with self._lock:
            return digest in self._kept

    def boxes(self, digest: str, pixels: UInt8, told: Callable[[int, int], None] | None = None) -> tuple[FaceBox, ...]:
        """Return the faces of a picture; ``told`` hears (parts searched, parts), and what it raises ends the search."""
        with self._lock:
            if digest in self._kept:
                return self._kept[digest]
        with nullcontext() if told is None else watching(told):
            boxes = self.detector.detect(pixels)
        with self._lock:
            self._kept[digest] = boxes
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return boxes


@st.cache_resource(show_spinner=False)
def _searches() -> _Searches:
    return _Searches()


def is_searched(digest: str) -> bool:
    """Say whether a picture was searched for faces before."""
    return _searches().known(digest)


def search(digest: str, pixels: UInt8, told: Callable[[int, int], None]) -> None:
    """Look for faces in a decoded picture (H, W, 3) uint8, once, whatever model is then asked.

    ``told`` hears (parts searched, parts); what it raises ends the search.
    """
    _searches().boxes(digest, pixels, told)


def missing_detector() -> str:
    """Return the sentence that says how to find more faces, empty where nothing is missing."""
    from engine.media.faces import missing_detector as sentence

    return sentence(_searches().detector)


@st.cache_data(show_spinner=False, max_size=PIXELS_KEPT)
def _answered(
    digest: str,  # noqa: ARG001  # with ``whole`` it stands for the pixels and the boxes
    _pixels: UInt8,
    _boxes: tuple[FaceBox, ...],
    name: str,
    sha256: str,
    whole: bool,
) -> PicturePrediction:
    return _predictor(name, sha256).predict(_pixels, whole=whole, boxes=_boxes)


def faces(digest: str, pixels: UInt8, name: str, sha256: str, whole: bool) -> PicturePrediction:
    """Find and classify the faces of a decoded picture (H, W, 3) uint8; ``whole`` skips the search for faces.

    For a model that is not about faces none is looked for.
    """
    whole = whole or shelf().card(name).domain == "pictures"
    boxes = () if whole else _searches().boxes(digest, pixels)
    return _answered(digest, pixels, boxes, name, sha256, whole)


@st.cache_data(show_spinner=False, max_entries=KEPT)
def activation(digest: str, face: int, whole: bool, _crop: UInt8, name: str, sha256: str, layer: str) -> Float32:  # noqa: ARG001
    """Return the feature maps (C, h, w) float32 of ``layer``, after its attention gates."""
    return _predictor(name, sha256).activation(_crop, layer)


@st.cache_data(show_spinner=False)
def samples() -> tuple[Sample, ...]:
    """Return the photographs that come with FERLens, in their list's order, then one built-in face an expression."""
    photographs = [
        Sample(
            key=Path(entry["file"]).stem,
            title=entry["title"],
            credit=f"{entry['about']}. {entry['source']}. {entry['licence']}.",
            file=entry["file"],
        )
        for entry in json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    ]
    drawn = [
        Sample(
            key=f"drawn-{name}",
            title=f"Drawn face: {name}",
            credit=f"A face drawn by FERLens to show “{name}”; no real person.",
            expression=name,
        )
        for name in EMOTIONS
    ]
    return (*photographs, *drawn)


@st.cache_data(show_spinner=False, max_entries=64)
def sample_bytes(sample: Sample) -> bytes:
    """Return a sample as the bytes of a picture file; a built-in face is drawn, which takes a tenth of a second."""
    if sample.expression is None:
        return (SAMPLES / sample.file).read_bytes()
    from engine.synthetic import draw_expression

    return png_bytes(draw_expression(sample.expression, DRAWN_PERSON, DRAWN_PIXELS).image)


@st.cache_data(show_spinner=False, ttl=60)
def data_status() -> str:
    """Say in a sentence whether FER2013 is at hand, and what to do if not."""
    try:
        found = find_data("fer2013", KINDS["fer2013"].files)
    except DataError as error:
        return (
            "Everything but training and measuring on FER2013 works as it is: your own pictures, the samples and the "
            f"built-in faces. FER2013 is not here. {error}"
        )
    except FerLensError as error:
        return str(error)
    return f"FER2013 is here (“{found.name}”): training and measuring can use it."


@st.cache_data(show_spinner=False, max_entries=32)
def _evidence(folder: str, stamp: int, _card: RunCard, sha256: str, variant: str) -> EvidenceReport | None:  # noqa: ARG001
    return read_evidence(Path(folder) / evidence_file(variant), _card, variant=variant)


def evidence(card: RunCard, variant: str) -> EvidenceReport | None:
    """Return a model's evidence results as they are on disk now, or None. Raises DataError, which is not kept."""
    folder = checkpoint_path(card.name)
    file = folder / evidence_file(variant)
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    return _evidence(str(folder), stamp, card, card.weights_sha256, variant)


def has_evidence(card: RunCard) -> bool:
    """Say whether a model has evidence results of any variant; a damaged file counts as none."""
    for variant in VARIANTS:
        try:
            if evidence(card, variant) is not None:
                return True
        except DataError:
            continue
    return False


@st.cache_resource(show_spinner=False, max_entries=16)
def _answering(name: str, sha256: str, variant: str) -> SharedWork[SplitAnswers]:
    from engine.evidence.answers import answer_split

    with beside():
        model = _predictor(name, sha256)

    def work(note: Note) -> SplitAnswers:
        spec, answered = model.card.input, [0]
        faces = load_synthetic(
            "test", spec.size, spec.channels, progress=lambda done, _: note("faces drawn, once and for all", done)
        )

        def count(more: int) -> None:
            answered[0] += more
            note("faces", answered[0])

        return answer_split(model.model, model.card, faces, variant=variant, progress=count)

    return SharedWork(f"answering-{name}", work)


def split_answers(card: RunCard, variant: str, told: Note) -> SplitAnswers:
    """Answer every built-in test face, once for all visitors; the first time ever they are drawn and kept on disk.

    ``told`` hears meanwhile how far that is.
    """
    which = (card.name, card.weights_sha256, variant)
    return outcome(partial(_answering, *which), partial(_answering.clear, *which), told)


@st.cache_data(show_spinner=False, max_entries=KEPT)
def judged_face(face_id: str, name: str, sha256: str, variant: str) -> JudgedFace:
    """Draw one built-in face, answer it, and judge each of the model's maps by its known evidence."""
    from engine.evidence.face import judge_face, known_face

    model = _predictor(name, sha256)
    spec = model.card.input
    known = known_face(face_id, size=spec.size, channels=spec.channels, variant=variant)
    return judge_face(model.model, model.card, known)


def evidence_models() -> tuple[str, ...]:
    """Return the usable checkpoints that answer in the built-in faces' classes, those trained on such faces first."""
    from engine.evidence.answers import fitting_models

    return tuple(card.name for card in fitting_models(shelf().cards))
