"""Models made by hand, whose evidence is known because they can read nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data.synthetic.cue import cue_mask, plant_cue
from engine.errors import DataError, UsageError
from engine.evaluate.evidence import ENRICHMENT_FLOOR
from engine.evaluate.evidence_benchmark import compute_maps, evidence_benchmark
from engine.evaluate.evidence_report import EvidenceReport, MapFigures
from engine.explain.locking import model_lock
from engine.explain.methods import METHODS, QUICK_METHODS
from engine.labels import EMOTIONS
from engine.models.plain import FourBlockNet
from engine.models.taps import AttentionTap
from engine.records import InputSpec, RunCard

SPEC = InputSpec(size=48, channels=1, mean=(0.0,), std=(1.0,))
AREA = 36 / 48**2
"""The mark is 6x6 of 48x48 pixels."""


def card(**changes: object) -> RunCard:
    usual = RunCard("made", "made", {}, EMOTIONS, SPEC, {}, {}, {}, {}, "0" * 64, 0)
    return replace(usual, **changes)  # type: ignore[arg-type]


class MarkReader(nn.Module):
    """Answers with the class of the corner mark, whose pixels are all it reads; its gate is open over the mark alone.

    Channel k of its feature map says, at every pixel of the mark, how well that pixel fits class k's mark.
    """

    explained_layers = ("features",)

    def __init__(self) -> None:
        super().__init__()
        blank = np.zeros((48, 48), np.uint8)
        marks = np.stack([plant_cue(blank, label) for label in range(7)]).astype(np.float32) / 255
        self.marks = nn.Parameter(torch.from_numpy(marks))
        self.register_buffer("mask", torch.from_numpy(cue_mask(48).astype(np.float32)))
        self.features = nn.Identity()
        self.places = AttentionTap("features.spatial", "spatial")
        self.weights = AttentionTap("features.channel", "channel")

    def activation_module(self, layer: str) -> nn.Module:
        return self.features

    def forward(self, x: Tensor) -> Tensor:
        gate = self.places(self.mask.expand(len(x), 1, 48, 48))
        self.weights(torch.ones(len(x), 7, 1, 1))
        fit: Tensor = self.features((1.0 - (x - self.marks).abs()) * gate)
        return fit.sum(dim=(2, 3))


class Contrary(MarkReader):
    """Every feature speaks against every class, so that Grad-CAM has nothing positive to show."""

    def forward(self, x: Tensor) -> Tensor:
        return -super().forward(x)


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


def test_every_layer_and_gate_of_a_real_net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.models.plain.WIDTHS", (4, 4, 8, 8))
    torch.manual_seed(0)
    model = FourBlockNet("cbam").train()
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    found = compute_maps(model, images, classes=EMOTIONS, spec=SPEC)
    assert [(source.kind, source.layer, source.grid[0]) for source in found.maps] == [
        ("method", "block1", 48), ("method", "block2", 24), ("method", "block3", 12), ("method", "block4", 6),
        ("gate", "block1.spatial", 48), ("gate", "block2.spatial", 24),
        ("gate", "block3.spatial", 12), ("gate", "block4.spatial", 6),
    ]  # fmt: skip
    assert all(heat.shape == (3, *source.grid) for source, heat in found.maps.items())
    assert found.not_scored == tuple(f"block{n}.channel" for n in (1, 2, 3, 4))
    assert model.training  # its mode is restored
    assert not any(module._forward_hooks for module in model.modules())
    # A picture's maps are its own: alone it gets the same.
    single = compute_maps(model, images[1:2], classes=EMOTIONS, spec=SPEC)
    assert single.answers[0] == found.answers[1]
    for source, heat in single.maps.items():
        np.testing.assert_allclose(heat[0], found.maps[source][1], rtol=1e-3, atol=1e-6)


def test_the_lock_is_held_while_the_model_runs() -> None:
    held: list[bool] = []

    class Watched(MarkReader):
        def forward(self, x: Tensor) -> Tensor:
            held.append(model_lock(self)._is_owned())  # type: ignore[attr-defined]
            return super().forward(x)

    compute_maps(Watched(), np.zeros((1, 48, 48), np.uint8), classes=EMOTIONS, spec=SPEC)
    assert held
    assert all(held)


def test_what_does_not_fit_is_said_in_a_sentence() -> None:
    with pytest.raises(DataError, match="'made' knows happy, sad; choose"):
        evidence_benchmark(MarkReader(), card(classes=("happy", "sad")), limit=1)
    small = InputSpec(size=32, channels=1, mean=(0.0,), std=(1.0,))
    with pytest.raises(UsageError, match="48 to 256"):
        evidence_benchmark(MarkReader(), card(input=small), limit=1)


def test_nothing_to_judge_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "engine.evaluate.evidence_pictures.KnownPictures.without_evidence",
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


def test_a_real_net_takes_every_quick_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.models.plain.WIDTHS", (4, 4, 8, 8))
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    found = compute_maps(FourBlockNet("cbam"), images, classes=EMOTIONS, spec=SPEC, methods=QUICK_METHODS)
    assert found.refused == {}
    layers = {name: [source.layer for source in found.maps if source.name == name] for name in QUICK_METHODS}
    blocks = ["block1", "block2", "block3", "block4"]
    assert layers == {name: blocks if METHODS[name].needs_layer else [""] for name in QUICK_METHODS}
