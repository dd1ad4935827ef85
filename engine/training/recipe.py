"""Recipes: every choice of a training run, read from TOML into frozen, validated sections.

An unknown section or entry, a wrong type or a contradiction is refused with the line it stands on.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from engine.data.sources import SPLIT_FOLDERS
from engine.data.transforms import Augmentation
from engine.errors import RecipeError, UnknownNameError

RECIPES: Final[Path] = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class ModelChoice:
    """Architecture and its keyword arguments; ``start_from``: a checkpoint whose fitting weights begin the run."""

    architecture: str = "baseline"
    config: dict[str, Any] = field(default_factory=dict)
    start_from: str = ""


@dataclass(frozen=True)
class DataChoice:
    """Which dataset, and which of its splits train and choose.

    ``marked``: plant in every picture of both splits the corner mark that gives its label away (``synthetic`` only),
    for a model that is known to follow a spurious cue (see :mod:`engine.data.synthetic.cue`).
    """

    dataset: str = "fer2013"
    train: str = "train"
    val: str = "val"
    marked: bool = False


@dataclass(frozen=True)
class Optimiser:
    """``sgd`` (Nesterov) or ``adamw``; ``learning_rate`` is the peak. ``clip`` bounds the gradient's norm, 0 is off."""

    kind: str = "sgd"
    learning_rate: float = 0.08
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 128
    clip: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """How the learning rate moves.

    ``one-cycle``: linear warm-up over ``warmup_epochs`` from ``start`` x peak, then cosine to ``end`` x peak.
    ``linear``: the same warm-up, then a straight line to ``end`` x peak.
    ``plateau``: after the warm-up, times ``factor`` when val accuracy has not risen for ``patience`` epochs.
    ``early_stop``: stop after so many epochs without a better val accuracy; 0 never.
    """

    kind: str = "one-cycle"
    epochs: int = 30
    warmup_epochs: float = 2.0
    start: float = 0.1
    end: float = 0.0
    factor: float = 0.5
    patience: int = 4
    early_stop: int = 0


@dataclass(frozen=True)
class LossChoice:
    """Cross-entropy with ``label_smoothing``, or focal by ``focal_gamma`` > 0; ``class_weights``: none or balanced."""

    label_smoothing: float = 0.1
    focal_gamma: float = 0.0
    class_weights: str = "none"


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

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values."""
        return asdict(self)


SECTIONS: Final[dict[str, type]] = {
    "model": ModelChoice,
    "data": DataChoice,
    "optimiser": Optimiser,
    "schedule": Schedule,
    "loss": LossChoice,
    "augmentation": Augmentation,
    "regularisation": Regularisation,
}

CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("optimiser", "kind"): ("sgd", "adamw"),
    ("schedule", "kind"): ("one-cycle", "linear", "plateau"),
    ("loss", "class_weights"): ("none", "balanced"),
}

_TEST_SPLITS: Final[tuple[str, ...]] = ("test", "public", "private")
_NOT_NEGATIVE: Final[dict[str, tuple[str, ...]]] = {
    "optimiser": ("momentum", "weight_decay", "clip"),
    "schedule": ("warmup_epochs", "start", "end", "factor", "patience", "early_stop"),
    "loss": ("label_smoothing", "focal_gamma"),
    "augmentation": ("flip", "rotate_degrees", "shift", "scale", "brightness", "contrast", "erase", "ramp_epochs"),
    "regularisation": ("mixup", "ema"),
}

_BELOW_ONE: Final[tuple[tuple[str, str], ...]] = (
    ("optimiser", "momentum"),
    ("schedule", "factor"),
    ("loss", "label_smoothing"),
    ("augmentation", "scale"),
    ("regularisation", "ema"),
)


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that come with FERLens."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str) -> Recipe:
    """Read a recipe by name (:func:`recipe_names`) or from a ``.toml`` file.

    Raises:
        UnknownNameError: neither a known name nor a file.
        RecipeError: the file has an unknown, wrong or contradictory entry.
    """
    path = Path(name_or_path) if name_or_path.endswith(".toml") else RECIPES / f"{name_or_path}.toml"
    if not path.is_file():
        raise UnknownNameError("recipe", name_or_path, recipe_names())
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"Recipe '{path.name}' is not UTF-8 text; save it as such.") from error
    return parse_recipe(text, path.stem)


def parse_recipe(text: str, name: str) -> Recipe:
    """Parse TOML ``text``; ``name`` is used in messages and as the recipe's name. See :func:`load_recipe`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Recipe '{name}' is not valid TOML: {error}.") from error
    sections: dict[str, Any] = {}
    for key, value in document.items():
        if key == "summary":
            sections["summary"] = str(value)
            continue
        if key not in SECTIONS or not isinstance(value, dict):
            valid = ", ".join(["summary", *(f"[{section}]" for section in SECTIONS)])
            raise RecipeError(f"Recipe '{name}', line {_line(text, None, key)}: unknown entry '{key}'; valid: {valid}.")
        sections[key] = _section(text, name, key, value)
    recipe = Recipe(name=name, **sections)
    _check(recipe, text)
    return recipe


def change(recipe: Recipe, section: str, **values: Any) -> Recipe:
    """Return ``recipe`` with entries of one section replaced (for command-line options), checked again."""
    changed = replace(recipe, **{section: replace(getattr(recipe, section), **values)})
    _check(changed, "")
    return changed


def _line(text: str, section: str | None, key: str) -> int:
    """Find the line (from 1) where ``key`` is set in ``section``, or where a section itself stands; 0 if nowhere."""
    current: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if header:
            current = header.group(1)
            if section is None and current.split(".")[0] == key:
                return number
        elif current == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return 0


def _section(text: str, name: str, section: str, values: dict[str, Any]) -> Any:
    kind = SECTIONS[section]
    defaults = kind()
    known = {item.name for item in fields(kind)}
    clean: dict[str, Any] = {}
    for key, value in values.items():
        where = f"Recipe '{name}', line {_line(text, section, key)}"
        if key not in known:
            raise RecipeError(f"{where}: unknown entry '{key}' in [{section}]; valid: {', '.join(sorted(known))}.")
        default = getattr(defaults, key)
        clean[key] = _as_kind_of(default, value)
        if type(clean[key]) is not type(default):
            raise RecipeError(f"{where}: '{key}' must be {_kind_of(default)}, got {value!r}.")
    return kind(**clean)


def _as_kind_of(default: object, value: Any) -> Any:
    """Turn TOML's lists into tuples and whole numbers into floats where the default is one."""
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _kind_of(value: object) -> str:
    names = {
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "text",
        tuple: "a list of numbers",
        dict: "a table",
    }
    return names.get(type(value), type(value).__name__)


def _check(recipe: Recipe, text: str) -> None:
    """Refuse values that cannot be meant, naming the line where there is one."""
    schedule, loss, regular = recipe.schedule, recipe.loss, recipe.regularisation
    # By the name that a split is loaded under: "valid" is "val" and "testing" is "test".
    train, val = (SPLIT_FOLDERS.get(name, name) for name in (recipe.data.train, recipe.data.val))
    area = recipe.augmentation.erase_area
    area_holds = len(area) == 2 and all(type(share) in {int, float} for share in area) and 0 < area[0] <= area[1] <= 1
    rules: list[tuple[bool, str, str, str]] = [
        (recipe.optimiser.learning_rate > 0, "optimiser", "learning_rate", "more than 0"),
        (recipe.optimiser.batch_size >= 2, "optimiser", "batch_size", "2 or more (BatchNorm needs two pictures)"),
        (schedule.epochs >= 1, "schedule", "epochs", "1 or more"),
        (schedule.warmup_epochs < max(schedule.epochs, 1), "schedule", "warmup_epochs", "less than the epochs"),
        (0 <= regular.mixup_off <= 1, "regularisation", "mixup_off", "in [0, 1]"),
        (
            loss.focal_gamma == 0 or loss.label_smoothing == 0,
            "loss",
            "focal_gamma",
            "0 where label_smoothing is used (the focal weight needs hard labels)",
        ),
        (train != val, "data", "val", "another split than train"),
        (val not in _TEST_SPLITS, "data", "val", "no test split (a test split chooses nothing)"),
        (train not in _TEST_SPLITS, "data", "train", "no test split"),
        (train != "trainval", "data", "train", "a split without the pictures of val"),
        (val != "trainval", "data", "val", "a split without the pictures of train"),
        (
            not recipe.data.marked or recipe.data.dataset == "synthetic",
            "data",
            "marked",
            "false for other datasets than synthetic (the mark belongs to the built-in faces)",
        ),
        (area_holds, "augmentation", "erase_area", "two shares of the picture, the smaller first"),
    ]
    # First, since NaN passes no comparison and would be called something else.
    rules[:0] = [
        (math.isfinite(value), section, key, "a finite number")
        for section in SECTIONS
        for key, value in asdict(getattr(recipe, section)).items()
        if isinstance(value, float)
    ]
    rules += [
        (getattr(getattr(recipe, section), key) in valid, section, key, "one of " + ", ".join(valid))
        for (section, key), valid in CHOICES.items()
    ]
    rules += [
        (getattr(getattr(recipe, section), key) >= 0, section, key, "0 or more")
        for section, keys in _NOT_NEGATIVE.items()
        for key in keys
    ]
    rules += [(getattr(getattr(recipe, section), key) < 1, section, key, "less than 1") for section, key in _BELOW_ONE]
    for holds, section, key, expected in rules:
        if not holds:
            line = _line(text, section, key)
            where = f", line {line}" if line else ""
            came = getattr(getattr(recipe, section), key)
            raise RecipeError(f"Recipe '{recipe.name}'{where}: [{section}] {key} must be {expected}, got {came!r}.")
