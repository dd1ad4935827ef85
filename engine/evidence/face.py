"""One built-in face with its known evidence, a model's maps for it, and how well each map agrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from engine.data.drawn import SPLIT_COUNTS, synthetic_face, synthetic_id
from engine.data.transforms import normalise, to_tensor
from engine.errors import DataError, UnknownNameError, shown
from engine.evidence.maps import compute_maps
from engine.evidence.pictures import OFF_FACE, VARIANTS, random_cue
from engine.evidence.report import MapSource
from engine.evidence.run import check_vocabulary
from engine.evidence.scores import Bool, EvidenceScores, Ground, score_maps
from engine.explain.explainer import to_prediction
from engine.labels import EMOTIONS
from engine.models.locking import holding
from engine.records import Float32, Prediction, RunCard, UInt8
from engine.synthetic.camera import cue_mask, plant_cue


@dataclass(frozen=True, eq=False)
class KnownFace:
    """A built-in face and what is known about it.

    Attributes:
        id: as in the data set, for example ``test/happy/00003``.
        image: uint8 (S, S) or (S, S, 3), as a model gets it (with the mark, where one is planted).
        label: the emotion it shows.
        units: FACS action unit → mean of its left and right intensity, in [0, 1]; only units that belong to the label.
        distractors: the same of the units that do not.
        evidence, face: bool (S, S).
        cue: the class of the planted mark, or None where none is planted.
    """

    id: str
    image: UInt8
    label: str
    units: dict[int, float]
    distractors: dict[int, float]
    evidence: Bool
    face: Bool
    cue: str | None

    def __post_init__(self) -> None:
        if self.evidence.shape != self.image.shape[:2] or self.face.shape != self.image.shape[:2]:
            raise ValueError(f"expected masks {self.image.shape[:2]}, got {self.evidence.shape}, {self.face.shape}")

    @property
    def area(self) -> float:
        """The evidence's share of the picture, in [0, 1]; 0 for a neutral face."""
        return float(self.evidence.mean())


@dataclass(frozen=True, eq=False)
class JudgedMap:
    """One map of one face.

    Attributes:
        source: where it comes from.
        heatmap: (h, w) float32 on its native grid, signed as computed.
        hit, mass, enrichment, off_face: see :mod:`engine.evidence.scores`; None where the map is empty or the face
            has no evidence.
    """

    source: MapSource
    heatmap: Float32
    hit: float | None
    mass: float | None
    enrichment: float | None
    off_face: float | None


@dataclass(frozen=True, eq=False)
class JudgedFace:
    """A face, the model's answer for it, and every map with its figures."""

    known: KnownFace
    prediction: Prediction
    maps: tuple[JudgedMap, ...]


def known_face(face_id: str, *, size: int, channels: int, variant: str = "plain", seed: int = 0) -> KnownFace:
    """Draw the face that ``face_id`` names, exactly as the benchmark with the same ``variant`` and ``seed`` gets it.

    Raises:
        DataError: no such face.
        UnknownNameError: an unknown split or variant.
        UsageError: an impossible size or number of channels.
    """
    if variant not in VARIANTS:
        raise UnknownNameError("variant", variant, VARIANTS)
    number = face_number(face_id)
    drawn = synthetic_face(face_id, size, channels)
    off = [drawn.region_names.index(name) for name in OFF_FACE]
    strength = {unit: (left + right) / 2.0 for unit, (left, right) in sorted(drawn.units.items())}
    image, evidence, cue = drawn.image, drawn.evidence, None
    if variant == "spurious":
        cue = EMOTIONS[random_cue(number, seed=seed)]
        image, evidence = plant_cue(image, cue), cue_mask(size)
    return KnownFace(
        id=face_id,
        image=image,
        label=drawn.label,
        units={unit: value for unit, value in strength.items() if unit not in drawn.distractors},
        distractors={unit: value for unit, value in strength.items() if unit in drawn.distractors},
        evidence=evidence,
        face=~np.isin(drawn.regions, off),
        cue=cue,
    )


def face_number(face_id: str, split: str | None = None) -> int:
    """Return the number at the end of a face's id: ``test/happy/00003`` gives 3.

    Raises:
        DataError: no face has this id, or it is not of ``split``.
    """
    own, _, rest = face_id.partition("/")
    digits = rest.rpartition("/")[2]
    count = SPLIT_COUNTS.get(own, 0) if split in {None, own} else 0
    exists = digits.isascii() and digits.isdigit() and int(digits) < count
    if not exists or synthetic_id(own, int(digits)) != face_id:
        wanted = split or "test"
        raise DataError(
            f"Expected a built-in face's id like '{synthetic_id(wanted, 3)}', numbers 00000 to "
            f"{SPLIT_COUNTS[wanted] - 1:05d} and classes in turn, got '{shown(face_id)}'; choose one with the buttons."
        )
    return int(digits)


def judge_face(model: nn.Module, card: RunCard, known: KnownFace) -> JudgedFace:
    """Answer one face, compute every map for the answer, and judge each on its native grid.

    Args:
        model: in any mode; its lock is held meanwhile.
        card: of the model; its input's size and channels are the picture's.
        known: the face.

    Raises:
        DataError: the model's classes are not the built-in faces'.
    """
    check_vocabulary(card)
    batch = known.image[None]
    found = compute_maps(model, batch, classes=card.classes, spec=card.input)
    with holding(model):
        x = normalise(to_tensor(batch).to(next(model.parameters()).device), card.input)
        logits = np.asarray(model(x)[0].detach().float().cpu().numpy(), np.float32)
    judged = []
    for source, heat in found.maps.items():
        figures: dict[str, float | None] = dict.fromkeys(("hit", "mass", "enrichment", "off_face"))
        if known.evidence.any():
            ground = Ground.on_grid(known.evidence[None], known.face[None], source.grid)
            figures = _figures(score_maps(heat, ground))
        judged.append(JudgedMap(source, heat[0], **figures))
    return JudgedFace(known, to_prediction(logits, card.classes, 0.0), tuple(judged))


def _figures(scores: EvidenceScores) -> dict[str, float | None]:
    """Return the figures of a single map by name, None where it is empty."""
    names = ("hit", "mass", "enrichment", "off_face")
    return {name: None if scores.empty[0] else float(getattr(scores, name)[0]) for name in names}
