from __future__ import annotations

import json

import numpy as np
import pytest
import timm
import torch
from torch import nn

from engine.errors import UnknownNameError
from engine.explain.target import Target
from engine.labels import EMOTIONS
from engine.models.adopted.freeze import freeze
from engine.models.adopted.network import adopt
from engine.models.architecture import DEFAULT_INPUT
from engine.models.registry import build_model
from engine.trust.sanity import cascading_randomisation, class_sensitivity, count_parts, parts_in_order, randomise
from tests.explain.known import CLASSES, SPEC, OneBlock, noise, unchanged
from tests.explain.made import TwoLayers
from tests.models.adopted.test_freeze import thawed


@pytest.fixture
def cbam(narrow: None) -> nn.Module:
    torch.manual_seed(4)
    model = build_model("cbam", classes=7, spec=DEFAULT_INPUT)
    with torch.no_grad():
        model(torch.randn(16, 1, 48, 48))
        model.get_parameter("output.weight").normal_()
    return model


def test_parts_in_the_order_they_run() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(4, 2)
            self.middle = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
            self.first = nn.Linear(3, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.last(self.middle(self.first(x)))
            return out

    found = parts_in_order(Backwards(), torch.zeros(1, 3))
    assert tuple(found) == ("first", "middle.0", "middle.2", "last")
    assert [weights.shape for weights in found["last"]] == [(2, 4), (2,)]


def test_what_random_weights_keep() -> None:
    part = nn.Linear(200, 300)
    before = {name: value.detach().clone() for name, value in part.named_parameters()}
    randomise(part.parameters(), torch.Generator().manual_seed(0))
    size = before["weight"].square().mean().sqrt().item()
    assert part.weight.detach().square().mean().sqrt().item() == pytest.approx(size, rel=0.02)
    assert abs(np.corrcoef(part.weight.detach().flatten(), before["weight"].flatten())[0, 1]) < 0.02
    assert torch.equal(part.bias.detach().sort().values, before["bias"].sort().values)
    assert not torch.equal(part.bias.detach(), before["bias"])


def test_the_cascade_goes_from_the_answer_to_the_picture(cbam: nn.Module) -> None:
    steps: list[tuple[int, int]] = []
    how = {"spec": DEFAULT_INPUT, "classes": EMOTIONS, "layer": "block3"}
    face = noise(1, side=48)[0]
    with unchanged(cbam):
        found = cascading_randomisation(cbam, face, draws=2, progress=lambda *at: steps.append(at), **how)  # type: ignore[arg-type]
    assert [part.name for part in found.parts] == ["output", "hidden", "block4", "block3", "block2", "block1"]
    assert steps[-1] == (12, 12)
    assert all(part.correlation is None or abs(part.correlation) < 0.999 for part in found.parts)
    assert found == cascading_randomisation(cbam, face, draws=2, **how)  # type: ignore[arg-type]
    assert found != cascading_randomisation(cbam, face, draws=2, seed=9, **how)  # type: ignore[arg-type]
    document = json.dumps(found.as_dict(), allow_nan=False)
    assert '"block3"' in document


def test_a_map_that_shows_the_picture_survives_the_loss_of_the_answer_layer() -> None:
    # TwoLayers' map is the picture times a number: random weights change the number, and its sign at most.
    found = cascading_randomisation(
        TwoLayers(), noise(1)[0], spec=SPEC, classes=CLASSES, layer="features", target=Target("angry"), draws=4
    )
    assert [part.name for part in found.parts] == ["output", "features"]
    for part in found.parts:
        assert part.correlation is not None
        assert part.correlation * part.draws == pytest.approx(round(part.correlation * part.draws), abs=1e-3)


def test_interrupted_it_leaves_the_model(cbam: nn.Module) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with unchanged(cbam), pytest.raises(KeyboardInterrupt):
        cascading_randomisation(
            cbam, noise(1, side=48)[0], spec=DEFAULT_INPUT, classes=EMOTIONS, layer="block4", progress=stop
        )


def adopted(name: str, *, live: bool, **arguments: object) -> nn.Module:
    torch.manual_seed(5)
    net = timm.create_model(name, num_classes=7, in_chans=1, **arguments)
    with torch.no_grad():  # norms begin with ones and zeros, which stay what they are however they are shuffled
        for weights in net.parameters():
            if weights.ndim == 1:
                weights.normal_(0.5, 0.3)
    opened = adopt(net, DEFAULT_INPUT, EMOTIONS)
    return opened.eval() if live else thawed(freeze(opened, DEFAULT_INPUT))


@pytest.mark.parametrize("live", [True, False], ids=["live", "stored"])
def test_the_cascade_of_anyones_network_goes_through_its_own_parts(live: bool) -> None:
    net = adopted("resnet10t", live=live, block_args={"attn_layer": "cbam"})
    first = net.explained_layers[0]  # type: ignore[index]
    how = {"spec": DEFAULT_INPUT, "classes": EMOTIONS, "layer": first, "target": Target("happy")}
    with unchanged(net):
        found = cascading_randomisation(net, noise(1, side=48)[0], draws=1, **how)  # type: ignore[arg-type]
        counted = count_parts(net, DEFAULT_INPUT)
    names = [part.name for part in found.parts]
    assert names == ["fc", "layer4", "layer3", "layer2", "layer1", "bn1", "conv1"]
    assert counted == len(names)
    # Each part is taken by itself and keeps what was taken before: no two steps leave the same map.
    steps = [part.correlation for part in found.parts]
    assert len(set(steps)) == len(steps)


def test_a_part_loses_its_own_weights_and_no_others() -> None:
    net = adopted("vit_tiny_patch16_224", live=False, img_size=48, depth=2)
    parts = parts_in_order(net, torch.zeros(1, 1, 48, 48))
    assert tuple(parts) == ("patch_embed", "cls_token", "pos_embed", "blocks.0", "blocks.1", "norm", "head")
    own = {id(weights): name for name, part in parts.items() for weights in part}
    assert len(own) == len(list(net.parameters()))
    before = {id(weights): weights.detach().clone() for weights in net.parameters()}
    randomise(parts["blocks.1"], torch.Generator().manual_seed(0))
    changed = {
        own[key] for key, weights in ((id(w), w) for w in net.parameters()) if not torch.equal(before[key], weights)
    }
    assert changed == {"blocks.1"}


def test_class_sensitivity_by_hand() -> None:
    # Maps of OneBlock: b, 0, -b. The middle one is constant; the others are opposite.
    found = class_sensitivity(OneBlock(), noise(1)[0], spec=SPEC, classes=CLASSES, layer="features")
    assert found.correlation[0, 2] == -1.0
    assert found.correlation[0, 0] == 1.0
    assert np.isnan(found.correlation[1]).all()
    assert found.mean_correlation == -1.0
    assert found.as_dict()["correlation"][1] == [None, None, None]
    json.dumps(found.as_dict(), allow_nan=False)


def test_class_sensitivity_leaves_the_model(cbam: nn.Module) -> None:
    with unchanged(cbam):
        found = class_sensitivity(cbam, noise(1, side=48)[0], spec=DEFAULT_INPUT, classes=EMOTIONS, layer="block4")
    assert found.correlation.shape == (7, 7)
    assert found.mean_correlation is not None
    assert found.mean_correlation < 0.9
    with pytest.raises(UnknownNameError, match="Unknown method 'magic'"):
        class_sensitivity(
            cbam, noise(1, side=48)[0], spec=DEFAULT_INPUT, classes=EMOTIONS, layer="block4", method="magic"
        )
