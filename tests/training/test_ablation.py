from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import CheckpointError, UnknownNameError, UsageError
from engine.models.checkpoint import read_card
from engine.models.registry import ARCHITECTURES
from engine.training.ablation import AblationRun, Bool, ablate, variants
from engine.training.fit import TrainingData
from engine.training.loop import Trainer
from engine.training.recipe import Recipe, load_recipe, parse_recipe
from tests.writing.made_writing import holding

RECIPE = """
[model]
architecture = "cbam"
config = { reduction = 4, kernel = 3 }
[optimiser]
batch_size = 8
[schedule]
epochs = 1
warmup_epochs = 0.5
"""


def test_variants_of_cmaen_drop_what_would_be_left_over() -> None:
    recipe = load_recipe("cmaen")
    made = variants(recipe, tuple(ARCHITECTURES["cmaen"].parts))
    assert list(made) == ["whole", *(f"without {part}" for part in ARCHITECTURES["cmaen"].parts)]
    assert made["whole"] == recipe
    assert made["without fpn"].model.config == {**recipe.model.config, "fpn": False}
    assert made["without fpn"].auxiliary == recipe.auxiliary
    heads = made["without emotion_heads"]
    assert (heads.auxiliary.emotion, heads.auxiliary.fusion) == (0.0, 0.2)
    fusion = made["without fusion"]
    kept = {key: value for key, value in recipe.model.config.items() if key != "pretrained"}
    assert fusion.model.config == {**kept, "fusion": False, "cross_attention": False, "fpn": False}
    assert fusion.auxiliary.fusion == 0.0


def test_variants_of_the_four_blocks_are_the_plainer_ones() -> None:
    made = variants(parse_recipe(RECIPE, "r"), ("attention", "channel"))
    assert (made["without attention"].model.architecture, made["without attention"].model.config) == ("baseline", {})
    plainer = made["without channel"].model
    assert (plainer.architecture, plainer.config) == ("spatial", {"kernel": 3})


def test_impossible_ablations_are_refused() -> None:
    recipe = load_recipe("cmaen")
    with pytest.raises(UnknownNameError, match="Unknown part of cmaen 'gates'; valid: cross_attention, "):
        variants(recipe, ("gates",))
    with pytest.raises(UsageError, match="Name the parts to leave out with --without"):
        variants(recipe, ())
    with pytest.raises(UsageError, match="'baseline' has no parts to leave out; ablate a recipe of spatial, cbam"):
        variants(load_recipe("baseline"), ("attention",))
    bare = parse_recipe('[model]\narchitecture = "cmaen"\nconfig = { fpn = false }\n', "bare")
    with pytest.raises(UsageError, match="Recipe 'bare' is without fpn already"):
        variants(bare, ("fpn",))


class Measure:
    """Half of ten pictures right, and which checkpoints were asked about."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    def __call__(self, checkpoint: Path) -> Bool:
        card = read_card(checkpoint)
        self.seen.append((checkpoint.name, card.architecture, card.recipe["seed"]))
        return np.arange(10) % 2 == 0


def run(measure: Measure, recipe: Recipe | None = None, **how: Any) -> AblationRun:
    given = {"settings": {"split": "val"}, "seeds": 2, "device": "cpu", "data": TrainingData(limit=16), **how}
    return ablate(recipe or parse_recipe(RECIPE, "small"), ("attention",), measure=measure, **given)


def test_every_cell_is_trained_once_kept_and_not_again(place: Path) -> None:
    measure = Measure()
    result = run(measure)
    assert result.finished
    assert measure.seen == [
        ("ablation-small-whole-0", "cbam", 0),
        ("ablation-small-without-attention-0", "baseline", 0),
        ("ablation-small-whole-1", "cbam", 1),
        ("ablation-small-without-attention-1", "baseline", 1),
    ]
    assert [path.name for path in (place / "runs").rglob("*") if path.is_file()] == ["results.json"]
    again = Measure()
    kept = run(again, seeds=2)
    assert again.seen == []
    assert kept.finished
    assert kept.cells.keys() == result.cells.keys()
    for key, cell in result.cells.items():
        assert np.array_equal(kept.cells[key].right, cell.right)
        assert (kept.cells[key].parameters, kept.cells[key].accuracy) == (cell.parameters, 0.5)


def test_it_goes_on_where_it_was_stopped(place: Path) -> None:
    measure = Measure()
    first = run(measure, stop=lambda: len(measure.seen) == 1)
    assert (first.finished, list(first.cells)) == (False, [("whole", 0)])

    def stop_at_once(trainer: Trainer) -> None:
        trainer.stop_requested = True

    assert not run(measure, on_trainer=stop_at_once).finished  # in the middle of the second cell
    assert (place / "runs" / "ablation-small-without-attention-0" / "state.safetensors").exists()
    assert run(measure).finished
    assert len(measure.seen) == 4


def test_processes_share_the_cells_and_leave_each_other_alone(place: Path) -> None:
    locks = place / "runs" / "ablation-small" / "locks"
    mine, theirs = Measure(), Measure()
    with holding(locks / "without-attention-0") as other:  # another process has that cell
        left = run(mine)
        assert left.holders[0].startswith(f"Process {other.pid} (")
        assert not left.finished
        assert left.elsewhere == (("without attention", 0),)
        assert [seen[0] for seen in mine.seen] == [
            "ablation-small-whole-0",
            "ablation-small-whole-1",
            "ablation-small-without-attention-1",
        ]
    last = run(theirs)  # the other died: its cell is free
    assert [seen[0] for seen in theirs.seen] == ["ablation-small-without-attention-0"]
    assert last.finished
    assert last.elsewhere == ()
    assert len(last.cells) == 4


def test_a_cell_that_was_finished_elsewhere_meanwhile_is_kept_beside_ours(place: Path) -> None:
    others: list[AblationRun] = []

    class Slow(Measure):
        """While the first cell is measured, another process trains all that is left."""

        def __call__(self, checkpoint: Path) -> Bool:
            if not others:
                others.append(AblationRun(finished=False))
                others[0] = run(Measure())
            return super().__call__(checkpoint)

    slow = Slow()
    result = run(slow)
    assert others[0].elsewhere == (("whole", 0),)
    assert [seen[0] for seen in slow.seen] == ["ablation-small-whole-0"]
    assert result.finished
    assert len(result.cells) == 4


def test_other_settings_are_not_mixed_in(place: Path) -> None:
    run(Measure(), seeds=1)
    with pytest.raises(UsageError, match="'ablation-small' holds cells of another recipe, data, split or limit"):
        run(Measure(), settings={"split": "private"})
    (place / "runs" / "ablation-small" / "results.json").write_text(json.dumps({"cells": [{}]}))
    with pytest.raises(CheckpointError, match="kept results of 'ablation-small' cannot be read"):
        run(Measure())
    with pytest.raises(UsageError, match="--seeds must be 1 or more, got 0"):
        run(Measure(), seeds=0)
