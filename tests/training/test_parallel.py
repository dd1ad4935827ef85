"""Two processes that share each batch train as one does."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.errors import UsageError
from engine.training.loop import BEST, STATE
from engine.training.processes import ALONE, Processes, check_batch
from tests.made import ROOT
from tests.training.shared_run import train

pytestmark = pytest.mark.slow

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def _history(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open(encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("mixup", [0.0, 0.2])
def test_two_processes_give_the_loss_curve_of_one(mixup: float, tmp_path: Path) -> None:
    words = ["-m", "tests.training.shared_run", str(tmp_path / "two"), str(mixup)]
    done = subprocess.run([*TORCHRUN, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    train(tmp_path / "one", ALONE, synced=False, mixup=mixup)
    one, two = _history(tmp_path / "one"), _history(tmp_path / "two")
    assert len(one) == len(two) == 3
    for alone, shared in zip(one, two, strict=True):
        assert shared["train_loss"] == pytest.approx(alone["train_loss"], rel=1e-4)
        assert shared["learning_rate"] == alone["learning_rate"]
        assert shared["val_accuracy"] == pytest.approx(alone["val_accuracy"], abs=0.03)
    weights = [load_file(tmp_path / name / BEST) for name in ("one", "two")]
    for key, value in weights[0].items():
        assert torch.allclose(value.float(), weights[1][key].float(), atol=2e-3), key
    assert (tmp_path / "two" / STATE).exists()


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    check_batch(28, 2, Processes(0, 2))
    with pytest.raises(UsageError, match="multiple of 6"):
        check_batch(28, 1, Processes(0, 6))
    with pytest.raises(UsageError, match="3 processes and 2 accumulated parts"):
        check_batch(27, 2, Processes(0, 3))


@pytest.mark.parametrize("total", [1, 2, 3, 5])
def test_parts_hold_each_item_once(total: int) -> None:
    items = list(range(13))
    assert [item for rank in range(total) for item in items[Processes(rank, total).part(13)]] == items


def test_alone_nothing_is_exchanged() -> None:
    device = torch.device("cpu")
    assert ALONE.summed(2.5, device) == 2.5
    assert ALONE.any(True, device)
    assert not ALONE.any(False, device)
