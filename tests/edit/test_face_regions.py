import numpy as np
import pytest

from engine.edit.regions import FaceRegions
from engine.errors import UnknownNameError

MAP = FaceRegions(("eyes", "nose", "mouth"), np.array([[0, 0], [2, 2]], np.uint8), exact=True)


def test_masks_join_regions_and_the_absent_one_is_known() -> None:
    assert MAP.present == ("eyes", "mouth")
    assert MAP.mask(["mouth"]).tolist() == [[False, False], [True, True]]
    assert MAP.mask(["eyes", "mouth"]).all()
    assert not MAP.mask([]).any()
    assert not MAP.mask(["nose"]).any()


def test_an_unknown_region_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match="Unknown region 'ear'; valid: eyes, nose, mouth"):
        MAP.mask(["ear"])


def test_what_is_no_map_of_regions_is_refused() -> None:
    with pytest.raises(ValueError, match="indices below 1, got 2"):
        FaceRegions(("eyes",), MAP.indices, exact=True)
    with pytest.raises(ValueError, match="uint8 map"):
        FaceRegions(("eyes",), np.zeros((2, 2)), exact=True)
