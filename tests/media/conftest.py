"""A portrait and the detector that comes with OpenCV, for the tests of finding faces."""

from __future__ import annotations

import numpy as np
import pytest

from engine.media.faces import HaarDetector
from engine.media.pictures import open_picture
from tests.media.made_faces import SAMPLES


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    return open_picture(SAMPLES / "astronaut.jpg").pixels


@pytest.fixture(scope="session")
def haar() -> HaarDetector:
    return HaarDetector()
