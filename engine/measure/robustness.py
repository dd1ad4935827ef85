"""How accuracy falls when pictures get worse: each corruption at each severity, measured as a split is measured.

Read a stored robustness document back into its record, or say in a sentence what is wrong with it.

It lies beside a checkpoint's analyses, ``analysis/robustness-<dataset>-<split>.json``, as
``python -m engine benchmark robustness --out`` writes it.

Five corruptions of pictures at five severities, on uint8 pictures from 0 to 255, seeded by picture.

The kinds and the idea of five severities are Hendrycks and Dietterich's [1]; the amounts are our own, because theirs
are set for photographs of 224 pixels: blur and occlusion are measured in shares of the side, so that they mean the same
on a 48 pixel face. A picture has the same noise pattern and the same place of the occluder at each severity, drawn from
the seed and its id: a higher severity is more of the same.

[1] D. Hendrycks, T. Dietterich. Benchmarking Neural Network Robustness to Common Corruptions and Perturbations. ICLR
    2019.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from engine.data.dataset import FaceDataset
from engine.documents import read_stored
from engine.errors import DataError, UnknownNameError, UsageError
from engine.measure.split import evaluate
from engine.records import RunCard
from engine.statistics.intervals import Estimate

UInt8 = NDArray[np.uint8]
SEVERITIES: Final = (1, 2, 3, 4, 5)


def _clipped(values: NDArray[np.floating]) -> UInt8:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _blur(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:  # noqa: ARG001  # one signature for all
    sigma = amount * min(image.shape[:2])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.uint8)


def _noise(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:
    return _clipped(image + amount * rng.standard_normal(image.shape))


def _jpeg(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:  # noqa: ARG001  # one signature for all
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, format="JPEG", quality=int(amount))
    with Image.open(packed) as opened:
        return np.asarray(opened, np.uint8).copy()


def _brightness(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:  # noqa: ARG001  # one signature for all
    return _clipped(image + amount)


def _occlusion(image: UInt8, amount: float, rng: np.random.Generator) -> UInt8:
    """Lay a square in the picture's mean colour; its centre lies anywhere, so that it may stick out at an edge."""
    height, width = image.shape[:2]
    side = amount * min(height, width)
    row, column = rng.uniform(0, height), rng.uniform(0, width)
    top, left = round(max(0.0, row - side / 2)), round(max(0.0, column - side / 2))
    bottom, right = round(min(height, row + side / 2)), round(min(width, column + side / 2))
    covered = image.copy()
    covered[top:bottom, left:right] = _clipped(image.mean(axis=(0, 1)))
    return covered


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        amounts: what each severity means, in ``unit``.
        unit: of the amounts, in words.
        apply: picture uint8 (H, W) or (H, W, 3), amount, random numbers → picture of the same shape and type.
    """

    amounts: tuple[float, float, float, float, float]
    unit: str
    apply: Callable[[UInt8, float, np.random.Generator], UInt8]


CORRUPTIONS: Final[dict[str, Corruption]] = {
    "blur": Corruption((0.01, 0.02, 0.03, 0.045, 0.06), "Gaussian sigma, share of the side", _blur),
    "noise": Corruption((8.0, 16.0, 26.0, 38.0, 51.0), "Gaussian standard deviation, grey levels of 255", _noise),
    "jpeg": Corruption((40.0, 25.0, 15.0, 10.0, 7.0), "JPEG quality of 100", _jpeg),
    "brightness": Corruption((25.0, 51.0, 76.0, 102.0, 128.0), "grey levels of 255 added, then clipped", _brightness),
    "occlusion": Corruption((0.2, 0.3, 0.4, 0.5, 0.6), "side of a square, share of the picture's", _occlusion),
}


def corrupt(images: UInt8, ids: Sequence[str], name: str, severity: int, *, seed: int = 0) -> UInt8:
    """Return corrupted copies of pictures.

    Args:
        images: uint8 (N, H, W) or (N, H, W, 3), 0 to 255.
        ids: N ids, which with ``seed`` decide what is drawn: not the order of the pictures, nor which others there are.
        name: a key of :data:`CORRUPTIONS`.
        severity: 1 to 5.
        seed: 0 or more.

    Returns:
        Shape and type of ``images``.
    """
    if name not in CORRUPTIONS:
        raise UnknownNameError("corruption", name, CORRUPTIONS)
    if severity not in SEVERITIES:
        raise UsageError(f"Expected a severity from 1 to 5, got {severity}.")
    if images.dtype != np.uint8 or len(images) != len(ids):
        raise ValueError(f"expected {len(ids)} pictures as uint8, got {len(images)} as {images.dtype}")
    kind = CORRUPTIONS[name]
    amount = kind.amounts[severity - 1]
    out = np.empty_like(images)
    for index, (image, picture_id) in enumerate(zip(images, ids, strict=True)):
        rng = np.random.default_rng([seed, zlib.crc32(picture_id.encode())])
        out[index] = kind.apply(image, amount, rng)
    return out


BENCHMARK: Final = "robustness"


@dataclass(frozen=True)
class RobustnessRow:
    """Accuracy under one corruption.

    Attributes:
        corruption: a key of :data:`engine.measure.robustness.CORRUPTIONS`.
        severity: 1 to 5. amount: what it means, in the corruption's unit.
        accuracy: over n pictures, with its 95 % Wilson interval.
        macro_f1: in [0, 1].
    """

    corruption: str
    severity: int
    amount: float
    accuracy: Estimate
    macro_f1: float


@dataclass(frozen=True)
class RobustnessReport:
    """Everything measured of one model on one split.

    Attributes:
        model: its name. weights_sha256: of the weights that were measured.
        dataset, split: what was corrupted. pictures: how many of the split's ``total``.
        seed: of the corruptions.
        clean: accuracy on the same pictures as they are. clean_macro_f1: likewise.
        rows: every corruption at every severity, in the order of ``CORRUPTIONS``.
    """

    model: str
    weights_sha256: str
    dataset: str
    split: str
    pictures: int
    total: int
    seed: int
    clean: Estimate
    clean_macro_f1: float
    rows: tuple[RobustnessRow, ...]

    def mean_accuracy(self, corruption: str) -> float:
        """Return the mean accuracy over the severities of a corruption."""
        return float(np.mean([row.accuracy.mean for row in self.rows if row.corruption == corruption]))

    def as_dict(self) -> dict[str, Any]:
        """Return the document that is written and printed."""
        return {
            "benchmark": BENCHMARK,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "dataset": self.dataset,
            "split": self.split,
            "pictures": self.pictures,
            "total": self.total,
            "seed": self.seed,
            "views": "single view",
            "units": {name: kind.unit for name, kind in CORRUPTIONS.items()},
            "clean": {**self.clean.as_dict(), "macro_f1": self.clean_macro_f1},
            "rows": [
                {
                    "corruption": row.corruption,
                    "severity": row.severity,
                    "amount": row.amount,
                    **row.accuracy.as_dict(),
                    "macro_f1": row.macro_f1,
                }
                for row in self.rows
            ],
        }


def _measured(model: nn.Module, card: RunCard, dataset: FaceDataset) -> tuple[Estimate, float]:
    document = evaluate(model, card, dataset)
    low, high = document["interval"]
    return Estimate(document["accuracy"], low, high, document["n"]), float(document["macro_f1"])


def spread_subset(dataset: FaceDataset, limit: int | None) -> FaceDataset:
    """Return ``limit`` pictures spread evenly over a split (all where it is None or has no more)."""
    if limit is None or limit >= len(dataset):
        return dataset
    return dataset.subset([index * len(dataset) // limit for index in range(limit)])


def robustness(
    model: nn.Module,
    card: RunCard,
    dataset: FaceDataset,
    *,
    limit: int | None = None,
    seed: int = 0,
    corruptions: Iterable[str] = tuple(CORRUPTIONS),
    progress: Callable[[int], None] | None = None,
) -> RobustnessReport:
    """Measure a model on pictures as they are and on each corruption at each severity.

    Args:
        model: in float32, see :func:`engine.measure.split.evaluate`. card: its card.
        dataset: pictures of the model's classes, as uint8.
        limit: this many pictures, evenly spread over the split; None for all.
        seed: of the corruptions.
        corruptions: names; default all.
        progress: told after each pass how many pictures it had.

    Raises:
        DataError: the dataset's classes are not the model's. UnknownNameError: no such corruption.
    """
    chosen = spread_subset(dataset, limit)

    def told() -> None:
        if progress is not None:
            progress(len(chosen))

    clean, clean_f1 = _measured(model, card, chosen)
    told()
    rows = []
    for name in corruptions:
        for severity in SEVERITIES:
            worse = replace(chosen, images=corrupt(chosen.images, chosen.ids, name, severity, seed=seed))
            accuracy, f1 = _measured(model, card, worse)
            rows.append(RobustnessRow(name, severity, CORRUPTIONS[name].amounts[severity - 1], accuracy, f1))
            told()
    return RobustnessReport(
        card.name, card.weights_sha256, dataset.name, dataset.split, len(chosen), len(dataset), seed, clean, clean_f1,
        tuple(rows),
    )  # fmt: skip


def robustness_file(dataset: str, split: str) -> Path:
    """Return where the results of a split lie within a checkpoint's folder."""
    return Path("analysis") / f"robustness-{dataset}-{split}.json"


def robustness_command(model: str, dataset: str, split: str) -> str:
    """Return the command that measures a model and writes the file."""
    out = Path("checkpoints") / model / robustness_file(dataset, split)
    return (
        f"python -m engine benchmark robustness --model {model} --dataset {dataset} --split {split} --json "
        f"--out {out.as_posix()}"
    )


def read_robustness(path: Path, card: RunCard, *, dataset: str, split: str) -> RobustnessReport | None:
    """Read and check the results of a model; None where there is no such file.

    Raises:
        DataError: the file is damaged, or of another model, split or other weights.
    """

    def fault(report: RobustnessReport) -> str:
        if (report.model, report.dataset, report.split) != (card.name, dataset, split):
            return f"it is of '{report.model}' on {report.dataset} {report.split}"
        return "" if report.weights_sha256 == card.weights_sha256 else "it was measured with other weights"

    return read_stored(path, _report, fault, lambda what: _broken(path, card, dataset, split, what))


def _broken(path: Path, card: RunCard, dataset: str, split: str, what: str) -> DataError:
    return DataError(
        f"Expected the robustness results of '{card.name}' in '{path.name}', but {what}; remove the file and measure "
        f"again with: {robustness_command(card.name, dataset, split)}"
    )


def _share(value: object, name: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or not 0 <= value <= 1
    ):
        raise ValueError(f"expected {name} in [0, 1], got {value}")
    return float(value)


def _estimate(values: dict[str, Any], pictures: int) -> Estimate:
    mean, low, high = (_share(values[key], key) for key in ("mean", "low", "high"))
    if not low <= mean <= high or values["n"] != pictures:
        raise ValueError(f"expected a mean of {pictures} pictures inside its interval, got {values}")
    return Estimate(mean, low, high, pictures)


def _report(document: dict[str, Any]) -> RobustnessReport:
    if document["benchmark"] != BENCHMARK:
        raise ValueError(f"expected the benchmark {BENCHMARK}, got {document['benchmark']}")
    pictures = int(document["pictures"])
    rows = tuple(
        RobustnessRow(
            str(row["corruption"]),
            int(row["severity"]),
            float(row["amount"]),
            _estimate(row, pictures),
            _share(row["macro_f1"], "macro_f1"),
        )
        for row in document["rows"]
    )
    expected = [(name, severity) for name in CORRUPTIONS for severity in SEVERITIES]
    if [(row.corruption, row.severity) for row in rows] != expected:
        raise ValueError(f"expected each of {', '.join(CORRUPTIONS)} at five severities, got {len(rows)} rows")
    return RobustnessReport(
        model=str(document["model"]),
        weights_sha256=str(document["weights_sha256"]),
        dataset=str(document["dataset"]),
        split=str(document["split"]),
        pictures=pictures,
        total=int(document["total"]),
        seed=int(document["seed"]),
        clean=_estimate(document["clean"], pictures),
        clean_macro_f1=_share(document["clean"]["macro_f1"], "macro_f1"),
        rows=rows,
    )
