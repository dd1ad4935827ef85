"""What a network answers with NaN is refused where it is shown and where it is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import ferlens
from engine.data.registry import load_dataset
from engine.errors import NetworkError
from engine.labels import EMOTIONS
from engine.measure.split import predict_dataset
from engine.models.finite import check_finite
from tests.models.adopted.made_nets import SqueezeExcite

WORDS = r"with numbers that are not finite \(NaN or infinity\), so there is nothing to show or to count"


class BrightIsNone(SqueezeExcite):
    """Answers pictures of a mean above .9 with NaN, which noise does not show."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(8, len(EMOTIONS))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.0 * (0.9 - x.mean(dim=(1, 2, 3))).sqrt()[:, None]


def test_numbers_pass_and_none_are_counted() -> None:
    answers = np.zeros((3, 2), np.float32)
    check_finite(answers)
    answers[1, 0] = np.inf
    answers[2] = np.nan
    with pytest.raises(NetworkError, match=f"2 of these 3 pictures {WORDS}"):
        check_finite(answers)


def test_no_number_is_shown_or_counted(patterns: Path) -> None:
    torch.manual_seed(0)
    given = ferlens.Input(48, 1, mean=0.0, std=0.2)
    lens = ferlens.open(BrightIsNone(), classes=EMOTIONS, input=given, domain="pictures")
    white = np.full((48, 48), 255, np.uint8)
    assert lens.predict(np.zeros((48, 48), np.uint8)).faces[0].prediction.label in EMOTIONS
    for ask in (lens.predict, lens.explain):
        with pytest.raises(NetworkError, match=f"The model answers this picture {WORDS}"):
            ask(white)
    with pytest.raises(NetworkError, match=f"of these 14 pictures {WORDS}"):
        predict_dataset(lens.model, lens.card.input, load_dataset("fer2013", "private", data=patterns))
