from __future__ import annotations

import torch

from engine.explain.methods.cams import hirescam, layercam
from tests.explain.flat import FlatHead

X = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
# FlatHead's features are (x, -x); the weights of its only logit [[1, -1], [0, 2]] and [[-1, 0], [3, -2]], bias 5.


def test_a_linear_head_by_hand() -> None:
    model = FlatHead()
    found = hirescam(lambda x, *_: model(x)[:, 0], model.features, X)
    # x w1 - x w2, cell by cell: [[1, -2], [0, 8]] - [[-1, 0], [9, -8]].
    assert found.tolist() == [[[2.0, -2.0], [-9.0, 16.0]]]
    assert float(found.sum()) == model(X)[0, 0].item() - 5.0  # exact: the logit less its bias


def test_layercam_by_hand() -> None:
    model = FlatHead()
    found = layercam(lambda x, *_: model(x)[:, 0], model.features, X)
    # Only positive weights: [[1, 0], [0, 2]] times x, and [[0, 0], [3, 0]] times -x.
    assert found.tolist() == [[[1.0, 0.0], [-9.0, 8.0]]]
