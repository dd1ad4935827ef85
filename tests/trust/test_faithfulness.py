from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import UnknownNameError
from engine.explain.explainer import explain_face
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.records import Explanation
from engine.statistics.maps import random_maps
from engine.trust.faithfulness import faithfulness
from engine.trust.faithfulness_record import Faithfulness, over_pictures
from tests.explain.known import BLOCK, CLASSES, SPEC, OneBlock, noise, unchanged


def explanation(heatmap: np.ndarray, target: str = "angry") -> Explanation:
    heatmap = heatmap.astype(np.float32)
    return Explanation("made", "none", target, heatmap, True, float(heatmap.min()), float(heatmap.max()), 0.0)


def block_map(rank: int = 0, grid: int = 4) -> np.ndarray:
    """A grid x grid map without ties in which the cells of BLOCK come right after ``rank`` others."""
    cells = np.arange(grid * grid).reshape(grid, grid)
    step = 16 // grid
    inside = np.zeros((16, 16), dtype=bool)
    inside[BLOCK] = True
    chosen = inside[::step, ::step]
    order = [*cells[~chosen][:rank], *cells[chosen], *cells[~chosen][rank:]]
    values = np.empty(grid * grid)
    values[order] = -np.arange(grid * grid)
    return values.reshape(grid, grid)


def bright_block(value: int = 255, ground: int = 0) -> np.ndarray:
    face = np.full((16, 16), ground, dtype=np.uint8)
    face[BLOCK] = value
    return face


def measure(heatmap: np.ndarray, face: np.ndarray | None = None, **how: object) -> Faithfulness:
    given = {"spec": SPEC, "classes": CLASSES, "draws": 20, **how}
    shown = bright_block() if face is None else face
    return faithfulness(OneBlock(), shown, explanation(heatmap), **given)  # type: ignore[arg-type]


def test_the_curves_by_hand() -> None:
    found = measure(block_map(), imputers=["blur"], value="logit", steps=4, draws=1)
    own = found.curves_of("map", "blur")
    assert own.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    # The block is first to go and last to stay: gain 8 x brightness 1 while it is there.
    gone = own.most_first[0, -1]
    assert gone < 4
    np.testing.assert_allclose(own.most_first[0], [8, gone, gone, gone, gone], atol=1e-4)
    np.testing.assert_allclose(own.least_first[0], [8, 8, 8, 8, gone], atol=1e-4)
    assert own.areas[0] == pytest.approx(0.75 * (8 - gone), abs=1e-3)
    probability = measure(block_map(), imputers=["blur"], steps=4, draws=1).curves_of("map", "blur")
    e = np.exp([8.0, 0.0, -8.0])
    assert probability.most_first[0, 0] == pytest.approx(e[0] / e.sum(), abs=1e-5)


@pytest.mark.parametrize("imputer", ["blur", "road"])
def test_no_order_beats_the_true_one_and_none_is_worse_than_its_reverse(imputer: str) -> None:
    scores = [
        measure(block_map(rank), imputers=[imputer], steps=16, draws=1).score.mean for rank in (0, 1, 4, 9, 14, 15)
    ]
    assert scores[0] == max(scores)
    assert scores[-1] == min(scores)
    assert scores[-1] == pytest.approx(-scores[0], abs=1e-6)
    assert scores == sorted(scores, reverse=True)


def test_the_true_map_is_faithful_and_a_centre_beats_nothing() -> None:
    found = measure(block_map(grid=8))
    assert found.verdict == "faithful"
    assert found.beaten == 1.0
    assert found.score.mean > 0.3
    assert (found.method, found.layer, found.target, found.value) == ("made", "none", "angry", "probability")
    assert found.score.n == 40
    assert {(c.subject, c.imputer) for c in found.curves} == {
        (subject, imputer) for subject in ("map", "random", "centre") for imputer in ("blur", "road")
    }
    assert measure(-block_map(grid=8)).score.mean == pytest.approx(-found.score.mean, abs=1e-6)  # type: ignore[operator]


def test_grad_cam_of_a_model_that_shows_its_block() -> None:
    model = OneBlock(4.0)  # a surer answer would hide what is taken away
    face = noise(1)[0] // 8
    face[BLOCK] = 240
    explained = explain_face(model, face, model_name="m", classes=CLASSES, spec=SPEC, layer="features")
    found = faithfulness(model, face, explained.maps[0], spec=SPEC, classes=CLASSES)
    assert found.verdict == "faithful"


@pytest.mark.parametrize("level", [0.0, 0.4])
def test_maps_that_say_nothing_are_no_better_than_random(level: float) -> None:
    how = {"draws": 6, "imputers": ["blur"]}
    results = [measure(np.full((8, 8), level), seed=seed, **how) for seed in range(12)]
    assert over_pictures(results).verdict == "no better than random"
    assert sum(result.verdict == "faithful" for result in results) <= 2


def test_half_of_the_cells_tied_go_one_by_one() -> None:
    heatmap = np.zeros((8, 8))
    heatmap[:, :3] = 1.0  # the block's cells are among the tied, which go last
    curve = measure(heatmap, draws=1, imputers=["blur"], value="logit").curves_of("map", "blur")
    np.testing.assert_allclose(curve.shares, np.rint(np.arange(11) * 6.4) / 64)
    np.testing.assert_allclose(curve.most_first[0, :4], 8.0, atol=1e-4)
    assert len(np.unique(curve.most_first[0].round(3))) >= 4, "a fall in steps, not at once"


def test_an_all_negative_map_counts_by_its_order() -> None:
    how = {"imputers": ["blur"], "draws": 2}
    assert measure(block_map(grid=8) - 100.0, **how).score == measure(block_map(grid=8), **how).score


def test_random_maps_have_zero_in_their_interval() -> None:
    face = noise(1, seed=4)[0]
    face[BLOCK] = 200
    results = [
        measure(heatmap, face, imputers=["blur"], draws=20, seed=index)
        for index, heatmap in enumerate(random_maps(range(100, 130), (8, 8), seed=77))
    ]
    covered = sum(r.score.low <= 0.0 <= r.score.high for r in results)  # type: ignore[operator]
    assert covered >= 26
    together = over_pictures(results)
    assert together.score.low < 0.0 < together.score.high  # type: ignore[operator]
    random = results[0].curves_of("random", "blur")
    assert random.areas.mean() == pytest.approx(0.0, abs=1e-7)
    assert len(random.most_first) == 40


def test_a_contrast_follows_the_difference() -> None:
    how = {"spec": SPEC, "classes": CLASSES, "imputers": ["blur"], "draws": 1, "steps": 4}
    shown = explanation(block_map(), "angry − sad")
    logit = faithfulness(OneBlock(), bright_block(), shown, value="logit", **how)  # type: ignore[arg-type]
    assert logit.curves_of("map", "blur").most_first[0, 0] == pytest.approx(16.0, abs=1e-4)
    assert logit.target == "angry − sad"
    probability = faithfulness(OneBlock(0.1), bright_block(), shown, **how)  # type: ignore[arg-type]
    assert probability.curves_of("map", "blur").most_first[0, 0] == pytest.approx(1 / (1 + np.exp(-0.2)), abs=1e-5)


def test_it_is_seeded() -> None:
    one, same, other = (measure(np.zeros((4, 4)), draws=3, seed=seed).as_dict() for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_wrong_use() -> None:
    with pytest.raises(UnknownNameError, match="Unknown imputer 'grey'; valid: blur, road"):
        measure(block_map(), imputers=["grey"])
    with pytest.raises(UnknownNameError, match="Unknown value 'rank'"):
        measure(block_map(), value="rank")
    for heatmap in (np.zeros((1, 1)), np.zeros((17, 17))):
        with pytest.raises(ValueError, match="2 cells or more, at most 16 down and 16 across"):
            measure(heatmap)


def test_the_model_comes_back_as_it_was(narrow: None) -> None:
    torch.manual_seed(1)
    model: nn.Module = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    model.get_submodule("block1").eval()
    face = noise(1, side=48)[0]
    with unchanged(model):
        shown = explain_face(
            model, face, model_name="m", classes=EMOTIONS, spec=DEFAULT_INPUT, layer="block4", target=Target("sad")
        ).maps[0]
        how = {"spec": DEFAULT_INPUT, "classes": EMOTIONS, "draws": 2, "steps": 3}
        steps: list[tuple[int, int]] = []
        faithfulness(model, face, shown, progress=lambda *at: steps.append(at), **how)  # type: ignore[arg-type]
        assert steps == [(step, 8) for step in range(1, 9)]

        def stop(done: int, total: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            faithfulness(model, face, shown, progress=stop, **how)  # type: ignore[arg-type]
