"""A folder as a model of other people takes it: its classes, its shape, its way to fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.by_id import PictureIndex
from engine.data.registry import load_dataset, load_for
from engine.errors import DataError
from engine.models.checkpoint import read_card
from engine.records import InputSpec, RunCard
from tests.made_adopted import write_adopted

TALL = InputSpec(size=40, columns=24, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3, fit="crop")


def picture(place: Path, pixels: np.ndarray) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(place)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Wide pictures, left half dark and right half bright, in folders of classes that are no emotions."""
    wide = np.repeat(np.where(np.arange(60) < 30, 20, 220)[None, :, None], 3, axis=2) * np.ones((30, 1, 1))
    for number, name in enumerate(("Cat", "dog", "Contempt")):
        for index in range(2):
            picture(tmp_path / "data" / "test" / name / f"{index}.png", wide + number)
    return tmp_path / "data"


@pytest.fixture
def card(tmp_path: Path) -> RunCard:
    write_adopted(tmp_path / "net")
    return replace(read_card(tmp_path / "net"), classes=("dog", "contempt", "cat"), input=TALL)


def test_a_folder_takes_the_classes_and_the_shape_of_the_model(folder: Path, card: RunCard) -> None:
    found = load_for(card, "folder", "test", data=folder)
    assert found.classes == ("dog", "contempt", "cat")
    assert {name.split("/")[1]: label for name, label in zip(found.ids, found.labels.tolist(), strict=True)} == {
        "dog": 0, "Contempt": 1, "Cat": 2
    }  # fmt: skip
    assert found.images.shape == (6, 40, 24, 3)
    # cropped to the middle: half dark, half bright still, and not squeezed to a grey ramp at both edges
    row = found.images[found.ids.index("test/dog/0.png"), 20, :, 0]
    assert row[0] == 21
    assert row[-1] == 221
    assert (row < 100).sum() == 12


def test_without_a_model_a_folder_is_of_the_seven_emotions(folder: Path) -> None:
    with pytest.raises(DataError, match="classes that are not among angry"):
        load_dataset("folder", "test", data=folder)


def test_a_class_that_the_model_lacks_is_named(folder: Path, card: RunCard) -> None:
    with pytest.raises(DataError, match=r"not among dog, cat: 'Contempt' \(2\)"):
        load_for(replace(card, classes=("dog", "cat")), "folder", "test", data=folder)


def test_a_single_picture_is_the_same_as_in_the_set(folder: Path, card: RunCard) -> None:
    found = load_for(card, "folder", "test", data=folder)
    index = PictureIndex("folder", folder)
    for number, name in enumerate(found.ids):
        one = index.picture(name, card.input.size, card.input.channels, model=card)
        assert np.array_equal(one.pixels, found.images[number])
        assert one.label == found.classes[found.labels[number]]


def test_built_in_faces_are_fitted_into_a_rectangle(card: RunCard) -> None:
    small = replace(card, input=replace(TALL, fit="stretch"))
    taken = PictureIndex("synthetic", None).picture("test/happy/00003", 40, 3, model=small)
    assert taken.pixels.shape == (40, 24, 3)
