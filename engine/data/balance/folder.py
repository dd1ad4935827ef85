"""A balanced training set on disk: ``train/<class>/*.png`` and ``balance.csv``, complete or absent.

The file says of each picture what it was made of. It also marks the folder: what is drawn from it for validation would
hold relatives of the pictures that train, so :mod:`engine.data.registry` draws nothing from it.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Final

from PIL import Image

from engine.data.balance.balance import MANIFEST, BalancePlan
from engine.data.dataset import FaceDataset
from engine.errors import UsageError
from engine.records import UInt8
from engine.writing.whole import whole_folder

COLUMNS: Final = ("id", "source", "second_source", "lambda", "method", "seed")
"""Of the manifest. A picture's pixels are ``(1 - lambda) * source + lambda * second_source``, rounded, where there is a
second source; ``original`` is the method of those that were there."""
DOCUMENT: Final = "balance.json"
_LONGEST: Final = 100


def picture_names(ids: Iterable[str]) -> list[str]:
    """Return for each id a distinct file name without ending: its own, made plain, with a number where it is taken."""
    taken: dict[str, int] = {}
    names: list[str] = []
    used: set[str] = set()
    for picture_id in ids:
        # A leading point would hide the file from the reader.
        plain = re.sub(r"[^\w.-]", "_", PurePosixPath(picture_id).stem).lstrip(".")[:_LONGEST] or "picture"
        name = plain
        while name.lower() in used:  # some file systems do not tell a from A
            taken[plain] = taken.get(plain, 1) + 1
            name = f"{plain}-{taken[plain]}"
        used.add(name.lower())
        names.append(name)
    return names


def refuse_place(out: Path, place: Path | None) -> None:
    """Refuse an ``out`` that is there already, has no folder to lie in, or lies within the data (or they within it).

    Raises:
        UsageError: with the reason.
    """
    if out.exists():
        raise UsageError(f"'{out.name}' exists already; choose another --out, or remove it first.")
    if not out.resolve().parent.is_dir():
        raise UsageError(f"The folder '{out.parent.name}' for --out does not exist; make it, or choose another --out.")
    if place is not None and place.resolve() in out.resolve().parents:
        raise UsageError(f"'{out.name}' would lie inside '{place.name}', among its pictures; choose another --out.")


def write_balanced(
    out: Path,
    dataset: FaceDataset,
    plan: BalancePlan,
    pictures: Iterable[UInt8],
    document: dict[str, Any],
    *,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the N pictures of ``dataset``, the plan's M, the manifest and ``balance.json`` into the new folder ``out``.

    Args:
        out: made beside its place and renamed, so that it is complete or absent.
        dataset: the training pictures. plan: what was made of them. pictures: M pictures in the plan's order.
        document: what ``balance.json`` says.
        seed: for the manifest.
        progress: told after each picture.
    """
    digits = len(str(max(len(plan), 1)))
    made_ids = [f"{plan.method}-{number:0{digits}}" for number in range(1, len(plan) + 1)]
    names = picture_names([*dataset.ids, *made_ids])
    labels = [*dataset.labels.tolist(), *dataset.labels[plan.first].tolist()]
    with whole_folder(out) as folder:
        for word in dataset.classes:
            (folder / "train" / word).mkdir(parents=True)
        with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
            manifest = csv.writer(file, lineterminator="\n")
            manifest.writerow(COLUMNS)
            for number, picture in enumerate(_both(dataset, pictures)):
                written = f"train/{dataset.classes[labels[number]]}/{names[number]}.png"
                Image.fromarray(picture).save(folder / written)
                manifest.writerow((written, *_row(dataset, plan, number), seed))
                if progress is not None:
                    progress(1)
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / DOCUMENT).write_text(text, encoding="utf-8")
        refuse_place(out, None)  # again: another run may have been quicker


def _both(dataset: FaceDataset, pictures: Iterable[UInt8]) -> Iterable[UInt8]:
    yield from dataset.images
    yield from pictures


def _row(dataset: FaceDataset, plan: BalancePlan, number: int) -> tuple[str, str, str, str]:
    """Return source, second source, lambda and method of picture ``number`` of the N + M."""
    if number < len(dataset):
        return dataset.ids[number], "", "", "original"
    made = number - len(dataset)
    first, second = int(plan.first[made]), int(plan.second[made])
    if second < 0:
        return dataset.ids[first], "", "", plan.method
    return dataset.ids[first], dataset.ids[second], f"{plan.weight[made]:.6f}", plan.method
