from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dashboard.shared import face_loaders as kept
from dashboard.shell import loaders
from dashboard.shell import map_loaders as maps
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import Work
from dashboard.shell.map_loaders import FaceKey
from engine.models.checkpoint import read_card
from engine.records import FaceExplanation, RunCard
from engine.trust import trust as trust_cost
from engine.trust.lenders import lenders_of
from engine.trust.trust import TrustCost, trust


@pytest.fixture
def card(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> RunCard:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    return read_card(seeded_checkpoints / "cbam")


def test_what_is_measured_is_the_engines_and_is_kept(card: RunCard, quick_trust: dict[str, list[str]]) -> None:
    crop = np.random.default_rng(3).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    key = FaceKey("digest", 0, True, card.name, card.weights_sha256)
    predictor = loaders.predictor(card)
    explained: FaceExplanation = predictor.explain_crop(crop, layer="block4", target="happy")
    main = explained.maps[0]
    assert kept.known_gates(key, "happy") is None
    assert kept.known_map(key, main) is None
    steps: list[tuple[int, int]] = []
    gates = kept.check_gates(card, key, explained.face, "happy", lambda *at: steps.append(at))
    found = kept.check_map(card, key, explained.face, main)
    assert steps[-1] == (8, 8)
    assert kept.known_gates(key, "happy") == gates
    assert kept.known_map(key, main) is found
    assert kept.known_gates(key, "sad") is None
    assert costs().unit(card.weights_sha256, kept.GATES) is not None
    assert costs().unit(card.weights_sha256, kept.MAP) is not None
    assert quick_trust == {"gates": ["happy"], "maps": ["gradcam"]}
    report = trust(
        predictor.model,
        explained,
        spec=card.input,
        classes=card.classes,
        others=lenders_of(card),
        imputers=["blur"],
        gate_draws=2,
        map_draws=2,
    )
    assert [use.distance for use in gates] == [use.distance for use in report.gates]
    assert found.score == report.maps[0].score


def test_a_map_by_another_method_is_computed_once(card: RunCard, monkeypatch: pytest.MonkeyPatch) -> None:
    crop = np.random.default_rng(4).integers(0, 255, (48, 48, 3), dtype=np.uint8)
    key = FaceKey("another", 0, True, card.name, card.weights_sha256)
    first = maps.method_map(card, key, crop, "hirescam", "block3", "happy − sad")
    assert (first.method, first.layer, first.target, first.signed) == ("hirescam", "block3", "happy − sad", True)
    monkeypatch.setattr(type(loaders.predictor(card)), "explain_crop", None)  # a second computation would fail
    again = maps.method_map(card, key, crop, "hirescam", "block3", "happy − sad")
    assert (again.heatmap == first.heatmap).all()
    with pytest.raises(TypeError):
        maps.method_map(card, key, crop, "hirescam", "block2", "happy − sad")


def test_the_book_forgets_the_least_recently_used() -> None:
    book = maps.Book()
    for number in range(loaders.KEPT):
        book.keep(number, number)
    assert book.look(0) == 0
    book.keep("new", 1)
    assert book.look(1) is None
    assert book.look(0) == 0


def test_what_trust_costs_is_measured_once_a_model(card: RunCard, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = np.random.default_rng(5).integers(0, 255, (48, 48), dtype=np.uint8)
    asked: list[int] = []

    def measure(*_given: object, **_named: object) -> TrustCost:
        asked.append(1)
        return TrustCost(0.001, 0.0)

    monkeypatch.setattr(trust_cost, "measure_cost", measure)
    assert kept.trust_seconds(card.weights_sha256, 1, 0) is None
    for _ in range(2):
        kept.measure_trust(card, seen)
    assert len(asked) == 1
    assert kept.trust_seconds(card.weights_sha256, 2, 0) == pytest.approx(0.066)
    costs().note(Work(card.weights_sha256, kept.GATES), 5.0)  # what it took counts more than what was foretold
    assert kept.trust_seconds(card.weights_sha256, 2, 0) == 10.0


def test_the_work_of_a_check_is_that_of_the_engines_defaults() -> None:
    # 10 permutations, 10 lent gates, 10 lenders, itself, its mean and ones; 2 imputers, 22 maps, 2 orders of 9 steps.
    assert kept.trust_passes(1, 0) == 33
    assert kept.trust_passes(0, 1) == 2 * 22 * 2 * 9
