from __future__ import annotations

import numpy as np
import pytest

from engine.data.drawn import synthetic_face, synthetic_id
from engine.errors import UnknownNameError, UsageError
from engine.evidence.pictures import KnownPictures, count_pictures, draw_known, random_cue
from engine.labels import EMOTIONS
from engine.synthetic.camera import cue_mask, plant_cue


def known(variant: str = "plain", *, limit: int = 14, batch: int = 14, seed: int = 0) -> KnownPictures:
    parts = list(draw_known("test", size=48, channels=1, variant=variant, seed=seed, limit=limit, batch=batch))
    assert len(parts) == 1
    return parts[0]


@pytest.fixture(scope="module")
def plain() -> KnownPictures:
    return known()


def test_pictures_and_evidence_are_the_generators(plain: KnownPictures) -> None:
    for at in (0, 5):
        face = synthetic_face(synthetic_id("test", at))
        np.testing.assert_array_equal(plain.images[at], face.image)
        np.testing.assert_array_equal(plain.evidence[at], face.evidence)
        np.testing.assert_array_equal(plain.face[at], ~(face.region("background") | face.region("hair")))
        assert EMOTIONS[plain.labels[at]] == face.label
    assert plain.cues is None


def test_only_neutral_faces_lack_evidence_here_and_evidence_lies_on_the_face(plain: KnownPictures) -> None:
    bare = plain.without_evidence()
    assert {EMOTIONS[label] for label in plain.labels[bare]} == {"neutral"}
    assert bare.sum() == 2
    rest = plain.subset(~bare)
    assert len(rest) == 12
    assert not (rest.evidence & ~rest.face).any()
    assert rest.indices == tuple(index for index in range(14) if EMOTIONS[index % 7] != "neutral")


def test_the_first_pictures_hold_every_class_alike(plain: KnownPictures) -> None:
    assert np.bincount(plain.labels, minlength=7).tolist() == [2] * 7
    assert count_pictures("test", None) == 3_000
    assert count_pictures("test", 70) == 70
    assert count_pictures("test", 10_000) == 3_000


def test_batches_are_the_whole_in_parts(plain: KnownPictures) -> None:
    parts = list(draw_known("test", size=48, channels=1, limit=14, batch=9))
    assert [len(part) for part in parts] == [9, 5]
    np.testing.assert_array_equal(np.concatenate([part.images for part in parts]), plain.images)
    assert parts[0].indices + parts[1].indices == plain.indices


def test_the_mark_is_planted_and_is_the_evidence(plain: KnownPictures) -> None:
    marked = known("spurious")
    assert marked.cues is not None
    assert not marked.without_evidence().any()  # neutral faces carry the mark, too
    for at, cue in enumerate(marked.cues):
        np.testing.assert_array_equal(marked.images[at], plant_cue(plain.images[at], int(cue)))
        np.testing.assert_array_equal(marked.evidence[at], cue_mask(48))


def test_the_mark_predicts_nothing() -> None:
    cues = np.array([random_cue(index) for index in range(2_100)])
    counts = np.bincount(cues, minlength=7)
    assert counts.min() > 240  # 300 expected, standard deviation 16
    assert counts.max() < 360
    assert (cues == np.arange(2_100) % 7).mean() == pytest.approx(1 / 7, abs=0.03)
    assert [random_cue(index, seed=1) for index in range(20)] != cues[:20].tolist()


def test_colour_pictures_of_another_size() -> None:
    (found,) = draw_known("val", size=64, channels=3, variant="spurious", limit=2, batch=2)
    assert found.images.shape == (2, 64, 64, 3)
    assert found.evidence.shape == (2, 64, 64)


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ({"variant": "odd"}, UnknownNameError, "plain, spurious"),
        ({"split": "private"}, UnknownNameError, "train, val, test"),
        ({"limit": 0}, UsageError, "--limit of 1"),
        ({"size": 32}, UsageError, "48 to 256"),
    ],
)
def test_what_cannot_be_drawn_is_refused(words: dict[str, object], error: type[Exception], says: str) -> None:
    usual = {"split": "test", "size": 48, "channels": 1, "limit": 1, "batch": 1}
    with pytest.raises(error, match=says):
        next(draw_known(**{**usual, **words}))  # type: ignore[arg-type]


def test_masks_that_do_not_fit_are_refused(plain: KnownPictures) -> None:
    with pytest.raises(ValueError, match="expected masks"):
        KnownPictures((0,), plain.images[:1], plain.labels[:1], plain.evidence[:2], plain.face[:1], None)
    with pytest.raises(ValueError, match="1 labels"):
        KnownPictures((0,), plain.images[:1], plain.labels[:2], plain.evidence[:1], plain.face[:1], None)
