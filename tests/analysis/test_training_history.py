from __future__ import annotations

from pathlib import Path

import pytest

from engine.analysis.evaluation import read_history
from engine.errors import CheckpointError

HEAD = "epoch,learning_rate,train_loss,val_accuracy,val_accuracy_weights,val_accuracy_ema\n"


def test_columns_and_the_chosen_epoch(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HEAD + "1,0.1,2.0,0.3,0.3,nan\n2,0.05,1.5,0.5,0.5,nan\n")
    found = read_history(tmp_path, 2)
    assert found is not None
    assert found.epochs.tolist() == [1, 2]
    assert found.train_loss.tolist() == [2.0, 1.5]
    assert found.val_accuracy.tolist() == [0.3, 0.5]
    assert found.averaged is None
    assert found.chosen == 2


def test_averaged_weights_are_there_where_kept(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HEAD + "1,0.1,2.0,0.3,0.3,0.4\n")
    found = read_history(tmp_path)
    assert found is not None
    assert found.averaged is not None
    assert found.averaged.tolist() == [0.4]
    assert found.chosen is None


def test_none_and_damaged(tmp_path: Path) -> None:
    assert read_history(tmp_path) is None
    (tmp_path / "history.csv").write_text(HEAD)
    assert read_history(tmp_path) is None
    for text in ("epoch,loss\n1,2\n", HEAD + "1,0.1,much,0.3,0.3,nan\n"):
        (tmp_path / "history.csv").write_text(text)
        with pytest.raises(CheckpointError, match=r"history\.csv") as raised:
            read_history(tmp_path)
        assert str(tmp_path.parent) not in str(raised.value)
    (tmp_path / "history.csv").write_bytes(HEAD.encode() + b"1,0.1,2.0,0.3,0.3,\xff\n")
    with pytest.raises(CheckpointError, match=r"history\.csv"):
        read_history(tmp_path)
