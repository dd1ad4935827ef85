"""Six faces, of which the second and the last have no evidence."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evidence.readings import ANSWERS, AnsweredFaces, EvidenceReadings, references_task, task_of
from engine.evidence.report import MapSource
from engine.evidence.scores import ENRICHMENT_FLOOR, EvidenceScores

CAM = MapSource("method", "gradcam", "block4", (6, 6))
GATE = MapSource("gate", "spatial", "block4.spatial", (6, 6))
EDGES = MapSource("reference", "edges", "", (6, 6))
AREA = np.array([0.25, 0.0, 0.5, 0.125, 0.25, 0.0])


def faces(start: int, stop: int) -> AnsweredFaces:
    at = np.arange(start, stop, dtype=np.int64)
    return AnsweredFaces(at % 7, np.where(AREA[start:stop] > 0, at % 7, -1), None, AREA[start:stop])


def scores(mass: list[float]) -> EvidenceScores:
    values = np.array(mass)
    return EvidenceScores(values, values, values * 0 - 9, 1 - values, np.isnan(values))


def made() -> EvidenceReadings:
    readings = EvidenceReadings({"model": "made", "seed": 0})
    readings.answer(faces(0, 4))
    readings.add(ANSWERS, 0, 4, {GATE: scores([0.5, 0.0, 1.0])})
    readings.add("gradcam", 0, 3, {CAM: scores([0.25, np.nan])})
    readings.add(references_task((6, 6)), 0, 3, {EDGES: scores([0.5, 0.5])})
    return readings


def test_each_map_belongs_to_a_task() -> None:
    assert [task_of(source) for source in (CAM, GATE, EDGES)] == ["gradcam", "answers", "references 6x6"]


def test_figures_lie_at_their_faces() -> None:
    readings = made()
    assert {task: readings.read(task) for task in (ANSWERS, "gradcam", "scorecam")} == {
        "answers": 4, "gradcam": 3, "scorecam": 0,
    }  # fmt: skip
    np.testing.assert_array_equal(readings.figures[GATE][:, 0], np.float32([0.5, np.nan, 0.0, 1.0]))
    np.testing.assert_array_equal(readings.figures[CAM][:, 1], np.float32([0.25, np.nan, np.nan]))
    assert readings.grids() == {(6, 6): 4}


def test_scores_are_of_the_faces_with_evidence_and_enrichment_follows() -> None:
    gate = made().scores(GATE, 4)
    assert gate.mass.tolist() == [0.5, 0.0, 1.0]
    assert gate.off_face.tolist() == [0.5, 1.0, 0.0]
    assert gate.enrichment.tolist() == [1.0, ENRICHMENT_FLOOR, 3.0]  # log2(.5 / .25), none, log2(1 / .125)
    cam = made().scores(CAM, 3)
    assert cam.empty.tolist() == [False, True]
    assert np.isnan(cam.enrichment[1])
    assert made().scores(GATE, 3).mass.tolist() == [0.5, 0.0]  # the first three alone, to stand beside the other
    with pytest.raises(ValueError, match="at most 3 faces"):
        made().scores(CAM, 4)


def test_it_goes_on_where_it_ended() -> None:
    readings = made()
    readings.answer(faces(4, 6))
    readings.add("gradcam", 3, 6, {CAM: scores([1.0, 0.75])})
    assert readings.read("gradcam") == 6
    np.testing.assert_array_equal(readings.figures[CAM][:, 0], np.float32([0.25, np.nan, np.nan, 1.0, 0.75, np.nan]))
    assert len(readings.figures[GATE]) == 4


def test_a_map_seen_late_begins_with_faces_without_evidence() -> None:
    readings = EvidenceReadings({})
    readings.answer(AnsweredFaces(np.zeros(2, np.int64), np.full(2, -1), None, np.zeros(2)))
    readings.add("gradcam", 0, 2, {})
    readings.answer(AnsweredFaces(np.zeros(1, np.int64), np.zeros(1, np.int64), None, np.full(1, 0.5)))
    readings.add("gradcam", 2, 3, {CAM: scores([0.5])})
    readings.add(references_task((6, 6)), 2, 3, {EDGES: scores([0.5])})  # never asked before
    assert readings.scores(CAM, 3).mass.tolist() == readings.scores(EDGES, 3).mass.tolist() == [0.5]


@pytest.mark.parametrize(("start", "stop"), [(2, 4), (4, 5), (3, 3), (3, 5)])
def test_no_face_is_read_twice_or_before_it_is_answered(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="expected faces from 3 to 4 for gradcam"):
        made().add("gradcam", start, stop, {})


def test_no_face_with_evidence_is_passed_over() -> None:
    with pytest.raises(ValueError, match="expected layercam to go on at face 0, got 2"):
        made().add("layercam", 2, 4, {})


def test_answers_of_another_number_of_faces_are_refused() -> None:
    with pytest.raises(ValueError, match="one value a face"):
        AnsweredFaces(np.zeros(2, np.int64), np.zeros(3, np.int64), None, np.zeros(2))
