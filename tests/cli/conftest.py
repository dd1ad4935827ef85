"""Photographs that hold no face, so that commands classify the whole picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.made import draw


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """``album/one.png``, ``album/two.png``, ``album/broken.png`` and ``album/notes.txt``."""
    place = tmp_path / "album"
    place.mkdir()
    rng = np.random.default_rng(4)
    for index, name in enumerate(("one", "two")):
        Image.fromarray(draw(2 + index, rng, 96)).save(place / f"{name}.png")
    (place / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    (place / "notes.txt").write_text("no picture")
    return place
