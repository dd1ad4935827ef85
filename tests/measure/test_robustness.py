from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data.dataset import FaceDataset
from engine.errors import DataError
from engine.measure.robustness import (
    CORRUPTIONS,
    SEVERITIES,
    RobustnessReport,
    read_robustness,
    robustness,
    robustness_command,
    robustness_file,
)
from engine.records import InputSpec, RunCard
from engine.statistics.classification import wilson_interval
from tests.made import make_dataset

CLASSES = ("angry", "disgust", "fear")
CARD = RunCard("m", "cbam", {}, CLASSES, InputSpec(16, 1, (0.0,), (1.0,)), {}, {}, {}, {}, "0" * 64, 3)


class Brightness(nn.Module):
    """Answers by the third of the grey range in which the mean of the picture lies."""

    def __init__(self) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.tensor([1 / 6, 3 / 6, 5 / 6]))

    def forward(self, x: Tensor) -> Tensor:
        return -40 * (x.mean(dim=(1, 2, 3))[:, None] - self.centres).square()


def greys() -> FaceDataset:
    base = make_dataset(4, classes=1)
    images = np.stack([np.full((16, 16), grey, np.uint8) for grey in (20, 60, 128, 240)])
    return replace(base, classes=CLASSES, images=images, labels=np.array([0, 0, 1, 2], np.int64))


def measured() -> RobustnessReport:
    return robustness(Brightness(), CARD, greys())


def test_brightness_by_hand() -> None:
    done: list[int] = []
    report = robustness(Brightness(), CARD, greys(), progress=done.append)
    assert report.clean.mean == 1.0
    assert (report.pictures, report.total, done) == (4, 4, [4] * 26)
    bright = [row for row in report.rows if row.corruption == "brightness"]
    # 20 leaves the first third (85) at +76, 60 at +51; 128 the second (170) at +51.
    assert [row.accuracy.mean for row in bright] == [1.0, 0.5, 0.25, 0.25, 0.25]
    assert (bright[1].accuracy.low, bright[1].accuracy.high) == pytest.approx(wilson_interval(2, 4), abs=1e-5)
    assert report.mean_accuracy("brightness") == pytest.approx(0.45)
    # Blurring or covering an even picture changes nothing.
    assert all(row.accuracy.mean == 1.0 for row in report.rows if row.corruption in {"blur", "occlusion"})
    assert [(row.corruption, row.severity) for row in report.rows] == [(n, s) for n in CORRUPTIONS for s in SEVERITIES]


def test_a_limit_takes_pictures_all_over_the_split() -> None:
    report = robustness(Brightness(), CARD, greys(), limit=2, corruptions=["jpeg"])
    assert (report.pictures, report.total, report.clean.n, len(report.rows)) == (2, 4, 2, 5)


def write(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps(measured().as_dict() | changes))
    return path


def test_a_written_report_is_read_back(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json")
    assert read_robustness(path, CARD, dataset="fer2013", split="train") == measured()
    assert read_robustness(tmp_path / "none.json", CARD, dataset="fer2013", split="train") is None
    assert robustness_file("synthetic", "test").as_posix() == "analysis/robustness-synthetic-test.json"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "other"}, "it is of 'other' on fer2013 train"),
        ({"weights_sha256": "1" * 64}, "other weights"),
        ({"rows": []}, "at five severities, got 0 rows"),
        ({"pictures": 5}, "a mean of 5 pictures"),
        ({"clean": {"mean": 2, "low": 0, "high": 1, "n": 4, "macro_f1": 1}}, "mean in [0, 1], got 2"),
        ({"benchmark": "store"}, "got store"),
    ],
)
def test_what_is_wrong_is_said_with_the_command(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    path = write(tmp_path / "r.json", **changes)
    with pytest.raises(DataError) as raised:
        read_robustness(path, CARD, dataset="fer2013", split="train")
    assert says in str(raised.value)
    assert str(raised.value).endswith(robustness_command("m", "fer2013", "train"))
    assert str(tmp_path) not in str(raised.value)


def test_a_cut_file_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="no whole JSON document"):
        read_robustness(path, CARD, dataset="fer2013", split="train")
    for text in ('{"a":' * 100_000, '{"model": 1e999, "settings": [[]]}', "[]"):
        path.write_text(text)
        with pytest.raises(DataError, match=r"r\.json"):
            read_robustness(path, CARD, dataset="fer2013", split="train")
