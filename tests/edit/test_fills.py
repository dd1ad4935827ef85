import numpy as np
import pytest

from engine.edit.fills import FILLS, GREY, fill_hidden
from engine.errors import UnknownNameError
from tests.explain.known import noise

FACE = noise(1)[0]
HIDDEN = np.zeros((2, 16, 16), np.bool_)
HIDDEN[0, 2:6, 3:9] = True
HIDDEN[1, 15, 15] = True


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("face", [FACE, np.stack([FACE, FACE.T, FACE[::-1]], axis=2)], ids=["grey", "colour"])
def test_only_what_is_hidden_changes(fill: str, face: np.ndarray) -> None:
    filled = fill_hidden(face, HIDDEN, fill)
    assert filled.dtype == np.uint8
    assert filled.shape == (2, *face.shape)
    for picture, mask in zip(filled, HIDDEN, strict=True):
        assert (picture[~mask] == face[~mask]).all()
        assert (picture[mask] != face[mask]).any()
    assert (fill_hidden(face, HIDDEN[:1] & False, fill)[0] == face).all()


def test_grey_is_one_grey_and_the_neighbours_of_a_pixel_give_their_weighted_mean() -> None:
    assert (fill_hidden(FACE, HIDDEN, "grey")[0][HIDDEN[0]] == GREY).all()
    flat = np.full((16, 16), 60, np.uint8)
    flat[8, 8] = 255
    one = np.zeros((1, 16, 16), np.bool_)
    one[0, 8, 8] = True
    # Its eight neighbours are 60; the noise has a standard deviation of 2.55.
    assert abs(int(fill_hidden(flat, one, "neighbour")[0, 8, 8]) - 60) < 12
    assert (fill_hidden(flat, one, "neighbour", 3) == fill_hidden(flat, one, "neighbour", 3)).all()


def test_an_unknown_fill_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match="Unknown fill 'paint'; valid: blur, grey, neighbour"):
        fill_hidden(FACE, HIDDEN, "paint")
