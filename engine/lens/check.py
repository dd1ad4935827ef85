"""Is a network what it is taken for? Its answers on the user's own pictures, the order of its classes, its input.

Of a folder with one folder of pictures a class: accuracy, macro F1 and figures by class. The *order* of the classes is
the one that fits the answers best (an assignment on the confusion matrix [1]): FER2013's CSV and its folders count the
emotions differently, and read in the wrong order a model of 67 % has 39 %. The *normalisation* is compared with the
usual ones. What is clearly better is said and offered, and never chosen silently; small differences of normalisation
cannot be told from accuracy.

[1] H. W. Kuhn. The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2, 1955.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.transforms import normalise, to_tensor
from engine.errors import DataError, FerLensError
from engine.labels import canonical
from engine.media.fit import fitted
from engine.media.pictures import open_picture
from engine.models.finite import check_finite
from engine.models.locking import holding
from engine.predict.face_model import BATCH, FaceModel
from engine.predictor import SUFFIXES
from engine.records import InputSpec, UInt8
from engine.statistics.classification import ClassificationReport, classification_report, wilson_interval
from engine.statistics.frequent import shown_classes
from engine.statistics.paired import mcnemar_exact

SAMPLE: Final = 1_000
"""Pictures that normalisations are compared on."""
CLEARLY: Final = 0.03
"""How much better, in accuracy, another normalisation must be to be offered; and the order of the classes."""
SURELY: Final = 0.001
"""And how improbable by chance (McNemar, exact)."""
_SPLITS: Final = ("test", "val", "valid", "validation")

IMAGENET: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Normalisation:
    """One way to normalise, and how the network did with it on the sample.

    Attributes:
        name: in words. mean, std: one figure a channel. accuracy: in [0, 1].
        surely: whether it differs from the given one's by more than chance.
    """

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    accuracy: float
    surely: bool = False


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What a check found.

    Attributes:
        model: its name. data: the folder's name.
        report: accuracy, macro F1, figures by class and the confusion matrix, with the classes as they were given.
        order: the classes in the order that fits the answers best, where that is clearly another one; else None.
        order_accuracy: accuracy in that order, or as given.
        normalisations: the given one first.
        sample: pictures that those were compared on.
        left_out: files that are no pictures.
    """

    model: str
    data: str
    report: ClassificationReport
    order: tuple[str, ...] | None
    order_accuracy: float
    normalisations: tuple[Normalisation, ...]
    sample: int
    left_out: int

    @property
    def better_input(self) -> Normalisation | None:
        """The normalisation that is clearly better than the given one, or None."""
        own, *others = self.normalisations
        best = max(others, key=lambda one: one.accuracy, default=own)
        return best if best.surely and best.accuracy >= own.accuracy + CLEARLY else None

    def metrics(self) -> dict[str, dict[str, Any]]:
        """Return the figures as a card keeps them."""
        found = self.report
        return {
            f"folder/{self.data}/single": {
                "accuracy": round(found.accuracy, 5),
                "interval": [round(end, 5) for end in found.interval],
                "macro_f1": round(found.macro_f1, 5),
                "n": found.n,
            }
        }

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        better = self.better_input
        return {
            "model": self.model,
            "data": self.data,
            "n": self.report.n,
            "accuracy": round(self.report.accuracy, 5),
            "interval": [round(end, 5) for end in self.report.interval],
            "macro_f1": round(self.report.macro_f1, 5),
            "per_class": {
                name: {key: round(value, 5) for key, value in row.items()}
                for name, row in self.report.per_class.items()
            },
            "confusion": self.report.confusion.tolist(),
            "order": None if self.order is None else list(self.order),
            "order_accuracy": round(self.order_accuracy, 5),
            "normalisations": [
                {
                    "name": one.name,
                    "mean": list(one.mean),
                    "std": list(one.std),
                    "accuracy": round(one.accuracy, 5),
                }
                for one in self.normalisations
            ],
            "better_input": None if better is None else better.name,
            "sample": self.sample,
            "left_out": self.left_out,
        }

    def __str__(self) -> str:
        """Return the findings in lines for people."""
        found = self.report
        low, high = found.interval
        right = f"{found.accuracy:.1%} right ({low:.1%} to {high:.1%})"
        lines = [f"{self.model} on {self.data}: {right}, macro F1 {found.macro_f1:.3f}, {found.n:,} pictures"]
        rows = list(found.per_class.values())
        shown = shown_classes(found.classes, [int(row["support"]) for row in rows])
        width = max(map(len, shown.names))
        lines += [
            f"  {name:<{width}}  recall {row['recall']:6.1%}  precision {row['precision']:6.1%}  n {row['support']:,}"
            for name, row in zip(shown.names, shown.pick(rows), strict=True)
            if row["support"]
        ]
        if shown.words:
            lines.append(shown.words)
        if self.order is not None:
            lines.append(
                f"The order of the classes looks wrong: in this one the same answers are {self.order_accuracy:.1%} "
                f"right: --classes {','.join(self.order)}"
            )
        else:
            lines.append("No other order of the classes fits the answers clearly better.")
        lines.append(f"Normalisation, on {self.sample:,} of them:")
        lines += [f"  {one.accuracy:6.1%}  {one.name}" for one in self.normalisations]
        better = self.better_input
        if better is not None:
            mean, std = (",".join(f"{value:g}" for value in values) for values in (better.mean, better.std))
            lines.append(f"Another normalisation is clearly better: --mean {mean} --std {std}")
        else:
            lines.append("No usual normalisation is clearly better than the given one.")
        if self.left_out:
            lines.append(f"{self.left_out:,} files left out: no pictures.")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show itself, for notebooks."""
        return f"<pre>{escape(str(self))}</pre>"


def check(model: FaceModel, data: str | Path) -> CheckReport:
    """Measure a model on a folder of pictures.

    Args:
        model: whose pictures are taken whole, as those of a data set are.
        data: holds one folder a class, called as the model's classes are (upper or lower case, and the usual synonyms
            of emotions); or such folders in a folder ``test`` or ``val``.

    Raises:
        DataError: there is no such folder, a class of another name, or no picture.
        NetworkError: some of its answers are no numbers.
    """
    spec = replace(model.card.input, fit=model.card.input.fit or "stretch")
    root = Path(data)
    pictures, labels, left_out = _read(root, model.classes, spec)
    logits = _answers(model, pictures, spec)
    check_finite(logits)
    predicted = logits.argmax(axis=1)
    report = classification_report(labels, predicted, model.classes)
    order, order_accuracy = _order(report)
    chosen = np.random.default_rng(0).permutation(len(labels))[:SAMPLE]
    ways = _normalisations(model, pictures[chosen], labels[chosen], spec)
    return CheckReport(model.card.name, root.resolve().name, report, order, order_accuracy, ways, len(chosen), left_out)


def _read(root: Path, classes: tuple[str, ...], spec: InputSpec) -> tuple[UInt8, NDArray[np.int64], int]:
    """Return pictures (N, H, W[, 3]) as the model takes them, labels (N,), and how many files could not be read."""
    if not root.is_dir():
        raise DataError(f"Expected a folder with one folder of pictures a class, but '{root.name}' is none.")
    found: list[UInt8] = []
    labels: list[int] = []
    left_out = 0
    for folder, label in _class_folders(root, classes).items():
        for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()):
            try:
                found.append(fitted(open_picture(file).pixels, spec))
            except FerLensError:
                left_out += 1
                continue
            labels.append(label)
    if not found:
        raise DataError(f"'{root.name}' holds no picture that can be read ({', '.join(sorted(SUFFIXES))}).")
    return np.stack(found), np.array(labels, dtype=np.int64), left_out


def _class_folders(root: Path, classes: tuple[str, ...]) -> Mapping[Path, int]:
    inside = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    split = next((inside[name] for name in _SPLITS if name in inside), None)
    if split is not None and not any(name.lower() in inside for name in classes):
        return _class_folders(split, classes)
    if not inside:
        raise DataError(f"'{root.name}' holds no folders; expected one folder of pictures a class.")
    known = {name.lower(): number for number, name in enumerate(classes)}
    meant = {word: number for number, name in enumerate(classes) if (word := canonical(name)) is not None}
    labels: dict[Path, int] = {}
    for name, path in inside.items():
        number = known.get(name, meant.get(canonical(name) or ""))
        if number is None:
            raise DataError(
                f"'{path.name}' in '{root.name}' is none of the model's classes ({', '.join(classes[:12])}"
                f"{', ...' if len(classes) > 12 else ''}); call the folders as the classes are called."
            )
        labels[path] = number
    return labels


@torch.no_grad()
def _answers(model: FaceModel, pictures: UInt8, spec: InputSpec) -> NDArray[np.float32]:
    device = next(model.model.parameters()).device
    found = []
    for start in range(0, len(pictures), BATCH):
        batch = normalise(to_tensor(pictures[start : start + BATCH]).to(device), spec)
        with holding(model.model):
            found.append(model.model(batch).float().cpu().numpy())
    return np.concatenate(found)


def _order(report: ClassificationReport) -> tuple[tuple[str, ...] | None, float]:
    """Return the classes in the order that fits best, where it is clearly another, and the accuracy in it."""
    from scipy.optimize import linear_sum_assignment

    named, answered = linear_sum_assignment(report.confusion, maximize=True)
    right = int(report.confusion[named, answered].sum())
    share = right / report.n
    if share < report.accuracy + CLEARLY or wilson_interval(right, report.n)[0] <= report.interval[1]:
        return None, report.accuracy
    order = [""] * len(report.classes)
    for name, output in zip(named, answered, strict=True):
        order[output] = report.classes[name]
    return tuple(order), share


def _normalisations(
    model: FaceModel, pictures: UInt8, labels: NDArray[np.int64], spec: InputSpec
) -> tuple[Normalisation, ...]:
    """Return how the network does by the given normalisation and the usual ones."""
    channels = spec.channels
    flat = pictures.reshape(-1, channels) / 255.0
    own_mean, own_std = flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-3)
    usual: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
        ("as given", spec.mean, spec.std),
        ("divided by 255", (0.0,) * channels, (1.0,) * channels),
        ("from -1 to 1 (mean .5, std .5)", (0.5,) * channels, (0.5,) * channels),
        ("these pictures' own mean and deviation", _rounded(own_mean), _rounded(own_std)),
        ("not scaled, 0 to 255", (0.0,) * channels, (1 / 255,) * channels),
    ]
    if channels == len(IMAGENET[0]):
        usual.insert(3, ("ImageNet's", *IMAGENET))
    found: list[Normalisation] = []
    own_right: NDArray[np.bool_] | None = None
    for name, mean, std in usual:
        if found and (mean, std) == (spec.mean, spec.std):
            continue
        answers = _answers(model, pictures, replace(spec, mean=mean, std=std))
        right = (answers.argmax(axis=1) == labels) & np.isfinite(answers).all(axis=1)  # NaN is no answer
        if own_right is None:
            own_right = right
        p_value = mcnemar_exact(int((own_right & ~right).sum()), int((right & ~own_right).sum()))
        found.append(Normalisation(name, mean, std, float(right.mean()), p_value < SURELY))
    return tuple(found)


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
