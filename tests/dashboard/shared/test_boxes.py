import numpy as np

from dashboard.shared.figures.colours import emotion_rgb
from dashboard.shared.figures.face import LONGEST, SHORTEST, boxed_picture
from engine.records import FaceBox, FacePrediction, PicturePrediction
from tests.dashboard.made import make_prediction

HAPPY = make_prediction(0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05)
CROP = np.zeros((8, 8, 3), dtype=np.uint8)


def found(*boxes: FaceBox | None) -> PicturePrediction:
    return PicturePrediction("a.png", tuple(FacePrediction(box, HAPPY, CROP) for box in boxes))


def test_a_box_is_drawn_in_the_emotions_colour_where_the_face_is() -> None:
    drawn = boxed_picture(np.zeros((600, 600, 3), dtype=np.uint8), found(FaceBox(100, 200, 300, 250)))
    assert drawn.shape == (600, 600, 3)
    marked = (drawn == emotion_rgb("happy")).all(axis=2)
    rows, columns = np.nonzero(marked)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (100, 200, 399, 449)
    assert not marked[300, 250]


def test_several_faces_are_numbered_and_the_chosen_one_is_thicker() -> None:
    black = np.zeros((600, 600, 3), dtype=np.uint8)
    faces = found(FaceBox(20, 20, 200, 200), FaceBox(300, 300, 200, 200))
    first, second = boxed_picture(black, faces, 0), boxed_picture(black, faces, 1)
    assert (first[20:220, 20:220] > 0).sum() > (second[20:220, 20:220] > 0).sum()
    # A number stands in the corner: more is marked there than where one face is alone.
    alone = boxed_picture(black, found(FaceBox(20, 20, 200, 200)), 0)
    assert (first[20:60, 20:60] > 0).sum() > (alone[20:60, 20:60] > 0).sum()


def test_without_a_box_the_picture_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    assert (boxed_picture(picture, found(None)) == picture).all()


def test_large_pictures_shrink_and_small_ones_grow() -> None:
    assert boxed_picture(np.zeros((3000, 1500, 3), dtype=np.uint8), found(None)).shape == (LONGEST, LONGEST // 2, 3)
    assert boxed_picture(np.zeros((48, 48, 3), dtype=np.uint8), found(FaceBox(0, 0, 48, 48))).shape[0] == SHORTEST


def test_a_strip_of_a_picture_keeps_at_least_one_row() -> None:
    assert boxed_picture(np.zeros((16, 60_000, 3), dtype=np.uint8), found(None)).shape == (1, LONGEST, 3)
