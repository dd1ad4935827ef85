"""Who lends gates: decided in one place, and never a drawn face to what is not about faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.read.samm import ONSET_APEX
from engine.errors import DataError
from engine.models.checkpoint import read_card
from engine.records import RunCard
from engine.trust.lenders import LENDERS, MOVED_LENDERS, NO_LENDERS, given, lenders_of
from tests.made_adopted import write_adopted


@pytest.fixture
def card(tmp_path: Path) -> RunCard:
    write_adopted(tmp_path / "mine", "pictures")
    return read_card(tmp_path / "mine")


def write_pictures(root: Path, classes: tuple[str, ...], shade: int = 0) -> Path:
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for index in range(6):
            pixels = np.full((30, 50, 3), shade + 20 * number + index, dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{index}.png")
    return root


def test_a_folder_of_the_users_lends_its_pictures_from_all_over_it(card: RunCard, tmp_path: Path) -> None:
    lent = lenders_of(card, 4, data=write_pictures(tmp_path / "data", card.classes))
    assert lent.words == "4 pictures of your own data"
    assert lent.pictures.shape[:3] == (4, card.input.height, card.input.width)
    assert len({int(picture.mean()) // 20 for picture in lent.pictures}) == len(card.classes)


def test_pictures_of_other_classes_are_none_of_its_kind(card: RunCard, tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", ("boat", "lorry"))
    with pytest.raises(DataError, match=r"called as the classes of 'mine' are .* found no such picture"):
        lenders_of(card, data=data)
    with pytest.raises(DataError, match="lent in 'nowhere', but there is no such folder"):
        lenders_of(card, data=tmp_path / "nowhere")


def test_without_data_of_its_own_nobody_lends_to_what_is_not_about_faces(
    card: RunCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERLENS_DATA", str(tmp_path / "nothing"))
    lent = lenders_of(card)
    assert (len(lent.pictures), lent.words) == (0, NO_LENDERS)
    # The data set at hand has the model's classes: it lends. One of other classes does not.
    monkeypatch.setenv("FERLENS_DATA", str(write_pictures(tmp_path / "own", card.classes)))
    assert lenders_of(card, 3).words == "3 pictures of your own data"
    monkeypatch.setenv("FERLENS_DATA", str(write_pictures(tmp_path / "other", ("boat", "lorry"))))
    assert lenders_of(card).words == NO_LENDERS


def test_drawn_faces_lend_to_faces_and_their_movements_to_movements(card: RunCard) -> None:
    faces = replace(card, domain="faces")
    assert (lenders_of(faces, 2).words, len(lenders_of(faces, 2).pictures)) == (LENDERS, 2)
    moved = lenders_of(replace(faces, recipe={"data": {"clips": ONSET_APEX}}, input=replace(card.input, columns=0)), 2)
    assert moved.words == MOVED_LENDERS
    assert given(lenders_of(faces, 2).pictures).words == "2 other pictures"
