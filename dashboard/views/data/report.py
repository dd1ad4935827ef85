"""What the report of the Data page holds: counts, class means and spreads, the pictures shown, and the open gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.report.content import Array, Content, Section, Shot, Table
from dashboard.shared.figures.map_content import bare_map, face_shot
from dashboard.views.data.figures.faces import SPREAD_COLORS, SheetRow, reach
from dashboard.views.data.figures.groups import facts, read_balance, read_clean, read_conclusion, read_straddling
from engine.data.audit.audit import ClassFaces, DataAudit
from engine.draw.overlay import resize_face
from engine.records import UInt8

PIXELS = 96
"""Side of a picture on a sheet: twice 48."""


@dataclass(frozen=True)
class Shown:
    """One picture of a gallery: its position in the dataset, the group it lies in (from 1, or 0), a remark."""

    position: int
    group: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False)
class DataView:
    """What the page shows of a dataset.

    Attributes:
        found: the audit. split: whose pictures are shown, or ``all``.
        faces: mean and spread of each class over them. sample: some pictures of each class.
        recipe: whose augmentation is shown; augmented: originals, each with its variants.
        gallery: which gallery is open; pictures: those of its page.
    """

    found: DataAudit
    split: str
    faces: ClassFaces
    sample: Sequence[SheetRow]
    recipe: str
    augmented: Sequence[SheetRow]
    gallery: str
    pictures: Sequence[Shown]


def _sheet(rows: Sequence[SheetRow]) -> UInt8:
    """Return rows of pictures under each other, uint8 (H, W, 3), white where a row is shorter."""
    across = max(len(row.pictures) for row in rows)
    sheet = np.full((len(rows) * PIXELS, across * PIXELS, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row.pictures):
            drawn = resize_face(picture, PIXELS)
            place = (slice(y * PIXELS, (y + 1) * PIXELS), slice(x * PIXELS, (x + 1) * PIXELS))
            sheet[place] = drawn
    return sheet


def _rows(name: str, rows: Sequence[SheetRow]) -> tuple[tuple[Shot, ...], tuple[Table, ...]]:
    if not rows:
        return (), ()
    names = ", ".join(row.title for row in rows)
    table = Table(("row", "pictures, from the left"), tuple((row.title, ", ".join(row.said)) for row in rows))
    return (Shot.of(name, _sheet(rows), f"Rows from above: {names}."),), (table,)


def _faces(faces: ClassFaces) -> Section:
    apart, most = reach(faces)
    shots: list[Shot] = []
    for index, (name, count) in enumerate(zip(faces.classes, faces.count, strict=True)):
        if not count:
            continue
        mean = np.rint(faces.mean[index]).astype(np.uint8)
        shots.append(face_shot(mean, f"mean {name}", f"mean of {name}, n = {int(count):,}"))
        difference = bare_map(faces.difference[index], (-apart, apart), signed=True)
        shots.append(
            Shot.of(f"difference {name}", difference, f"{name}: difference from all, ±{apart:.0f} grey values")
        )
        spread = bare_map(faces.spread[index], (0.0, most), signed=False, colors=SPREAD_COLORS)
        shots.append(Shot.of(f"spread {name}", spread, f"{name}: spread, 0 to {most:.0f} grey values"))
    return Section("Mean and spread of each class", (), tuple(shots))


def _counts(found: DataAudit) -> Section:
    numbers = Table(("what", "n", "meaning"), tuple((fact.what, f"{fact.value:,}", fact.hint) for fact in facts(found)))
    balance = found.balance()
    classes = list(next(iter(balance.values()), {}))
    rows = tuple((name, *(f"{counts[name]:,}" for counts in balance.values())) for name in classes)
    words = (*read_clean(found), read_straddling(found), *read_conclusion(found), read_balance(balance))
    return Section("Counts", words, tables=(numbers, Table(("class", *balance), rows, "Pictures by class and split.")))


def data_content(view: DataView) -> Content:
    """Return the report's content; pictures are (n, 48, 48), in the order of their ids."""
    pictures = view.found.pictures
    shown = view.pictures
    gallery = Section(
        f"Gallery: {view.gallery}",
        () if shown else ("There is none.",),
        tuple(
            face_shot(
                pictures.images[one.position],
                pictures.ids[one.position],
                f"{pictures.ids[one.position]}, labelled {pictures.classes[int(pictures.labels[one.position])]}"
                + (f", group {one.group}" if one.group else "")
                + (f", {one.note}" if one.note else ""),
            )
            for one in shown
        ),
    )
    sample, augmented = _rows("sample", view.sample), _rows("augmentation", view.augmented)
    sections = (
        _counts(view.found),
        _faces(view.faces),
        Section(f"A sample of {view.split}", (), sample[0], tables=sample[1]),
        Section(
            f"Augmentation by {view.recipe}", ("The picture as it is on the left.",), augmented[0], tables=augmented[1]
        ),
        gallery,
    )
    positions = np.array([one.position for one in shown], np.int64)
    arrays: dict[str, Array] = {
        "classes": np.array(list(view.faces.classes)),
        "faces/count": view.faces.count,
        "faces/mean": view.faces.mean,
        "faces/spread": view.faces.spread,
        "gallery/ids": np.array([pictures.ids[one.position] for one in shown]),
        "gallery/labels": pictures.labels[positions],
        "gallery/groups": np.array([one.group for one in shown], np.int64),
        "gallery/pictures": pictures.images[positions],
    }
    for name, rows in (("sample", view.sample), ("augmentation", view.augmented)):
        for row in rows:
            arrays[f"{name}/{row.title}"] = (
                np.stack(list(row.pictures)) if len(row.pictures) else np.zeros((0,), np.uint8)
            )
    return Content(sections, arrays)
