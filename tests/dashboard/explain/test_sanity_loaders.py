from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.shell.cost_loaders import costs
from dashboard.shell.map_loaders import FaceKey
from dashboard.views.explain import loaders as kept
from engine.models.checkpoint import read_card
from engine.records import Explanation, RunCard
from engine.trust import map_sanity
from engine.trust.map_sanity import MapSanity
from tests.dashboard.made import make_map
from tests.dashboard.made_trust import make_sanity


@pytest.fixture
def card(seeded_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunCard]:
    monkeypatch.setenv("FERLENS_CHECKPOINTS", str(seeded_checkpoints))
    kept._book.clear()  # another test may have checked these very weights
    yield read_card(seeded_checkpoints / "cbam")
    kept._book.clear()


def test_a_check_is_the_engines_and_is_kept(card: RunCard, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def quick(_model: object, _seen: object, item: Explanation, **named: Any) -> MapSanity:
        asked.append(named)
        return make_sanity(item.method, item.layer, item.target)

    monkeypatch.setattr(map_sanity, "map_sanity", quick)
    key = FaceKey("digest", 0, True, card.name, card.weights_sha256)
    seen, item = np.zeros((48, 48), dtype=np.uint8), make_map([[0.0, 1.0], [1.0, 2.0]])
    # 41 disturbed, 6 parts in 3 draws and the true map, 7 classes; each as the map itself until one was timed.
    assert kept.sanity_maps(card) == 41 + 6 * 3 + 1 + 7
    assert costs().promise(kept.sanity_work(card, item)) == pytest.approx(67.0 * item.seconds)
    assert kept.known_sanity(key, item) is None
    found = kept.check_sanity(card, key, seen, item)
    assert kept.known_sanity(key, item) is found
    assert (asked[0]["spec"], asked[0]["classes"]) == (card.input, card.classes)
    assert costs().unit(card.weights_sha256, "sanity of gradcam") is not None
    assert (costs().promise(kept.sanity_work(card, item)) or 9.0) < 1.0
    assert kept.known_sanity(FaceKey("other", 0, True, card.name, card.weights_sha256), item) is None
