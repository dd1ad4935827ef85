from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.transforms import normalise
from engine.errors import DataError
from engine.labels import EMOTIONS
from engine.models.checkpoint import load_checkpoint
from engine.records import InputSpec
from engine.training.sections import Distillation
from engine.training.teaching import Teachers, as_input_of

COLOUR = InputSpec(64, 3, (0.5, 0.4, 0.3), (0.2, 0.25, 0.5))
GREY = InputSpec(48, 1, (0.5,), (0.25,))
CPU = torch.device("cpu")


def test_colour_to_grey_by_hand() -> None:
    pixels = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    found = as_input_of(normalise(pixels, COLOUR), COLOUR, GREY)
    assert found.shape == (1, 1, 48, 48)
    torch.testing.assert_close(found, torch.full_like(found, (0.299 + 0.5 * 0.587 - 0.5) / 0.25))


def test_grey_to_colour_by_hand() -> None:
    pixels = torch.full((2, 1, 48, 48), 0.8)
    found = as_input_of(normalise(pixels, GREY), GREY, COLOUR)
    assert found.shape == (2, 3, 64, 64)
    torch.testing.assert_close(found[0, :, 5, 5], torch.tensor([0.3 / 0.2, 0.4 / 0.25, 0.5 / 0.5]))


def test_the_same_input_is_passed_on() -> None:
    x = torch.randn(1, 1, 48, 48)
    assert as_input_of(x, GREY, GREY) is x


@pytest.mark.usefixtures("checkpoints")
def test_the_mean_of_softened_answers() -> None:
    choice = Distillation(teachers=("baseline", "cbam"), temperature=3.0)
    teachers = Teachers(choice, classes=EMOTIONS, spec=GREY, device=CPU, half=False)
    x = torch.randn(4, 1, 48, 48)
    with torch.no_grad():
        alone = [torch.softmax(load_checkpoint(name).model(x) / 3.0, dim=1) for name in choice.teachers]
    torch.testing.assert_close(teachers.probabilities(x), (alone[0] + alone[1]) / 2, rtol=1e-4, atol=1e-6)
    cards = [load_checkpoint(name).card for name in choice.teachers]
    assert teachers.described() == [{"name": c.name, "weights_sha256": c.weights_sha256} for c in cards]
    assert not any(p.requires_grad for teacher in teachers.loaded for p in teacher.model.parameters())
    assert not any(teacher.model.training for teacher in teachers.loaded)


@pytest.mark.usefixtures("checkpoints")
def test_other_classes_are_refused(seeded_store: Path) -> None:
    with pytest.raises(DataError, match=r"Teacher 'cbam' knows angry, .*, the data have happy, sad; choose a teacher"):
        Teachers(Distillation(("cbam",)), classes=("happy", "sad"), spec=GREY, device=CPU, half=False)


def test_antialiasing_where_it_shrinks() -> None:
    stripes = torch.from_numpy(np.tile([0.0, 1.0], 32).astype(np.float32)).expand(1, 1, 64, 64)
    small = InputSpec(16, 1, (0.5,), (0.25,))
    found = as_input_of(stripes, InputSpec(64, 1, (0.5,), (0.25,)), small)
    assert float(found[..., 1:-1].std()) < 0.05  # four stripes fall into each pixel
