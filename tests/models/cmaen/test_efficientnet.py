from __future__ import annotations

import copy
import logging
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torchvision.models import efficientnet_v2_s

from engine.models.cmaen import pathways
from engine.models.cmaen.pathways import EfficientFeatures, one_channel


def narrow(channels: int, **how: object) -> EfficientFeatures:
    return EfficientFeatures(channels, width=0.25, depth=1, **how)  # type: ignore[arg-type]


def test_a_grey_stem_gives_what_three_equal_channels_give() -> None:
    torch.manual_seed(0)
    colour = narrow(3).eval()
    grey = copy.deepcopy(colour)
    grey.features[0][0] = one_channel(colour.features[0][0])  # type: ignore[index,arg-type]
    x = torch.randn(2, 1, 65, 65)
    torch.testing.assert_close(grey(x), colour(x.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


def test_one_channel_keeps_a_bias() -> None:
    conv = nn.Conv2d(3, 2, 3)
    made = one_channel(conv)
    x = torch.randn(1, 1, 5, 5)
    torch.testing.assert_close(made(x), conv(x.expand(-1, 3, -1, -1)))


def test_the_grid_is_a_thirty_second_rounded_up() -> None:
    net = narrow(1).eval()
    assert net(torch.zeros(1, 1, 65, 65)).shape == (1, net.outputs, 3, 3)


def test_without_a_network_one_line_and_a_random_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> object:
        print("Downloading to a folder of this machine")
        raise URLError("no route")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)
    with caplog.at_level(logging.WARNING, logger="engine"):
        assert pathways._imagenet_weights() is None
    assert [record.getMessage() for record in caplog.records] == [
        "The ImageNet weights of EfficientNetV2-S cannot be had (no route); it starts from random weights."
    ]
    assert capsys.readouterr().out == ""


def test_weights_that_are_had_are_used_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    fetched = {key: value + 1 for key, value in pathways._network(0.25, 1)[0].state_dict().items()}
    monkeypatch.setattr(pathways, "_imagenet_weights", lambda: fetched)
    monkeypatch.setattr(pathways, "_STAGES", (("fused", 1, 1, 24, 24, 1),))
    monkeypatch.setattr(pathways, "CHANNELS", 64)
    fetched = {key: value + 1 for key, value in pathways._network(1.0, 15)[0].state_dict().items()}
    made = EfficientFeatures(1, pretrained=True)
    assert bool(made.imagenet)
    torch.testing.assert_close(made.features[0][0].weight, fetched["features.0.0.weight"].sum(1, keepdim=True))  # type: ignore[index]
    assert "imagenet" in made.state_dict()
    assert not bool(EfficientFeatures(1).imagenet)


def test_a_narrow_net_has_no_imagenet_weights() -> None:
    with pytest.raises(ValueError, match=r"pretrained = true needs efficientnet_width = 1\.0"):
        narrow(1, pretrained=True)


def test_at_full_width_it_is_torchvisions() -> None:
    with torch.device("meta"):
        ours, channels = pathways._network(1.0, 15)
        theirs = efficientnet_v2_s(weights=None)
    assert channels == pathways.CHANNELS
    shapes = [{key: tuple(value.shape) for key, value in net.state_dict().items()} for net in (ours, theirs)]
    assert shapes[0] == shapes[1]
    # What a state does not hold: strides, BatchNorm's figures, stochastic depth.
    assert str(ours.features).replace("_DepthwiseConv2d(", "Conv2d(") == str(theirs.features)


def test_depthwise_convolutions_compute_in_float32_and_answer_in_what_they_were_given() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 6, 3, 2, padding=1, groups=6, bias=False)
    ours = pathways._DepthwiseConv2d(conv)
    assert ours.weight is conv.weight
    x = torch.randn(2, 6, 4, 4)
    torch.testing.assert_close(ours(x), conv(x), rtol=0, atol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = ours(x.bfloat16())
    assert out.dtype == torch.bfloat16
    # The weights were not rounded: computed in bf16, most of these 48 sums would end in another last bit somewhere.
    assert torch.equal(out, conv(x.bfloat16().float()).bfloat16())
