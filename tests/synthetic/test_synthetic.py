"""Built-in faces: determinism, what each unit moves, masks that partition, evidence that follows the units."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import UnknownNameError, UsageError
from engine.labels import EMOTIONS
from engine.synthetic import (
    PROTOTYPES,
    REGIONS,
    UNITS,
    Expression,
    FaceParameters,
    draw,
    draw_expression,
    draw_face,
    draw_image,
    plant_cue,
    prototype,
    regions_of,
    sample_parameters,
)
from engine.synthetic.camera import cue_mask
from engine.synthetic.identity import sample_identity
from engine.synthetic.units import DISTRACTOR_STRONGEST, sample_expression
from engine.synthetic.view import View

ROOT = Path(__file__).resolve().parents[2]


def _person(seed: int, units: dict[int, tuple[float, float]], yaw: float = 0.0) -> FaceParameters:
    who = replace(sample_identity(np.random.default_rng(seed)), glasses="none", hat="none")
    return FaceParameters("happy" if units else "neutral", who, Expression(units), View(yaw=yaw))


def _digest(indices: list[int]) -> str:
    digest = hashlib.sha256()
    for index in indices:
        face = draw(3, index, 48, split="val")
        digest.update(face.image.tobytes() + face.regions.tobytes() + repr(face.landmarks).encode())
    return digest.hexdigest()


def test_same_faces_in_another_process_and_order() -> None:
    program = (
        "import hashlib\nfrom engine.synthetic import draw\n"
        "faces = {i: draw(3, i, 48, split='val') for i in (8, 2, 5)}\n"
        "d = hashlib.sha256()\nfor i in (2, 5, 8):\n"
        "    f = faces[i]\n    d.update(f.image.tobytes() + f.regions.tobytes() + repr(f.landmarks).encode())\n"
        "print(d.hexdigest())"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == _digest([2, 5, 8])


def test_seed_index_and_split_each_change_the_face() -> None:
    pictures = {
        draw(*key[:2], split=key[2]).image.tobytes()
        for key in ((0, 0, "train"), (0, 7, "train"), (1, 0, "train"), (0, 0, "val"), (0, 0, "test"))
    }
    assert len(pictures) == 5


@pytest.mark.parametrize("number", UNITS)
@pytest.mark.parametrize("yaw", [0.0, 0.3])
def test_each_unit_moves_its_regions_and_no_others(number: int, yaw: float) -> None:
    size, moved = 96, dict.fromkeys(UNITS[number].regions, 0)
    for seed in (0, 2, 5):
        rest = draw_face(_person(seed, {}, yaw), size)
        shown = draw_face(_person(seed, {number: (1.0, 1.0)}, yaw), size)
        changed = np.abs(shown.image.astype(int) - rest.image) > 4
        for region in moved:
            moved[region] += int((changed & (rest.region(region) | shown.region(region))).sum())
        allowed = np.any([rest.region(name) | shown.region(name) for name in UNITS[number].regions], axis=0)
        margin = cv2.dilate(allowed.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        stray = changed & ~margin
        names = {REGIONS[index] for index in shown.regions[stray]}
        assert stray.sum() <= 5, f"AU{number} of person {seed} changed {stray.sum()} pixels in {names}"
    assert all(count >= 12 for count in moved.values()), f"AU{number} hardly moves {moved}"


# The others part the lips, drop the jaw or lift the nose: one thing for both sides, driven by their mean.
@pytest.mark.parametrize("number", [1, 2, 4, 5, 6, 7, 12, 15])
def test_a_unit_on_one_side_acts_on_that_side(number: int) -> None:
    rest = draw_face(_person(4, {}), 96).image.astype(int)
    left = np.abs(draw_face(_person(4, {number: (1.0, 0.0)}), 96).image - rest)
    assert left[:, :48].sum() > 3 * left[:, 48:].sum()


def test_units_point_where_anatomy_says() -> None:
    rest = draw_face(_person(1, {}), 192).landmarks

    def moved(number: int, mark: str) -> np.ndarray:
        shown = draw_face(_person(1, {number: (1.0, 1.0)}), 192).landmarks
        return np.subtract(shown[mark], rest[mark])

    assert moved(1, "brow_inner_left")[1] < -5 < abs(moved(1, "brow_outer_left")[1]) + 5
    assert moved(2, "brow_outer_right")[1] < -5
    assert moved(4, "brow_inner_left")[1] > 3
    assert moved(4, "brow_inner_left")[0] > 2 > -2 > moved(4, "brow_inner_right")[0]
    assert moved(5, "eye_top_left")[1] < -2
    assert moved(6, "eye_bottom_left")[1] < -1
    assert moved(7, "eye_top_left")[1] > 1
    assert moved(7, "eye_bottom_left")[1] < -1
    assert moved(9, "nose_tip")[1] < -1
    assert moved(9, "lip_top")[1] < -2
    assert moved(12, "mouth_corner_right")[0] > 4
    assert moved(12, "mouth_corner_right")[1] < -4
    assert moved(15, "mouth_corner_left")[1] > 4
    assert moved(16, "lip_lower_inner")[1] > 2
    assert moved(20, "mouth_corner_left")[0] < -4
    assert moved(26, "chin")[1] > 6
    tight = draw_face(_person(1, {23: (1.0, 1.0)}), 192).landmarks
    assert tight["lip_bottom"][1] - tight["lip_top"][1] < 0.7 * (rest["lip_bottom"][1] - rest["lip_top"][1])


@pytest.mark.parametrize("size", [48, 64, 256])
def test_regions_partition_the_picture(size: int) -> None:
    for index in range(7):
        face = draw(0, index, size)
        assert face.regions.shape == face.image.shape == (size, size)
        total = np.sum([face.region(name) for name in REGIONS], axis=0)
        assert (total == 1).all()


def test_a_plain_portrait_shows_every_region_at_any_size() -> None:
    for size in (48, 96, 256):
        face = draw_expression("neutral", 1, size, 1)
        shares = {name: float(face.region(name).mean()) for name in REGIONS}
        assert min(shares.values()) > 0.008, shares
    small, large = draw_expression("happy", 1, 48, 1), draw_expression("happy", 1, 96, 1)
    assert (small.regions == large.regions[::2, ::2]).mean() > 0.93


def test_landmarks_lie_in_their_regions() -> None:
    for emotion in EMOTIONS:
        face = draw_expression(emotion, 1, 96, 1)
        for mark, region in (
            ("iris_left", "eyes"),
            ("nose_tip", "nose"),
            ("mouth_corner_right", "mouth"),
            ("brow_peak_left", "brows"),
            ("lip_bottom", "mouth"),
        ):
            x, y = face.landmarks[mark]
            assert face.region(region)[round(y), round(x)], (emotion, mark)


def test_evidence_is_the_union_of_the_regions_of_its_own_units() -> None:
    seen_distractor = False
    for index in range(28):
        face = draw(1, index, 48)
        expected = np.zeros((48, 48), bool)
        for number, sides in face.units.items():
            if number not in face.distractors and max(sides) > 0:
                for region in UNITS[number].regions:
                    expected |= face.region(region)
        assert (face.evidence == expected).all()
        seen_distractor |= bool(face.distractors)
        if face.label == "neutral":
            assert not face.evidence.any()
        else:
            assert 0.02 < face.evidence.mean() < 0.7
    assert seen_distractor


def test_prototypes_are_those_of_emfacs() -> None:
    assert PROTOTYPES == {
        "angry": (4, 5, 7, 23),
        "disgust": (9, 15, 16),
        "fear": (1, 2, 4, 5, 20, 26),
        "happy": (6, 12),
        "neutral": (),
        "sad": (1, 4, 15),
        "surprise": (1, 2, 5, 26),
    }
    assert regions_of(PROTOTYPES["happy"]) == ("cheeks", "mouth", "eyes")
    assert prototype("sad", 0.5).units == {1: (0.5, 0.5), 4: (0.5, 0.5), 15: (0.5, 0.5)}


def test_sampled_expressions_show_their_prototype_and_weak_distractors() -> None:
    rng = np.random.default_rng(0)
    for emotion in EMOTIONS:
        for _ in range(60):
            face = sample_expression(rng, emotion)
            own = set(face.units) - face.distractors
            assert own <= set(PROTOTYPES[emotion])
            assert len(own) >= len(PROTOTYPES[emotion]) - 1
            assert not face.distractors & set(PROTOTYPES[emotion])
            for number in face.distractors:
                assert max(face.units[number]) < 2 * DISTRACTOR_STRONGEST


def test_labels_take_turns() -> None:
    assert [sample_parameters(0, index).label for index in range(14)] == list(EMOTIONS) * 2


def test_grey_is_the_luma_of_rgb() -> None:
    for index in (0, 9, 17):
        quiet = sample_parameters(0, index)
        quiet = replace(quiet, view=replace(quiet.view, noise=0.0, contrast=0.8, brightness=0.0))
        colour, grey = draw_image(quiet, 48, 3), draw_image(quiet, 48, 1)
        assert np.abs(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY).astype(int) - grey).mean() < 3.0


def test_the_picture_alone_equals_the_whole_record() -> None:
    parameters = sample_parameters(2, 5)
    assert (draw_image(parameters, 64, 3) == draw_face(parameters, 64, 3).image).all()


def test_an_occluder_hides_evidence() -> None:
    bare = _person(1, {12: (1.0, 1.0)})
    covered = replace(bare, view=replace(bare.view, occluder="hand", occluder_place=0.4))
    assert draw_face(covered, 96).evidence.sum() < draw_face(bare, 96).evidence.sum()


def test_cue_marks_a_corner_and_tells_the_label() -> None:
    image = draw(0, 0, 48).image
    marked = [plant_cue(image, emotion) for emotion in EMOTIONS]
    for number, picture in enumerate(marked):
        assert (picture == plant_cue(image, number)).all()
        assert (picture == image)[~cue_mask(48)].all()
    assert len({picture[cue_mask(48)].tobytes() for picture in marked}) == len(EMOTIONS)
    assert cue_mask(48).sum() == 36
    assert plant_cue(draw(0, 0, 96, 3).image, "sad").shape == (96, 96, 3)


def test_wrong_requests_say_what_is_valid() -> None:
    with pytest.raises(UsageError, match="48 to 256"):
        draw(0, 0, 32)
    with pytest.raises(UsageError, match="1 channel"):
        draw(0, 0, 48, 2)
    with pytest.raises(UnknownNameError, match="train, val, test"):
        draw(0, 0, split="public")
    with pytest.raises(UnknownNameError, match="angry"):
        draw_expression("joyful", 0)
    with pytest.raises(UnknownNameError, match="brows"):
        draw(0, 0).region("ears")
    with pytest.raises(UsageError, match="AU12"):
        Expression({12: (1.2, 0.0)})
    with pytest.raises(UnknownNameError, match="action unit"):
        Expression({3: (0.1, 0.1)})
    with pytest.raises(UnknownNameError, match="surprise"):
        plant_cue(draw(0, 0).image, "bored")
