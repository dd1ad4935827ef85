from __future__ import annotations

import json

import numpy as np
import pytest

from engine.evidence.report import CueAnswers, EvidenceReport, MapSource, summarise
from engine.evidence.scores import METRICS, EvidenceScores
from engine.statistics.maps import REFERENCES

GRID = (2, 2)
CAM = MapSource("method", "gradcam", "block4", GRID)


def scores(hit: list[float]) -> EvidenceScores:
    """Scores whose mass is a tenth of the hit, whose enrichment is ten times it, whose off_face is 1 - hit."""
    values = np.array(hit)
    return EvidenceScores(values, values / 10, values * 10, 1 - values, np.isnan(values))


def table() -> dict[MapSource, EvidenceScores]:
    found = {CAM: scores([1.0, 0.5, np.nan, 0.0])}
    for name, hit in zip(REFERENCES, ([0.5] * 4, [0.0, 0.0, 1.0, 1.0], [1.0, 0.5, 0.2, 0.0]), strict=True):
        found[MapSource("reference", name, "", GRID)] = scores(hit)
    return found


GROUPS = {
    "all": np.ones(4, np.bool_),
    "right": np.array([True, True, True, False]),
    "wrong": np.array([False, False, False, True]),
    "fooled": np.zeros(4, np.bool_),
}


def test_means_by_hand() -> None:
    cam, random, centre, edges = summarise(table(), GROUPS, pictures=5)
    whole = cam.groups["all"]
    assert (whole.pictures, whole.empty, whole.figures["hit"].n) == (4, 1, 3)
    # (1 + 0.5 + 0) / 3, the empty map being in no mean; then a tenth, ten times and the rest to 1.
    assert [whole.figures[metric].mean for metric in METRICS] == pytest.approx([0.5, 0.05, 5.0, 0.5])
    right = cam.groups["right"]
    assert (right.pictures, right.empty) == (3, 1)
    assert right.figures["hit"].mean == pytest.approx(0.75)
    assert cam.groups["wrong"].figures["hit"].mean == 0.0
    assert random.groups["all"].figures["hit"].mean == 0.5
    assert centre.groups["all"].figures["hit"].mean == 0.5
    assert edges.groups["all"].figures["hit"].mean == pytest.approx(1.7 / 4)


def test_differences_are_paired_and_leave_empty_maps_out() -> None:
    cam, *references = summarise(table(), GROUPS, pictures=5)
    minus = cam.groups["all"].minus
    assert list(minus) == list(REFERENCES)
    # random: (0.5 + 0 - 0.5) / 3; centre: (1 + 0.5 - 1) / 3; edges: the same where the map is not empty.
    assert minus["random"]["hit"].mean == pytest.approx(0.0)
    assert minus["centre"]["hit"].mean == pytest.approx(0.5 / 3)
    assert minus["edges"]["hit"].as_dict() == {"mean": 0.0, "low": 0.0, "high": 0.0, "n": 3}
    assert minus["centre"]["off_face"].mean == pytest.approx(-0.5 / 3)
    assert all(reference.groups["all"].minus == {} for reference in references)


def test_groups_without_pictures_or_with_one() -> None:
    cam = summarise(table(), GROUPS, pictures=5)[0]
    assert cam.groups["fooled"].figures["hit"].as_dict() == {"mean": None, "low": None, "high": None, "n": 0}
    assert cam.groups["wrong"].figures["hit"].as_dict() == {"mean": 0.0, "low": None, "high": None, "n": 1}


def test_the_interval_is_of_the_group_and_seeded() -> None:
    whole = summarise(table(), GROUPS, pictures=5, seed=1)
    assert whole == summarise(table(), GROUPS, pictures=5, seed=1)
    found = whole[0].groups["all"].figures["hit"]
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low < 0.5 < found.high <= 1.0


def test_a_missing_reference_is_not_passed_over() -> None:
    found = table()
    del found[MapSource("reference", "centre", "", GRID)]
    with pytest.raises(KeyError):
        summarise(found, GROUPS, pictures=5)


@pytest.mark.parametrize("cue", [None, CueAnswers(differs=3, followed=2)])
def test_the_document(cue: CueAnswers | None) -> None:
    rows = summarise(table(), {name: GROUPS[name] for name in ("all", "right", "wrong")}, pictures=5)
    report = EvidenceReport(
        model="m",
        weights_sha256="a" * 64,
        split="test",
        variant="plain" if cue is None else "spurious",
        seed=0,
        classes=("a", "b"),
        pictures=5,
        scored=4,
        right=3,
        excluded={"b": 1},
        maps=rows[:1],
        references=rows[1:],
        not_scored=("block4.channel",),
        cue=cue,
    )
    document = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert document["wrong"] == 1
    assert document["weights_sha256"] == "a" * 64
    assert document["cue"] == (None if cue is None else {"differs": 3, "followed": 2})
    assert ("fooled" in document["groups"]) == (cue is not None)
    (cam,) = document["maps"]
    assert {key: cam[key] for key in ("kind", "name", "layer", "grid")} == {
        "kind": "method", "name": "gradcam", "layer": "block4", "grid": [2, 2],
    }  # fmt: skip
    assert cam["groups"]["all"]["hit"]["mean"] == 0.5
    assert cam["groups"]["all"]["empty"] == 1
    assert set(cam["groups"]["all"]["minus"]["edges"]) == set(METRICS)
    assert [row["name"] for row in document["references"]] == list(REFERENCES)
