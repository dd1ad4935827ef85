from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.data.transforms import normalise, to_tensor
from engine.explain.cmaen_shares import CmaenShares, cmaen_shares
from tests.explain.known import OneBlock, noise, unchanged
from tests.models.cmaen.test_cmaen import SPEC, narrow, opened

FACES = noise(3, side=64)


def test_the_parts_add_up_and_the_ratio_is_that_of_the_features() -> None:
    model = opened(narrow())
    assert model.ensemble is not None
    with torch.no_grad():
        model.ensemble.balance.copy_(torch.tensor([0.4, -0.2]))
    with unchanged(model):
        found = cmaen_shares(model, FACES, spec=SPEC)
    assert found is not None
    model.eval()
    with torch.no_grad():
        x = normalise(to_tensor(FACES), SPEC)
        logits = model(x).numpy()
        attended = model.ecnn_attention(model.ecnn(x)[-1])
        assert model.efficientnet is not None
        second = model.efficientnet_attention(model.efficientnet(x))
        own = model.cross.project(attended)
        added = model.cross(attended, second) - own
    ratio = (added.flatten(1).norm(dim=1) / own.flatten(1).norm(dim=1)).numpy()
    assert found.ratio is not None
    np.testing.assert_allclose(found.ratio, ratio, rtol=1e-3)
    assert found.emotion is not None
    assert found.fusion is not None
    above = logits.max(axis=1) - logits.mean(axis=1)
    np.testing.assert_allclose(found.emotion + found.fusion, above, rtol=1e-4, atol=1e-5)
    assert found.emotion_share is not None
    np.testing.assert_allclose(found.emotion_share, found.emotion / above, rtol=1e-3)
    assert found.weights == pytest.approx((np.exp(0.6) / (1 + np.exp(0.6)), 1 / (1 + np.exp(0.6))))
    assert found.gamma == 0.5


def test_a_gain_of_zero_adds_nothing_whatever_its_maps_look_like() -> None:
    model = opened(narrow())
    assert model.cross.gamma is not None
    nn.init.zeros_(model.cross.gamma)
    found = cmaen_shares(model, FACES, spec=SPEC)
    assert found is not None
    assert found.ratio is not None
    assert found.ratio.tolist() == [0.0, 0.0, 0.0]


def test_what_a_network_lacks_is_none() -> None:
    alone = cmaen_shares(narrow(fusion=False, cross_attention=False, fpn=False), FACES, spec=SPEC)
    assert alone is not None
    assert (alone.gamma, alone.weights, alone.ratio, alone.emotion, alone.emotion_share) == (None,) * 5
    assert cmaen_shares(OneBlock(), FACES, spec=SPEC) is None


def test_one_picture_as_json() -> None:
    one = np.array([3.0, 1.0], np.float32)
    other = np.array([1.0, -1.0], np.float32)
    found = CmaenShares(0.5, (0.6, 0.4), np.array([0.25, 0.5], np.float32), one, other)
    assert found.as_dict() == {
        "gamma": 0.5,
        "ratio": 0.25,
        "weights": {"emotion": 0.6, "fusion": 0.4},
        "above_mean": {"emotion": 3.0, "fusion": 1.0},
        "share": {"emotion": 0.75, "fusion": 0.25},
    }
    assert found.as_dict(1)["ratio"] == 0.5
    assert found.as_dict(1)["share"] is None  # both parts together give nothing
    assert set(CmaenShares(None, None, None, None, None).as_dict().values()) == {None}
