import numpy as np

from engine.edit.face_template import REGIONS, synthetic_map, template_map
from engine.edit.regions import crop_parts, dataset_parts, drawn_map, template_parts
from engine.media.faces import crop_face
from engine.records import FaceBox
from engine.synthetic import draw_expression


def test_the_template_is_not_exact_and_a_built_in_face_is() -> None:
    assert not template_parts(48).exact
    assert (template_parts(48).indices == template_map(48)).all()
    own = dataset_parts("test/happy/00003", 48)
    assert own.exact
    assert (own.indices == synthetic_map("test/happy/00003", 48)).all()
    assert (own.indices != template_map(48)).any()


def test_regions_are_cut_as_the_picture_is() -> None:
    face = draw_expression("happy", 5, 96)
    known = drawn_map(face)
    assert (known == REGIONS.index("mouth")).sum() == face.region("mouth").sum() > 0
    assert (known == REGIONS.index("off_face")).sum() == (face.region("background") | face.region("hair")).sum()
    box = FaceBox(20, 18, 60, 60)
    side = len(crop_face(face.image, box))
    cut = crop_parts(known, box, side)
    lips = crop_face(np.where((known == REGIONS.index("mouth"))[..., None], np.uint8(255), np.uint8(0)), box)[..., 0]
    assert (cut.mask(["mouth"]) == (lips == 255)).all()
    assert cut.exact


def test_each_pixel_takes_the_region_at_its_centre() -> None:
    known = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.uint8), 6, axis=0), 6, axis=1)
    assert crop_parts(known, None, 4).indices.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert crop_parts(known, None, 24).indices.shape == (24, 24)
