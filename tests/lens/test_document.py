"""What docs/your-network.md and the README show runs as it stands there, on a drawn network."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.lens.lens import Lens
from tests.made import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)


def test_the_readmes_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = [block for block in blocks("README.md") if "ferlens.open" in block]
    pixels = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names: dict[str, object] = {}
    exec(compile(shown, "README.md", "exec"), names)  # noqa: S102 - our own document
    lens = names["lens"]
    assert isinstance(lens, Lens)
    assert len(lens.gates) == 16  # as it says there


def test_the_documents_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = blocks("docs/your-network.md")
    Image.fromarray(np.zeros((60, 60, 3), np.uint8)).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 7),
    )
    names: dict[str, object] = {"net": net}
    exec(compile(shown, "your-network.md", "exec"), names)  # noqa: S102 - our own document
    lens = names["lens"]
    assert isinstance(lens, Lens)
    assert (lens.gates, lens.layers) == ((), ("1",))
