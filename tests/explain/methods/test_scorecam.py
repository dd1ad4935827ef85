from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.explain.methods.cams import scorecam
from engine.explain.methods.method import Setup
from tests.explain.known import SPEC
from tests.explain.made import hooks_on


def test_by_hand() -> None:
    # Features (x, 2 - 2x, 7): masks x and 1 - x, as both range over the whole of [0, 1]; the last is flat.
    features = nn.Conv2d(1, 3, 1)
    with torch.no_grad():
        features.weight.copy_(torch.tensor([1.0, -2.0, 0.0]).view(3, 1, 1, 1))
        features.bias.copy_(torch.tensor([0.0, 2.0, 7.0]))
    x = torch.tensor([[[[0.0, 1.0], [1.0, 0.5]]]])

    def scalar_of(pictures: torch.Tensor, *_: object) -> torch.Tensor:
        features(pictures)
        return pictures[:, 0, 0, 1]  # the only pixel that counts

    # Blank: .5. Through x that pixel is shown: 1, a rise of .5. Through 1 - x it is covered: no rise.
    found = scorecam(scalar_of, features, x, Setup(SPEC))
    torch.testing.assert_close(found, 0.5 * x[:, 0])
    assert hooks_on(features) == []


def test_pictures_share_passes_and_keep_to_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three pictures of five channels in passes of four rows: a pass holds channels of two pictures.
    monkeypatch.setattr("engine.explain.methods.cams.rows_of", lambda _x: 4)
    torch.manual_seed(0)
    features = nn.Conv2d(1, 5, 3)
    head = nn.Linear(5, 4)
    rows: list[int] = []

    def scalar_of(pictures: torch.Tensor, which: torch.Tensor | None = None) -> torch.Tensor:
        rows.append(len(pictures))
        return head(features(pictures).relu().mean(dim=(2, 3)))[:, 1]

    x = torch.rand(3, 1, 8, 8)
    together = scorecam(scalar_of, features, x, Setup(SPEC))
    assert rows == [3, 3, 4, 4, 4, 3]  # the pictures, the blanks, and 15 masked ones
    for number in range(3):
        alone = scorecam(scalar_of, features, x[number : number + 1], Setup(SPEC))
        torch.testing.assert_close(together[number], alone[0])
