"""The frozen records that pass between the layers. NumPy on CPU; each validates itself and says what was expected.

Letters in shapes: K classes, C channels, (H, W) picture pixels, (h, w) a map's native grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

GateKind = Literal["channel", "spatial", "rows", "columns", "full", "branch", "cross", "emotion"]
GATE_DIMENSIONS: Final[dict[str, int]] = {
    "channel": 1,  # (C,)
    "spatial": 2,  # (h, w)
    "rows": 2,  # (C, h)
    "columns": 2,  # (C, w)
    "full": 3,  # (C, h, w)
    "branch": 2,  # (branches, C)
    "cross": 2,  # (queries, keys)
    "emotion": 3,  # (K, h, w)
}
"""How many axes the weights of each kind of gate have."""


def _require(condition: bool, expected: str, came: object) -> None:
    if not condition:
        raise ValueError(f"expected {expected}, got {came}")


def _check_float32(name: str, array: object, dimensions: int) -> None:
    _require(
        isinstance(array, np.ndarray) and array.dtype == np.float32 and array.ndim == dimensions,
        f"{name} as float32 with {dimensions} axes",
        f"{getattr(array, 'dtype', type(array).__name__)} with shape {getattr(array, 'shape', None)}",
    )
    _require(bool(np.isfinite(array).all()), f"{name} to be finite", "NaN or infinity")  # type: ignore[call-overload]


def _check_picture(name: str, image: object) -> None:
    ok = isinstance(image, np.ndarray) and image.dtype == np.uint8
    ok = ok and (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)) and image.size > 0  # type: ignore[attr-defined]
    _require(
        ok,
        f"{name} as uint8 with shape (H, W) or (H, W, 3)",
        f"{getattr(image, 'dtype', type(image).__name__)} with shape {getattr(image, 'shape', None)}",
    )


@dataclass(frozen=True, eq=False)
class FaceSample:
    """One picture of a dataset.

    Attributes:
        id: stable and unique within its dataset, for example ``test/happy/PrivateTest_1.jpg``.
        image: uint8, (H, W) grey or (H, W, 3) RGB.
        label: index into the dataset's classes, or -1 where unknown.
        split: the split's name.
        source: where it came from, without machine paths.
    """

    id: str
    image: UInt8
    label: int
    split: str
    source: str

    def __post_init__(self) -> None:
        _check_picture("image", self.image)
        _require(self.label >= -1, "label >= -1", self.label)


@dataclass(frozen=True, eq=False)
class Prediction:
    """A model's answer for one face.

    Attributes:
        probabilities: (K,) float32 in [0, 1], sums to 1.
        logits: (K,) float32.
        classes: K names, in the order of the probabilities.
        label: the class with the highest probability.
        confidence: that probability, in [0, 1].
        seconds: time of the forward pass (of the batch, divided by its size).
    """

    probabilities: Float32
    logits: Float32
    classes: tuple[str, ...]
    label: str
    confidence: float
    seconds: float

    def __post_init__(self) -> None:
        _check_float32("probabilities", self.probabilities, 1)
        _check_float32("logits", self.logits, 1)
        _require(
            len(self.probabilities) == len(self.classes) == len(self.logits),
            f"{len(self.classes)} probabilities",
            len(self.probabilities),
        )
        total = float(self.probabilities.sum())
        _require(
            abs(total - 1.0) < 1e-3 and float(self.probabilities.min()) >= 0.0, "probabilities that sum to 1", total
        )
        _require(self.label in self.classes, f"a label among {self.classes}", self.label)
        _require(0.0 <= self.confidence <= 1.0, "confidence in [0, 1]", self.confidence)

    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Return (class, probability) pairs, most probable first; ties keep the class order."""
        order = np.argsort(-self.probabilities, kind="stable")
        return tuple((self.classes[i], float(self.probabilities[i])) for i in order)


NO_CELL: Final = -1
"""In :class:`KeyCells`: a key that is no cell of the picture, as a class token or what pads a window."""


@dataclass(frozen=True)
class KeyCells:
    """Which cells of the picture the keys of a ``cross`` gate are.

    Attributes:
        grid: (h, w).
        windows: one tuple for attention over the whole picture, else one a window: the cells of its keys in order,
            counted row by row; NO_CELL for a key that is none. All have as many keys. Of the gate's queries the first
            n / windows belong to the first window, and so on.
    """

    grid: tuple[int, int]
    windows: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        cells = self.grid[0] * self.grid[1]
        _require(
            bool(self.windows) and len({len(window) for window in self.windows}) == 1, "equal windows", self.windows
        )
        _require(
            all(NO_CELL <= cell < cells for window in self.windows for cell in window), f"cells below {cells}", self
        )


@dataclass(frozen=True, eq=False)
class AttentionGate:
    """The weights that one attention gate multiplied its features with, on its native grid, exactly as computed.

    Attributes:
        layer: the tap's name, for example ``block2.spatial``.
        kind: a key of :data:`GATE_DIMENSIONS`, which says what the axes are.
        weights: float32; sigmoid gates lie in (0, 1), rows of a ``cross`` gate sum to 1.
        keys: of a ``cross`` gate, which cells its keys are; None: the cells of a square grid, row by row.
    """

    layer: str
    kind: GateKind
    weights: Float32
    keys: KeyCells | None = None

    def __post_init__(self) -> None:
        _require(self.kind in GATE_DIMENSIONS, f"kind among {sorted(GATE_DIMENSIONS)}", self.kind)
        _check_float32(f"weights of {self.layer}", self.weights, GATE_DIMENSIONS[self.kind])

    @property
    def shape(self) -> tuple[int, ...]:
        """The native shape."""
        return self.weights.shape

    @property
    def minimum(self) -> float:
        """The smallest weight, as computed."""
        return float(self.weights.min())

    @property
    def mean(self) -> float:
        """The mean weight, as computed."""
        return float(self.weights.mean())

    @property
    def maximum(self) -> float:
        """The largest weight, as computed."""
        return float(self.weights.max())


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map of what moved one logit, on the native grid of its layer.

    Attributes:
        method: name in :data:`engine.explain.methods.registry.METHODS`, for example ``gradcam``.
        layer: the layer it was taken at.
        target: the class it explains.
        heatmap: (h, w) float32. Where ``signed`` is False it is >= 0 (Grad-CAM after its ReLU); else it keeps its sign.
        signed: whether negative values carry meaning.
        raw_minimum, raw_maximum: the range before any rectification, which tells an all-negative map from a flat one.
        seconds: time of the forward and backward pass together.
        settings: the method's settings with their values, in its own order; empty where it has none.
    """

    method: str
    layer: str
    target: str
    heatmap: Float32
    signed: bool
    raw_minimum: float
    raw_maximum: float
    seconds: float
    settings: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        _check_float32(f"heatmap of {self.method}", self.heatmap, 2)
        _require(
            self.signed or float(self.heatmap.min()) >= 0.0, "an unsigned heatmap to be >= 0", float(self.heatmap.min())
        )

    @property
    def has_positive_evidence(self) -> bool:
        """False where no cell speaks for the target; such a map is stated, not drawn."""
        return self.raw_maximum > 0.0


@dataclass(frozen=True)
class FaceBox:
    """A face's rectangle in pixels of the upright picture: left, top, width, height; ``score`` in [0, 1] or None."""

    x: int
    y: int
    width: int
    height: int
    score: float | None = None

    def __post_init__(self) -> None:
        _require(self.width > 0 and self.height > 0, "a box with positive width and height", (self.width, self.height))

    def as_list(self) -> list[int]:
        """Left, top, width, height."""
        return [self.x, self.y, self.width, self.height]


@dataclass(frozen=True, eq=False)
class FacePrediction:
    """One face of a picture: where it is (None: none was found, the whole picture was classified) and its prediction.

    ``crop`` is the uint8 (H, W, 3) RGB region that was given to the model, before its resizing.
    """

    box: FaceBox | None
    prediction: Prediction
    crop: UInt8

    def __post_init__(self) -> None:
        _check_picture("crop", self.crop)


@dataclass(frozen=True, eq=False)
class PicturePrediction:
    """All faces of one picture, largest first; or the sentence that says why it could not be read.

    ``notes``: plain sentences about what was done to the picture.
    """

    source: str
    faces: tuple[FacePrediction, ...]
    error: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(
            bool(self.faces) != (self.error is not None), "either faces or an error", (len(self.faces), self.error)
        )


@dataclass(frozen=True, eq=False)
class FaceExplanation:
    """The answer to one face, every gate, and the maps that were asked for.

    Attributes:
        model: the checkpoint's name.
        prediction: the model's answer.
        gates: every attention gate, in forward order (empty for a model without attention).
        maps: the explanations asked for; empty where only the answer was.
        face: (S, S) or (S, S, 3) uint8, the picture exactly as the model saw it, before normalisation.
        box: where in the uploaded picture it lies, or None.
        seconds: the whole computation.
    """

    model: str
    prediction: Prediction
    gates: tuple[AttentionGate, ...]
    maps: tuple[Explanation, ...]
    face: UInt8
    box: FaceBox | None
    seconds: float

    def __post_init__(self) -> None:
        _check_picture("face", self.face)

    def gates_of(self, kind: GateKind) -> tuple[AttentionGate, ...]:
        """The gates of one kind, in forward order."""
        return tuple(gate for gate in self.gates if gate.kind == kind)


Fit = Literal["", "pad", "stretch", "crop"]
"""How a picture of another shape is brought to a model's: in whole, its edges repeated; each side by itself; its middle
alone. Empty: as the networks here were trained, ``pad`` for what a person shows and ``stretch`` for data sets."""

SMALLEST_SIDE: Final = 16
LARGEST_SIDE: Final = 1024


@dataclass(frozen=True)
class InputSpec:
    """What a model takes: a picture of ``channels`` 1 or 3, scaled to [0, 1], then (x - mean) / std.

    Attributes:
        size: its height in pixels, and its width too unless ``columns`` says otherwise.
        channels: 1 or 3.
        mean, std: one figure a channel.
        columns: its width in pixels where that is another than its height; 0: a square.
        fit: see :data:`Fit`.
    """

    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    columns: int = 0
    fit: Fit = ""

    def __post_init__(self) -> None:
        _require(self.size >= SMALLEST_SIDE, f"an input of {SMALLEST_SIDE} pixels or more", self.size)
        _require(self.columns == 0 or self.columns >= SMALLEST_SIDE, f"{SMALLEST_SIDE} columns or more", self.columns)
        _require(self.channels in (1, 3), "1 or 3 channels", self.channels)
        _require(
            len(self.mean) == len(self.std) == self.channels, f"{self.channels} means and stds", (self.mean, self.std)
        )
        _require(all(s > 0 for s in self.std), "positive stds", self.std)
        _require(self.fit in ("", "pad", "stretch", "crop"), "a fit among pad, stretch and crop", self.fit)

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return self.size

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return self.columns or self.size


Domain = Literal["faces", "pictures"]
"""What a model is about: faces, which are looked for in a picture, or pictures as they are."""

ADOPTED: Final = "adopted"
"""The architecture of a network of others, which lies beside its card as a graph, or is named there by its code."""

CARD_FORMAT: Final = 1


@dataclass(frozen=True)
class RunCard:
    """What a checkpoint's ``card.json`` says: enough to rebuild the model and to reproduce each figure.

    ``metrics`` maps ``<dataset>/<split>/<single|mirror|tta>`` to what ``python -m engine evaluate --json`` prints.
    ``domain``: see :data:`Domain`. ``origin`` says where an adopted network came from: its source, the file of its
    weights with its sha256, and what accuracy was claimed for it. ``format``: of the card.
    """

    name: str
    architecture: str
    config: dict[str, Any]
    classes: tuple[str, ...]
    input: InputSpec
    recipe: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    versions: dict[str, str]
    weights_sha256: str
    parameters: int
    notes: tuple[str, ...] = field(default=())
    domain: Domain = "faces"
    origin: dict[str, Any] = field(default_factory=dict)
    format: int = CARD_FORMAT

    def __post_init__(self) -> None:
        _require(self.domain in ("faces", "pictures"), "a domain among faces and pictures", self.domain)
        _require(
            len(self.classes) >= 2 and len(set(self.classes)) == len(self.classes),
            "two or more distinct classes",
            self.classes,
        )
        _require(len(self.weights_sha256) == 64, "a sha256 of 64 hex digits", self.weights_sha256)

    @property
    def is_adopted(self) -> bool:
        """Whether the network is one of others, stored as a graph or live."""
        return self.architecture == ADOPTED

    @property
    def is_live(self) -> bool:
        """Whether it is one of others that could not be stored: opening it runs its code, which lies elsewhere."""
        return self.is_adopted and "code_sha256" in self.config

    @property
    def clips(self) -> str:
        """What a picture is to this model: ``frames``, or ``onset-apex``, the difference of two frames of a clip."""
        data = self.recipe.get("data")
        return str(data.get("clips", "frames")) if isinstance(data, dict) else "frames"
