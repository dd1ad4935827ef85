from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from engine.errors import CheckpointError, UnknownNameError
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model, count_parameters
from engine.models.taps import record_attention
from engine.models.vit import sine_positions
from engine.records import InputSpec
from tests.made import SMALL, make_dataset
from tests.training.made import recipe_of, trainer_in

TINY = {"width": 16, "depth": 2, "heads": 2, "expansion": 2}


def tiny(**config: object) -> nn.Module:
    torch.manual_seed(0)
    return build_model("vit", classes=7, spec=SMALL, config={**TINY, **config})


def test_parameters() -> None:
    model = build_model("vit", classes=7, spec=DEFAULT_INPUT)
    stem = 9 * 40 + 2 * 40 + 9 * 40 * 80 + 2 * 80 + 9 * 80 * 160 + 160
    attention = 3 * 160 * 161 + 160 * 161
    block = 4 * 160 + attention + 480 * 161 + 160 * 481
    assert count_parameters(model) == stem + 4 * block + 2 * 160 + 7 * 161 == 1_177_887


def test_every_block_gives_its_attention_and_the_answer_is_logits_alone() -> None:
    model = build_model("vit", classes=7, spec=DEFAULT_INPUT).eval()
    with torch.no_grad(), record_attention() as gates:
        assert model(torch.randn(2, 1, 48, 48)).shape == (2, 7)
    assert [(gate.layer, gate.kind) for gate in gates] == [(f"block{n}.attention", "cross") for n in range(1, 5)]
    for gate in gates:
        assert gate.weights.shape == (2, 5 * 144, 144)
        torch.testing.assert_close(gate.weights.sum(dim=2), torch.ones(2, 720))


def test_a_layer_is_a_map_of_cells_row_by_row() -> None:
    """Attention to one cell alone, and nothing else in the way, brings that cell's content to where it is asked."""
    model = tiny().eval()
    seen = {}
    for layer in model.explained_layers:
        model.activation_module(layer).register_forward_hook(
            lambda _, __, out, layer=layer: seen.update({layer: tuple(out.shape)})
        )
    model(torch.randn(3, 1, 16, 16))
    assert seen == {"block1": (3, 16, 4, 4), "block2": (3, 16, 4, 4)}
    x = torch.randn(1, 16, 2, 3)
    block = model.block1
    for norm in (block.norm1, block.norm2):
        norm.weight.data.zero_()  # both branches add nothing but their biases, which are 0
    torch.testing.assert_close(block(x), x)
    with pytest.raises(UnknownNameError, match="layer"):
        model.activation_module("block3")


def test_positions_by_hand() -> None:
    waves = sine_positions(3, 8)
    assert waves.shape == (1, 8, 3, 3)
    # Two rates, 1 and 1/100; sines, then cosines, first of the row and then of the column.
    row, column = torch.tensor(2.0), torch.tensor(1.0)
    wanted = [*(f(row * rate) for f in (torch.sin, torch.cos) for rate in (1, 0.01))]
    wanted += [*(f(column * rate) for f in (torch.sin, torch.cos) for rate in (1, 0.01))]
    torch.testing.assert_close(waves[0, :, 2, 1], torch.stack(wanted))
    assert len({tuple(cell.tolist()) for cell in waves[0].flatten(1).T}) == 9
    with pytest.raises(ValueError, match="multiple of 4"):
        sine_positions(3, 6)


def test_the_place_of_a_cell_counts() -> None:
    model = tiny().eval()
    with torch.no_grad():
        model.output.weight.normal_()
    x = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    before = model(x)
    model.positions.zero_()
    assert not torch.allclose(model(x), before, rtol=0.01)
    assert "positions" not in model.state_dict()  # they follow from the config


def test_every_part_gets_gradient() -> None:
    model = tiny().train()
    with torch.no_grad():
        model.output.weight.normal_()
    model(torch.randn(8, 1, 16, 16)).square().sum().backward()
    # A key's bias moves all scores of a query alike, which a softmax does not see.
    keys = slice(16, 32)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        if name.endswith("asked.bias"):
            assert float(parameter.grad[keys].abs().sum()) < 1e-4 * float(parameter.grad.abs().sum())
        assert float(parameter.grad.abs().sum()) > 0, name


def test_dropout_is_there_only_in_training() -> None:
    model, x = tiny(dropout=0.9), torch.randn(4, 1, 16, 16)
    model.eval()
    with torch.no_grad():
        assert torch.equal(model(x), model(x))
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.train()
        assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize(
    "config", [{"heads": 3}, {"heads": 0}, {"width": 18}, {"depth": 0}, {"expansion": 0}, {"dropout": 2.0}, {"gate": 1}]
)
def test_a_config_that_cannot_be_is_one_sentence(config: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="config of 'vit'"):
        tiny(**config)


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(CheckpointError, match="multiple of 4"):
        build_model("vit", classes=7, spec=InputSpec(50, 1, (0.5,), (0.25,)))


LEARNING = """
[optimiser]
kind = "adamw"
learning_rate = 0.004
weight_decay = 0.01
batch_size = 28
clip = 1.0
[schedule]
epochs = 16
warmup_epochs = 1
[loss]
label_smoothing = 0.0
[augmentation]
flip = 0.0
[regularisation]
ema = 0.0
"""


def test_training_learns(tmp_path: Path) -> None:
    recipe = recipe_of(LEARNING)
    trainer = trainer_in(tmp_path, recipe, model=tiny(dropout=0.0), train=make_dataset(28, seed=1))
    before = trainer._val_accuracy()
    assert trainer.run()
    assert before < 0.4  # chance is 1/7
    assert trainer.progress.best_accuracy > 0.7
