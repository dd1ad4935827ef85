from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from engine.errors import DataError, UsageError
from engine.evidence.readings import EvidenceReadings
from engine.evidence.report import EvidenceReport, MapFigures
from engine.evidence.run import evidence_benchmark
from engine.evidence.scores import ENRICHMENT_FLOOR
from engine.records import InputSpec
from tests.evidence.made_readers import AREA, Contrary, MarkReader, card


def by_kind(report: EvidenceReport) -> dict[str, MapFigures]:
    return {row.source.kind: row for row in report.maps}


@pytest.fixture(scope="module")
def exposed() -> EvidenceReport:
    return evidence_benchmark(MarkReader(), card(), variant="spurious", limit=28, batch_size=16)


def test_a_model_that_reads_the_mark_alone_is_exposed(exposed: EvidenceReport) -> None:
    assert exposed.cue is not None
    assert exposed.cue.followed == exposed.cue.differs > 0
    assert (exposed.pictures, exposed.scored, exposed.excluded) == (28, 28, {})
    assert exposed.right == 28 - exposed.cue.differs
    found = by_kind(exposed)
    for kind in ("method", "gate"):
        figures = found[kind].groups["fooled"].figures
        assert figures["hit"].mean == 1.0
        assert figures["mass"].mean == 1.0
        assert figures["enrichment"].mean == pytest.approx(-np.log2(AREA))
    assert found["gate"].groups["all"].figures["enrichment"].as_dict()["low"] == 6.0
    assert found["method"].groups["fooled"].pictures == exposed.cue.followed
    assert exposed.not_scored == ("features.channel",)


def test_it_beats_every_reference_and_reaches_the_ceiling(exposed: EvidenceReport) -> None:
    minus = by_kind(exposed)["method"].groups["all"].minus
    assert set(minus) == {"random", "centre", "edges"}
    for figures in minus.values():
        assert figures["mass"].low is not None
        assert figures["mass"].low > 0.5
    ceiling = next(row for row in exposed.references if row.source.name == "ceiling")
    assert ceiling.groups["all"].figures["hit"].mean == 1.0


def test_the_same_model_shows_no_evidence_of_expressions() -> None:
    report = evidence_benchmark(MarkReader(), card(), limit=14)
    assert (report.pictures, report.scored, report.excluded, report.cue) == (14, 12, {"neutral": 2}, None)
    groups = by_kind(report)["gate"].groups
    assert set(groups) == {"all", "right", "wrong"}
    assert groups["all"].figures["hit"].mean == 0.0
    assert groups["all"].figures["enrichment"].mean == ENRICHMENT_FLOOR
    assert groups["right"].pictures == report.right
    assert groups["right"].pictures + groups["wrong"].pictures == 12


def test_maps_without_positive_evidence_are_counted_apart() -> None:
    report = evidence_benchmark(Contrary(), card(), variant="spurious", limit=7)
    figures = by_kind(report)["method"].groups["all"]
    assert (figures.pictures, figures.empty) == (7, 7)
    assert figures.figures["hit"].mean is None
    assert figures.minus["random"]["hit"].n == 0
    assert by_kind(report)["gate"].groups["all"].empty == 0


def test_batches_do_not_change_the_figures(exposed: EvidenceReport) -> None:
    counted: list[int] = []
    again = evidence_benchmark(
        MarkReader(), card(), variant="spurious", limit=28, batch_size=28, progress=counted.append
    )
    assert counted == [28]
    assert again.references == exposed.references
    assert again.cue == exposed.cue
    other = evidence_benchmark(MarkReader(), card(), variant="spurious", limit=28, seed=1)
    assert other.references != exposed.references


def test_what_does_not_fit_is_said_in_a_sentence() -> None:
    with pytest.raises(DataError, match="'made' knows happy, sad; choose"):
        evidence_benchmark(MarkReader(), card(classes=("happy", "sad")), limit=1)
    small = InputSpec(size=32, channels=1, mean=(0.0,), std=(1.0,))
    with pytest.raises(UsageError, match="48 to 256"):
        evidence_benchmark(MarkReader(), card(input=small), limit=1)


def test_nothing_to_judge_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "engine.evidence.pictures.KnownPictures.without_evidence",
        lambda pictures: np.ones(len(pictures), np.bool_),
    )
    with pytest.raises(DataError, match="None of the 3 pictures"):
        evidence_benchmark(MarkReader(), card(), limit=3)


def test_methods_without_a_layer_appear_once_and_what_cannot_explain_is_named() -> None:
    names = ("gradcam", "hirescam", "guided_gradcam", "integrated_gradients", "occlusion")
    report = evidence_benchmark(MarkReader(), card(), variant="spurious", limit=7, methods=names)
    rows = {row.source.name: row for row in report.maps if row.source.kind == "method"}
    assert {name: row.source.layer for name, row in rows.items()} == {
        "gradcam": "features", "hirescam": "features", "integrated_gradients": "", "occlusion": "",
    }  # fmt: skip
    assert rows["occlusion"].source.grid == (8, 8)
    assert {row.source.grid for row in report.references} == {(48, 48), (8, 8)}
    for row in rows.values():  # it reads nothing but the mark, and every method finds it out
        # The mark begins a pixel off the border, so a cell of 6x6 pixels holds 5x5 of it at best.
        expected = 1.0 if row.source.grid == (48, 48) else 25 / 36
        assert row.groups["all"].figures["hit"].mean == pytest.approx(expected)
    assert list(report.refused) == ["guided_gradcam"]
    assert "has none" in report.refused["guided_gradcam"]
    assert report.as_dict()["refused"] == report.refused
    with pytest.raises(UsageError, match="Unknown method 'lrp'"):
        evidence_benchmark(MarkReader(), card(), limit=1, methods=("lrp",))


class Counted(MarkReader):
    """Counts the pictures that it is given."""

    pictures = 0

    def forward(self, x: Tensor) -> Tensor:
        self.pictures += len(x)
        return super().forward(x)


WORDS: dict[str, Any] = {"variant": "spurious", "batch_size": 8}
"""Batches of 8, which no limit here is a multiple of."""


def test_each_method_has_its_own_faces_and_references_over_the_same_ones() -> None:
    report = evidence_benchmark(
        MarkReader(), card(), limit=28, limits={"occlusion": 10, "hirescam": 13},
        methods=("gradcam", "hirescam", "occlusion"), **WORDS,
    )  # fmt: skip
    rows = {row.source.name: row for row in report.maps}
    assert {name: row.pictures for name, row in rows.items()} == {
        "gradcam": 28, "hirescam": 13, "occlusion": 10, "spatial": 28,
    }  # fmt: skip
    assert [row.source.name for row in report.maps] == ["gradcam", "hirescam", "occlusion", "spatial"]
    assert {row.source.name for row in report.shorter} == {"hirescam", "occlusion"}
    assert (report.pictures, report.scored) == (28, 28)
    for name, alone in (("hirescam", 13), ("occlusion", 10)):
        own = evidence_benchmark(MarkReader(), card(), limit=alone, methods=(name,), **WORDS)
        expected = next(row for row in own.maps if row.source.name == name)
        assert rows[name] == expected  # its figures, its groups and its paired differences are those of these faces
        for reference in ("random", "centre", "edges", "ceiling"):
            assert report.reference(reference, rows[name]) == own.reference(reference, expected)


def test_a_run_goes_on_where_another_was_killed() -> None:
    names = ("gradcam", "occlusion")
    whole = evidence_benchmark(MarkReader(), card(), limit=20, methods=names, **WORDS)
    kept: list[EvidenceReadings] = []

    class Killed(Exception):  # noqa: N818 - it is no error of the program
        pass

    def kill(readings: EvidenceReadings) -> None:
        kept.append(copy.deepcopy(readings))
        if len(kept) == 3:  # both of the first batch, and the quick one of the second
            raise Killed

    with pytest.raises(Killed):
        evidence_benchmark(MarkReader(), card(), limit=20, methods=names, keep=kill, **WORDS)
    assert {task: kept[2].read(task) for task in ("answers", *names)} == {
        "answers": 16, "gradcam": 16, "occlusion": 8,
    }  # fmt: skip
    asked = Counted()
    again = evidence_benchmark(asked, card(), limit=20, methods=names, readings=kept[2], **WORDS)
    assert again == whole
    fresh = Counted()
    evidence_benchmark(fresh, card(), limit=20, methods=names, **WORDS)
    assert asked.pictures < 0.7 * fresh.pictures


def test_more_methods_and_faces_are_added_to_what_is_there() -> None:
    kept: list[EvidenceReadings] = []
    evidence_benchmark(MarkReader(), card(), limit=9, methods=("gradcam",), keep=kept.append, **WORDS)
    added = evidence_benchmark(
        MarkReader(), card(), limit=20, limits={"occlusion": 5}, methods=("gradcam", "occlusion"),
        readings=kept[-1], **WORDS,
    )  # fmt: skip
    at_once = evidence_benchmark(
        MarkReader(), card(), limit=20, limits={"occlusion": 5}, methods=("gradcam", "occlusion"), **WORDS
    )
    assert added == at_once
    asked = Counted()
    shorter = evidence_benchmark(asked, card(), limit=3, methods=("gradcam",), readings=kept[-1], **WORDS)
    assert asked.pictures == 0  # nothing is measured twice, and nothing that is there is dropped
    assert shorter == at_once


def test_faces_without_evidence_take_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    # Batches of 4: the first of the plain faces 0 to 3 and 5, 6 have evidence, 4 (neutral) has none.
    whole = evidence_benchmark(MarkReader(), card(), limit=14)
    kept: list[EvidenceReadings] = []
    evidence_benchmark(MarkReader(), card(), limit=4, keep=kept.append)
    evidence_benchmark(MarkReader(), card(), limit=5, keep=kept.append, readings=kept[-1])  # the neutral one by itself
    assert evidence_benchmark(MarkReader(), card(), limit=14, readings=kept[-1]) == whole
    # The very first faces have none: nothing is known of the maps then, not even their grids.
    monkeypatch.setattr(
        "engine.evidence.pictures.KnownPictures.without_evidence",
        lambda pictures: np.array(pictures.indices) < 4,
    )
    late = evidence_benchmark(MarkReader(), card(), limit=12, batch_size=4, variant="spurious")
    assert (late.pictures, late.scored) == (12, 8)
    assert all(row.groups["all"].pictures == 8 for row in (*late.maps, *late.references))
