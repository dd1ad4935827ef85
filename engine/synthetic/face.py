"""One call from parameters to a built-in face: picture, landmarks, regions and evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnknownNameError, UsageError
from engine.labels import EMOTIONS
from engine.synthetic import camera, features, hair, masks, skin, wear
from engine.synthetic.canvas import Bytes, Canvas, Floats
from engine.synthetic.geometry import Shape, landmarks_of, shape_of
from engine.synthetic.identity import Identity, sample_identity
from engine.synthetic.relief import light_relief
from engine.synthetic.units import PROTOTYPES, REGIONS, Expression, prototype, sample_expression
from engine.synthetic.view import View, sample_view

SIZES: Final = (48, 256)
"""Smallest and largest picture, in pixels a side."""

OVERSAMPLING: Final = 2
"""Canvas pixels to a side of each picture pixel; edges are anti-aliased on the canvas too."""

SPLIT_SEEDS: Final[dict[str, int]] = {"train": 0, "val": 1, "test": 2}
"""Each split draws from its own stream, so that no face is in two of them."""


@dataclass(frozen=True)
class FaceParameters:
    """Everything that a picture is drawn from; equal parameters give equal pixels."""

    label: str
    identity: Identity
    expression: Expression
    view: View


@dataclass(frozen=True, eq=False)
class SyntheticFace:
    """One built-in face and all that is known about it.

    Attributes:
        image: uint8, (S, S) grey or (S, S, 3) RGB.
        label: the emotion it shows.
        units: action unit -> (left, right) intensity in [0, 1], as the viewer sees left and right.
        distractors: the units among them that do not belong to the label.
        landmarks: name -> (x, y) in pixels of this picture, integers at pixel centres.
        regions: uint8 (S, S), indices into ``region_names``; a partition of the picture.
        evidence: bool (S, S), the regions that the label's own units move; all False for a neutral face.
        region_names: what the indices mean.
        parameters: what it was drawn from.
    """

    image: Bytes
    label: str
    units: dict[int, tuple[float, float]]
    distractors: frozenset[int]
    landmarks: dict[str, tuple[float, float]]
    regions: Bytes
    evidence: NDArray[np.bool_]
    region_names: tuple[str, ...]
    parameters: FaceParameters

    def __post_init__(self) -> None:
        size = self.image.shape[0]
        if self.image.dtype != np.uint8 or self.image.shape not in ((size, size), (size, size, 3)):
            raise ValueError(f"expected a square uint8 picture, got {self.image.dtype} with shape {self.image.shape}")
        if self.regions.shape != (size, size) or int(self.regions.max()) >= len(self.region_names):
            raise ValueError(
                f"expected a ({size}, {size}) map of {len(self.region_names)} regions, got {self.regions.shape}"
            )
        if self.evidence.shape != (size, size) or self.evidence.dtype != np.bool_:
            raise ValueError(
                f"expected a ({size}, {size}) bool evidence mask, got {self.evidence.dtype} {self.evidence.shape}"
            )

    def region(self, name: str) -> NDArray[np.bool_]:
        """Return bool (S, S): where the region ``name`` lies."""
        if name not in self.region_names:
            raise UnknownNameError("region", name, self.region_names)
        return np.asarray(self.regions == self.region_names.index(name))


def _check(size: int, channels: int) -> None:
    if not SIZES[0] <= size <= SIZES[1]:
        raise UsageError(f"Expected a size of {SIZES[0]} to {SIZES[1]} pixels, got {size}; choose one in that range.")
    if channels not in (1, 3):
        raise UsageError(f"Expected 1 channel (grey) or 3 (RGB), got {channels}; choose one of them.")


def _paint(parameters: FaceParameters, size: int, channels: int) -> tuple[Canvas, Shape, dict[str, Floats]]:
    """Paint a face; return the canvas, its geometry and the coverages that a region map needs."""
    _check(size, channels)
    who, face, view = parameters.identity, parameters.expression, parameters.view
    canvas = Canvas(OVERSAMPLING * size, channels)
    shape = shape_of(who, face, view)
    camera.paint_backdrop(canvas, view)
    strands = hair.strand_map(canvas, who, shape)
    back = hair.paint_back_hair(canvas, who, shape, strands)
    neck = skin.paint_neck(canvas, who, shape, view)
    ears = skin.paint_ears(canvas, who, shape)
    head = skin.paint_face(canvas, who, shape)
    features.paint_beard(canvas, who, shape, head)
    skin.paint_lips(canvas, who, shape, head)
    relief = light_relief(canvas, who, face, shape, view)
    skin.light_skin(canvas, view, relief, np.maximum(np.maximum(head, ears), neck))
    skin.paint_nostrils(canvas, who, shape, view, head)
    features.paint_eyes(canvas, who, shape, view, relief)
    features.paint_mouth(canvas, who, face, shape, view, relief)
    features.paint_brows(canvas, who, shape, view, head)
    front = hair.paint_hair(canvas, who, shape, view, relief, head, strands)
    wear.paint_glasses(canvas, who, shape)
    hat = wear.paint_hat(canvas, who, shape, view, relief, head)
    over, over_region = wear.paint_occluder(canvas, who, shape, view)
    covers = {"head": head, "skin": np.maximum(neck, ears), "back": back, "hair": np.maximum(front, hat)}
    covers[f"over:{over_region}"] = over
    return canvas, shape, covers


def draw_image(parameters: FaceParameters, size: int = 48, channels: int = 1) -> Bytes:
    """Draw the picture of ``parameters`` alone: uint8 (S, S) or (S, S, 3), the same pixels as :func:`draw_face`."""
    canvas, _, _ = _paint(parameters, size, channels)
    return camera.expose(canvas, parameters.view, size)


def draw_face(parameters: FaceParameters, size: int = 48, channels: int = 1) -> SyntheticFace:
    """Draw ``parameters`` at ``size`` pixels (48 to 256), grey (``channels`` 1) or RGB (3), with all that is known."""
    canvas, shape, covers = _paint(parameters, size, channels)
    face = parameters.expression
    regions = masks.reduce_regions(masks.region_map(canvas, parameters.identity, shape, covers), size)
    marks = landmarks_of(parameters.identity, shape)
    place = (np.array(list(marks.values())) + 1.0) * (0.5 * size) - 0.5
    return SyntheticFace(
        image=camera.expose(canvas, parameters.view, size),
        label=parameters.label,
        units=dict(face.units),
        distractors=face.distractors,
        landmarks={name: (float(x), float(y)) for name, (x, y) in zip(marks, place, strict=True)},
        regions=regions,
        evidence=masks.evidence_mask(regions, face),
        region_names=REGIONS,
        parameters=parameters,
    )


def sample_parameters(seed: int, index: int, *, split: str = "train") -> FaceParameters:
    """Return the parameters of face ``index`` of a split; labels take turns: seven faces in a row have all seven."""
    if split not in SPLIT_SEEDS:
        raise UnknownNameError("split", split, SPLIT_SEEDS)
    rng = np.random.default_rng([seed, SPLIT_SEEDS[split], index])
    label = EMOTIONS[index % len(EMOTIONS)]
    identity = sample_identity(rng)
    return FaceParameters(label, identity, sample_expression(rng, label), sample_view(rng))


def draw(seed: int, index: int, size: int = 48, channels: int = 1, *, split: str = "train") -> SyntheticFace:
    """Draw face ``index`` of ``split``; the same (seed, split, index) gives the same face in any process and order."""
    return draw_face(sample_parameters(seed, index, split=split), size, channels)


def draw_expression(
    emotion: str, identity_seed: int, size: int = 192, channels: int = 3, *, intensity: float = 1.0
) -> SyntheticFace:
    """Draw a clean portrait of ``emotion``: frontal, well lit, no noise, the person that ``identity_seed`` gives."""
    if emotion not in PROTOTYPES:
        raise UnknownNameError("emotion", emotion, PROTOTYPES)
    who = sample_identity(np.random.default_rng(identity_seed))
    view = replace(View(), seed=identity_seed)
    return draw_face(FaceParameters(emotion, who, prototype(emotion, intensity), view), size, channels)
