from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DataError, UnknownNameError
from engine.evidence.face import face_number, judge_face, known_face
from engine.evidence.maps import compute_maps
from engine.evidence.pictures import draw_known
from engine.evidence.run import score_sources
from engine.evidence.scores import METRICS
from engine.labels import CK_EMOTIONS
from engine.models.checkpoint import LoadedModel, load_checkpoint
from engine.synthetic.camera import cue_mask
from tests.made import write_seeded

IDS = ("test/angry/00000", "test/disgust/00001", "test/fear/00002", "test/happy/00003", "test/neutral/00004")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("face")
    write_seeded(folder / "cbam", "cbam")
    return load_checkpoint("cbam", folder=folder)


@pytest.mark.parametrize("variant", ["plain", "spurious"])
def test_one_face_is_what_the_benchmark_gets(variant: str) -> None:
    (batch,) = draw_known("test", size=48, channels=1, variant=variant, limit=5, batch=8)
    for at, face_id in enumerate(IDS):
        known = known_face(face_id, size=48, channels=1, variant=variant)
        assert np.array_equal(known.image, batch.images[at])
        assert np.array_equal(known.evidence, batch.evidence[at])
        assert np.array_equal(known.face, batch.face[at])
        assert known.label == face_id.split("/")[1]
    assert (known.cue is None) == (variant == "plain")


def test_its_maps_and_figures_are_the_benchmarks(loaded: LoadedModel) -> None:
    (batch,) = draw_known("test", size=48, channels=1, limit=1, batch=1)
    found = compute_maps(loaded.model, batch.images, classes=loaded.card.classes, spec=loaded.card.input)
    scores = score_sources(found.maps, batch)
    judged = judge_face(loaded.model, loaded.card, known_face(IDS[0], size=48, channels=1))
    assert judged.prediction.label == loaded.card.classes[found.answers[0]]
    assert [entry.source for entry in judged.maps] == list(found.maps)
    for entry in judged.maps:
        assert np.allclose(entry.heatmap, found.maps[entry.source][0], atol=1e-6)
        for metric in METRICS:
            assert getattr(entry, metric) == pytest.approx(float(getattr(scores[entry.source], metric)[0]), abs=1e-4)


def test_a_neutral_face_has_maps_and_no_figures(loaded: LoadedModel) -> None:
    judged = judge_face(loaded.model, loaded.card, known_face(IDS[4], size=48, channels=1))
    assert judged.known.area == 0.0
    assert not judged.known.units
    assert len(judged.maps) == 8
    assert all(entry.mass is None and entry.hit is None for entry in judged.maps)


def test_an_all_negative_map_is_not_judged(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def negative(*args: object, **named: object) -> object:
        found = compute_maps(*args, **named)  # type: ignore[arg-type]
        return replace(found, maps={source: -np.abs(heat) - 1 for source, heat in found.maps.items()})

    monkeypatch.setattr("engine.evidence.face.compute_maps", negative)
    judged = judge_face(loaded.model, loaded.card, known_face(IDS[0], size=48, channels=1))
    assert all(entry.mass is None for entry in judged.maps)


def test_the_marked_face_has_its_mark_as_evidence() -> None:
    known = known_face(IDS[3], size=48, channels=1, variant="spurious")
    plain = known_face(IDS[3], size=48, channels=1)
    assert np.array_equal(known.evidence, cue_mask(48))
    assert np.array_equal(known.image[~cue_mask(48)], plain.image[~cue_mask(48)])
    assert not np.array_equal(known.image, plain.image)
    assert known.area == pytest.approx(36 / 48**2)  # a mark of 6 x 6 pixels


def test_own_units_and_distractors_are_apart() -> None:
    known = known_face(IDS[3], size=48, channels=1)
    assert set(known.units) == {6, 12}
    assert not set(known.distractors) & set(known.units)
    assert all(0 < value <= 1 for value in (known.units | known.distractors).values())


def test_a_face_number_is_checked() -> None:
    assert face_number("test/happy/00003") == 3
    assert face_number("train/happy/00003", "train") == 3
    for wrong in ("", "3", "test/sad/00003", "test/happy/3", "test/happy/99999", "test/fear/03002", "x/happy/00003"):
        with pytest.raises(DataError, match=r"test/happy/00003.*got '"):
            face_number(wrong)
    with pytest.raises(DataError):
        face_number("train/happy/00003", "test")


def test_unknown_variants_and_classes_are_refused(loaded: LoadedModel) -> None:
    with pytest.raises(UnknownNameError, match="plain"):
        known_face(IDS[0], size=48, channels=1, variant="hard")
    other = replace(loaded.card, classes=CK_EMOTIONS)
    with pytest.raises(DataError, match="contempt"):
        judge_face(loaded.model, other, known_face(IDS[0], size=48, channels=1))


def test_a_long_id_is_cut_in_the_message() -> None:
    with pytest.raises(DataError) as raised:
        face_number("x" * 50_000, "test")
    assert len(str(raised.value)) < 500
