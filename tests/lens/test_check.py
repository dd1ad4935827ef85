"""What a check finds: a network that reads three brightnesses, its classes and its normalisation right and wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from engine.errors import DataError, NetworkError
from engine.lens.check import CheckReport
from engine.lens.input import Input
from engine.lens.lens import open_network

NAMES = ("dark", "grey", "light")
LEVELS = {"dark": 50, "grey": 130, "light": 210}
COUNT = 60


class Brightness(nn.Module):
    """Answers by the mean of a picture that was divided by 255: below .35, between, above .67."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.tensor(40.0))

    def forward(self, x: Tensor) -> Tensor:
        seen = (x + 0.0 * self.conv(x).mean(dim=1, keepdim=True)).mean(dim=(2, 3))
        middle = torch.tensor([[0.2, 0.51, 0.82]])
        return -self.scale * (seen - middle).abs()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shades")
    rng = np.random.default_rng(0)
    for name, level in LEVELS.items():
        folder = root / "test" / name.upper()
        folder.mkdir(parents=True)
        for number in range(COUNT):
            pixels = np.clip(rng.normal(level, 12, (20, 24)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    (root / "test" / "DARK" / "broken.png").write_bytes(b"no picture")
    return root


def checked(data: Path, classes: tuple[str, ...] = NAMES, mean: float = 0.0, std: float = 1.0) -> CheckReport:
    torch.manual_seed(0)
    given = Input(16, 1, mean=mean, std=std, fit="stretch")
    return open_network(Brightness(), classes=classes, input=given, domain="pictures").check(data)


def test_what_is_right_is_left_as_it_is(data: Path) -> None:
    report = checked(data)
    assert (report.report.accuracy, report.report.macro_f1, report.report.n) == (1.0, 1.0, 3 * COUNT)
    assert report.order is None
    assert report.better_input is None
    assert report.left_out == 1
    assert report.metrics() == {
        f"folder/{data.name}/single": {"accuracy": 1.0, "interval": [0.9791, 1.0], "macro_f1": 1.0, "n": 180}
    }
    words = str(report)
    assert "100.0% right" in words
    assert "No other order of the classes fits the answers clearly better" in words
    assert "No usual normalisation is clearly better" in words
    assert "1 files left out" in words
    json.dumps(report.as_dict(), allow_nan=False)


def test_classes_in_a_wrong_order_are_put_right(data: Path) -> None:
    report = checked(data, ("grey", "light", "dark"))
    assert report.report.accuracy == 0.0
    assert report.order == NAMES  # by the outputs
    assert report.order_accuracy == 1.0
    assert "--classes dark,grey,light" in str(report)
    assert checked(data, report.order).report.accuracy == 1.0


def test_a_wrong_normalisation_is_said_and_not_changed(data: Path) -> None:
    report = checked(data, mean=0.5, std=0.5)
    assert report.report.accuracy < 0.8
    better = report.better_input
    assert better is not None
    assert (better.mean, better.std, better.accuracy) == ((0.0,), (1.0,), 1.0)
    assert "Another normalisation is clearly better: --mean 0 --std 1" in str(report)
    assert report.normalisations[0].name == "as given"
    assert report.normalisations[0].accuracy == pytest.approx(report.report.accuracy)


def test_too_few_pictures_offer_nothing(tmp_path: Path) -> None:
    for name, level in LEVELS.items():
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((16, 16), level, np.uint8)).save(tmp_path / name / "one.png")
    report = checked(tmp_path, ("light", "grey", "dark"))
    assert report.report.accuracy == pytest.approx(1 / 3)
    assert report.order is None  # 3 of 3 in another order may be chance
    assert report.better_input is None


def test_what_is_no_such_folder_is_said(tmp_path: Path, data: Path) -> None:
    with pytest.raises(DataError, match="is none"):
        checked(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no folders"):
        checked(tmp_path)
    with pytest.raises(DataError, match=r"'LIGHT' in 'test' is none of the model's classes \(dark, grey, black\)"):
        checked(data, ("dark", "grey", "black"))
    (tmp_path / "dark").mkdir()
    with pytest.raises(DataError, match="holds no picture"):
        checked(tmp_path)


class NoNumberWhenBright(Brightness):
    """Answers bright pictures with NaN, which noise about 0 does not show."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.0 * (0.7 - x.mean(dim=(2, 3))).sqrt()


def test_answers_that_are_no_numbers_are_refused_not_counted(data: Path) -> None:
    lens = open_network(
        NoNumberWhenBright(), classes=NAMES, input=Input(16, 1, mean=0.0, std=1.0, fit="stretch"), domain="pictures"
    )
    with pytest.raises(NetworkError, match=r"answers 60 of these 180 pictures with numbers that are not finite"):
        lens.check(data)


def test_no_number_is_no_right_answer_under_another_normalisation(data: Path) -> None:
    """NaN of the three would count as the first class, as argmax has it."""

    class Bounded(Brightness):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + 0.0 * (2.0 - x.mean(dim=(2, 3)).abs()).sqrt()

    torch.manual_seed(0)
    lens = open_network(
        Bounded(), classes=NAMES, input=Input(16, 1, mean=0.0, std=1.0, fit="stretch"), domain="pictures"
    )
    rates = {one.name: one.accuracy for one in lens.check(data).normalisations}
    assert rates["as given"] == 1.0
    assert rates["not scaled, 0 to 255"] == 0.0
