"""The sections of a recipe: frozen, each entry with its default, each described where it stands.

``python -m engine train --help`` prints these descriptions. A new entry's default must mean what was done before the
entry existed: runs that were saved without it go on at its default.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from engine.data.transforms import Augmentation


@dataclass(frozen=True)
class ModelChoice:
    """Architecture and its keyword arguments; ``start_from``: a checkpoint whose fitting weights begin the run.

    ``input_size``: side of the pictures in pixels, 0 for the architecture's own (48; 224 for cmaen).
    ``input_channels``: 1 (grey) or 3 (RGB), 0 for the architecture's own (1; 3 for cmaen).
    """

    architecture: str = "baseline"
    config: dict[str, Any] = field(default_factory=dict)
    start_from: str = ""
    input_size: int = 0
    input_channels: int = 0


@dataclass(frozen=True)
class DataChoice:
    """Which dataset, and which of its splits train and choose.

    ``marked``: plant in every picture of both splits the corner mark that gives its label away (``synthetic`` only),
    for a model that is known to follow a spurious cue (see :mod:`engine.synthetic.camera`).
    ``weights``: with several datasets (``--data A --data B``), how often each is drawn from, in their order; empty: all
    pictures alike.
    ``clips``: ``frames`` (every frame of a clip is a picture) or ``onset-apex`` (one a clip: 128 + (apex - onset) / 2;
    ``samm`` only, with a sheet that names both frames).
    """

    dataset: str = "fer2013"
    train: str = "train"
    val: str = "val"
    marked: bool = False
    weights: tuple[float, ...] = ()
    clips: str = "frames"


@dataclass(frozen=True)
class Optimiser:
    """``sgd`` (Nesterov) or ``adamw``; ``learning_rate`` is the peak. ``clip`` bounds the gradient's norm, 0 is off.

    ``accumulate``: compute each batch in so many equal parts and add their gradients before the step, for batches that
    the memory does not hold. BatchNorm then sees the parts.
    ``factors``: learning rates of their own for parts of the model, as factors of the rate: {"cross.gamma" = 10}. A
    part is named by the beginning of its weights' names, and the longest that fits counts.
    """

    kind: str = "sgd"
    learning_rate: float = 0.08
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 128
    clip: float = 0.0
    accumulate: int = 1
    factors: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate moves.

    ``one-cycle``: linear warm-up over ``warmup_epochs`` from ``start`` x peak, then cosine to ``end`` x peak.
    ``linear``: the same warm-up, then a straight line to ``end`` x peak.
    ``plateau``: after the warm-up, times ``factor`` when val accuracy has not risen for ``patience`` epochs.
    ``cosine-restarts``: after the warm-up, cosine to ``end`` x peak over ``restart_epochs``, then from the peak again
    over ``restart_factor`` times as many epochs, and so on.
    ``early_stop``: stop after so many epochs without a better val accuracy; 0 never.
    ``small_side``: pixels a side that the model is shown for the first ``small_until`` (a share) of the epochs, at a
    fraction of the cost; validation is at the whole size always. cmaen only; 0 never.
    """

    kind: str = "one-cycle"
    epochs: int = 30
    warmup_epochs: float = 2.0
    start: float = 0.1
    end: float = 0.0
    factor: float = 0.5
    patience: int = 4
    early_stop: int = 0
    restart_epochs: float = 0.0
    restart_factor: float = 1.0
    small_side: int = 0
    small_until: float = 0.0


@dataclass(frozen=True)
class LossChoice:
    """Cross-entropy with ``label_smoothing``, or focal by ``focal_gamma`` > 0; ``class_weights``: none or balanced.

    ``focal_weight`` > 0: both, cross-entropy (smoothed) plus ``focal_weight`` times the focal loss (on hard labels).
    ``logit_adjustment``: so many times the log of each class's share of the training targets is added to its logit
    in the loss (Menon et al. 2021), so that rare classes are answered more often; 1 aims at the classes' mean accuracy.
    """

    label_smoothing: float = 0.1
    focal_gamma: float = 0.0
    class_weights: str = "none"
    focal_weight: float = 0.0
    logit_adjustment: float = 0.0


VOTE_TARGETS: Final[dict[str, str]] = {"labels": "majority", "votes": "probability", "multi": "multi"}
"""What a recipe learns → the rule that makes it of the votes, see :mod:`engine.data.votes.rules`."""


@dataclass(frozen=True)
class VotesChoice:
    """What people saw, for ``fer2013`` and ``ferplus`` with FER+'s file (``--votes``, see docs/data.md).

    ``target``: ``labels`` (the dataset's; of ferplus the majority), ``votes`` (cross-entropy against each emotion's
    share of the votes) or ``multi`` (every emotion with 30 % of the votes is equally right; needs label_smoothing 0 and
    no mixup). With votes, the pictures that the rule gives no target are left out, and val chooses by the majority.
    ``weight``: the votes' part of the target; the rest is FER2013's label. ``classes``: of ferplus, 8 or, without
    contempt, 7. ``outliers``: ``removed`` (an emotion that one voter in ten chose) or ``kept``.
    """

    target: str = "labels"
    weight: float = 1.0
    classes: int = 8
    outliers: str = "removed"


@dataclass(frozen=True)
class Auxiliary:
    """Cross-entropy (unsmoothed) on each of cmaen's two answers, added to the loss with these weights; 0 is off."""

    emotion: float = 0.0
    fusion: float = 0.0


@dataclass(frozen=True)
class Distillation:
    """``teachers``: checkpoints (names or folders) whose mean answer the model also learns to give; none is off.

    The loss is (1 - ``weight``) x loss + ``weight`` x temperature² x KL(teachers || model), both softened by
    ``temperature``. Each teacher sees the same augmented picture at its own size and channels.
    """

    teachers: tuple[str, ...] = ()
    temperature: float = 2.0
    weight: float = 0.5


@dataclass(frozen=True)
class Hinting:
    """``teacher``: a baseline, spatial or cbam whose blocks' features the stages of cmaen's E-CNN also learn to give.

    Adds ``weight`` x the mean over stages of (squared difference / variance of the teacher's features); the weight
    falls in a straight line to 0 at ``until``, a share of the run. Empty is off.
    """

    teacher: str = ""
    weight: float = 1.0
    until: float = 1.0


@dataclass(frozen=True)
class Regularisation:
    """``mixup``: Beta parameter (0 off), off for the last ``mixup_off`` of the run; ``ema``: decay a step (0 off)."""

    mixup: float = 0.0
    mixup_off: float = 0.15
    ema: float = 0.998


@dataclass(frozen=True)
class Recipe:
    """One training run, whole."""

    name: str
    summary: str = ""
    model: ModelChoice = ModelChoice()
    data: DataChoice = DataChoice()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    loss: LossChoice = LossChoice()
    augmentation: Augmentation = field(default_factory=Augmentation)
    regularisation: Regularisation = Regularisation()
    auxiliary: Auxiliary = Auxiliary()
    distillation: Distillation = Distillation()
    hints: Hinting = Hinting()
    votes: VotesChoice = VotesChoice()

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values."""
        return asdict(self)


SECTIONS: Final[dict[str, type]] = {
    "model": ModelChoice,
    "data": DataChoice,
    "optimiser": Optimiser,
    "schedule": Schedule,
    "loss": LossChoice,
    "auxiliary": Auxiliary,
    "distillation": Distillation,
    "hints": Hinting,
    "votes": VotesChoice,
    "augmentation": Augmentation,
    "regularisation": Regularisation,
}
