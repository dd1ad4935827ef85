from __future__ import annotations

import re

import numpy as np

from dashboard.views.data.figures.faces import SheetRow, faces_grid, reach, read_augmentation, sheet_html
from engine.data.audit.audit import class_faces
from engine.data.transforms import Augmentation


def test_three_rows_share_their_scales_and_an_empty_class_has_no_face() -> None:
    images = np.full((3, 48, 48), 100, np.uint8)
    images[1] = 140
    images[2] = 20
    faces = class_faces(images, np.array([0, 0, 2]), ("angry", "happy", "sad"))
    # Means 120 and 20, of all 70; angry spreads by 20.
    assert reach(faces) == (50.0, 20.0)
    html = faces_grid(faces)
    assert html.count("<img") == 6
    assert html.count("<span>none</span>") == 3
    assert "difference −50" in html
    assert "+50 grey values" in html
    assert "20 grey values</span></div>" in html
    assert "n = 2" in html


def test_a_sheet_outlines_originals() -> None:
    picture = np.zeros((48, 48), np.uint8)
    html = sheet_html([SheetRow("happy", [picture] * 3, ["a<b", "c", "d"], first_is_original=True)], 3)
    assert len(re.findall(r"<img", html)) == 3
    assert html.count("fl-original") == 1
    assert 'alt="a&lt;b"' in html
    assert "--fl-columns:3" in html


def test_augmentation_in_words() -> None:
    off = Augmentation(flip=0, rotate_degrees=0, shift=0, scale=0, brightness=0, contrast=0)
    assert read_augmentation(off, 0.0) == "This recipe varies nothing."
    said = read_augmentation(Augmentation(rotate_degrees=6, shift=0.04, erase=0.12, ramp_epochs=2), 0.2)
    assert "turned up to 6°, shifted up to 4 % of the side" in said
    assert "a rectangle of 2–15 % of the picture erased with probability 0.12" in said
    assert "The first 2 epochs grow" in said
    assert "Mixup" in said
