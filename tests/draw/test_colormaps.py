import numpy as np
import pytest

from engine.draw.colormaps import COLORMAPS, SEQUENTIAL, colormap
from engine.errors import UnknownNameError


def luma(table: np.ndarray) -> np.ndarray:
    return table.astype(float) @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("name", ["viridis", "magma", "cividis", "grey"])
def test_uniform_tables_grow_lighter_all_the_way(name: str) -> None:
    assert (np.diff(luma(colormap(name).table)) >= -0.6).all()  # .6: rounding to 8 bits


def test_jet_does_not_and_says_so() -> None:
    assert (np.diff(luma(colormap("jet").table)) < -1).any()
    assert "misleading" in colormap("jet").title


def test_the_diverging_table_is_grey_at_zero() -> None:
    middle = colormap("coolwarm").table[127:129].astype(int)
    assert np.ptp(middle, axis=1).max() <= 2
    assert "coolwarm" not in SEQUENTIAL


def test_ends_are_the_published_ones() -> None:
    assert COLORMAPS["viridis"].table[0].tolist() == [0x44, 0x01, 0x54]
    assert COLORMAPS["viridis"].table[-1].tolist() == [0xFD, 0xE7, 0x25]
    assert COLORMAPS["grey"].css(2) == "#000000, #ffffff"


def test_unknown_name_lists_the_valid() -> None:
    with pytest.raises(UnknownNameError, match="viridis, magma"):
        colormap("rainbow")
